"""Staff take it up, reply, and answer: the patient reads who, when and what."""

from uuid import UUID

from telehealth.complaints import queries
from telehealth.complaints.errors import ComplaintOver, OutcomeNeeded
from telehealth.complaints.models import Complaint
from telehealth.complaints.rules import reopen_until
from telehealth.complaints.states import (
    OPEN,
    ComplaintEvent,
    ComplaintKind,
    ComplaintState,
    ReviewOutcome,
    StepKind,
)
from telehealth.complaints.stepping import note_step, tell_patient
from telehealth.complaints.watching import LAPSE, REPLY, stop_clocks
from telehealth.core.access import Actor
from telehealth.core.deadlines import clear_deadline, set_deadline
from telehealth.core.unit import Unit
from telehealth.notifications import Notice
from telehealth.rulebook import current_policy


async def take(unit: Unit, actor: Actor, complaint_id: UUID) -> Complaint:
    """Answer for it from now on, also in a colleague's stead. Taking one's own again changes nothing.

    Raises ComplaintNotFound, ComplaintOver.
    """
    row = await _open(unit, complaint_id)
    if row.owner_id == actor.account and row.state is ComplaintState.IN_HAND:
        return row
    await _take(unit, actor, row)
    return row


async def reply(unit: Unit, actor: Actor, complaint_id: UUID, text: str) -> Complaint:
    """A word in between; whoever writes it has it in hand. Raises ComplaintNotFound, ComplaintOver."""
    row = await _open(unit, complaint_id)
    if row.state is not ComplaintState.IN_HAND:
        await _take(unit, actor, row)
    note_step(unit, row, StepKind.REPLIED, text)
    unit.audit("complaint.replied", row)
    await tell_patient(unit, row, Notice.COMPLAINT_REPLIED)
    return row


async def answer(
    unit: Unit, actor: Actor, complaint_id: UUID, text: str, *, outcome: ReviewOutcome | None = None
) -> Complaint:
    """The hospital's answer. A request for review says what was found; it overrules no law (REG58).

    Raises ComplaintNotFound, ComplaintOver, OutcomeNeeded.
    """
    row = await _open(unit, complaint_id)
    if (row.kind is ComplaintKind.REVIEW) is not (outcome is not None):
        raise OutcomeNeeded()
    if row.state is not ComplaintState.IN_HAND or row.owner_id != actor.account:
        await _take(unit, actor, row, quietly=True)
    row.apply(ComplaintEvent.ANSWER)
    version = await current_policy(unit, row.hospital_id)
    row.answered_at, row.outcome = unit.now, outcome
    row.reopen_until = reopen_until(unit.now, version.policy)
    note_step(unit, row, StepKind.ANSWERED, text)
    await stop_clocks(unit, row)
    await set_deadline(
        unit, LAPSE, row.id, row.reopen_until, hospital_id=row.hospital_id, account_id=row.account_id
    )
    unit.audit("complaint.answered", row, outcome=outcome, late=row.answer_by <= unit.now)
    await tell_patient(unit, row, Notice.COMPLAINT_ANSWERED, reopen_until=row.reopen_until)
    return row


async def _open(unit: Unit, complaint_id: UUID) -> Complaint:
    row = await queries.complaint_of(unit, complaint_id, lock=True)
    if row.state not in OPEN:
        raise ComplaintOver()
    return row


async def _take(unit: Unit, actor: Actor, row: Complaint, *, quietly: bool = False) -> None:
    was_in_hand = row.state is ComplaintState.IN_HAND
    row.apply(ComplaintEvent.TAKE)
    row.owner_id, row.owner_name = actor.account, actor.name
    row.taken_at = row.taken_at or unit.now
    note_step(unit, row, StepKind.HANDED_ON if was_in_hand else StepKind.TAKEN)
    await clear_deadline(unit, REPLY, row.id)
    unit.audit("complaint.taken", row, owner=actor.account)
    if not quietly and not was_in_hand:
        await tell_patient(unit, row, Notice.COMPLAINT_TAKEN, answer_by=row.answer_by)
