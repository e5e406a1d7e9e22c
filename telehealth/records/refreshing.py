"""Ask each hospital that knows a person for visits and reports, and keep what it told.

`refresh` is a network step between two units. A hospital that does not answer leaves what is stored as it is:
the page says from when that is.
"""

import asyncio
import json
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from uuid import UUID

from telehealth.core.access import Actor
from telehealth.core.clock import HospitalDay, add_months, hospital_day
from telehealth.core.unit import Unit, Units
from telehealth.directory import Hospital, hospitals
from telehealth.hospital import HISRejected, HISUnavailable, VisitKind, fetch_visits, store_visits
from telehealth.hospital.ports import FetchedVisits
from telehealth.hospital.reports import (
    DiagnosticReport,
    FetchedReports,
    Flag,
    ReportGateway,
    ReportLine,
)
from telehealth.patients import CardState, hospital_patient, person_for
from telehealth.records import queries
from telehealth.records.models import Report, ReportFetch
from telehealth.rulebook import PolicyMissing, current_policy
from telehealth.rulebook.rules import PolicySet, sample_policy

KINDS = (VisitKind.OUTPATIENT, VisitKind.INPATIENT, VisitKind.EMERGENCY)


@dataclass(frozen=True, slots=True)
class Errand:
    hospital: Hospital
    his_patient_id: str
    since: HospitalDay
    #: An answer this young is not asked for again.
    is_fresh: bool


@dataclass(frozen=True, slots=True)
class Heard:
    """What one hospital's word is worth now: from when it is, and whether it answered this time."""

    hospital: Hospital
    as_of: datetime | None
    answered: bool


async def refresh(units: Units, actor: Actor, person_id: UUID, *, anew: bool = False) -> list[Heard]:
    """Raises PersonNotFound, LinkPending. `anew` asks also whom we asked just now."""
    async with units.account(actor.account, actor) as unit:
        await person_for(unit, actor.account, person_id)
        errands = await _errands(unit, person_id)
    asked = [errand for errand in errands if anew or not errand.is_fresh]
    # At once: a hospital that is silent costs its patience one time, whoever else is silent.
    answers = dict(zip(asked, await asyncio.gather(*(_ask(units, errand) for errand in asked)), strict=True))
    async with units.account(actor.account, actor) as unit:
        heard = []
        for errand in errands:
            answer = answers.get(errand)
            if answer is not None:
                visits, reports = answer
                await store_visits(unit, errand.hospital.id, person_id, visits)
                await store_reports(unit, errand.hospital.id, person_id, reports)
            last = await queries.report_fetch(unit, errand.hospital.id, person_id)
            as_of = last.fetched_at if last else None
            heard.append(Heard(errand.hospital, as_of, errand.is_fresh or answer is not None))
    return heard


async def store_reports(unit: Unit, hospital_id: UUID, person_id: UUID, fetched: FetchedReports) -> None:
    """Storing the same answer again changes nothing. What it should have told and did not is withdrawn."""
    await queries.lock_reports(unit, hospital_id, person_id)
    last = await queries.report_fetch(unit, hospital_id, person_id)
    if last is not None and last.fetched_at > fetched.fetched_at:
        # A slower request was overtaken: the later answer stands.
        return
    known = await queries.reports_by_resource(unit, hospital_id, person_id)
    for told in fetched.reports:
        row = known.pop(told.resource_id, None)
        if row is None:
            row = Report(hospital_id=hospital_id, person_id=person_id, resource_id=told.resource_id)
            unit.session.add(row)
        _write(row, told, fetched.fetched_at)
    for row in known.values():
        if row.withdrawn_at is None and hospital_day(row.taken_at) >= fetched.since:
            row.withdrawn_at = fetched.fetched_at
    if last is None:
        last = ReportFetch(hospital_id=hospital_id, person_id=person_id)
        unit.session.add(last)
    last.since, last.fetched_at = fetched.since, fetched.fetched_at
    await unit.session.flush()


def told_in(row: Report) -> DiagnosticReport:
    """The report as it was told."""
    body = json.loads(row.body)
    return DiagnosticReport(
        resource_id=row.resource_id,
        version_id=row.version_id,
        kind=row.kind,
        status=row.status,
        title=body["title"],
        performer=body["performer"],
        taken_at=row.taken_at,
        reported_at=row.reported_at,
        lines=tuple(ReportLine(**{**line, "flag": Flag(line["flag"])}) for line in body["lines"]),
        conclusion=body["conclusion"],
        digest=row.digest,
    )


async def policy_at(unit: Unit, hospital_id: UUID) -> PolicySet:
    try:
        return (await current_policy(unit, hospital_id)).policy
    except PolicyMissing:
        return sample_policy()


async def _errands(unit: Unit, person_id: UUID) -> list[Errand]:
    found = []
    for place in await hospitals(unit):
        known = await hospital_patient(unit, place.id, person_id)
        if known is None or known.state is not CardState.BOUND:
            continue
        policy = await policy_at(unit, place.id)
        # The gate reads the same visits: they must reach as far back as it looks.
        months = max(policy.records.history_months, policy.eligibility.offline_visit_window_months + 1)
        last = await queries.report_fetch(unit, place.id, person_id)
        young = timedelta(minutes=policy.records.refresh_minutes)
        fresh = last is not None and last.fetched_at >= unit.now - young
        found.append(Errand(place, known.his_patient_id, add_months(unit.today, -months), fresh))
    return found


async def _ask(units: Units, errand: Errand) -> tuple[FetchedVisits, FetchedReports] | None:
    code, patient = errand.hospital.code, errand.his_patient_id
    try:
        visits = await fetch_visits(units, code, patient, since=errand.since, kinds=KINDS)
        gateway = units.port(ReportGateway)  # type: ignore[type-abstract]
        return visits, await gateway.reports(code, patient, since=errand.since)
    except (HISUnavailable, HISRejected):
        return None


def _write(row: Report, told: DiagnosticReport, fetched_at: datetime) -> None:
    row.version_id, row.kind, row.status = told.version_id, told.kind, told.status
    row.taken_at, row.reported_at = told.taken_at, told.reported_at
    row.digest, row.fetched_at, row.withdrawn_at = told.digest, fetched_at, None
    body = {
        "title": told.title,
        "performer": told.performer,
        "lines": [asdict(line) for line in told.lines],
        "conclusion": told.conclusion,
    }
    row.body = json.dumps(body, ensure_ascii=False)
