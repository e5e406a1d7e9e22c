"""Midnight gives back what nobody attended: all of it, once, also after the house was down."""

from datetime import time, timedelta

import pytest
import sqlalchemy as sa

from telehealth.bookings.attending import LONGEST_CALL, end_call, hold_for_call, record
from telehealth.bookings.models import Booking
from telehealth.bookings.states import BookingState, Evidence
from telehealth.bookings.sweeping import sweep_unattended
from telehealth.core.clock import FixedClock, at_local, hospital_day
from telehealth.core.unit import Units
from telehealth.intake.models import IntakeForm
from telehealth.intake.states import FormState
from telehealth.payments.models import Charge, RefundLeg
from telehealth.payments.states import LegState, RefundReason, RefundState
from tests.support.factories.bookings import (
    House,
    Patient,
    add_booker,
    add_house,
    audited,
    reread,
    told,
)
from tests.support.factories.schedule import seats_taken
from tests.support.factories.visits import (
    balances,
    clinic_today,
    hold_in,
    hold_today,
    paid_today,
    pay_cash,
    refunds_of_booking,
)

ONE = {"slots": 1, "online": 1, "desk": 0, "phone": 0}


@pytest.fixture
async def place(units: Units) -> House:
    return await add_house(units)


@pytest.fixture
async def who(units: Units, place: House) -> Patient:
    return await add_booker(units, place)


def strike_midnight(clock: FixedClock, *, days: int = 1, seconds: int = 0) -> None:
    day = hospital_day(clock.business()) + timedelta(days=days)
    clock.advance(at_local(day, time(0)) + timedelta(seconds=seconds) - clock.business())


async def test_XY12_an_unattended_visit_is_refunded_in_full_when_its_day_ends(
    units: Units, place: House, who: Patient, clock: FixedClock
) -> None:
    planned = await clinic_today(units, place)
    booking = await pay_cash(units, place, await hold_in(units, place, who, planned))
    strike_midnight(clock, seconds=-1)
    assert await sweep_unattended(units) == 0
    strike_midnight(clock)
    assert await sweep_unattended(units) == 1
    after = await reread(units, booking)
    assert (after.state, after.ended_at) == (BookingState.UNATTENDED, clock.business())
    [refund] = await refunds_of_booking(units, booking)
    assert (refund.amount, refund.reason, refund.state) == (
        5000, RefundReason.UNATTENDED, RefundState.REQUESTED,
    )  # fmt: skip
    assert await balances(units, booking) == {"provider.desk": 5000, "refunds": -5000}
    assert (await told(units, who.account)).count("booking_unattended") == 1
    [facts] = await audited(units, "booking.unattended")
    assert facts["number"] == booking.number
    # The slot is over: its seat is nobody's to take.
    assert await seats_taken(units, planned.clinic) == ONE


async def test_XY12_the_refund_is_due_at_once(
    units: Units, place: House, who: Patient, clock: FixedClock
) -> None:
    """A sender takes it in its next round, minutes before anybody would ask."""
    await paid_today(units, place, who)
    strike_midnight(clock)
    await sweep_unattended(units)
    async with units.system("test") as unit:
        [leg] = await unit.session.scalars(sa.select(RefundLeg))
    assert leg.state is LegState.REQUESTED and leg.next_at <= clock.wall()


async def test_XY12_what_was_written_for_the_visit_may_go_with_another(
    units: Units, place: House, who: Patient, clock: FixedClock
) -> None:
    booking = await paid_today(units, place, who)
    strike_midnight(clock)
    await sweep_unattended(units)
    async with units.system("test") as unit:
        form = await unit.session.get(IntakeForm, booking.form_id)
    assert form is not None and form.state is FormState.SUBMITTED


async def test_XY12_the_sweep_may_come_twice(
    units: Units, place: House, who: Patient, clock: FixedClock
) -> None:
    booking = await paid_today(units, place, who)
    strike_midnight(clock)
    assert await sweep_unattended(units) == 1
    assert await sweep_unattended(units) == 0
    assert len(await refunds_of_booking(units, booking)) == 1


async def test_XY12_days_that_the_house_slept_through_are_made_up_for(
    units: Units, place: House, who: Patient, clock: FixedClock
) -> None:
    first = await paid_today(units, place, who)
    clock.advance(timedelta(days=1))
    second = await paid_today(units, place, await add_booker(units, place, "13800002222"))
    strike_midnight(clock, days=3)
    assert await sweep_unattended(units) == 2
    for booking in (first, second):
        assert (await reread(units, booking)).state is BookingState.UNATTENDED
        assert len(await refunds_of_booking(units, booking)) == 1


async def test_XY12_batches_follow_each_other_until_none_is_left(
    units: Units, place: House, clock: FixedClock
) -> None:
    planned = await clinic_today(units, place, seats=(9,))
    for number in range(5):
        person = await add_booker(units, place, f"1380000{number:04d}")
        await pay_cash(units, place, await hold_in(units, place, person, planned))
    strike_midnight(clock)
    assert await sweep_unattended(units, limit=2) == 5


