"""Count a doctor's stars anew: what others are told is a sum, never somebody's rating."""

from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from telehealth.core.access import HOUSE
from telehealth.core.jobs import Work, task
from telehealth.core.unit import Unit, Units
from telehealth.ratings import queries
from telehealth.ratings.models import DoctorScore
from telehealth.ratings.rules import average_tenths
from telehealth.rulebook import current_policy


@task("ratings.tally")
async def tally(work: Work, *, hospital_id: str, doctor_id: str) -> None:
    """Counted from the ratings each time, so twice is once."""
    await count_anew(work.units, UUID(hospital_id), UUID(doctor_id))


async def count_anew(units: Units, hospital_id: UUID, doctor_id: UUID) -> None:
    async with units.hospital(hospital_id, HOUSE) as unit:
        # Two counts of one doctor at once: the later sees what the earlier saw, and more.
        lock = sa.text("select pg_advisory_xact_lock(hashtextextended(:key, 0))")
        await unit.session.execute(lock, {"key": f"score:{doctor_id}"})
        found = await queries.spread(unit, hospital_id, doctor_id)
        row = insert(DoctorScore).values(
            id=doctor_id,
            hospital_id=hospital_id,
            count=sum(found.values()),
            stars=sum(stars * count for stars, count in found.items()),
            counted_at=unit.now,
        )
        fresh = {name: row.excluded[name] for name in ("count", "stars", "counted_at")}
        await unit.session.execute(row.on_conflict_do_update(index_elements=["id"], set_=fresh))


async def averages(unit: Unit, doctor_ids: list[UUID]) -> dict[UUID, tuple[int, int]]:
    """Doctor → (stars times ten, how many rated), of those whom enough rated."""
    told: dict[UUID, tuple[int, int]] = {}
    for row in await queries.scores(unit, doctor_ids):
        policy = (await current_policy(unit, row.hospital_id)).policy
        average = average_tenths(row.count, row.stars, policy)
        if average is not None:
            told[row.id] = (average, row.count)
    return told
