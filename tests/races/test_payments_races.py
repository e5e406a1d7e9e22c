"""Money side by side: whoever comes second finds it done, and nothing is paid, or given back, twice."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

import app
from telehealth.core.clock import FixedClock
from telehealth.core.settings import Settings
from telehealth.payments.charging import earn
from telehealth.payments.errors import ChargeSettled
from telehealth.payments.models import Charge
from telehealth.payments.ports import OrderAnswer, OrderTruth
from telehealth.payments.refunding import RefundWish, refund_in_full, refund_many, refund_share
from telehealth.payments.settling import Outcome, close_charge, look, look_round, settle
from telehealth.payments.states import ChargeState, RefundReason, RefundState, Way
from telehealth.payments.submitting import look_at_refund, submit_due, submit_round
from telehealth.web.house import House
from tests.support.factories.payments import (
    Shop,
    add_charge,
    add_shop,
    balances,
    begin_paying,
    orders_of,
    press_pay,
    refunds_of,
    reread,
)
from tests.support.outside import clock_of_the_world, reach
from tests.support.sandbox import Sandbox


@pytest.fixture
def clock() -> FixedClock:
    return clock_of_the_world()


@pytest.fixture
async def house(settings: Settings, sandbox: Sandbox, clock: FixedClock) -> AsyncIterator[House]:
    sandbox.payment_settings(refund_settles_after_s=0)
    built = app.build_house(reach(settings, sandbox), clock=clock)
    yield built
    await built.close()


@pytest.fixture
async def shop(house: House) -> Shop:
    return await add_shop(house.units)


def paid_answer(shop: Shop) -> OrderAnswer:
    return OrderAnswer(OrderTruth.PAID, "4200000001", 5000, shop.units.clock.business())


async def settle_once(shop: Shop, number: str) -> Outcome:
    async with shop.units.system("test") as unit:
        return await settle(unit, number, paid_answer(shop))


async def close_once(shop: Shop, charge: Charge) -> str:
    """As whoever ends the subject does: it locks the subject, then asks for the charge to close."""
    async with shop.units.system("test") as unit:
        await shop.things.subject().lock(unit, charge.subject_id)
        try:
            return "closed" if await close_charge(unit, charge.id) else "closing"
        except ChargeSettled:
            return "settled"


async def finish(shop: Shop, clock: FixedClock) -> None:
    """Let every round come that would come by itself."""
    for _ in range(4):
        clock.advance(timedelta(seconds=15))
        await look_round(shop.units)
        await submit_round(shop.units)


async def test_two_callbacks_of_one_payment_settle_it_once(shop: Shop, sandbox: Sandbox) -> None:
    charge = await add_charge(shop)
    begun = await begin_paying(shop, charge)
    press_pay(sandbox, begun)
    outcomes = await asyncio.gather(*(look(shop.units, begun.order.out_trade_no) for _ in range(4)))
    assert sorted(outcomes) == sorted([Outcome.TAKEN, *[Outcome.KNOWN] * 3])
    assert shop.things.taken == [charge.subject_id]
    assert await balances(shop.units, charge) == {"provider.wechatpay": 5000, "prepaid": -5000}


@pytest.mark.parametrize("pay_first", [True, False])
async def test_paying_and_closing_at_once_ends_paid_or_closed_but_never_both(
    shop: Shop, sandbox: Sandbox, clock: FixedClock, pay_first: bool
) -> None:
    charge = await add_charge(shop)
    begun = await begin_paying(shop, charge)
    if pay_first:
        press_pay(sandbox, begun)
    await asyncio.gather(close_once(shop, charge), look(shop.units, begun.order.out_trade_no))
    await finish(shop, clock)
    ended = await reread(shop.units, charge)
    if pay_first:
        assert (ended.state, shop.things.closed) == (ChargeState.SETTLED, [])
    else:
        assert (ended.state, shop.things.closed) == (ChargeState.CLOSED, [charge.subject_id])
        assert sandbox.till("pay", out_trade_no=begun.order.out_trade_no).status_code >= 400


@pytest.mark.parametrize("close_first", [True, False])
async def test_a_payment_in_the_very_moment_of_closing_is_kept_or_goes_back(
    shop: Shop, sandbox: Sandbox, clock: FixedClock, close_first: bool
) -> None:
    charge = await add_charge(shop)
    begun = await begin_paying(shop, charge)
    press_pay(sandbox, begun)
    both = [close_once(shop, charge), settle_once(shop, begun.order.out_trade_no)]
    await asyncio.gather(*(both if close_first else reversed(both)))
    await finish(shop, clock)
    assert (await reread(shop.units, charge)).state is ChargeState.SETTLED
    assert await balances(shop.units, charge) == {"provider.wechatpay": 5000, "prepaid": -5000}


async def test_two_orders_paid_at_once_settle_one_and_return_the_other(shop: Shop, clock: FixedClock) -> None:
    charge = await add_charge(shop)
    await begin_paying(shop, charge)
    await begin_paying(shop, charge, Way.NATIVE)
    numbers = [order.out_trade_no for order in await orders_of(shop.units, charge)]
    outcomes = await asyncio.gather(*(settle_once(shop, number) for number in numbers))
    assert sorted(outcomes) == sorted([Outcome.TAKEN, Outcome.REFUNDED])
    (refund,) = await refunds_of(shop.units, charge)
    assert refund.reason is RefundReason.DOUBLE_PAYMENT
    assert await balances(shop.units, charge) == {
        "provider.wechatpay": 10_000, "prepaid": -5000, "refunds": -5000,
    }  # fmt: skip


async def test_pressing_twice_at_once_opens_one_order(shop: Shop) -> None:
    charge = await add_charge(shop)
    one, other = await asyncio.gather(begin_paying(shop, charge), begin_paying(shop, charge))
    assert one.order.id == other.order.id
    assert len(await orders_of(shop.units, charge)) == 1


async def test_refunds_asked_for_at_once_give_back_no_more_than_was_paid(
    shop: Shop, sandbox: Sandbox
) -> None:
    charge = await add_charge(shop)
    begun = await begin_paying(shop, charge)
    press_pay(sandbox, begun)
    await look(shop.units, begun.order.out_trade_no)

    async def in_full(reason: RefundReason) -> None:
        async with shop.units.system("test") as unit:
            await refund_in_full(unit, charge.id, reason)

    async def by_half() -> None:
        async with shop.units.system("test") as unit:
            await refund_share(unit, charge.id, 5000, RefundReason.STAFF)

    async def swept() -> None:
        async with shop.units.system("test") as unit:
            await refund_many(unit, [RefundWish(charge.id)], RefundReason.UNATTENDED)

    async def rendered() -> None:
        async with shop.units.system("test") as unit:
            await earn(unit, charge.id)

    cancelled, closed = RefundReason.CANCELLED, RefundReason.CLINIC_CLOSED
    await asyncio.gather(
        in_full(cancelled), in_full(cancelled), in_full(closed), by_half(), by_half(), swept(), rendered()
    )
    assert sum(refund.amount for refund in await refunds_of(shop.units, charge)) == 5000
    assert (await balances(shop.units, charge))["refunds"] == -5000


async def test_two_senders_send_a_refund_once(shop: Shop, sandbox: Sandbox, clock: FixedClock) -> None:
    charges = [await add_charge(shop) for _ in range(6)]
    for charge in charges:
        begun = await begin_paying(shop, charge)
        press_pay(sandbox, begun)
        await look(shop.units, begun.order.out_trade_no)
    async with shop.units.system("test") as unit:
        await refund_many(unit, [RefundWish(charge.id) for charge in charges], RefundReason.UNATTENDED)
    sandbox.forget_requests()
    taken = await asyncio.gather(*(submit_due(shop.units, limit=4) for _ in range(4)))
    while await submit_due(shop.units):
        pass
    asked = [row for row in sandbox.requests("wechatpay") if row["method"] == "POST"]
    assert len(asked) == 6 and sum(taken) <= 6
    clock.advance(timedelta(seconds=11))
    numbers = [(await refunds_of(shop.units, charge))[0].number for charge in charges]
    await asyncio.gather(submit_due(shop.units), *(look_at_refund(shop.units, one) for one in numbers))
    for charge in charges:
        (refund,) = await refunds_of(shop.units, charge)
        assert refund.state is RefundState.SETTLED
        assert await balances(shop.units, charge) == {}
    assert sorted(shop.things.refunded) == sorted(numbers)
