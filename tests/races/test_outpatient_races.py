"""Desks, phones and windows side by side, with real commits: one number each, one payment each."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

import app
from telehealth.core.clock import FixedClock
from telehealth.core.settings import Settings
from telehealth.core.unit import Units
from telehealth.outpatient import paying, telling
from telehealth.outpatient.errors import BillMoneyMoving, QueueEmpty, TicketMoved
from telehealth.outpatient.models import OutpatientBill
from telehealth.outpatient.states import BillState
from telehealth.payments import Charge
from telehealth.payments.settling import Outcome
from telehealth.web.house import House as Running
from tests.support.factories.bills import Counter, open_counter
from tests.support.factories.bookings import add_house
from tests.support.factories.queues import Room, open_room
from tests.support.outside import reach
from tests.support.sandbox import Sandbox

PRICE = 1200


@pytest.fixture
async def house(settings: Settings, clock: FixedClock, sandbox: Sandbox) -> AsyncIterator[Running]:
    built = app.build_house(reach(settings, sandbox), clock=clock)
    yield built
    await built.close()


@pytest.fixture
async def room(units: Units) -> Room:
    return await open_room(units, await add_house(units))


@pytest.fixture
async def counter(units: Units, sandbox: Sandbox) -> Counter:
    return await open_counter(units, sandbox)


def only(kind: type, ends: list[Any]) -> None:
    for end in ends:
        if isinstance(end, BaseException) and not isinstance(end, kind):
            raise end


async def test_GD07_desks_that_call_at_once_call_different_people(room: Room) -> None:
    await room.books(6)
    await room.all_arrive()
    called = await asyncio.gather(*(room.calls() for _ in range(4)))
    assert sorted(ticket.number for ticket in called) == [1, 2, 3, 4]
    assert await room.order() == [5, 6]


async def test_GD07_the_last_one_is_called_once(room: Room) -> None:
    await room.books(1)
    await room.all_arrive()
    ends = await asyncio.gather(*(room.calls() for _ in range(3)), return_exceptions=True)
    only(QueueEmpty, ends)
    assert sum(not isinstance(end, BaseException) for end in ends) == 1


async def test_GD07_arriving_at_once_gives_each_a_number_and_a_place(room: Room) -> None:
    await room.books(6)
    tickets = await asyncio.gather(*(room.arrives(n) for n in range(6)))
    assert sorted(ticket.number for ticket in tickets) == [1, 2, 3, 4, 5, 6]
    assert len(await room.order()) == 6


async def test_GD07_checking_in_twice_at_once_is_one_place(room: Room) -> None:
    await room.books(1)
    tickets = await asyncio.gather(*(room.arrives(0) for _ in range(4)))
    assert {ticket.number for ticket in tickets} == {1} and await room.order() == [1]


async def test_GD07_seen_and_missed_at_once_is_one_of_them(room: Room) -> None:
    await room.books(3)
    await room.all_arrive()
    ticket = await room.calls()
    ends = await asyncio.gather(room.sees(ticket.id), room.misses(ticket.id), return_exceptions=True)
    only(TicketMoved, list(ends))
    assert sum(not isinstance(end, BaseException) for end in ends) == 1
    assert await room.order() in ([2, 3], [2, 3, 1])


async def test_GD07_calling_missing_and_arriving_leave_every_place_right(room: Room) -> None:
    await room.books(8)
    for n in range(5):
        await room.arrives(n)
    first = await room.calls()
    await asyncio.gather(
        room.misses(first.id), room.calls(), room.calls(), *(room.arrives(n) for n in (5, 6, 7))
    )
    order = await room.order()
    assert len(order) == 6 and len(set(order)) == 6


async def test_BJ07_window_and_phone_at_once_leave_exactly_one_payment(
    counter: Counter, units: Units
) -> None:
    """Whatever order they come in: the hospital has one payment, and the phone's stands or goes back."""
    for _ in range(3):
        bill = await counter.new_bill()
        charge = await counter.charge(bill)
        number = await counter.stands_at_till(charge)

        async def phone(number: str = number, bill: Any = bill) -> None:
            await counter.provider_says_paid(number, PRICE)
            await telling.tell(units, bill.id)

        async def window(bill: Any = bill) -> int:
            return await asyncio.to_thread(counter.press, bill.resource_id, "payment")

        before = len(await counter.refunds())
        await asyncio.gather(phone(), window())
        now, theirs = await counter.bill(bill.id), counter.theirs(bill.resource_id)
        stands = theirs["paid_by"] == charge.number
        assert theirs["status"] == "balanced"
        assert now.state is (BillState.CONFIRMED if stands else BillState.ELSEWHERE)
        assert len(await counter.refunds()) - before == (0 if stands else 1)


