"""A sheet's money side by side, with real commits: each pair in both orders, and both at once.

What must hold after any of it: paid once or not at all, on one path, and the books agree with that.
"""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Any

import pytest

from prescriptions.models import Prescription
from prescriptions.queries import lock_behind_visit
from prescriptions.settling import charging, choosing
from prescriptions.settling.errors import MoneyMoving, NotChoosable, PathIsCourier, PaymentOver
from prescriptions.states import FulfilmentState, Path, RxState
from prescriptions.writing.errors import NotVoidable
from prescriptions.writing.voiding import BY_DOCTOR, end
from telehealth.core.clock import SHANGHAI, FixedClock
from telehealth.core.errors import TransitionRefused
from telehealth.core.unit import Units
from telehealth.payments.errors import ChargeClosed, ChargeSettled
from telehealth.payments.settling import look_round
from telehealth.web.house import House
from tests.support.factories.dispatch import Dispensary, item
from tests.support.factories.prescriptions import (
    add_payable,
    books_of_sheet,
    desk,
    open_shop,
    patient_of,
    provider_says,
    refunds_of_sheet,
    sheet_now,
    stand_at_till,
    to_be_sent,
    way_of,
)

Work = Callable[[], Awaitable[Any]]
ORDERS = ("first_then_second", "second_then_first", "at_once")
LOSERS = (
    NotChoosable, PaymentOver, PathIsCourier, MoneyMoving, ChargeClosed, ChargeSettled, NotVoidable,
    TransitionRefused,
)  # fmt: skip
PRICE = 1200
TAKEN = {"provider.desk": PRICE, "prepaid": -PRICE}
BACK = {"provider.desk": PRICE, "refunds": -PRICE}
LAST_SECOND = datetime(2026, 11, 23, 23, 59, 59, tzinfo=SHANGHAI)
MIDNIGHT = datetime(2026, 11, 24, tzinfo=SHANGHAI)


@pytest.fixture
async def place(units: Units) -> Dispensary:
    return await open_shop(units)


@pytest.fixture
async def sheet(units: Units, place: Dispensary) -> Prescription:
    return await add_payable(units, place)


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


async def pay_at_window(units: Units, place: Dispensary, sheet: Prescription) -> None:
    async with units.of(desk(place)) as unit:
        await charging.pay_at_window(unit, sheet.id, received=PRICE)


def move_to(clock: FixedClock, moment: datetime) -> None:
    clock.advance(moment - clock.business())


@pytest.mark.parametrize("paid_at", [LAST_SECOND, MIDNIGHT])
@pytest.mark.parametrize("order", ORDERS)
async def test_XY30_paying_and_expiring_at_24_of_day_3_go_by_the_providers_time(
    units: Units, place: Dispensary, sheet: Prescription, house: House, clock: FixedClock, order: str,
    paid_at: datetime,
) -> None:  # fmt: skip
    await to_be_sent(units, sheet)
    number = await stand_at_till(units, place, sheet)
    move_to(clock, MIDNIGHT)

    async def pay() -> None:
        await provider_says(units, number, PRICE, paid_at=paid_at)

    async def expire() -> None:
        await house.sweeper.sweep()

    await race(order, pay, expire)
    await house.sweeper.sweep()
    now, row = await sheet_now(units, sheet), await way_of(units, sheet)
    if paid_at is LAST_SECOND:
        assert (now.state, row.state) == (RxState.SPENT, FulfilmentState.PAID)
        assert await books_of_sheet(units, sheet) == TAKEN
        assert (await item(units, place.pharmacy)).reserved == 1
    else:
        assert (now.state, row.state) == (RxState.EXPIRED, FulfilmentState.LAPSED)
        assert await books_of_sheet(units, sheet) == BACK
        assert (await item(units, place.pharmacy)).reserved == 0


@pytest.mark.parametrize("order", ORDERS)
async def test_XY30_the_window_and_the_end_of_the_last_day(
    units: Units, place: Dispensary, sheet: Prescription, house: House, clock: FixedClock, order: str
) -> None:
    move_to(clock, MIDNIGHT)

    async def expire() -> None:
        await house.sweeper.sweep()

    await race(order, lambda: pay_at_window(units, place, sheet), expire)
    assert (await sheet_now(units, sheet)).state is RxState.EXPIRED
    assert await books_of_sheet(units, sheet) == {}


