"""Checked, into the bag or the box. From here on no refund is automatic."""

from uuid import UUID

from prescriptions.pharmacy import queries
from prescriptions.pharmacy.errors import LoggerMissing, WaybillMissing
from prescriptions.pharmacy.models import DispatchOrder
from prescriptions.pharmacy.policy import require_sound, take_order_and_sheet
from prescriptions.pharmacy.telling import tell
from prescriptions.pharmacy.undoing import PROMISE
from prescriptions.queries import prescription
from prescriptions.states import DISPATCH, DispatchEvent, Path
from prescriptions.stock import note_presence, pharmacy
from prescriptions.writing.carding import announce_state
from telehealth.core.access import Actor
from telehealth.core.deadlines import clear_deadline
from telehealth.core.i18n import N_
from telehealth.core.unit import Unit
from telehealth.notifications import Notice


async def pack(unit: Unit, actor: Actor, order_id: UUID, *, logger: str = "") -> DispatchOrder:
    """`logger` is the id of the cold chain's temperature logger. Raises LoggerMissing, WaybillMissing."""
    # The chat card is written to the visit, which everybody locks first.
    row = await take_order_and_sheet(unit, actor, order_id)
    DISPATCH.after(row.state, DispatchEvent.PACK)
    await require_sound(unit, row)
    if row.path is Path.COURIER:
        parcel = await queries.live_parcel(unit, row.id)
        if parcel is None or parcel.booked_at is None:
            raise WaybillMissing()
        if row.needs_cold_chain and not logger:
            raise LoggerMissing({"logger": N_("请扫描温度记录仪编号")})
    row.apply(DispatchEvent.PACK)
    row.packed_at, row.logger = unit.now, logger
    await clear_deadline(unit, PROMISE, row.id)
    await note_presence(unit, actor)
    unit.audit("dispatch.packed", row, number=row.number)
    unit.step("rx.pack")
    if row.path is Path.WINDOW:
        place = await pharmacy(unit, row.pharmacy_id)
        await announce_state(unit, await prescription(unit, row.id), "ready")
        await tell(
            unit, row, Notice.RX_READY,
            window=str(row.window_number or ""), place={"zh": place.name, "en": place.name_en},
        )  # fmt: skip
    return row
