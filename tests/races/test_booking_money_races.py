"""Money and seats side by side, with real commits: each pair in both orders, and both at once.

Whoever commits first decides. What must hold after any of it: the seat counts are right, a visit
is kept or refunded and never both, and the books of every charge agree with that.
"""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import time, timedelta
from typing import Any

import pytest

from telehealth.bookings.attending import record
from telehealth.bookings.cancelling import cancel
from telehealth.bookings.errors import NotCancellable, NotPayable
from telehealth.bookings.models import Booking
from telehealth.bookings.releasing import lapse_hold
from telehealth.bookings.states import BookingState, Evidence
from telehealth.bookings.sweeping import _end, sweep_unattended
from telehealth.core.clock import FixedClock, at_local, hospital_day
from telehealth.core.unit import Unit, Units
from telehealth.payments.errors import ChargeClosed
from telehealth.payments.settling import look_at
from telehealth.schedule.closing import close_clinic
from tests.support.factories.bookings import House, Patient, add_booker, add_house, reread
from tests.support.factories.schedule import Planned, seats_taken
from tests.support.factories.visits import (
    balances,
    begin_paying,
    clinic_today,
    hold_in,
    pay_cash,
    provider_says_paid,
    refunds_of_booking,
)

Work = Callable[[], Awaitable[Any]]
ORDERS = ("first_then_second", "second_then_first", "at_once")
LOSERS = (NotCancellable, NotPayable, ChargeClosed)
FEE = 5000
HELD = {"provider.desk": FEE, "prepaid": -FEE}
BACK = {"provider.desk": FEE, "refunds": -FEE}


@pytest.fixture
async def place(units: Units) -> House:
    return await add_house(units)


@pytest.fixture
async def who(units: Units, place: House) -> Patient:
    return await add_booker(units, place)


@pytest.fixture
async def planned(units: Units, place: House) -> Planned:
    return await clinic_today(units, place)


@pytest.fixture
async def held(units: Units, place: House, who: Patient, planned: Planned) -> Booking:
    return await hold_in(units, place, who, planned)


@pytest.fixture
async def paid(units: Units, place: House, held: Booking) -> Booking:
    return await pay_cash(units, place, held)


async def race(order: str, first: Work, second: Work) -> None:
    """A loser is refused in words; anything else is a failure."""
    if order == "at_once":
        ends = await asyncio.gather(first(), second(), return_exceptions=True)
        for end in ends:
            if isinstance(end, BaseException) and not isinstance(end, LOSERS):
                raise end
        return
    for work in (first, second) if order == "first_then_second" else (second, first):
        try:
            await work()
        except LOSERS:
            continue


async def overlapping(first: Callable[[Unit], Awaitable[Any]], second: Work, units: Units) -> Any:
    """`second` runs into the locks of `first`, which commits while the other waits for it."""
    async with units.system("test") as unit:
        said = await first(unit)
        waiting = asyncio.create_task(_ended(second))
        # It has to wait or to pass by: both are right, a deadlock is not.
        done, _ = await asyncio.wait([waiting], timeout=0.2)
    await waiting
    return said, bool(done)


async def _ended(work: Work) -> None:
    try:
        await work()
    except LOSERS:
        return


async def seats(units: Units, planned: Planned) -> int:
    taken = await seats_taken(units, planned.clinic)
    assert taken["slots"] == taken["online"]
    return taken["slots"]


def to_midnight(clock: FixedClock) -> None:
    day = hospital_day(clock.business()) + timedelta(days=1)
    clock.advance(at_local(day, time(0)) - clock.business())


# ------------------------------------------------------------------------------------ pay and expire


@pytest.mark.parametrize("order", ORDERS)
async def test_XY24_paying_and_expiring_end_in_a_paid_seat(
    units: Units, who: Patient, held: Booking, planned: Planned, clock: FixedClock, order: str
) -> None:
    """The provider has the money: whatever is written down first, the seat is theirs."""
    number = await begin_paying(units, who, held)
    clock.advance(timedelta(minutes=16))

    async def pay() -> None:
        await provider_says_paid(units, number, FEE)

    async def expire() -> None:
        async with units.system("test") as unit:
            await lapse_hold(unit, held.id)

    await race(order, pay, expire)
    assert (await reread(units, held)).state is BookingState.PAID
    assert await balances(units, held) == HELD
    assert await seats(units, planned) == 1


