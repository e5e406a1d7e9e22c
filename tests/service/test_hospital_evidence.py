"""Evidence of visits: kept over an outage, withdrawn when nobody vouches for it any more."""

from datetime import date, timedelta

import pytest

from telehealth.accounts.models import Account
from telehealth.core.clock import FixedClock, hospital_day
from telehealth.core.settings import Settings
from telehealth.core.unit import Units
from telehealth.directory.models import Hospital
from telehealth.hospital import (
    HISUnavailable,
    VisitEvidence,
    fetch_visits,
    is_fresh,
    last_fetch,
    store_visits,
    stored_visits,
)
from telehealth.patients.models import Person
from tests.support.factories.accounts import add_patient, patient
from tests.support.factories.directory import add_hospital
from tests.support.factories.patients import add_card, add_person
from tests.support.outside import Stranger, admit, clock_of_the_world, reach, stranger, visited
from tests.support.sandbox import Sandbox


@pytest.fixture
def clock() -> FixedClock:
    return clock_of_the_world()


@pytest.fixture
def settings(settings: Settings, sandbox: Sandbox) -> Settings:
    return reach(settings, sandbox)


@pytest.fixture
async def hospital(units: Units) -> Hospital:
    return await add_hospital(units, "yunan")


class Patient:
    """Somebody with a card, and the steps in which the gate asks about them."""

    def __init__(self, units: Units, hospital: Hospital, account: Account, person: Person, who: Stranger):
        self.units, self.hospital, self.account, self.person, self.who = units, hospital, account, person, who

    @property
    def today(self) -> date:
        return hospital_day(self.units.clock.business())

    async def ask(self) -> tuple[VisitEvidence, ...]:
        since = self.today - timedelta(days=180)
        fetched = await fetch_visits(self.units, "yunan", self.who.his_id, since=since)
        async with self.units.account(self.account.id, patient(self.account)) as unit:
            return await store_visits(unit, self.hospital.id, self.person.id, fetched)

    async def stored(self) -> tuple[VisitEvidence, ...]:
        async with self.units.account(self.account.id, patient(self.account)) as unit:
            return await stored_visits(unit, self.hospital.id, self.person.id)


@pytest.fixture
async def somebody(units: Units, hospital: Hospital, sandbox: Sandbox) -> Patient:
    who = admit(sandbox, stranger())
    account = await add_patient(units, who.phone)
    person = await add_person(units, account, name=who.name, number=who.number, born=who.born)
    await add_card(units, hospital.id, account, person, his_patient_id=who.his_id, number=who.card)
    return Patient(units, hospital, account, person, who)


def days(visits: tuple[VisitEvidence, ...], today: date) -> list[int]:
    return [(today - visit.on).days for visit in visits]


async def test_XY02_what_the_hospital_says_is_kept_with_version_time_and_digest(
    somebody: Patient, sandbox: Sandbox, clock: FixedClock
) -> None:
    visited(sandbox, somebody.who, days_ago=40)
    visited(sandbox, somebody.who, days_ago=10)
    assert days(await somebody.ask(), somebody.today) == [10, 40]
    newest = (await somebody.stored())[0]
    assert newest.version_id == "1" and newest.fetched_at == clock.business() and len(newest.digest) == 64


async def test_XY02_the_same_answer_twice_is_stored_once(somebody: Patient, sandbox: Sandbox) -> None:
    visited(sandbox, somebody.who, days_ago=10)
    assert await somebody.ask() == await somebody.ask()


async def test_XY24_stored_evidence_outlives_an_outage_and_says_how_old_it_is(
    somebody: Patient, sandbox: Sandbox, units: Units, clock: FixedClock
) -> None:
    visited(sandbox, somebody.who, days_ago=10)
    before = await somebody.ask()
    clock.advance(timedelta(minutes=30))
    with sandbox.faults(his={"mode": "down"}), pytest.raises(HISUnavailable):
        await somebody.ask()
    assert await somebody.stored() == before
    async with units.account(somebody.account.id, patient(somebody.account)) as unit:
        ids = somebody.hospital.id, somebody.person.id
        assert await is_fresh(unit, *ids, within=timedelta(minutes=31))
        assert not await is_fresh(unit, *ids, within=timedelta(minutes=29))


async def test_XY03_a_visit_cancelled_afterwards_no_longer_counts(
    somebody: Patient, sandbox: Sandbox
) -> None:
    visited(sandbox, somebody.who, days_ago=10)
    await somebody.ask()
    somebody.who.visits.clear()
    visited(sandbox, somebody.who, days_ago=10, status="cancelled")
    assert await somebody.ask() == ()


async def test_XY03_a_system_that_is_behind_never_passes_on_what_it_does_not_show(
    somebody: Patient, sandbox: Sandbox
) -> None:
    """It counts again once the system shows it again."""
    visited(sandbox, somebody.who, days_ago=10)
    await somebody.ask()
    with sandbox.faults(his={"mode": "stale", "days": 30}):
        assert await somebody.ask() == ()
    assert days(await somebody.ask(), somebody.today) == [10]


async def test_XY02_nobody_visited_is_an_answer_too(somebody: Patient, units: Units) -> None:
    assert await somebody.ask() == ()
    async with units.account(somebody.account.id, patient(somebody.account)) as unit:
        fetch = await last_fetch(unit, somebody.hospital.id, somebody.person.id)
    assert fetch is not None and fetch.his_patient_id == somebody.who.his_id


async def test_XY03_an_older_answer_that_arrives_late_changes_nothing(
    somebody: Patient, sandbox: Sandbox, units: Units, clock: FixedClock
) -> None:
    visited(sandbox, somebody.who, days_ago=10)
    since = somebody.today - timedelta(days=180)
    early = await fetch_visits(units, "yunan", somebody.who.his_id, since=since)
    clock.advance(timedelta(minutes=1))
    somebody.who.visits.clear()
    visited(sandbox, somebody.who, days_ago=10, status="cancelled")
    await somebody.ask()
    async with units.account(somebody.account.id, patient(somebody.account)) as unit:
        assert await store_visits(unit, somebody.hospital.id, somebody.person.id, early) == ()
