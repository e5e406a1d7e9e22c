import json
from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID

import sqlalchemy as sa

from telehealth.core.hot import Hot
from telehealth.core.unit import Unit
from telehealth.hospital.models import SystemKey, VisitFetch, VisitRecord
from telehealth.hospital.ports import Diagnosis, VisitEvidence
from telehealth.hospital.states import VisitStatus

STORED_VISITS = Hot(
    sa.select(VisitRecord)
    .where(VisitRecord.hospital_id == sa.bindparam("hospital_id"))
    .where(VisitRecord.person_id == sa.bindparam("person_id"))
    .where(VisitRecord.status != VisitStatus.WITHDRAWN)
    .order_by(VisitRecord.visited_on.desc(), VisitRecord.id)
)
FETCHED_AT = Hot(
    sa.select(VisitFetch.fetched_at)
    .where(VisitFetch.hospital_id == sa.bindparam("hospital_id"))
    .where(VisitFetch.person_id == sa.bindparam("person_id"))
)


async def stored_visits(unit: Unit, hospital_id: UUID, person_id: UUID) -> tuple[VisitEvidence, ...]:
    """Confirmed visits as last fetched, newest first; `fetched_at` says how old the word is."""
    rows = await STORED_VISITS.all(unit, hospital_id=hospital_id, person_id=person_id)
    return tuple(evidence_of(row) for (row,) in rows)


async def last_fetch(unit: Unit, hospital_id: UUID, person_id: UUID) -> VisitFetch | None:
    """None when the hospital's system never answered about this person."""
    return await unit.session.get(VisitFetch, (hospital_id, person_id))


async def is_fresh(unit: Unit, hospital_id: UUID, person_id: UUID, *, within: timedelta) -> bool:
    row = await FETCHED_AT.first(unit, hospital_id=hospital_id, person_id=person_id)
    return row is not None and row[0] >= unit.now - within


async def lock_visits(unit: Unit, hospital_id: UUID, person_id: UUID) -> None:
    """Two answers about one person at once would both find no rows before them."""
    lock = sa.text("select pg_advisory_xact_lock(hashtextextended(:key, 0))")
    await unit.session.execute(lock, {"key": f"visits:{hospital_id}:{person_id}"})


async def records_by_resource(unit: Unit, hospital_id: UUID, person_id: UUID) -> dict[str, VisitRecord]:
    rows = await unit.session.scalars(
        sa.select(VisitRecord)
        .where(VisitRecord.hospital_id == hospital_id, VisitRecord.person_id == person_id)
        .execution_options(populate_existing=True)
        .with_for_update()
    )
    return {row.resource_id: row for row in rows}


def evidence_of(row: VisitRecord) -> VisitEvidence:
    return VisitEvidence(
        resource_id=row.resource_id,
        version_id=row.version_id,
        kind=row.kind,
        status=row.status,
        on=row.visited_on,
        organization=row.organization,
        campus=row.campus,
        fetched_at=row.fetched_at,
        digest=row.digest,
        diagnoses=tuple(Diagnosis(item["code"], item["text"]) for item in json.loads(row.diagnoses)),
    )


async def system_keys(unit: Unit, hospital_id: UUID) -> Sequence[SystemKey]:
    rows = await unit.session.scalars(
        sa.select(SystemKey)
        .where(SystemKey.hospital_id == hospital_id)
        .order_by(SystemKey.made_at.desc(), SystemKey.id.desc())
    )
    return rows.all()


async def lock_system_key(unit: Unit, hospital_id: UUID, key_id: UUID) -> SystemKey | None:
    found: SystemKey | None = await unit.session.scalar(
        sa.select(SystemKey)
        .where(SystemKey.hospital_id == hospital_id, SystemKey.id == key_id)
        .with_for_update()
    )
    return found


async def system_key(unit: Unit, hospital_id: UUID, digest: str) -> SystemKey | None:
    """Unless it was revoked."""
    found: SystemKey | None = await unit.session.scalar(
        sa.select(SystemKey).where(
            SystemKey.hospital_id == hospital_id,
            SystemKey.digest == digest,
            SystemKey.revoked_at.is_(None),
        )
    )
    return found


async def note_use(unit: Unit, key_id: UUID) -> None:
    await unit.session.execute(sa.update(SystemKey).where(SystemKey.id == key_id).values(used_at=unit.now))