@pytest.mark.parametrize("order", ORDERS)
async def test_XY24_paying_and_closing_at_the_provider_keep_the_seat_or_give_it_back_whole(
    units: Units, who: Patient, held: Booking, planned: Planned, clock: FixedClock, order: str
) -> None:
    number = await begin_paying(units, who, held)
    clock.advance(timedelta(minutes=16))
    async with units.system("test") as unit:
        await lapse_hold(unit, held.id)

    async def pay() -> None:
        await provider_says_paid(units, number, FEE)

    async def close() -> None:
        await look_at(units, number)

    await race(order, pay, close)
    assert (await reread(units, held)).state is BookingState.PAID
    assert await balances(units, held) == HELD
    assert await seats(units, planned) == 1


@pytest.mark.parametrize("order", ORDERS)
async def test_SJ03_cash_at_the_last_second_and_expiring_end_in_one_of_both(
    units: Units, place: House, held: Booking, planned: Planned, clock: FixedClock, order: str
) -> None:
    clock.advance(timedelta(minutes=15) - timedelta(seconds=1))

    async def pay() -> None:
        await pay_cash(units, place, held)

    async def expire() -> None:
        clock.advance(timedelta(seconds=1))
        async with units.system("test") as unit:
            await lapse_hold(unit, held.id)

    await race(order, pay, expire)
    after = await reread(units, held)
    ends = (after.state, await balances(units, held), await seats(units, planned))
    assert ends in [(BookingState.PAID, HELD, 1), (BookingState.RELEASED, {}, 0)]


# ------------------------------------------------------------------------------------ pay and cancel


@pytest.mark.parametrize("order", ORDERS)
async def test_SJ06_paying_and_cancelling_never_lose_money(
    units: Units, who: Patient, held: Booking, planned: Planned, order: str
) -> None:
    """Cancelled first: the payment refunds itself. Paid first: on the day, before the slot, it is earned."""
    number = await begin_paying(units, who, held)

    async def pay() -> None:
        await provider_says_paid(units, number, FEE)

    async def give_up() -> None:
        async with units.of(who.actor) as unit:
            await cancel(unit, held.id)

    await race(order, pay, give_up)
    assert (await reread(units, held)).state is BookingState.CANCELLED
    assert await seats(units, planned) == 0
    books = await balances(units, held)
    kept = {"provider.desk": FEE, "revenue.consult": -FEE}
    assert books == {"first_then_second": kept, "second_then_first": BACK}.get(order, books)
    assert books in (kept, BACK)
    assert len(await refunds_of_booking(units, held)) == (0 if books == kept else 1)


async def test_two_answers_of_the_provider_at_once_are_posted_once(
    units: Units, who: Patient, held: Booking
) -> None:
    number = await begin_paying(units, who, held)

    async def pay() -> None:
        await provider_says_paid(units, number, FEE)

    await race("at_once", pay, pay)
    assert await balances(units, held) == HELD


@pytest.mark.parametrize("order", ORDERS)
async def test_paying_and_closing_the_clinic_give_all_back(
    units: Units, who: Patient, held: Booking, planned: Planned, order: str
) -> None:
    number = await begin_paying(units, who, held)

    async def pay() -> None:
        await provider_says_paid(units, number, FEE)

    async def close() -> None:
        async with units.system("test") as unit:
            await close_clinic(unit, planned.clinic.id, reason="停诊")

    await race(order, pay, close)
    assert (await reread(units, held)).state is BookingState.CLINIC_CLOSED
    assert await balances(units, held) == BACK
    assert len(await refunds_of_booking(units, held)) == 1
    assert await seats(units, planned) == 0


# ---------------------------------------------------------------------------------- cancel and sweep


