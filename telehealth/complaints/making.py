"""Somebody complains: a number and a promise at once, and a clock that nobody can stop by waiting (REG68)."""

from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from telehealth.complaints import queries
from telehealth.complaints.errors import ComplaintNotFound, ComplaintOver, TooManyOpen, TopicNotFound
from telehealth.complaints.models import NUMBERS, Complaint
from telehealth.complaints.rules import Promise, is_too_long, promise
from telehealth.complaints.states import OPEN, ComplaintKind, ComplaintState, StepKind
from telehealth.complaints.stepping import note_step, tell_patient
from telehealth.complaints.topics import Found, Topics
from telehealth.complaints.watching import set_clocks
from telehealth.core.access import Actor
from telehealth.core.errors import FieldsInvalid
from telehealth.core.i18n import N_
from telehealth.core.ids import new_id, public_number
from telehealth.core.unit import Unit
from telehealth.directory import hospital, working_calendar
from telehealth.notifications import Notice
from telehealth.rulebook import PolicyVersion, current_policy

#: No hospital closes for longer than this around the promised working days.
_LOOKED_AHEAD = timedelta(days=120)

TOO_LONG = N_("内容超过字数上限，请精简后提交，已写的内容都还在")
NOT_A_DECISION = N_("只有系统作出的决定可以申请人工复核")


@dataclass(frozen=True, slots=True)
class Said:
    """What was filled in. Without a topic the hospital has to be named."""

    kind: ComplaintKind
    text: str
    #: Of the page it was written on: sent twice, it is one complaint.
    draft: UUID
    hospital_id: UUID | None = None
    about: str = ""
    about_id: UUID | None = None


async def complain(unit: Unit, actor: Actor, said: Said) -> Complaint:
    """The complaint; the very same when the same page is sent again.

    Raises TopicNotFound, HospitalNotFound, FieldsInvalid, TooManyOpen.
    """
    found = await topic_of(unit, actor, said)
    version = await current_policy(unit, found.hospital_id)
    _check(unit, said, version)
    known = await queries.by_draft(unit, actor.account, said.draft)
    if known is not None:
        return known
    if (
        await queries.count_open(unit, actor.account, found.hospital_id)
        >= version.policy.complaints.most_open
    ):
        raise TooManyOpen()
    complaint_id = await _insert(unit, actor, said, found, version)
    row = await queries.by_draft(unit, actor.account, said.draft)
    if row is None:
        raise ComplaintNotFound()
    if complaint_id is None:
        # The other press of the button was first.
        return row
    note_step(unit, row, StepKind.MADE)
    await set_clocks(unit, row)
    unit.audit("complaint.made", row, kind=row.kind, number=row.number, policy=version.number)
    await tell_patient(unit, row, Notice.COMPLAINT_RECEIVED, answer_by=row.answer_by)
    return row


async def add_words(unit: Unit, complaint_id: UUID, text: str) -> Complaint:
    """More words while it is open; they change no promise.

    Raises ComplaintNotFound, ComplaintOver, FieldsInvalid.
    """
    row = await queries.complaint_of(unit, complaint_id, lock=True)
    if row.state not in OPEN:
        raise ComplaintOver()
    version = await current_policy(unit, row.hospital_id)
    if is_too_long(text, version.policy):
        raise FieldsInvalid({"text": TOO_LONG})
    note_step(unit, row, StepKind.ADDED, text)
    unit.audit("complaint.added_to", row)
    return row


async def topic_of(unit: Unit, actor: Actor, said: Said) -> Found:
    """The hospital, and what the thing is called. Raises TopicNotFound, HospitalNotFound, FieldsInvalid."""
    if said.about and said.about_id is not None:
        found = await unit.port(Topics).of(said.about).find(unit, actor, said.about_id)
        if found is None:
            raise TopicNotFound()
        return found
    if said.hospital_id is None:
        raise FieldsInvalid({"hospital": N_("请选择医院")})
    return Found((await hospital(unit, said.hospital_id)).id, "")


async def promise_now(unit: Unit, hospital_id: UUID, version: PolicyVersion) -> Promise:
    calendar = await working_calendar(unit, hospital_id, unit.today, unit.today + _LOOKED_AHEAD)
    return promise(unit.now, version.policy, calendar)


def _check(unit: Unit, said: Said, version: PolicyVersion) -> None:
    if is_too_long(said.text, version.policy):
        raise FieldsInvalid({"text": TOO_LONG})
    topic = unit.port(Topics).known(said.about)
    if said.kind is ComplaintKind.REVIEW and (topic is None or not topic.is_decision):
        raise FieldsInvalid({"kind": NOT_A_DECISION})


async def _insert(unit: Unit, actor: Actor, said: Said, found: Found, version: PolicyVersion) -> UUID | None:
    """None when the same page was sent before."""
    clocks = await promise_now(unit, found.hospital_id, version)
    sequence = await unit.session.scalar(sa.select(NUMBERS.next_value()))
    statement = insert(Complaint).values(
        id=new_id(),
        number=public_number("CP", unit.now, int(sequence or 0)),
        hospital_id=found.hospital_id,
        account_id=actor.account,
        draft=said.draft,
        kind=said.kind,
        state=ComplaintState.RECEIVED,
        about=said.about if said.about_id else "",
        about_id=said.about_id if said.about else None,
        about_number=found.number,
        text=said.text,
        made_at=unit.now,
        policy_number=version.number,
        reply_by=clocks.reply_by,
        answer_by=clocks.answer_by,
        owner_name="",
    )
    made = await unit.session.execute(
        statement.on_conflict_do_nothing(index_elements=["account_id", "draft"]).returning(Complaint.id)
    )
    return made.scalar_one_or_none()
