"""A doctor takes a sheet back before it is paid; a draft is thrown away."""

from uuid import UUID

from prescriptions.errors import PrescriptionNotFound
from prescriptions.events import PrescriptionEnded
from prescriptions.models import Prescription
from prescriptions.queries import lock_prescription
from prescriptions.states import PRESCRIPTION, RxEvent, RxState
from prescriptions.writing.carding import announce_state
from prescriptions.writing.errors import NotVoidable
from prescriptions.writing.own import lock_own_sheet
from prescriptions.writing.signing import UNANSWERED
from telehealth.accounts import keep_step_up
from telehealth.core.deadlines import clear_deadline
from telehealth.core.unit import Unit

BY_DOCTOR = "by_doctor"


async def void(unit: Unit, prescription_id: UUID, reason: str = BY_DOCTOR) -> Prescription:
    """By its own doctor. What it held is free again, and its unpaid way to the patient closed.

    Calling it again changes nothing. Raises PrescriptionNotFound, NotVoidable once it is paid or over.
    """
    rx, _ = await lock_own_sheet(unit, prescription_id)
    await keep_step_up(unit)
    return await end(unit, rx, reason)


async def end(unit: Unit, rx: Prescription, reason: str) -> Prescription:
    """`rx` is locked, behind its visit. Raises NotVoidable."""
    if rx.state is RxState.VOIDED:
        return rx
    if not PRESCRIPTION.allows(rx.state, RxEvent.VOID):
        raise NotVoidable(state=str(rx.state))
    was_draft = rx.state is RxState.DRAFT and not rx.issue
    rx.apply(RxEvent.VOID, at=unit.now, reason=reason)
    unit.audit("prescription.voided", rx, number=rx.number, reason=reason)
    await unit.session.flush()
    if was_draft:
        return rx
    await clear_deadline(unit, UNANSWERED, rx.id)
    await unit.publish(PrescriptionEnded(rx.id, reason))
    await announce_state(unit, rx)
    return rx


async def lock_again(unit: Unit, prescription_id: UUID) -> Prescription | None:
    """For the house, whose deadline may outlive a sheet."""
    try:
        return await lock_prescription(unit, prescription_id)
    except PrescriptionNotFound:
        return None
