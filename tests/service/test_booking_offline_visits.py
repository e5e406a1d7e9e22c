"""An offline registration is kept or not by the hospital's own record, never by our guess (SJ01, XY12)."""

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

import app
from telehealth.bookings.asking_hospital import ask_about_visits
from telehealth.bookings.models import Booking
from telehealth.bookings.states import BookingState, Evidence
from telehealth.bookings.sweeping import sweep_at_midnight
from telehealth.core.clock import FixedClock
from telehealth.core.settings import Settings
from telehealth.core.unit import Units
from telehealth.patients import known_patient
from telehealth.rulebook.rules import ClinicKind
from telehealth.web.house import House as Running
from tests.support.factories.bookings import House, Patient, add_booker, add_house, reread
from tests.support.factories.visits import paid_today, refunds_of_booking
from tests.support.outside import admit, reach, stranger, visited
from tests.support.sandbox import Sandbox


@pytest.fixture
async def house(settings: Settings, clock: FixedClock, sandbox: Sandbox) -> AsyncIterator[Running]:
    built = app.build_house(reach(settings, sandbox), clock=clock)
    yield built
    await built.close()


@pytest.fixture
async def place(units: Units) -> House:
    return await add_house(units)


@pytest.fixture
async def who(units: Units, place: House, sandbox: Sandbox) -> Patient:
    booker = await add_booker(units, place)
    async with units.system("test") as unit:
        card = await known_patient(unit, place.hospital.id, booker.person.id)
    assert card is not None
    same = stranger(name=booker.person.name)
    same.his_id = card.his_patient_id
    admit(sandbox, same)
    return booker


@pytest.fixture
async def yesterday(units: Units, place: House, who: Patient, clock: FixedClock) -> Booking:
    booking = await paid_today(units, place, who, kind=ClinicKind.OFFLINE)
    clock.advance(timedelta(days=1))
    return booking


async def seen_in_person(
    units: Units, place: House, who: Patient, sandbox: Sandbox, booking: Booking
) -> None:
    async with units.system("test") as unit:
        card = await known_patient(unit, place.hospital.id, who.person.id)
    assert card is not None
    same = stranger()
    same.his_id = card.his_patient_id
    visited(sandbox, same, on=booking.starts_at)


async def test_XY12_who_came_in_person_is_attended_and_not_refunded(
    units: Units, place: House, who: Patient, sandbox: Sandbox, yesterday: Booking
) -> None:
    await seen_in_person(units, place, who, sandbox, yesterday)
    await sweep_at_midnight(units)
    after = await reread(units, yesterday)
    assert (after.state, after.attended_by) == (BookingState.PAID, Evidence.VISIT)
    assert after.attended_ref is not None and after.attended_ref.startswith("his:")
    assert await refunds_of_booking(units, yesterday) == []


async def test_XY12_who_was_never_seen_is_refunded(units: Units, yesterday: Booking) -> None:
    await sweep_at_midnight(units)
    assert (await reread(units, yesterday)).state is BookingState.UNATTENDED
    assert len(await refunds_of_booking(units, yesterday)) == 1


async def test_while_the_hospitals_system_is_silent_nothing_is_decided(
    units: Units, sandbox: Sandbox, yesterday: Booking
) -> None:
    with sandbox.faults(his={"mode": "down"}):
        await sweep_at_midnight(units)
        after = await reread(units, yesterday)
        assert (after.state, after.attended_at, after.no_visit_at) == (BookingState.PAID, None, None)
    await sweep_at_midnight(units)
    assert (await reread(units, yesterday)).state is BookingState.UNATTENDED


async def test_a_visit_of_another_day_is_no_evidence(
    units: Units, place: House, who: Patient, sandbox: Sandbox, yesterday: Booking, clock: FixedClock
) -> None:
    yesterday.starts_at += timedelta(days=1)
    await seen_in_person(units, place, who, sandbox, yesterday)
    assert await ask_about_visits(units) == 1
    assert (await reread(units, yesterday)).no_visit_at == clock.business()
