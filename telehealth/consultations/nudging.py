"""A doctor who consults in spare time is told when paid patients wait: at slot start, a while after, in the
evening, and a last time before midnight.

One notice for each doctor and moment, however many wait. `Consultation.nudges` says how far each visit has
come, so a pass that ran late, twice, or beside another tells nobody twice.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby
from typing import Any
from uuid import UUID

from telehealth.consultations.queries import fetch
from telehealth.core.clock import HospitalDay, at_local
from telehealth.core.unit import Unit, Units
from telehealth.notifications import Notice, notify
from telehealth.rulebook import current_policy
from telehealth.rulebook.rules import PolicySet

#: Of all hospitals one pass at a time.
_LOCK = "consultations.nudge"


@dataclass(frozen=True, slots=True)
class Waiting:
    """A paid visit of today that nobody attended."""

    room: UUID
    hospital_id: UUID
    doctor_id: UUID
    account_id: UUID | None
    starts_at: datetime
    nudges: int


def due_step(starts_at: datetime, day: HospitalDay, now: datetime, policy: PolicySet) -> int:
    """How many of the four moments of this visit have come; those before its slot count with its start."""
    if now < starts_at:
        return 0
    moments = (
        starts_at,
        starts_at + timedelta(minutes=policy.room.nudge_again_minutes),
        at_local(day, policy.room.evening_nudge),
        at_local(day, policy.room.last_nudge),
    )
    return max(step for step, moment in enumerate(moments, 1) if moment <= now)


async def nudge_doctors(units: Units) -> int:
    """Housekeeping: tell every doctor who is due, and say how many were told."""
    async with units.system("room nudges") as unit:
        if not (await fetch(unit, _ALONE, key=_LOCK))[0]["alone"]:
            return 0
        rows = [Waiting(**row) for row in await fetch(unit, _WAITING, today=unit.today, now=unit.now)]
        told = 0
        for hospital_id, visits in groupby(rows, key=lambda row: row.hospital_id):
            policy = (await current_policy(unit, hospital_id)).policy
            for _, mine in groupby(visits, key=lambda row: row.doctor_id):
                told += await _nudge(unit, list(mine), policy)
        return told


async def _nudge(unit: Unit, visits: list[Waiting], policy: PolicySet) -> bool:
    steps = {visit.room: due_step(visit.starts_at, unit.today, unit.now, policy) for visit in visits}
    due = [visit for visit in visits if steps[visit.room] > visit.nudges]
    if not due:
        return False
    await _note(unit, {visit.room: steps[visit.room] for visit in due}.items())
    account_id = visits[0].account_id
    if account_id is None:
        return False
    # Also those told of before: the doctor reads how many wait, not how many are new.
    first = min(visit.starts_at for visit in visits)
    await notify(
        unit, Notice.DOCTOR_NUDGED, account_id, hospital_id=visits[0].hospital_id, href="/staff/line",
        count=str(len(visits)), starts_at=first,
    )  # fmt: skip
    return True


async def _note(unit: Unit, steps: Iterable[tuple[UUID, int]]) -> None:
    rooms, reached = zip(*steps, strict=True)
    await fetch(unit, _REACHED, rooms=list(rooms), steps=list(reached))


_ALONE = "select pg_try_advisory_xact_lock(hashtextextended(%(key)s, 0)) as alone"

_WAITING: Any = """
select c.id as room, c.hospital_id, c.doctor_id, m.account_id, c.starts_at, c.nudges
from consultations c
join bookings b on b.id = c.id and b.state = 'paid' and b.attended_at is null and b.call_since is null
left join lateral (
    select account_id from staff_members m
    where m.doctor_id = c.doctor_id and m.hospital_id = c.hospital_id and m.status = 'active'
    order by m.created_at limit 1
) m on true
where c.day = %(today)s and c.starts_at <= %(now)s and c.state in ('waiting', 'admitted')
order by c.hospital_id, c.doctor_id, c.starts_at, c.id
"""

_REACHED = """
update consultations c set nudges = s.step
from unnest(%(rooms)s::uuid[], %(steps)s::int[]) as s(room, step)
where c.id = s.room and c.nudges < s.step
"""
