"""Somebody should look again (GD11): a task of the doctor's, and on the day a word to the patient (BJ09)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import time
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from telehealth.accounts import member_of_account
from telehealth.consultations.doctor_errors import FollowUpNotFound
from telehealth.consultations.models import Consultation, FollowUp
from telehealth.consultations.states import FollowUpEvent, FollowUpState
from telehealth.core.access import Actor, Permission
from telehealth.core.clock import HospitalDay, at_local, day_end
from telehealth.core.deadlines import clear_deadline, set_deadline
from telehealth.core.i18n import N_
from telehealth.core.unit import Unit
from telehealth.directory import doctor
from telehealth.notifications import Notice, notify
from telehealth.patients import Person, people_by_id
from telehealth.patients.masking import mask_name

#: The deadline at which the patient is reminded.
DUE = "consultations.follow_up"
REMIND_AT = time(9)


@dataclass(frozen=True, slots=True)
class Task:
    """A follow-up with whom it is about."""

    row: FollowUp
    person: Person | None


async def plan_follow_up(unit: Unit, visit: Consultation, *, due_day: HospitalDay, reason: str) -> FollowUp:
    row = FollowUp(
        hospital_id=visit.hospital_id,
        account_id=visit.account_id,
        room=visit.id,
        person_id=visit.person_id,
        doctor_id=visit.doctor_id,
        department_id=visit.department_id,
        state=FollowUpState.OPEN,
        due_day=due_day,
        reason=reason,
        outcome="",
        created_at=unit.now,
    )
    unit.session.add(row)
    await unit.session.flush()
    unit.audit("follow_up.planned", row, due_day=due_day)
    await set_deadline(
        unit, DUE, row.id, at_local(due_day, REMIND_AT),
        hospital_id=row.hospital_id, account_id=row.account_id,
    )  # fmt: skip
    return row


async def follow_ups(unit: Unit, *, ended: bool = False, limit: int = 200) -> Sequence[Task]:
    """Of the doctor who asks, the most urgent first; or what was done with them, latest first."""
    member = await member_of_account(unit, unit.actor.account)
    if member is None or member.doctor_id is None or not member.works:
        return []
    found = sa.select(FollowUp).where(FollowUp.doctor_id == member.doctor_id)
    if ended:
        found = found.where(FollowUp.state != FollowUpState.OPEN).order_by(FollowUp.ended_at.desc())
    else:
        found = found.where(FollowUp.state == FollowUpState.OPEN).order_by(FollowUp.due_day, FollowUp.id)
    rows = (await unit.session.scalars(found.limit(limit))).all()
    people = await people_by_id(unit, [row.person_id for row in rows])
    return [Task(row, people.get(row.person_id)) for row in rows]


async def finish(unit: Unit, follow_up_id: UUID, *, outcome: str) -> FollowUp:
    """Raises FollowUpNotFound, TransitionRefused."""
    return await _end(unit, follow_up_id, FollowUpEvent.FINISH, outcome)


async def drop(unit: Unit, follow_up_id: UUID, *, outcome: str) -> FollowUp:
    """Not needed any more. Raises FollowUpNotFound, TransitionRefused."""
    return await _end(unit, follow_up_id, FollowUpEvent.DROP, outcome)


async def remind(unit: Unit, follow_up_id: UUID) -> None:
    """Deadline: the day has come; one tap books the same doctor. Calling it again changes nothing."""
    row = await _locked(unit, follow_up_id)
    if row is None or row.state is not FollowUpState.OPEN or row.reminded_at is not None:
        return
    row.reminded_at = unit.now
    unit.audit("follow_up.reminded", row)
    if row.account_id is None:
        return
    of = await doctor(unit, row.doctor_id)
    name = {"zh": of.name, "en": of.name_en or of.name}
    await notify(
        unit, Notice.FOLLOW_UP_DUE, row.account_id, hospital_id=row.hospital_id,
        href=rebook_href(row), doctor=name, on=row.due_day,
    )  # fmt: skip


async def worklist(unit: Unit, actor: Actor) -> list[dict[str, Any]]:
    """What the doctor who asks should look at again by today."""
    if not actor.is_staff or not actor.may(Permission.CONSULT):
        return []
    due = [task for task in await follow_ups(unit) if task.row.due_day <= unit.today]
    return [
        {
            "title": N_("随访到期"),
            "text": mask_name(task.person.name) if task.person else "",
            "href": f"/staff/follow-ups#task-{task.row.id}",
            "icon": "calendar-heart",
            "kind": "info",
            "due_at": day_end(task.row.due_day),
            "since": task.row.created_at,
            "owner": actor.name,
        }
        for task in due
    ]


def rebook_href(row: FollowUp) -> str:
    """Where the same doctor's next free seat is proposed, and held with one tap (BJ09)."""
    return f"/bookings/{row.room}/rebooking"


async def follow_up_of(unit: Unit, room: UUID) -> FollowUp | None:
    """What the doctor of a visit planned, as long as it is open."""
    found = sa.select(FollowUp).where(FollowUp.room == room, FollowUp.state == FollowUpState.OPEN)
    return (await unit.session.scalars(found)).one_or_none()


async def due_for_patient(unit: Unit, *, by: HospitalDay, limit: int = 3) -> Sequence[FollowUp]:
    """Of the account that asks, for whomever it looks after, the soonest first."""
    found = sa.select(FollowUp).where(
        FollowUp.account_id == unit.actor.account,
        FollowUp.state == FollowUpState.OPEN,
        FollowUp.due_day <= by,
    )
    return (await unit.session.scalars(found.order_by(FollowUp.due_day, FollowUp.id).limit(limit))).all()


async def _end(unit: Unit, follow_up_id: UUID, event: FollowUpEvent, outcome: str) -> FollowUp:
    row = await _locked(unit, follow_up_id)
    member = await member_of_account(unit, unit.actor.account)
    if row is None or member is None or not member.works or member.doctor_id != row.doctor_id:
        raise FollowUpNotFound()
    row.apply(event, at=unit.now, by=unit.actor.account)
    row.outcome = outcome
    unit.audit(f"follow_up.{row.state}", row)
    await clear_deadline(unit, DUE, row.id)
    return row


async def _locked(unit: Unit, follow_up_id: UUID) -> FollowUp | None:
    found = sa.select(FollowUp).where(FollowUp.id == follow_up_id).with_for_update()
    return (await unit.session.scalars(found.execution_options(populate_existing=True))).one_or_none()
