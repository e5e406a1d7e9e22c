"""Who gets what back when a paid visit does not happen (SJ06, docs/money.md §8)."""

from datetime import timedelta

import pytest

from telehealth.bookings.cancelling import cancel
from telehealth.bookings.errors import NotCancellable
from telehealth.bookings.models import Booking
from telehealth.bookings.states import BookingState
from telehealth.core.clock import FixedClock
from telehealth.core.unit import Units
from telehealth.payments.models import Charge
from telehealth.payments.states import ChargeState, RefundReason
from telehealth.schedule.closing import close_clinic
from tests.support.factories.bookings import (
    House,
    Patient,
    add_booker,
    add_house,
    book,
    reread,
    told,
)
from tests.support.factories.rulebook import publish_policy
from tests.support.factories.schedule import add_clinic, seats_taken
from tests.support.factories.visits import (
    balances,
    begin_paying,
    clinic_today,
    hold_in,
    paid_today,
    pay_cash,
    refunds_of_booking,
)

NOTHING = {"slots": 0, "online": 0, "desk": 0, "phone": 0}
ALL_BACK = {"provider.desk": 5000, "refunds": -5000}
KEPT = {"provider.desk": 5000, "revenue.consult": -5000}


@pytest.fixture
async def place(units: Units) -> House:
    return await add_house(units)


@pytest.fixture
async def who(units: Units, place: House) -> Patient:
    return await add_booker(units, place)


async def paid_for_later(units: Units, place: House, who: Patient) -> Booking:
    """In three days."""
    planned = await add_clinic(units, place.doctor)
    return await pay_cash(units, place, await book(units, place, who, planned.slot.id))


async def give_up(units: Units, who: Patient, booking: Booking) -> Booking:
    async with units.of(who.actor) as unit:
        return await cancel(unit, booking.id)


async def test_SJ06_cancelled_before_its_day_all_goes_back(units: Units, place: House, who: Patient) -> None:
    booking = await paid_for_later(units, place, who)
    assert (await give_up(units, who, booking)).state is BookingState.CANCELLED
    [refund] = await refunds_of_booking(units, booking)
    assert (refund.amount, refund.reason) == (5000, RefundReason.CANCELLED)
    assert await balances(units, booking) == ALL_BACK


async def test_SJ06_cancelled_on_the_day_before_the_slot_nothing_goes_back(
    units: Units, place: House, who: Patient
) -> None:
    """The seat is free for somebody else, and what was paid is earned."""
    planned = await clinic_today(units, place)
    booking = await pay_cash(units, place, await hold_in(units, place, who, planned))
    assert (await give_up(units, who, booking)).reason == "on_the_day"
    assert await refunds_of_booking(units, booking) == []
    assert await balances(units, booking) == KEPT
    assert await seats_taken(units, planned.clinic) == NOTHING


async def test_SJ06_while_the_slot_runs_it_cannot_be_cancelled(
    units: Units, place: House, who: Patient, clock: FixedClock
) -> None:
    booking = await paid_today(units, place, who)
    clock.advance(timedelta(minutes=75))
    with pytest.raises(NotCancellable):
        await give_up(units, who, booking)
    assert await refunds_of_booking(units, booking) == []


async def test_SJ06_after_the_slot_with_nobody_there_all_goes_back(
    units: Units, place: House, who: Patient, clock: FixedClock
) -> None:
    booking = await paid_today(units, place, who)
    clock.advance(timedelta(hours=2))
    assert (await give_up(units, who, booking)).reason == "unattended"
    assert await balances(units, booking) == ALL_BACK


async def test_SJ06_cancelling_twice_refunds_once(units: Units, place: House, who: Patient) -> None:
    booking = await paid_for_later(units, place, who)
    for _ in range(2):
        await give_up(units, who, booking)
    assert len(await refunds_of_booking(units, booking)) == 1
    assert (await told(units, who.account)).count("booking_cancelled") == 1


async def test_SJ06_a_hospital_may_keep_a_share(units: Units, place: House, who: Patient) -> None:
    await publish_policy(units, place.hospital.id, booking={"cancel_refund_bp": 7_000})
    booking = await paid_for_later(units, place, who)
    await give_up(units, who, booking)
    [refund] = await refunds_of_booking(units, booking)
    assert refund.amount == 3500
    assert await balances(units, booking) == {
        "provider.desk": 5000, "refunds": -3500, "revenue.consult": -1500,
    }  # fmt: skip


async def test_a_cancelled_hold_takes_no_money_any_more(units: Units, place: House, who: Patient) -> None:
    planned = await clinic_today(units, place)
    booking = await hold_in(units, place, who, planned)
    await begin_paying(units, who, booking)
    await give_up(units, who, booking)
    async with units.system("test") as unit:
        charge = await unit.session.get(Charge, (await reread(units, booking)).charge_id)
    assert charge is not None and charge.closing_since is not None
    assert await seats_taken(units, planned.clinic) == NOTHING


async def test_a_closed_clinic_refunds_everybody_and_stops_those_who_are_paying(
    units: Units, place: House
) -> None:
    planned = await clinic_today(units, place)
    people = [await add_booker(units, place, f"1380000{n:04d}") for n in range(3)]
    held = [await hold_in(units, place, person, planned) for person in people]
    await pay_cash(units, place, held[0])
    await begin_paying(units, people[1], held[1])
    async with units.system("test") as unit:
        await close_clinic(unit, planned.clinic.id, reason="医生临时停诊")
    after = [await reread(units, booking) for booking in held]
    assert {row.state for row in after} == {BookingState.CLINIC_CLOSED}
    [refund] = await refunds_of_booking(units, held[0])
    assert (refund.amount, refund.reason) == (5000, RefundReason.CLINIC_CLOSED)
    assert await balances(units, held[0]) == ALL_BACK
    async with units.system("test") as unit:
        stopped = await unit.session.get(Charge, after[1].charge_id)
    assert stopped is not None and stopped.closing_since is not None
    assert stopped.state is not ChargeState.SETTLED
    assert after[2].charge_id is None
    assert await seats_taken(units, planned.clinic) == NOTHING