@pytest.mark.parametrize("order", ORDERS)
async def test_XY12_cancelling_and_sweeping_at_midnight_refund_once(
    units: Units, who: Patient, paid: Booking, clock: FixedClock, order: str
) -> None:
    """A second before, the patient may; a second after, the house does."""
    day = hospital_day(clock.business())
    clock.advance(at_local(day, time(23, 59, 59)) - clock.business())

    async def give_up() -> None:
        async with units.of(who.actor) as unit:
            await cancel(unit, paid.id)

    async def sweep() -> None:
        clock.advance(timedelta(seconds=2))
        await sweep_unattended(units)

    await race(order, give_up, sweep)
    state = (await reread(units, paid)).state
    wanted = {
        "first_then_second": {BookingState.CANCELLED},
        "second_then_first": {BookingState.UNATTENDED},
    }.get(order, {BookingState.CANCELLED, BookingState.UNATTENDED})
    assert state in wanted
    assert len(await refunds_of_booking(units, paid)) == 1
    assert await balances(units, paid) == BACK


async def test_XY12_a_sweep_passes_by_whoever_is_cancelling(
    units: Units, who: Patient, paid: Booking, clock: FixedClock
) -> None:
    """It does not wait for a lock, so one slow request does not hold up a thousand refunds."""
    day = hospital_day(clock.business())
    clock.advance(at_local(day, time(23, 59, 59)) - clock.business())
    async with units.of(who.actor) as unit:
        await cancel(unit, paid.id)
        clock.advance(timedelta(seconds=2))
        assert await sweep_unattended(units) == 0
    assert await sweep_unattended(units) == 0
    assert (await reread(units, paid)).state is BookingState.CANCELLED
    assert len(await refunds_of_booking(units, paid)) == 1


async def test_XY12_two_sweepers_share_the_work(
    units: Units, place: House, planned: Planned, clock: FixedClock
) -> None:
    people = [await add_booker(units, place, f"1380000{n:04d}") for n in range(4)]
    visits = [await pay_cash(units, place, await hold_in(units, place, one, planned)) for one in people]
    to_midnight(clock)
    counts = await asyncio.gather(*(sweep_unattended(units, limit=1) for _ in range(3)))
    counts.append(await sweep_unattended(units))
    assert sum(counts) == 4
    for visit in visits:
        assert len(await refunds_of_booking(units, visit)) == 1


# ---------------------------------------------------------------------------------- attend and sweep


@pytest.mark.parametrize("order", ORDERS)
async def test_XY14_evidence_and_the_sweep_at_midnight_never_both(
    units: Units, paid: Booking, clock: FixedClock, order: str
) -> None:
    to_midnight(clock)
    won: list[bool] = []

    async def attend() -> None:
        async with units.system("test") as unit:
            won.append(await record(unit, paid.id, Evidence.OWN_TEXT, "message:1", unit.now))

    async def sweep() -> None:
        await sweep_unattended(units)

    await race(order, attend, sweep)
    after, refunds = await reread(units, paid), await refunds_of_booking(units, paid)
    if order != "at_once":
        assert won == [order == "first_then_second"]
    if won[0]:
        assert (after.state, after.attended_ref, refunds) == (BookingState.PAID, "message:1", [])
    else:
        assert (after.state, after.attended_at, len(refunds)) == (BookingState.UNATTENDED, None, 1)


async def test_XY14_evidence_that_is_being_written_at_midnight_is_not_swept_over(
    units: Units, paid: Booking, clock: FixedClock
) -> None:
    """Its commit comes after the sweep looked, and still the visit is kept."""
    to_midnight(clock)

    async def attend(unit: Unit) -> bool:
        return await record(unit, paid.id, Evidence.OWN_TEXT, "message:1", unit.now)

    async def sweep() -> None:
        assert await sweep_unattended(units) == 0

    kept, did_not_wait = await overlapping(attend, sweep, units)
    assert kept and did_not_wait
    assert await sweep_unattended(units) == 0
    assert (await reread(units, paid)).state is BookingState.PAID


async def test_XY14_evidence_that_waits_for_the_sweep_comes_too_late(
    units: Units, paid: Booking, clock: FixedClock
) -> None:
    to_midnight(clock)
    won: list[bool] = []

    async def attend() -> None:
        async with units.system("test") as unit:
            won.append(await record(unit, paid.id, Evidence.OWN_TEXT, "message:1", unit.now))

    async with units.system("test") as unit:
        swept = await _end(unit, 10, set())
        waiting = asyncio.create_task(attend())
        done, _ = await asyncio.wait([waiting], timeout=0.2)
        assert len(swept) == 1 and not done
    await waiting
    assert won == [False]
    assert (await reread(units, paid)).state is BookingState.UNATTENDED
