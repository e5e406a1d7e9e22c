"""Attended, but no signed note by 24:00 of the days the rulebook gives (XY13): a task for the service desk, a
word to the doctor; and unless they finish it within the next day, all of the fee goes back with an apology.

Signed but not closed is only forgotten: the house closes it with what the note advises.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

import psycopg
import sqlalchemy as sa
import structlog

from telehealth.bookings.unfinishing import end_unfinished, lock_visit
from telehealth.consultations.concluding import close_visit
from telehealth.consultations.doctor_queries import note_of
from telehealth.consultations.note_content import read_content
from telehealth.consultations.queries import fetch, lock_consultation
from telehealth.consultations.rules import LAST_CHANCE, desk_from
from telehealth.consultations.states import OPEN, ConsultationState, NoteState
from telehealth.consultations.telling import tell_patient
from telehealth.consultations.writing import announce
from telehealth.core.access import Actor, Permission
from telehealth.core.clock import HospitalDay
from telehealth.core.errors import DomainError
from telehealth.core.i18n import N_, translator
from telehealth.core.unit import Unit, Units
from telehealth.notifications import Notice, notify
from telehealth.rulebook import PolicyMissing, current_policy

log = structlog.get_logger(__name__)

_TASK = N_("预约号 %(number)s：请联系医生完成病历；次日24:00前仍未完成将全额退费并致歉")
#: Steps of `Consultation.nudges` beyond those of the day itself.
_DESK_TOLD = 9


@dataclass(frozen=True, slots=True)
class Unfinished:
    """An attended visit of a day gone by that was never closed."""

    room: UUID
    hospital_id: UUID
    doctor_id: UUID
    doctor_account_id: UUID | None
    number: str
    day: date
    starts_at: datetime
    nudges: int


async def sweep_unfinished(units: Units) -> int:
    """Housekeeping: tell, close or refund what is due; how many visits ended. Safe beside others."""
    async with units.system("unfinished visits") as unit:
        due = {
            visit: since
            for visit in [Unfinished(**row) for row in await fetch(unit, _FOUND, today=unit.today)]
            if (since := await _desk_from(unit, visit.hospital_id, visit.day)) <= unit.now
        }
    ended = 0
    for visit, since in due.items():
        try:
            ended += await _see_to(units, visit, since)
        except (DomainError, sa.exc.SQLAlchemyError, psycopg.Error) as error:
            # One visit that cannot be ended does not hold up the others; the next pass tries again.
            log.error("unfinished.left_out", booking=visit.number, error=type(error).__name__, exc_info=error)
    return ended


async def _see_to(units: Units, visit: Unfinished, since: datetime) -> bool:
    async with units.system("unfinished visits") as unit:
        booking = await lock_visit(unit, visit.room)
        row = await lock_consultation(unit, visit.room)
        if booking is None or row.state not in OPEN:
            return False
        note = await note_of(unit, visit.room, lock=True)
        is_signed = note is not None and note.state is NoteState.SIGNED
        if note is not None and is_signed and row.state is ConsultationState.ADMITTED:
            await close_visit(unit, row, advice=read_content(note.body).plan)
            await announce(unit, visit.room, "concluded")
            await tell_patient(unit, booking, Notice.VISIT_CONCLUDED)
            return True
        if unit.now < since + LAST_CHANCE:
            if row.nudges < _DESK_TOLD:
                row.nudges = _DESK_TOLD
                await _tell_doctor(unit, visit)
                unit.audit("consultation.unfinished", row, number=visit.number)
            return False
        # A call that still runs is a visit that is still being had.
        return booking.call_since is None and await end_unfinished(unit, booking)


async def overdue(unit: Unit, *, limit: int = 50) -> Sequence[Unfinished]:
    """What the service desk of this hospital should see to, oldest first."""
    try:
        policy = (await current_policy(unit, _hospital(unit))).policy
    except PolicyMissing:
        # A hospital that is being set up: nobody has been seen there yet.
        return []
    last_day = unit.today - timedelta(days=policy.unattended.unfinished_after_days + 1)
    rows = await fetch(unit, _OF_HOSPITAL, hospital=_hospital(unit), last_day=last_day, most=limit)
    return [Unfinished(**row) for row in rows]


async def worklist(unit: Unit, actor: Actor) -> list[dict[str, Any]]:
    """The desk's task: call the doctor, or the patient."""
    if not actor.is_staff or not actor.may(Permission.BOOK_FOR_PATIENT):
        return []
    return [
        {
            "title": N_("就诊未写完病历"),
            "text": {lang: translator(lang)(_TASK) % {"number": visit.number} for lang in ("zh-CN", "en")},
            "href": f"/staff/bookings/{visit.room}",
            "icon": "file-pen-line",
            "kind": "warn",
            "due_at": await _desk_from(unit, visit.hospital_id, visit.day) + LAST_CHANCE,
            "since": visit.starts_at,
            "owner": N_("服务台"),
        }
        for visit in await overdue(unit)
    ]


async def _desk_from(unit: Unit, hospital_id: UUID, day: HospitalDay) -> datetime:
    policy = (await current_policy(unit, hospital_id)).policy
    return desk_from(day, policy.unattended.unfinished_after_days)


async def _tell_doctor(unit: Unit, visit: Unfinished) -> None:
    if visit.doctor_account_id is not None:
        await notify(
            unit, Notice.NOTE_OVERDUE, visit.doctor_account_id, hospital_id=visit.hospital_id,
            href=f"/staff/rooms/{visit.room}", number=visit.number, starts_at=visit.starts_at,
        )  # fmt: skip


def _hospital(unit: Unit) -> UUID:
    return unit.actor.hospital


_VISITS = """
select c.id as room, c.hospital_id, c.doctor_id, m.account_id as doctor_account_id, b.number, c.day,
    c.starts_at, c.nudges
from consultations c
join bookings b on b.id = c.id and b.state = 'paid' and b.attended_at is not null
left join lateral (
    select account_id from staff_members m
    where m.doctor_id = c.doctor_id and m.hospital_id = c.hospital_id and m.status = 'active'
    order by m.created_at limit 1
) m on true
where c.state in ('waiting', 'admitted')
"""
_FOUND = f"{_VISITS} and c.day < %(today)s order by c.day, c.id"
_OF_HOSPITAL = f"""{_VISITS} and c.hospital_id = %(hospital)s and c.day <= %(last_day)s
order by c.day, c.id limit %(most)s
"""
