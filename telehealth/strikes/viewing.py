"""What a patient is shown with each strike: how many count, until when, and how to object (SJ09)."""

from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID

from telehealth.core.access import Actor
from telehealth.core.clock import HospitalDay
from telehealth.core.unit import Unit
from telehealth.directory import Hospital, hospitals
from telehealth.patients import PatientLink, people_of
from telehealth.rulebook import PolicyMissing, current_policy
from telehealth.rulebook.rules import PolicySet, sample_policy
from telehealth.strikes import queries
from telehealth.strikes.models import Appeal, BanRow, StrikeRow
from telehealth.strikes.rules import Standing, counts_until, standing


@dataclass(frozen=True, slots=True)
class Record:
    """One person at one hospital."""

    link: PatientLink
    hospital: Hospital
    standing: Standing
    window_months: int
    strikes: tuple[tuple[StrikeRow, Appeal | None], ...]
    #: Strike → the last day on which it counts.
    counts_until: Mapping[UUID, HospitalDay]
    bans: tuple[BanRow, ...]


async def records_of(unit: Unit, actor: Actor) -> list[Record]:
    """Of everybody this account acts for; hospitals without a strike are left out."""
    people = {person.id: link for link, person in await people_of(unit, actor.account)}
    rows = await queries.strikes_of_people(unit, list(people))
    bans = await queries.bans_of_people(unit, list(people))
    latest: dict[UUID, Appeal] = {}
    for row in await queries.appeals_of(unit, [strike.id for strike in rows]):
        latest.setdefault(row.strike_id, row)
    records: list[Record] = []
    for place in await hospitals(unit):
        for person_id, link in people.items():
            own = [row for row in rows if (row.hospital_id, row.person_id) == (place.id, person_id)]
            if not own:
                continue
            policy = await _policy(unit, place.id)
            records.append(
                Record(
                    link,
                    place,
                    standing(queries.as_rules(own), unit.today, policy),
                    policy.strikes.window_months,
                    tuple((row, latest.get(row.id)) for row in own),
                    {row.id: counts_until(row.on, policy) for row in own},
                    tuple(ban for ban in bans if (ban.hospital_id, ban.person_id) == (place.id, person_id)),
                )
            )
    return records


async def _policy(unit: Unit, hospital_id: UUID) -> PolicySet:
    try:
        return (await current_policy(unit, hospital_id)).policy
    except PolicyMissing:
        return sample_policy()