async def test_XY12_a_visit_that_cost_nothing_ends_without_a_refund(
    units: Units, place: House, who: Patient, clock: FixedClock
) -> None:
    planned = await clinic_today(units, place)
    async with units.system("test") as unit:
        row = await unit.session.get(type(planned.clinic), planned.clinic.id)
        assert row is not None
        row.fee = 0
    booking = await pay_cash(units, place, await hold_in(units, place, who, planned))
    strike_midnight(clock)
    assert await sweep_unattended(units) == 1
    assert (await reread(units, booking)).state is BookingState.UNATTENDED
    assert await refunds_of_booking(units, booking) == []


async def test_XY12_one_that_fails_does_not_hold_up_the_others(
    units: Units, place: House, clock: FixedClock
) -> None:
    """Its books are out of order: it stays as it is, for a person to look at."""
    planned = await clinic_today(units, place, seats=(9,))
    paid = []
    for number in range(4):
        person = await add_booker(units, place, f"1380000{number:04d}")
        paid.append(await pay_cash(units, place, await hold_in(units, place, person, planned)))
    async with units.system("test") as unit:
        charge = await unit.session.get(Charge, paid[1].charge_id)
        assert charge is not None
        charge.earned_at = unit.now
    strike_midnight(clock)
    assert await sweep_unattended(units) == 3
    states = [(await reread(units, booking)).state for booking in paid]
    assert states == [
        BookingState.UNATTENDED, BookingState.PAID, BookingState.UNATTENDED, BookingState.UNATTENDED,
    ]  # fmt: skip
    assert await balances(units, paid[1]) == {"provider.desk": 5000, "prepaid": -5000}


# --------------------------------------------------------------------------------- who is not swept


async def test_XY12_an_attended_visit_is_left_alone(
    units: Units, place: House, who: Patient, clock: FixedClock
) -> None:
    booking = await paid_today(units, place, who)
    async with units.system("test") as unit:
        await record(unit, booking.id, Evidence.OWN_TEXT, "message:1", unit.now)
    strike_midnight(clock)
    assert await sweep_unattended(units) == 0
    assert (await reread(units, booking)).state is BookingState.PAID


async def test_XY12_a_seat_nobody_paid_for_is_not_refunded(
    units: Units, place: House, who: Patient, clock: FixedClock
) -> None:
    booking = await hold_today(units, place, who)
    strike_midnight(clock)
    assert await sweep_unattended(units) == 0
    assert (await reread(units, booking)).state is BookingState.HELD


async def test_XY12_midnight_is_the_hospitals(
    units: Units, place: House, who: Patient, clock: FixedClock
) -> None:
    """23:59 in Shanghai is 15:59 in Greenwich."""
    await paid_today(units, place, who)
    strike_midnight(clock, seconds=-60)
    assert clock.business().hour == 15
    assert await sweep_unattended(units) == 0


# ---------------------------------------------------------------------------- XY14: a call that runs


@pytest.fixture
async def in_a_call(units: Units, place: House, who: Patient, clock: FixedClock) -> Booking:
    booking = await paid_today(units, place, who)
    strike_midnight(clock, seconds=-10)
    async with units.system("test") as unit:
        assert await hold_for_call(unit, booking.id)
    strike_midnight(clock, seconds=20)
    return booking


async def test_XY14_a_call_connected_before_midnight_holds_the_sweep_until_it_ends(
    units: Units, in_a_call: Booking
) -> None:
    assert await sweep_unattended(units) == 0
    async with units.system("test") as unit:
        await end_call(unit, in_a_call.id)
    assert await sweep_unattended(units) == 1


async def test_XY14_thirty_seconds_into_that_call_it_is_attended(units: Units, in_a_call: Booking) -> None:
    async with units.system("test") as unit:
        assert await record(unit, in_a_call.id, Evidence.CALL, "call:1", unit.now)
        await end_call(unit, in_a_call.id)
    assert await sweep_unattended(units) == 0
    assert (await reread(units, in_a_call)).state is BookingState.PAID


async def test_XY14_a_call_nobody_saw_ending_does_not_hold_for_ever(
    units: Units, in_a_call: Booking, clock: FixedClock
) -> None:
    clock.advance(LONGEST_CALL)
    assert await sweep_unattended(units) == 1
    assert (await reread(units, in_a_call)).call_since is None


async def test_XY14_evidence_after_the_sweep_comes_too_late(
    units: Units, place: House, who: Patient, clock: FixedClock
) -> None:
    booking = await paid_today(units, place, who)
    strike_midnight(clock)
    await sweep_unattended(units)
    async with units.system("test") as unit:
        assert not await record(unit, booking.id, Evidence.OWN_TEXT, "message:1", unit.now)
    after = await reread(units, booking)
    assert (after.state, after.attended_at) == (BookingState.UNATTENDED, None)
