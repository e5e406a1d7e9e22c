"""A guardian acts for a child, and for nobody else (XY17)."""

from datetime import date, timedelta

import pytest
import sqlalchemy as sa

from telehealth.core.clock import FixedClock
from telehealth.core.unit import Units
from telehealth.notifications.models import InboxMessage
from telehealth.notifications.notices import Notice
from telehealth.patients import person_for
from telehealth.patients.coming_of_age import come_of_age
from telehealth.patients.errors import PersonNotFound
from telehealth.patients.linking_family import record_consent
from telehealth.patients.models import Consent, PatientLink
from telehealth.patients.rules import Relation
from telehealth.patients.states import LinkState, Purpose
from tests.support.factories.bookings import House, Patient, add_booker, add_house, told
from tests.support.factories.patients import add_person

#: Eighteen on 11 December 2026, twenty days from the tests' today.
BIRTHDAY = date(2008, 12, 11)


@pytest.fixture
async def place(units: Units) -> House:
    return await add_house(units)


@pytest.fixture
async def mother(units: Units, place: House) -> Patient:
    return await add_booker(units, place)


async def child(
    units: Units, place: House, mother: Patient, *, born: date = BIRTHDAY,
    relation: Relation = Relation.CHILD, purpose: Purpose = Purpose.GUARDIANSHIP,
) -> PatientLink:  # fmt: skip
    person = await add_person(units, mother.account, name="样例童", relation=relation, born=born)
    async with units.system("test") as unit:
        found = sa.select(PatientLink).where(PatientLink.person_id == person.id)
        link = (await unit.session.scalars(found)).one()
        link.hospital_id = place.hospital.id
        record_consent(unit, link, purpose, given_by="guardian")
        return link


async def now(units: Units, link: PatientLink) -> PatientLink:
    async with units.system("test") as unit:
        return await unit.session.get_one(PatientLink, link.id)


async def test_XY17_a_guardian_is_told_a_month_ahead_and_once(
    units: Units, place: House, mother: Patient, clock: FixedClock
) -> None:
    link = await child(units, place, mother)
    for _ in range(2):
        assert await come_of_age(units) == 0
    assert (await told(units, mother.account)).count(Notice.COMES_OF_AGE) == 1
    async with units.system("test") as unit:
        found = sa.select(InboxMessage).where(InboxMessage.notice == Notice.COMES_OF_AGE)
        message = (await unit.session.scalars(found)).one()
    assert message.variables["day"] == "2026-12-11" and "样例童" not in str(message.variables)
    assert (await now(units, link)).state is LinkState.ACTIVE


async def test_XY17_on_the_birthday_guardianship_ends_by_itself_and_the_day_before_it_does_not(
    units: Units, place: House, mother: Patient, clock: FixedClock
) -> None:
    link = await child(units, place, mother)
    clock.move_business_to(clock.business() + timedelta(days=19))
    assert await come_of_age(units) == 0
    clock.move_business_to(clock.business() + timedelta(days=1))
    assert await come_of_age(units) == 1
    assert await come_of_age(units) == 0
    after = await now(units, link)
    assert (after.state, after.ended_by) == (LinkState.ENDED, "age")
    assert (await told(units, mother.account))[-1] == Notice.CAME_OF_AGE
    async with units.account(mother.account.id, mother.actor) as unit:
        with pytest.raises(PersonNotFound):
            await person_for(unit, mother.account.id, link.person_id)
    async with units.system("test") as unit:
        found = sa.select(Consent).where(Consent.link_id == link.id)
        assert all(consent.withdrawn_at for consent in await unit.session.scalars(found))


@pytest.mark.parametrize(
    ("born", "relation", "purpose"),
    [
        (date(2009, 1, 5), Relation.CHILD, Purpose.GUARDIANSHIP),
        (date(1979, 1, 5), Relation.SPOUSE, Purpose.ACT_FOR_ADULT),
        (BIRTHDAY, Relation.CHILD, Purpose.ACT_FOR_ADULT),
    ],
    ids=["still_a_child", "an_adult_who_agreed", "one_who_agreed_at_that_age"],
)
async def test_XY17_nobody_else_loses_who_acts_for_them(
    units: Units, place: House, mother: Patient, clock: FixedClock,
    born: date, relation: Relation, purpose: Purpose,
) -> None:  # fmt: skip
    link = await child(units, place, mother, born=born, relation=relation, purpose=purpose)
    clock.move_business_to(clock.business() + timedelta(days=20))
    assert await come_of_age(units) == 0
    assert (await now(units, link)).state is LinkState.ACTIVE
    assert Notice.CAME_OF_AGE not in await told(units, mother.account)
