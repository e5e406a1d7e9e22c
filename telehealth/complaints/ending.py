"""The patient's last word: content, not content (once), or never mind."""

from uuid import UUID

from telehealth.complaints import queries
from telehealth.complaints.errors import ComplaintOver, NotAnsweredYet, ReopenedBefore, ReopenTooLate
from telehealth.complaints.making import TOO_LONG, promise_now
from telehealth.complaints.models import Complaint
from telehealth.complaints.rules import is_too_long
from telehealth.complaints.states import OPEN, ComplaintEvent, ComplaintState, StepKind
from telehealth.complaints.stepping import note_step
from telehealth.complaints.watching import LAPSE, set_clocks, stop_clocks
from telehealth.core.deadlines import clear_deadline
from telehealth.core.errors import FieldsInvalid
from telehealth.core.unit import Unit
from telehealth.rulebook import current_policy


async def close(unit: Unit, complaint_id: UUID) -> Complaint:
    """Content with the answer. Closing again changes nothing. Raises ComplaintNotFound, NotAnsweredYet."""
    row = await queries.complaint_of(unit, complaint_id, lock=True)
    if row.state is ComplaintState.CLOSED:
        return row
    if row.state is not ComplaintState.ANSWERED:
        raise NotAnsweredYet()
    _end(unit, row, ComplaintEvent.CLOSE, StepKind.CLOSED)
    await clear_deadline(unit, LAPSE, row.id)
    return row


async def withdraw(unit: Unit, complaint_id: UUID) -> Complaint:
    """Before it is answered. Raises ComplaintNotFound, ComplaintOver."""
    row = await queries.complaint_of(unit, complaint_id, lock=True)
    if row.state not in OPEN:
        raise ComplaintOver()
    _end(unit, row, ComplaintEvent.WITHDRAW, StepKind.WITHDRAWN)
    await stop_clocks(unit, row)
    return row


async def reopen(unit: Unit, complaint_id: UUID, text: str) -> Complaint:
    """Not content: once, with a new promise, and never by the same clock again.

    Raises ComplaintNotFound, NotAnsweredYet, ReopenedBefore, ReopenTooLate, FieldsInvalid.
    """
    row = await queries.complaint_of(unit, complaint_id, lock=True)
    if row.reopened_at is not None:
        raise ReopenedBefore()
    if row.state is ComplaintState.CLOSED or (row.reopen_until is not None and row.reopen_until <= unit.now):
        raise ReopenTooLate()
    if row.state is not ComplaintState.ANSWERED:
        raise NotAnsweredYet()
    version = await current_policy(unit, row.hospital_id)
    if is_too_long(text, version.policy):
        raise FieldsInvalid({"text": TOO_LONG})
    clocks = await promise_now(unit, row.hospital_id, version)
    row.apply(ComplaintEvent.REOPEN)
    row.reopened_at, row.policy_number = unit.now, version.number
    row.reply_by, row.answer_by = clocks.reply_by, clocks.answer_by
    row.taken_at = row.answered_at = row.reopen_until = row.outcome = None
    note_step(unit, row, StepKind.REOPENED, text)
    await clear_deadline(unit, LAPSE, row.id)
    await set_clocks(unit, row)
    unit.audit("complaint.reopened", row)
    return row


def _end(unit: Unit, row: Complaint, event: ComplaintEvent, step: StepKind) -> None:
    row.apply(event)
    row.closed_at = unit.now
    note_step(unit, row, step)
    unit.audit("complaint.closed", row, by=step)