@pytest.mark.parametrize("order", ORDERS)
async def test_XY32_online_and_window_pay_it_once_on_one_path(
    units: Units, place: Dispensary, sheet: Prescription, order: str
) -> None:
    await to_be_sent(units, sheet)
    number = await stand_at_till(units, place, sheet)

    async def online() -> None:
        await provider_says(units, number, PRICE)

    async def window() -> None:
        await choosing.choose_window(units, desk(place), sheet.id)
        await pay_at_window(units, place, sheet)

    await race(order, online, window)
    row = await way_of(units, sheet)
    assert (await sheet_now(units, sheet)).state is RxState.SPENT
    books = await books_of_sheet(units, sheet)
    if row.path is Path.COURIER:
        assert books == TAKEN
    else:
        # What came in online as well is on its way back.
        assert row.window_number == 1
        back = sum(refund.amount for refund in await refunds_of_sheet(units, sheet))
        assert books.pop("prepaid") == -PRICE and books["provider.desk"] == PRICE + back


@pytest.mark.parametrize("order", ORDERS)
async def test_XY32_switching_and_paying_leave_one_of_them_done(
    units: Units, place: Dispensary, sheet: Prescription, order: str
) -> None:
    await to_be_sent(units, sheet)
    number = await stand_at_till(units, place, sheet)

    async def online() -> None:
        await provider_says(units, number, PRICE)

    async def switch() -> None:
        await choosing.choose_window(units, patient_of(place), sheet.id)

    await race(order, online, switch)
    await look_round(units)
    now, row = await sheet_now(units, sheet), await way_of(units, sheet)
    if now.state is RxState.SPENT:
        assert row.path is Path.COURIER and await books_of_sheet(units, sheet) == TAKEN
    else:
        assert (now.state, row.path, row.state) == (RxState.PASSED, Path.WINDOW, FulfilmentState.OPEN)
        assert await books_of_sheet(units, sheet) in ({}, BACK)


@pytest.mark.parametrize("order", ORDERS)
async def test_XY11_voiding_and_paying_end_in_one_of_them(
    units: Units, place: Dispensary, sheet: Prescription, order: str
) -> None:
    await to_be_sent(units, sheet)
    number = await stand_at_till(units, place, sheet)

    async def pay() -> None:
        await provider_says(units, number, PRICE)

    async def void() -> None:
        async with units.of(place.visit.doctor) as unit:
            await end(unit, await lock_behind_visit(unit, sheet.id), BY_DOCTOR)

    await race(order, pay, void)
    state = (await sheet_now(units, sheet)).state
    if state is RxState.SPENT:
        assert await books_of_sheet(units, sheet) == TAKEN
    else:
        assert state is RxState.VOIDED and await books_of_sheet(units, sheet) == BACK


async def test_BJ08_many_windows_at_once_give_out_each_number_once(units: Units, place: Dispensary) -> None:
    sheets = [await add_payable(units, place) for _ in range(6)]
    await asyncio.gather(*(pay_at_window(units, place, sheet) for sheet in sheets))
    numbers = sorted([(await way_of(units, sheet)).window_number or 0 for sheet in sheets])
    assert numbers == [1, 2, 3, 4, 5, 6]


async def test_BJ07_two_clerks_take_the_money_for_one_sheet_once(
    units: Units, place: Dispensary, sheet: Prescription
) -> None:
    ends = await asyncio.gather(
        *(pay_at_window(units, place, sheet) for _ in range(4)), return_exceptions=True
    )
    assert sum(end is None for end in ends) == 1
    assert all(end is None or isinstance(end, LOSERS) for end in ends)
    assert await books_of_sheet(units, sheet) == TAKEN


async def test_XY30_two_orders_of_one_charge_both_paid_the_second_goes_back(
    units: Units, place: Dispensary, sheet: Prescription
) -> None:
    await to_be_sent(units, sheet)
    numbers = [await stand_at_till(units, place, sheet, number=n) for n in (1, 2)]
    await asyncio.gather(*(provider_says(units, number, PRICE) for number in numbers))
    assert (await sheet_now(units, sheet)).state is RxState.SPENT
    assert await books_of_sheet(units, sheet) == {
        "provider.desk": 2 * PRICE, "prepaid": -PRICE, "refunds": -PRICE,
    }  # fmt: skip
