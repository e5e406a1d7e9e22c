"""A paid order that will not be packed: all of it goes back, by itself or because its patient asked."""

from uuid import UUID

from prescriptions.errors import PrescriptionNotFound
from prescriptions.events import DispatchUndone, UndoAsked
from prescriptions.queries import prescription
from prescriptions.settling.errors import NothingPaid
from prescriptions.settling.policy import may_see
from prescriptions.settling.queries import lock_sheet
from prescriptions.settling.telling import announce_state, tell
from prescriptions.states import FulfilmentEvent, FulfilmentState, RxEvent
from telehealth.core.access import Actor
from telehealth.core.unit import Unit, Units
from telehealth.notifications import Notice
from telehealth.payments import RefundReason
from telehealth.payments.refunding import refund_in_full

#: A reason of `DispatchUndone`: nobody's fault, the patient changed their mind in time.
BY_PATIENT = "by_patient"


async def cancel(units: Units, actor: Actor, prescription_id: UUID) -> None:
    """The patient wants none of it any more: possible until it is packed or decocted (REG 48). Twice is once.

    The pharmacy decides, by the state of its own order; what it undoes comes back as `DispatchUndone`.
    That touches shelves, of which a patient's own unit sees nothing, so it happens in the hospital's.

    Raises PrescriptionNotFound, NothingPaid, and what the pharmacy raises (`OrderNotCancellable`).
    """
    async with units.of(actor) as unit:
        seen = await prescription(unit, prescription_id)
        if not may_see(actor, seen):
            raise PrescriptionNotFound()
    async with units.hospital(seen.hospital_id, actor) as unit:
        sheet = await lock_sheet(unit, prescription_id)
        row = sheet.fulfilment
        if row is not None and row.state is FulfilmentState.UNDONE:
            return
        if row is None or row.state is not FulfilmentState.PAID:
            raise NothingPaid()
        unit.audit("prescription.undo_asked", sheet.rx, number=sheet.rx.number)
        await unit.publish(UndoAsked(sheet.rx.id, BY_PATIENT))


async def on_undone(unit: Unit, event: DispatchUndone) -> None:
    """Once: the sheet is void, its path undone, and all that was paid goes back."""
    sheet = await lock_sheet(unit, event.prescription_id)
    rx, row = sheet.rx, sheet.fulfilment
    if row is None or row.state is not FulfilmentState.PAID:
        return
    row.apply(FulfilmentEvent.UNDO, at=unit.now)
    row.code_digest = None
    rx.apply(RxEvent.UNDO, at=unit.now, reason=event.reason)
    unit.step("rx.undo")
    by_patient = event.reason == BY_PATIENT
    amount = 0
    if row.charge_id is not None:
        reason = RefundReason.ORDER_CANCELLED if by_patient else RefundReason.NOT_PREPARED
        refund = await refund_in_full(unit, row.charge_id, reason)
        amount = refund.amount if refund is not None else 0
    unit.audit("prescription.undone", rx, number=rx.number, reason=event.reason, refunded=amount)
    await tell(unit, rx, Notice.RX_CANCELLED if by_patient else Notice.RX_UNDONE, amount=amount)
    await announce_state(unit, rx, "undone")
