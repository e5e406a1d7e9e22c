"""The clock: what is not taken up or answered in time goes to the head of the hospital by itself."""

from uuid import UUID

from telehealth.complaints import queries
from telehealth.complaints.models import Complaint
from telehealth.complaints.states import OPEN, ComplaintEvent, ComplaintState, StepKind
from telehealth.complaints.stepping import note_step, tell_heads
from telehealth.core.deadlines import clear_deadline, set_deadline
from telehealth.core.unit import Unit
from telehealth.notifications import Notice

REPLY = "complaints.reply_late"
ANSWER = "complaints.answer_late"
LAPSE = "complaints.lapse"


async def set_clocks(unit: Unit, row: Complaint) -> None:
    for kind, due_at in ((REPLY, row.reply_by), (ANSWER, row.answer_by)):
        await set_deadline(unit, kind, row.id, due_at, hospital_id=row.hospital_id, account_id=row.account_id)


async def stop_clocks(unit: Unit, row: Complaint) -> None:
    for kind in (REPLY, ANSWER):
        await clear_deadline(unit, kind, row.id)


async def reply_is_late(unit: Unit, complaint_id: UUID) -> None:
    """Deadline `complaints.reply_late`: nobody took it up in time."""
    row = await queries.lock_any(unit, complaint_id)
    waits = row is not None and row.state in (ComplaintState.RECEIVED, ComplaintState.REOPENED)
    if row is None or not waits or row.reply_by > unit.now:
        return
    await _escalate(unit, row, "reply")


async def answer_is_late(unit: Unit, complaint_id: UUID) -> None:
    """Deadline `complaints.answer_late`: no answer in time, whoever has it in hand."""
    row = await queries.lock_any(unit, complaint_id)
    if row is None or row.state not in OPEN or row.answer_by > unit.now:
        return
    await _escalate(unit, row, "answer")


async def lapse(unit: Unit, complaint_id: UUID) -> None:
    """Deadline `complaints.lapse`: the answer stands, nobody objected in time."""
    row = await queries.lock_any(unit, complaint_id)
    if row is None or row.state is not ComplaintState.ANSWERED:
        return
    if row.reopen_until is not None and row.reopen_until > unit.now:
        return
    row.apply(ComplaintEvent.CLOSE)
    row.closed_at = unit.now
    note_step(unit, row, StepKind.LAPSED)
    unit.audit("complaint.lapsed", row)


async def _escalate(unit: Unit, row: Complaint, late: str) -> None:
    row.escalated_at = unit.now
    note_step(unit, row, StepKind.ESCALATED)
    told = await tell_heads(unit, row, Notice.COMPLAINT_LATE)
    unit.audit("complaint.escalated", row, late=late, told=told)
