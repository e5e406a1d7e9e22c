"""Whoever comes of age decides for themselves: a guardian's link ends by itself on the birthday (XY17)."""

from collections.abc import Sequence
from datetime import date, timedelta
from uuid import UUID

import sqlalchemy as sa

from telehealth.core.clock import completed_years
from telehealth.core.unit import Unit, Units
from telehealth.notifications import Notice, notify
from telehealth.patients.linking_family import end_guardianship
from telehealth.patients.masking import mask_name
from telehealth.patients.models import Consent, PatientLink, Person
from telehealth.patients.rules import Relation
from telehealth.patients.states import LinkState, Purpose
from telehealth.rulebook import current_policy

REASON = "coming of age"
#: So long before it the guardian hears of it.
AHEAD = timedelta(days=30)
_AT_ONCE = 100


async def come_of_age(units: Units) -> int:
    """Tell guardians a month ahead, once, and end what is over; how many links ended."""
    async with units.system(REASON) as unit:
        hospitals = await _hospitals(unit)
    return sum([await _in_hospital(units, hospital_id) for hospital_id in hospitals])


async def _in_hospital(units: Units, hospital_id: UUID) -> int:
    ended = 0
    async with units.system(REASON) as unit:
        years = (await current_policy(unit, hospital_id)).policy.eligibility.guardian_required_under
        for link, born in await _due(unit, hospital_id, years):
            if completed_years(born, unit.today) >= years:
                await end_guardianship(unit, link)
                ended += 1
            elif link.of_age_told_at is None:
                link.of_age_told_at = unit.now
                person = mask_name(link.name)
                await notify(
                    unit, Notice.COMES_OF_AGE, link.account_id, href=f"/people/{link.person_id}",
                    person=person, day=_birthday(born, years),
                )  # fmt: skip
    return ended


async def _hospitals(unit: Unit) -> Sequence[UUID]:
    """Where a guardian's papers were checked."""
    found = sa.select(PatientLink.hospital_id).where(*_GUARDED, PatientLink.hospital_id.is_not(None))
    return [one for one in await unit.session.scalars(found.distinct()) if one is not None]


async def _due(unit: Unit, hospital_id: UUID, years: int) -> list[tuple[PatientLink, date]]:
    """Whoever is of age, or soon is and nobody was told, with the birth date; locked, the oldest first."""
    found = (
        sa.select(PatientLink, Person.birth_date)
        .join(Person, Person.id == PatientLink.person_id)
        .where(*_GUARDED, PatientLink.hospital_id == hospital_id)
        .where(
            sa.or_(
                Person.birth_date <= _birthday(unit.today, -years),
                sa.and_(
                    Person.birth_date <= _birthday(unit.today + AHEAD, -years),
                    PatientLink.of_age_told_at.is_(None),
                ),
            )
        )
        .order_by(Person.birth_date, PatientLink.id)
        .limit(_AT_ONCE)
        .with_for_update(of=PatientLink, skip_locked=True)
    )
    return [(link, born) for link, born in await unit.session.execute(found)]


def _birthday(born: date, years: int) -> date:
    """As many years later; the 29th of February is kept on 1 March of a common year."""
    try:
        return born.replace(year=born.year + years)
    except ValueError:
        return date(born.year + years, 3, 1)


_GUARDED = (
    PatientLink.state == LinkState.ACTIVE,
    PatientLink.relation != Relation.SELF,
    sa.exists(
        sa.select(Consent.id).where(
            Consent.link_id == PatientLink.id,
            Consent.purpose == Purpose.GUARDIANSHIP,
            Consent.withdrawn_at.is_(None),
        )
    ),
)
