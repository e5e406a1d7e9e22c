"""Paying: an order, what the provider says of it, and what becomes of the charge."""

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

import app
from telehealth.core.access import Role
from telehealth.core.clock import FixedClock
from telehealth.core.settings import Settings
from telehealth.payments.charging import charge_for, earn
from telehealth.payments.desk import take_cash
from telehealth.payments.errors import (
    CashAmountWrong,
    ChargeClosed,
    ChargeNotFound,
    ChargeSettled,
    OpenidNeeded,
    ProviderDown,
    ProviderRefused,
    WayNotOffered,
)
from telehealth.payments.ports import OrderAnswer, OrderTruth
from telehealth.payments.queries import orders_that_differ
from telehealth.payments.settling import Outcome, close_charge, look, look_at, look_round, settle
from telehealth.payments.states import ChargeState, PayOrderState, Way
from telehealth.web.house import House
from tests.support.factories.accounts import add_patient, patient
from tests.support.factories.bookings import told
from tests.support.factories.payments import (
    Shop,
    add_charge,
    add_shop,
    balances,
    begin_paying,
    facts,
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
    built = app.build_house(reach(settings, sandbox), clock=clock)
    yield built
    await built.close()


@pytest.fixture
async def shop(house: House) -> Shop:
    return await add_shop(house.units)


async def test_a_payment_is_begun_confirmed_and_taken(shop: Shop, sandbox: Sandbox) -> None:
    charge = await add_charge(shop)
    begun = await begin_paying(shop, charge)
    assert begun.invocation["package"].startswith("prepay_id=")
    assert (await reread(shop.units, charge)).state is ChargeState.SUBMITTED

    press_pay(sandbox, begun)
    assert await look_at(shop.units, begun.order.out_trade_no) is PayOrderState.PAID

    paid = await reread(shop.units, charge)
    assert (paid.state, paid.settled_by) == (ChargeState.SETTLED, begun.order.id)
    assert shop.things.taken == [charge.subject_id]
    assert await balances(shop.units, charge) == {"provider.wechatpay": 5000, "prepaid": -5000}
    assert await told(shop.units, shop.account) == ["charge_paid"]
    assert [name for name in await facts(shop.units) if name.startswith(("charge", "pay_order"))] == [
        "charge.opened", "pay_order.created", "pay_order.submitted", "pay_order.paid", "charge.settled",
    ]  # fmt: skip


async def test_asking_again_about_a_paid_order_changes_nothing(shop: Shop, sandbox: Sandbox) -> None:
    charge = await add_charge(shop)
    begun = await begin_paying(shop, charge)
    press_pay(sandbox, begun)
    assert await look(shop.units, begun.order.out_trade_no) is Outcome.TAKEN
    assert await look(shop.units, begun.order.out_trade_no) is Outcome.KNOWN
    assert shop.things.taken == [charge.subject_id]


async def test_pressing_again_repeats_the_same_order(shop: Shop) -> None:
    charge = await add_charge(shop)
    first, again = await begin_paying(shop, charge), await begin_paying(shop, charge)
    assert first.order.out_trade_no == again.order.out_trade_no == f"{charge.number}-1"
    assert first.invocation["package"] == again.invocation["package"]


async def test_a_press_that_lost_its_answer_is_repeated_with_the_same_number(
    shop: Shop, sandbox: Sandbox
) -> None:
    charge = await add_charge(shop)
    with sandbox.faults(wechatpay={"mode": "lost_answer", "times": 1}), pytest.raises(ProviderDown):
        await begin_paying(shop, charge)
    begun = await begin_paying(shop, charge)
    assert begun.order.out_trade_no == f"{charge.number}-1"
    assert len(await orders_of(shop.units, charge)) == 1


async def test_a_refused_number_is_given_up(shop: Shop) -> None:
    charge = await add_charge(shop)
    with pytest.raises(ProviderRefused):
        await begin_paying(shop, charge, openid="no openid of this app " * 10)
    begun = await begin_paying(shop, charge)
    assert begun.order.out_trade_no == f"{charge.number}-2"
    assert [order.state for order in await orders_of(shop.units, charge)] == ["closed", "submitted"]


async def test_another_way_closes_the_first_order_at_the_provider(shop: Shop, sandbox: Sandbox) -> None:
    charge = await add_charge(shop)
    first = await begin_paying(shop, charge)
    second = await begin_paying(shop, charge, Way.NATIVE)
    assert second.code_url.startswith("weixin://")
    assert (await reread(shop.units, first.order)).state is PayOrderState.CLOSED
    assert sandbox.till("pay", out_trade_no=first.order.out_trade_no).status_code >= 400


async def test_another_way_finds_that_the_first_order_was_paid(shop: Shop, sandbox: Sandbox) -> None:
    charge = await add_charge(shop)
    press_pay(sandbox, await begin_paying(shop, charge))
    with pytest.raises(ChargeSettled):
        await begin_paying(shop, charge, Way.H5, client_ip="203.0.113.9")
    assert (await reread(shop.units, charge)).state is ChargeState.SETTLED


async def test_a_phone_outside_wechat_gets_an_address(shop: Shop) -> None:
    begun = await begin_paying(
        shop, await add_charge(shop), Way.H5, client_ip="203.0.113.9", return_url="http://testserver/pay"
    )
    assert begun.h5_url.startswith("http") and "redirect_url" in begun.h5_url


async def test_what_cannot_be_begun(shop: Shop, clock: FixedClock) -> None:
    charge = await add_charge(shop)
    with pytest.raises(OpenidNeeded):
        await begin_paying(shop, charge, openid="")
    with pytest.raises(WayNotOffered):
        await begin_paying(shop, charge, Way.CASH)
    stranger = await add_patient(shop.units, "13900005678")
    with pytest.raises(ChargeNotFound):
        await begin_paying(Shop(shop.units, shop.hospital, stranger, shop.things), charge)
    clock.move_business_to(charge.pay_by)
    with pytest.raises(ChargeClosed):
        await begin_paying(shop, charge)


async def test_another_amount_changes_nothing_and_is_shown_to_staff(shop: Shop, sandbox: Sandbox) -> None:
    charge = await add_charge(shop)
    begun = await begin_paying(shop, charge)
    press_pay(sandbox, begun, total=4999)
    assert await look(shop.units, begun.order.out_trade_no) is Outcome.DIFFERS
    assert await look(shop.units, begun.order.out_trade_no) is Outcome.DIFFERS
    assert await balances(shop.units, charge) == {}
    assert (await reread(shop.units, charge)).state is ChargeState.SUBMITTED
    assert (await facts(shop.units)).count("pay_order.amount_differs") == 1
    finance = shop.staff(Role.FINANCE)
    async with shop.units.of(finance) as unit:
        ((order, _),) = await orders_that_differ(unit, finance)
    assert order.answer["differs"] == {"ours": 5000, "theirs": 4999}


async def test_the_round_finds_what_no_callback_told(shop: Shop, sandbox: Sandbox, clock: FixedClock) -> None:
    charge = await add_charge(shop)
    begun = await begin_paying(shop, charge)
    press_pay(sandbox, begun)
    assert await look_round(shop.units) == 0
    clock.advance(timedelta(seconds=11))
    assert await look_round(shop.units) == 1
    assert (await reread(shop.units, charge)).state is ChargeState.SETTLED
    clock.advance(timedelta(seconds=90))
    assert await look_round(shop.units) == 0


async def test_questions_come_further_and_further_apart(shop: Shop, clock: FixedClock) -> None:
    begun = await begin_paying(shop, await add_charge(shop))
    for wait in (timedelta(seconds=10), timedelta(minutes=1)):
        clock.advance(wait - timedelta(seconds=1))
        assert await look_round(shop.units) == 0
        clock.advance(timedelta(seconds=1))
        assert await look_round(shop.units) == 1
    order = await reread(shop.units, begun.order)
    assert (order.looks, order.look_at - clock.wall()) == (2, timedelta(minutes=5))


async def test_a_charge_without_an_order_closes_at_once(shop: Shop) -> None:
    charge = await add_charge(shop)
    async with shop.units.system("test") as unit:
        assert await close_charge(unit, charge.id)
    assert (await reread(shop.units, charge)).state is ChargeState.CLOSED
    assert shop.things.closed == []


async def test_XY24_an_open_order_is_closed_at_the_provider_before_the_subject_is_told(
    shop: Shop, sandbox: Sandbox
) -> None:
    charge = await add_charge(shop)
    begun = await begin_paying(shop, charge)
    async with shop.units.system("test") as unit:
        assert not await close_charge(unit, charge.id)
    with pytest.raises(ChargeClosed):
        await begin_paying(shop, charge)
    with sandbox.faults(wechatpay={"mode": "down"}):
        assert await look_round(shop.units) == 1
    assert shop.things.closed == []

    await look(shop.units, begun.order.out_trade_no)
    assert shop.things.closed == [charge.subject_id]
    assert (await reread(shop.units, charge)).state is ChargeState.CLOSED
    assert sandbox.till("pay", out_trade_no=begun.order.out_trade_no).status_code >= 400


async def test_XY24_paid_while_it_is_being_closed_is_paid(shop: Shop, sandbox: Sandbox) -> None:
    charge = await add_charge(shop)
    begun = await begin_paying(shop, charge)
    async with shop.units.system("test") as unit:
        assert not await close_charge(unit, charge.id)
    press_pay(sandbox, begun)
    assert await look_round(shop.units) == 1
    assert (await reread(shop.units, charge)).state is ChargeState.SETTLED
    assert shop.things.closed == []


async def test_a_late_payment_of_what_is_gone_goes_back_by_itself(shop: Shop, sandbox: Sandbox) -> None:
    charge = await add_charge(shop)
    begun = await begin_paying(shop, charge)
    press_pay(sandbox, begun)
    shop.things.gone.add(charge.subject_id)
    assert await look(shop.units, begun.order.out_trade_no) is Outcome.REFUNDED
    (refund,) = await refunds_of(shop.units, charge)
    assert (refund.reason, refund.amount) == ("late_payment", 5000)
    assert await balances(shop.units, charge) == {"provider.wechatpay": 5000, "refunds": -5000}
    assert (await reread(shop.units, charge)).state is ChargeState.CLOSED
    assert await told(shop.units, shop.account) == ["refund_requested"]


async def test_a_late_payment_of_what_can_still_be_had_is_kept(shop: Shop, sandbox: Sandbox) -> None:
    charge = await add_charge(shop)
    begun = await begin_paying(shop, charge)
    await look(shop.units, begun.order.out_trade_no, stop=True)
    async with shop.units.system("test") as unit:
        assert await close_charge(unit, charge.id)
    answer = OrderAnswer(OrderTruth.PAID, "4200000001", 5000, shop.units.clock.business())
    async with shop.units.system("test") as unit:
        assert await settle(unit, begun.order.out_trade_no, answer) is Outcome.TAKEN
    assert (await reread(shop.units, charge)).state is ChargeState.SETTLED


async def test_a_second_payment_goes_back_by_itself(shop: Shop) -> None:
    charge = await add_charge(shop)
    first = await begin_paying(shop, charge)
    second = await begin_paying(shop, charge, Way.NATIVE)
    for index, begun in enumerate((second, first)):
        answer = OrderAnswer(OrderTruth.PAID, f"42000{index}", 5000, shop.units.clock.business())
        async with shop.units.system("test") as unit:
            await settle(unit, begun.order.out_trade_no, answer)
    (refund,) = await refunds_of(shop.units, charge)
    assert (refund.reason, refund.pay_order_id) == ("double_payment", first.order.id)
    assert await balances(shop.units, charge) == {
        "provider.wechatpay": 10_000, "prepaid": -5000, "refunds": -5000,
    }  # fmt: skip


async def test_a_charge_of_nothing_is_settled_at_once(shop: Shop) -> None:
    charge = await add_charge(shop, 0)
    assert charge.state is ChargeState.SETTLED
    assert shop.things.taken == [charge.subject_id]
    assert await balances(shop.units, charge) == {}


async def test_opening_again_answers_the_live_charge_with_a_new_deadline(shop: Shop) -> None:
    charge = await add_charge(shop)
    later = charge.pay_by + timedelta(minutes=5)
    again = await add_charge(shop, subject_id=charge.subject_id, pay_by=later)
    assert (again.id, again.pay_by) == (charge.id, later)


async def test_what_was_rendered_became_revenue_once(shop: Shop, sandbox: Sandbox) -> None:
    charge = await add_charge(shop)
    begun = await begin_paying(shop, charge)
    press_pay(sandbox, begun)
    await look(shop.units, begun.order.out_trade_no)
    for _ in range(2):
        async with shop.units.system("test") as unit:
            await earn(unit, charge.id)
    assert await balances(shop.units, charge) == {"provider.wechatpay": 5000, "revenue.consult": -5000}


async def test_SJ03_cash_at_the_desk_settles_a_charge(shop: Shop) -> None:
    charge = await add_charge(shop)
    desk = shop.staff(Role.DESK)
    async with shop.units.of(desk) as unit:
        with pytest.raises(CashAmountWrong):
            await take_cash(unit, charge.id, received=4000)
    async with shop.units.of(desk) as unit:
        order = await take_cash(unit, charge.id, received=5000)
    assert (order.provider, order.taken_by, order.state) == ("desk", desk.account_id, PayOrderState.PAID)
    assert await balances(shop.units, charge) == {"provider.desk": 5000, "prepaid": -5000}
    async with shop.units.of(desk) as unit:
        with pytest.raises(ChargeSettled):
            await take_cash(unit, charge.id, received=5000)


async def test_cash_is_not_taken_for_what_is_gone(shop: Shop) -> None:
    charge = await add_charge(shop)
    shop.things.gone.add(charge.subject_id)
    with pytest.raises(ChargeClosed):
        async with shop.units.of(shop.staff(Role.DESK)) as unit:
            await take_cash(unit, charge.id, received=5000)
    assert await balances(shop.units, charge) == {}
    assert await orders_of(shop.units, charge) == []


async def test_cash_closes_the_order_that_was_open_elsewhere(
    shop: Shop, sandbox: Sandbox, clock: FixedClock
) -> None:
    charge = await add_charge(shop)
    begun = await begin_paying(shop, charge, Way.NATIVE)
    async with shop.units.of(shop.staff(Role.DESK)) as unit:
        await take_cash(unit, charge.id, received=5000)
    assert await look_round(shop.units) == 1
    assert (await reread(shop.units, begun.order)).state is PayOrderState.CLOSED


async def test_who_may_see_a_charge(shop: Shop) -> None:
    charge = await add_charge(shop)
    stranger = patient(await add_patient(shop.units, "13900005678"))
    elsewhere = shop.staff(Role.DOCTOR)
    for actor in (stranger, elsewhere):
        async with shop.units.of(actor) as unit:
            with pytest.raises(ChargeNotFound):
                await charge_for(unit, actor, charge.id)
