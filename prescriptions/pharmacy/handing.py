"""Out of the house, once: to the courier by scan, or at the window to whom it belongs (REG 47)."""

import json
from dataclasses import asdict, dataclass
from uuid import UUID

from prescriptions.events import MedicineDispensed
from prescriptions.pharmacy import queries
from prescriptions.pharmacy.errors import (
    CounsellingMissing,
    PathDiffers,
    ProxyIncomplete,
    WaybillMissing,
    WrongPickUp,
    WrongWaybill,
)
from prescriptions.pharmacy.models import DispatchOrder, Dispense
from prescriptions.pharmacy.policy import require_sound, take_order, take_order_and_sheet
from prescriptions.pharmacy.telling import tell
from prescriptions.queries import prescription
from prescriptions.settling.finding import find_by_code
from prescriptions.states import DISPATCH, DispatchEvent, DispatchState, Path
from prescriptions.stock import note_presence
from prescriptions.writing.carding import announce_state
from telehealth.core.access import Actor
from telehealth.core.i18n import N_
from telehealth.core.limits import Limiter
from telehealth.core.unit import Unit
from telehealth.notifications import Notice
from telehealth.patients import person


@dataclass(frozen=True, slots=True)
class Document:
    """As read from the card at the window."""

    kind: str
    number: str


@dataclass(frozen=True, slots=True)
class Collector:
    """Who stands at the window. `relation` is "" for the patient; a proxy shows both documents (REG 47)."""

    name: str
    relation: str = ""
    #: The pick-up code, or ""; without it the patient's document speaks.
    code: str = ""
    patient: Document | None = None
    proxy: Document | None = None

    @property
    def is_proxy(self) -> bool:
        return bool(self.relation)


async def hand_over(unit: Unit, actor: Actor, order_id: UUID, waybill: str) -> DispatchOrder:
    """The courier takes it; `waybill` as scanned from the parcel. Raises WrongWaybill, WaybillMissing."""
    row = await take_order_and_sheet(unit, actor, order_id)
    if row.path is not Path.COURIER:
        raise PathDiffers()
    DISPATCH.after(row.state, DispatchEvent.HAND_OVER)
    await require_sound(unit, row)
    parcel = await queries.live_parcel(unit, row.id)
    if parcel is None or parcel.booked_at is None:
        raise WaybillMissing()
    if waybill.strip().upper() != parcel.waybill.upper():
        raise WrongWaybill()
    if parcel.look_at is None:
        # Whatever it did before it was scanned here is asked for once more.
        parcel.look_at = unit.wall
    await note_presence(unit, actor)
    await leave_by_courier(unit, row, by=actor.account)
    return row


async def leave_by_courier(unit: Unit, row: DispatchOrder, *, by: UUID) -> None:
    """Sheet and order are locked. A parcel that is sent again is not dispensed again."""
    row.apply(DispatchEvent.HAND_OVER)
    row.handed_at = unit.now
    unit.audit("dispatch.handed_over", row, number=row.number)
    unit.step("rx.collect")
    await tell(unit, row, Notice.RX_HANDED_OVER)
    await announce_state(unit, await prescription(unit, row.id), "sent")
    if await queries.dispense(unit, row.id) is None:
        await _dispense(unit, row, by, collector="{}", counselling="")


async def call(unit: Unit, actor: Actor, order_id: UUID) -> DispatchOrder:
    """The window calls its number, again if need be."""
    row = await take_order(unit, actor, order_id)
    if row.path is not Path.WINDOW:
        raise PathDiffers()
    DISPATCH.after(row.state, DispatchEvent.COLLECT)
    row.called_at = unit.now
    await note_presence(unit, actor)
    unit.audit("dispatch.called", row, number=row.number)
    await tell(unit, row, Notice.RX_CALLED, window=str(row.window_number or ""))
    return row


async def collect(
    unit: Unit, limiter: Limiter, actor: Actor, order_id: UUID, who: Collector, *, counselling: str
) -> DispatchOrder:
    """Handed to a person. Raises WrongPickUp, ProxyIncomplete, CounsellingMissing, CodeUnknown, Busy."""
    row = await take_order_and_sheet(unit, actor, order_id)
    if row.path is not Path.WINDOW:
        raise PathDiffers()
    DISPATCH.after(row.state, DispatchEvent.COLLECT)
    await require_sound(unit, row)
    if not counselling.strip():
        raise CounsellingMissing({"counselling": "请记录用药交代"})
    await _require_right_person(unit, limiter, actor, row, who)
    row.apply(DispatchEvent.COLLECT)
    row.handed_at = row.ended_at = unit.now
    await note_presence(unit, actor)
    unit.audit("dispatch.collected", row, number=row.number, proxy=who.is_proxy)
    unit.step("rx.collect")
    await announce_state(unit, await prescription(unit, row.id), "collected")
    kept = json.dumps(asdict(who) | {"code": bool(who.code)}, ensure_ascii=False)
    await _dispense(unit, row, actor.account, collector=kept, counselling=counselling.strip())
    return row


async def _require_right_person(
    unit: Unit, limiter: Limiter, actor: Actor, row: DispatchOrder, who: Collector
) -> None:
    if who.is_proxy and (who.patient is None or who.proxy is None):
        missing = {"patient": who.patient, "proxy": who.proxy}
        raise ProxyIncomplete({name: N_("请填写证件") for name, given in missing.items() if given is None})
    if who.code:
        found = await find_by_code(unit, limiter, row.hospital_id, who.code, device=str(actor.account))
        if found.rx.id != row.id:
            raise WrongPickUp()
    patient = await person(unit, (await prescription(unit, row.id)).person_id)
    if who.patient is None:
        if not who.code:
            raise WrongPickUp()
        return
    if who.patient.number.strip().upper() != patient.document_number.upper():
        raise WrongPickUp()
    if who.proxy is not None and who.proxy.number.strip().upper() == patient.document_number.upper():
        raise ProxyIncomplete({"proxy": N_("代取人证件与患者相同")})


async def _dispense(unit: Unit, row: DispatchOrder, by: UUID, *, collector: str, counselling: str) -> None:
    """Its primary key is the sheet's: there is no second one."""
    unit.session.add(
        Dispense(
            id=row.id,
            hospital_id=row.hospital_id,
            account_id=row.account_id,
            pharmacy_id=row.pharmacy_id,
            path=row.path,
            by=by,
            checked_by=row.checked_by or by,
            collector=collector,
            counselling=counselling,
            at=unit.now,
        )
    )
    await unit.session.flush()
    await unit.publish(MedicineDispensed(row.id))


#: It is with its patient, or on the way there.
OUT = frozenset({DispatchState.HANDED_OVER, DispatchState.DELIVERED, DispatchState.COLLECTED})
