"""Paid: the pharmacy's work begins, with a promise."""

from uuid import UUID

from prescriptions.events import PrescriptionSpent
from prescriptions.pharmacy import queries
from prescriptions.pharmacy.decocting import asks_for_decocting
from prescriptions.pharmacy.models import DispatchOrder
from prescriptions.pharmacy.repairing import repair_stock
from prescriptions.pharmacy.rules import promised_at
from prescriptions.pharmacy.undoing import PROMISE
from prescriptions.queries import prescription
from prescriptions.settling import fulfilment
from prescriptions.states import DISPATCH
from prescriptions.stock import holds, pharmacy
from telehealth.core.deadlines import set_deadline
from telehealth.core.unit import Unit
from telehealth.patients.disclosing import Recipient, disclose
from telehealth.rulebook import current_policy


async def on_spent(unit: Unit, event: PrescriptionSpent) -> None:
    """One order a sheet: its primary key refuses a second."""
    if await queries.find_order(unit, event.prescription_id) is not None:
        return
    rx = await prescription(unit, event.prescription_id)
    way = await fulfilment(unit, rx.id)
    if way is None:
        raise LookupError("a spent sheet has a fulfilment")
    rules = (await current_policy(unit, rx.hospital_id)).policy.dispensing
    decocts = asks_for_decocting(rx) and (await pharmacy(unit, way.pharmacy_id)).decocts
    paid_at = way.paid_at or unit.now
    row = DispatchOrder(
        id=rx.id, number=rx.number, hospital_id=rx.hospital_id, account_id=rx.account_id,
        pharmacy_id=way.pharmacy_id, path=event.path, state=DISPATCH.initial, needs_decocting=decocts,
        needs_cold_chain=rx.needs_cold_chain, window_number=way.window_number, paid_at=paid_at,
        promised_at=promised_at(
            paid_at, needs_decocting=decocts,
            pack_hours=rules.pack_hours, decoct_hours=rules.decoct_hours,
        ),
        decoction={}, checklist={}, alone=False, logger="",
    )  # fmt: skip
    unit.session.add(row)
    await unit.session.flush()
    await set_deadline(
        unit, PROMISE, row.id, row.promised_at, hospital_id=row.hospital_id, account_id=row.account_id
    )
    place = await pharmacy(unit, way.pharmacy_id)
    await disclose(
        unit, Recipient.PHARMACY, hospital_id=rx.hospital_id, person_id=rx.person_id,
        name=place.name, subject=f"dispatch_orders:{row.id}:{way.pharmacy_id}",
    )  # fmt: skip
    unit.audit("dispatch.queued", row, number=row.number, path=row.path, promised_at=row.promised_at)
    unit.hint(board_topic(row.pharmacy_id))
    if not await holds(unit, rx.id):
        # What was reserved is gone since: another pharmacy, or the money goes back.
        await unit.defer(repair_stock, order_id=row.id)


def board_topic(pharmacy_id: UUID) -> str:
    return f"dispatch:{pharmacy_id}"
