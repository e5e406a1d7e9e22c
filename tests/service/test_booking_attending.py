"""Who attended, by what evidence, and what a running call holds up."""

from datetime import date, time, timedelta

import pytest

from telehealth.bookings.attending import LONGEST_CALL, end_call, hold_for_call, record
from telehealth.bookings.models import Booking
from telehealth.bookings.states import BookingState, Evidence
from telehealth.core.clock import FixedClock, at_local
from telehealth.core.unit import Units
from tests.support.factories.bookings import House, Patient, add_booker, add_house, audited, reread
from tests.support.factories.visits import hold_today, paid_today

TODAY = date(2026, 11, 21)
BEFORE_MIDNIGHT = at_local(TODAY, time(23, 59, 30))
AFTER_MIDNIGHT = at_local(TODAY + timedelta(days=1), time(0, 0, 10))


@pytest.fixture
async def place(units: Units) -> House:
    return await add_house(units)


@pytest.fixture
async def who(units: Units, place: House) -> Patient:
    return await add_booker(units, place)


@pytest.fixture
async def paid(units: Units, place: House, who: Patient) -> Booking:
    return await paid_today(units, place, who)


async def see(units: Units, booking: Booking, kind: Evidence, ref: str) -> bool:
    async with units.system("test") as unit:
        return await record(unit, booking.id, kind, ref, unit.now)


@pytest.mark.parametrize("kind", Evidence)
async def test_XY13_text_call_or_note_is_evidence(units: Units, paid: Booking, kind: Evidence) -> None:
    assert await see(units, paid, kind, "message:1")
    after = await reread(units, paid)
    assert (after.state, after.attended_by, after.attended_ref) == (BookingState.PAID, kind, "message:1")
    assert after.attended_at == units.clock.business()
    assert [facts["evidence"] for facts in await audited(units, "booking.attended")] == [kind]


async def test_XY13_the_first_evidence_wins(units: Units, paid: Booking) -> None:
    assert await see(units, paid, Evidence.OWN_TEXT, "message:1")
    assert not await see(units, paid, Evidence.NOTE, "note:1")
    assert (await reread(units, paid)).attended_ref == "message:1"
    assert len(await audited(units, "booking.attended")) == 1


async def test_XY13_a_seat_nobody_paid_for_cannot_be_attended(
    units: Units, place: House, who: Patient
) -> None:
    held = await hold_today(units, place, who)
    assert not await see(units, held, Evidence.OWN_TEXT, "message:1")
    assert (await reread(units, held)).attended_at is None


async def test_XY14_a_call_connected_before_midnight_is_noted(
    units: Units, paid: Booking, clock: FixedClock
) -> None:
    clock.move_business_to(BEFORE_MIDNIGHT)
    async with units.system("test") as unit:
        assert await hold_for_call(unit, paid.id)
    assert (await reread(units, paid)).call_since == BEFORE_MIDNIGHT
    async with units.system("test") as unit:
        assert await end_call(unit, paid.id)
        assert not await end_call(unit, paid.id)
    assert (await reread(units, paid)).call_since is None


async def test_XY14_a_call_that_begins_after_midnight_holds_nothing(
    units: Units, paid: Booking, clock: FixedClock
) -> None:
    clock.move_business_to(AFTER_MIDNIGHT)
    async with units.system("test") as unit:
        assert not await hold_for_call(unit, paid.id)
    assert (await reread(units, paid)).call_since is None


def test_XY14_a_call_nobody_saw_ending_holds_half_a_day_at_most() -> None:
    assert timedelta(hours=1) < LONGEST_CALL <= timedelta(hours=12)
