"""Ask the hospital's system, and keep what it said.

`fetch_*` are network steps: no unit may be open. `store_visits` writes their answer in one.
"""

import json
from collections.abc import Collection
from datetime import date
from uuid import UUID

from sqlalchemy.dialects.postgresql import insert

from telehealth.core.clock import HospitalDay
from telehealth.core.unit import Unit, Units
from telehealth.hospital import queries
from telehealth.hospital.models import VisitFetch, VisitRecord
from telehealth.hospital.ports import FetchedVisits, HISGateway, PatientSearch, VisitEvidence
from telehealth.hospital.states import DocumentSystem, VisitKind, VisitStatus


async def fetch_patient(
    units: Units, hospital: str, system: DocumentSystem, number: str, *, birth_date: date | None = None
) -> PatientSearch:
    """Raises HISUnavailable, HISRejected."""
    return await units.port(HISGateway).find_patients(  # type: ignore[type-abstract]
        hospital, system, number, birth_date=birth_date
    )


async def fetch_visits(
    units: Units,
    hospital: str,
    his_patient_id: str,
    *,
    since: HospitalDay,
    kinds: Collection[VisitKind] = (VisitKind.OUTPATIENT,),
) -> FetchedVisits:
    """Raises HISUnavailable, HISRejected; what is stored then stands as it is, dated by its `fetched_at`."""
    return await units.port(HISGateway).visits(  # type: ignore[type-abstract]
        hospital, his_patient_id, since=since, kinds=kinds
    )


async def store_visits(
    unit: Unit, hospital_id: UUID, person_id: UUID, fetched: FetchedVisits
) -> tuple[VisitEvidence, ...]:
    """Keep an answer; storing the same one again changes nothing.

    A stored visit inside the asked range that the answer lacks is withdrawn: the registration was
    refunded or entered in error, or the system is behind, and either way nobody vouches for it now.
    """
    await queries.lock_visits(unit, hospital_id, person_id)
    last = await queries.last_fetch(unit, hospital_id, person_id)
    if last is not None and last.fetched_at > fetched.fetched_at:
        # A slower request was overtaken: the later answer stands.
        return await queries.stored_visits(unit, hospital_id, person_id)
    known = await queries.records_by_resource(unit, hospital_id, person_id)
    for visit in fetched.visits:
        row = known.pop(visit.resource_id, None)
        if row is None:
            row = VisitRecord(hospital_id=hospital_id, person_id=person_id, resource_id=visit.resource_id)
            unit.session.add(row)
        _write(row, visit)
    for row in known.values():
        if _should_have_come(row, fetched):
            row.status = VisitStatus.WITHDRAWN
            row.fetched_at = fetched.fetched_at
    await _remember_fetch(unit, hospital_id, person_id, fetched)
    await unit.session.flush()
    return await queries.stored_visits(unit, hospital_id, person_id)


def _write(row: VisitRecord, visit: VisitEvidence) -> None:
    row.version_id = visit.version_id
    row.kind = visit.kind
    row.status = visit.status
    row.visited_on = visit.on
    row.organization = visit.organization
    row.campus = visit.campus
    row.diagnoses = json.dumps(
        [{"code": item.code, "text": item.text} for item in visit.diagnoses], ensure_ascii=False
    )
    row.fetched_at = visit.fetched_at
    row.digest = visit.digest


def _should_have_come(row: VisitRecord, fetched: FetchedVisits) -> bool:
    return (
        row.visited_on >= fetched.since
        and row.kind in fetched.kinds
        and row.status is not VisitStatus.WITHDRAWN
    )


async def _remember_fetch(unit: Unit, hospital_id: UUID, person_id: UUID, fetched: FetchedVisits) -> None:
    row = insert(VisitFetch).values(
        hospital_id=hospital_id,
        person_id=person_id,
        his_patient_id=fetched.his_patient_id,
        since=fetched.since,
        fetched_at=fetched.fetched_at,
    )
    newer = row.on_conflict_do_update(
        index_elements=["hospital_id", "person_id"],
        set_={
            "his_patient_id": row.excluded.his_patient_id,
            "since": row.excluded.since,
            "fetched_at": row.excluded.fetched_at,
        },
        where=VisitFetch.fetched_at <= row.excluded.fetched_at,
    )
    await unit.session.execute(newer)
