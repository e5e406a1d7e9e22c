"""A sheet the pharmacist returned: mended by its doctor, in time, or it is void (XY13, XY29)."""

from datetime import timedelta
from uuid import UUID

from prescriptions.models import Prescription
from prescriptions.queries import prescription, sheets_of_visit
from prescriptions.states import STANDING, RxEvent, RxState
from prescriptions.writing.content import read_body
from prescriptions.writing.drafting import touch
from prescriptions.writing.own import lock_own_sheet
from prescriptions.writing.signing import UNANSWERED
from prescriptions.writing.voiding import end, lock_again
from telehealth.accounts import keep_step_up
from telehealth.bookings import Booking
from telehealth.bookings.unfinishing import end_unfinished, lock_visit
from telehealth.consultations import lock_consultation
from telehealth.consultations.doctor_queries import note_of
from telehealth.consultations.states import NoteState
from telehealth.core.deadlines import set_deadline
from telehealth.core.unit import Unit
from telehealth.rulebook import current_policy

NOBODY_ANSWERED = "unanswered"


async def revise(unit: Unit, prescription_id: UUID) -> Prescription:
    """Returned → draft; the PDF that came back stays on file. Again changes nothing.

    Raises PrescriptionNotFound, TransitionRefused.
    """
    rx, _ = await lock_own_sheet(unit, prescription_id)
    await keep_step_up(unit)
    if rx.state is RxState.DRAFT and rx.issue:
        return rx
    due = rx.answer_by
    rx.apply(RxEvent.REVISE, at=unit.now)
    # Still owed: the deadline runs until it is signed again.
    rx.answer_by = due
    touch(unit, rx, read_body(rx.body))
    unit.audit("prescription.revised", rx, number=rx.number, issue=rx.issue)
    await unit.session.flush()
    return rx


async def expect_answer(unit: Unit, rx: Prescription) -> None:
    """Called by whoever returned a locked sheet: its doctor answers until then."""
    policy = (await current_policy(unit, rx.hospital_id)).policy
    rx.answer_by = unit.now + timedelta(minutes=policy.dispensing.answer_minutes)
    await set_deadline(
        unit, UNANSWERED, rx.id, rx.answer_by, hospital_id=rx.hospital_id, account_id=rx.account_id
    )


async def give_up(unit: Unit, prescription_id: UUID) -> None:
    """Deadline `prescriptions.unanswered`: nobody mended the sheet. Calling it again changes nothing.

    Were it the visit's only sheet, and the visit without a signed note, the visit goes its refund path.
    """
    rx = await lock_again_with_visit(unit, prescription_id)
    if rx is None or rx[0].answer_by is None or rx[0].answer_by > unit.now:
        return
    sheet, booking = rx
    if sheet.state is not RxState.RETURNED and not (sheet.state is RxState.DRAFT and sheet.issue):
        return
    await end(unit, sheet, NOBODY_ANSWERED)
    note = await note_of(unit, sheet.visit_id, lock=True)
    others = [row for row in await sheets_of_visit(unit, sheet.visit_id) if row.id != sheet.id]
    if booking is None or any(row.state in STANDING for row in others):
        return
    if note is None or note.state is not NoteState.SIGNED:
        await end_unfinished(unit, booking)


async def lock_again_with_visit(
    unit: Unit, prescription_id: UUID
) -> tuple[Prescription, Booking | None] | None:
    """Booking, consultation, sheet: the written order."""
    visit_id = (await prescription(unit, prescription_id)).visit_id
    booking = await lock_visit(unit, visit_id)
    await lock_consultation(unit, visit_id)
    rx = await lock_again(unit, prescription_id)
    return None if rx is None else (rx, booking)
