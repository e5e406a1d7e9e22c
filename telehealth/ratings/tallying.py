"""What others are told of a doctor's stars: a sum, never somebody's rating, and moved by many at once.

A sum that moved with each rating would tell the doctor who gave it. So it moves at midnight, and only
once enough came in since it last moved (GD12).
"""

from datetime import date
from uuid import UUID

from sqlalchemy.dialects.postgresql import insert

from telehealth.core.access import HOUSE
from telehealth.core.clock import day_end
from telehealth.core.deadlines import set_deadline
from telehealth.core.jobs import Work, task
from telehealth.core.unit import Unit
from telehealth.directory import doctor
from telehealth.ratings import queries
from telehealth.ratings.models import DoctorScore
from telehealth.ratings.rules import average_tenths, is_due
from telehealth.rulebook import current_policy

#: The deadline at which a doctor's new ratings may count.
MIDNIGHT = "ratings.midnight"


@task("ratings.tally")
async def tally(work: Work, *, hospital_id: str, doctor_id: str, day: str) -> None:
    """A doctor was rated on `day`: look at 24:00. A job, as the deadline is none of the patient's rows."""
    async with work.units.hospital(UUID(hospital_id), HOUSE) as unit:
        await set_deadline(
            unit, MIDNIGHT, UUID(doctor_id), day_end(date.fromisoformat(day)), hospital_id=UUID(hospital_id)
        )


async def count_anew(unit: Unit, doctor_id: UUID) -> None:
    """Deadline: tell the new sum if enough rated since. Too few wait for those who rate after them."""
    hospital_id = (await doctor(unit, doctor_id)).hospital_id
    policy = (await current_policy(unit, hospital_id)).policy
    found = await queries.spread(unit, hospital_id, doctor_id)
    told = await queries.score(unit, doctor_id)
    if not is_due(sum(found.values()), told.count if told else 0, policy):
        return
    row = insert(DoctorScore).values(
        id=doctor_id,
        hospital_id=hospital_id,
        count=sum(found.values()),
        stars=sum(stars * count for stars, count in found.items()),
        spread={str(stars): count for stars, count in found.items()},
        counted_at=unit.now,
    )
    fresh = {name: row.excluded[name] for name in ("count", "stars", "spread", "counted_at")}
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