async def test_BJ07_the_hospital_is_told_by_many_at_once_and_kept_once(
    counter: Counter, units: Units
) -> None:
    bill = await counter.new_bill()
    await counter.pays(bill)
    await asyncio.gather(*(telling.tell(units, bill.id) for _ in range(4)))
    assert (await counter.told()).count("bill_window") == 1
    assert await counter.books(bill) == {"provider.desk": PRICE, "revenue.drug": -PRICE}


async def test_BJ07_two_relatives_press_pay_at_once_and_one_of_them_pays(
    counter: Counter, units: Units
) -> None:
    bill = await counter.new_bill()
    relative = await counter.relative()
    ends = await asyncio.gather(
        counter.charge(bill), counter.charge(bill, relative.actor), return_exceptions=True
    )
    only(BillMoneyMoving, list(ends))
    (charge,) = [end for end in ends if isinstance(end, Charge)]
    await counter.provider_says_paid(await counter.stands_at_till(charge), PRICE)
    assert await telling.tell(units, bill.id) is BillState.CONFIRMED
    assert counter.theirs(bill.resource_id)["paid_by"] == charge.number
    assert await counter.books(bill) == {"provider.desk": PRICE, "revenue.drug": -PRICE}


async def test_BJ07_two_numbers_of_one_charge_paid_at_once_the_second_goes_back(counter: Counter) -> None:
    """Two phones of one account, each with an order of its own."""
    bill = await counter.new_bill()
    charge = await counter.charge(bill)
    numbers = [await counter.stands_at_till(charge, number=n) for n in (1, 2)]
    ends = await asyncio.gather(*(counter.provider_says_paid(number, PRICE) for number in numbers))
    assert sorted(ends) == sorted([Outcome.TAKEN, Outcome.REFUNDED])
    assert await telling.tell(counter.units, bill.id) is BillState.CONFIRMED
    assert await counter.refunds() == [("double_payment", PRICE)]
    books = await counter.books(bill)
    assert books == {"provider.desk": 2 * PRICE, "revenue.drug": -PRICE, "refunds": -PRICE}


async def test_BJ07_a_payment_at_the_last_second_of_its_price_is_kept_or_refused_whole(
    counter: Counter, units: Units, clock: FixedClock
) -> None:
    """The clock gives the price up while the provider's word comes in."""
    for _ in range(3):
        bill = await counter.new_bill()
        number = await counter.stands_at_till(await counter.charge(bill))
        before = len(await counter.refunds())

        async def lapse(bill: OutpatientBill = bill) -> None:
            async with units.system("deadlines") as unit:
                await paying.on_pay_by(unit, bill.id)

        outcome, _ = await asyncio.gather(counter.provider_says_paid(number, PRICE), lapse())
        now = await counter.bill(bill.id)
        assert now.state is (BillState.PAID if outcome is Outcome.TAKEN else BillState.DUE)
        assert len(await counter.refunds()) - before == (outcome is not Outcome.TAKEN)
        if outcome is Outcome.TAKEN:
            assert await telling.tell(units, bill.id) is BillState.CONFIRMED


async def test_BJ07_a_payment_and_a_look_at_the_list_at_once_agree(counter: Counter) -> None:
    """The hospital took it back while the payment was under way."""
    bill = await counter.new_bill()
    number = await counter.stands_at_till(await counter.charge(bill))
    counter.press(bill.resource_id, "cancellation")
    outcome, _ = await asyncio.gather(counter.provider_says_paid(number, PRICE), counter.looks())
    now = await counter.bill(bill.id)
    if outcome is Outcome.TAKEN:
        assert await telling.tell(counter.units, bill.id) is BillState.WITHDRAWN
    else:
        assert now.state is BillState.WITHDRAWN
    assert await counter.books(bill) == {"provider.desk": PRICE, "refunds": -PRICE}
