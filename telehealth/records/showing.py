"""A person's record as pages and clients show it: papers of every kind, newest first, and visits."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from telehealth.core.access import Actor
from telehealth.core.unit import Unit, Units
from telehealth.directory import Hospital, hospitals
from telehealth.hospital import VisitEvidence, stored_visits
from telehealth.patients import PatientLink, Person, hospital_patient, people_of, person_for
from telehealth.records.errors import DocumentNotFound
from telehealth.records.issuing import Press
from telehealth.records.papers import Item
from telehealth.records.refreshing import Heard, refresh
from telehealth.records.states import PaperKind

MOST = 200


@dataclass(frozen=True, slots=True)
class Visit:
    """One visit in person, as the hospital's system confirmed it."""

    hospital: Hospital
    evidence: VisitEvidence
    campus: str


@dataclass(frozen=True, slots=True)
class RecordOf:
    person: Person
    link: PatientLink
    people: Sequence[tuple[PatientLink, Person]]
    items: dict[PaperKind, Sequence[Item]]
    visits: Sequence[Visit]
    heard: Sequence[Heard]
    restricted_at: datetime | None


async def record_of(
    units: Units, actor: Actor, person_id: UUID | None, *, limit: int = MOST, anew: bool = False
) -> RecordOf | None:
    """Of the person asked for, or of the first this account acts for; None where there is nobody yet.

    Asks the hospitals unless they answered just now. Raises PersonNotFound, LinkPending.
    """
    async with units.account(actor.account, actor) as unit:
        people = await people_of(unit, actor.account)
        if person_id is not None:
            await person_for(unit, actor.account, person_id)
    if not people:
        return None
    link, person = next((pair for pair in people if pair[1].id == person_id), people[0])
    heard = await refresh(units, actor, person.id, anew=anew)
    async with units.account(actor.account, actor) as unit:
        sources = unit.port(Press).sources.sources
        items = {each.kind: await each.listed(unit, person.id, limit=limit) for each in sources}
        visits, restricted = await _visits(unit, person.id)
        unit.audit("record.read", f"persons:{person.id}")
    return RecordOf(person, link, people, items, visits, heard, restricted)


async def items_of(unit: Unit, person_id: UUID, kind: PaperKind | None = None) -> list[Item]:
    """Newest first. Raises PersonNotFound, LinkPending."""
    await person_for(unit, unit.actor.account, person_id)
    sources = [each for each in unit.port(Press).sources.sources if kind in (None, each.kind)]
    found = [item for each in sources for item in await each.listed(unit, person_id, limit=MOST)]
    return sorted(found, key=lambda item: (item.at, item.id), reverse=True)


async def visits_of(unit: Unit, person_id: UUID) -> Sequence[Visit]:
    """Raises PersonNotFound, LinkPending."""
    await person_for(unit, unit.actor.account, person_id)
    return (await _visits(unit, person_id))[0]


async def item_named(unit: Unit, kind: PaperKind, item_id: UUID) -> Item:
    """One of anybody this account acts for. Raises DocumentNotFound."""
    making = await unit.port(Press).sources.of(kind).making(unit, item_id)
    for item in await unit.port(Press).sources.of(kind).listed(unit, making.person_id, limit=MOST):
        if item.id == item_id:
            return item
    raise DocumentNotFound()


async def _visits(unit: Unit, person_id: UUID) -> tuple[Sequence[Visit], datetime | None]:
    found: list[Visit] = []
    restricted: datetime | None = None
    for place in await hospitals(unit):
        known = await hospital_patient(unit, place.id, person_id)
        if known is None:
            continue
        restricted = restricted or known.restricted_at
        seen = await stored_visits(unit, place.id, person_id)
        found += [Visit(place, visit, visit.campus) for visit in seen]
    return sorted(found, key=lambda visit: _day(visit.evidence), reverse=True), restricted


def _day(visit: VisitEvidence) -> tuple[date, str]:
    return visit.on, visit.resource_id
