"""Refunds: asked for once, carried out under one number, parked for a person, settled."""

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

import app
from telehealth.core.access import Role
from telehealth.core.clock import FixedClock
from telehealth.core.settings import Settings
from telehealth.payments.charging import earn
from telehealth.payments.desk import take_cash
from telehealth.payments.errors import RefundNotFound, RefundNotParked
from telehealth.payments.models import Charge
from telehealth.payments.queries import parked_refunds, receipt, refund_of
from telehealth.payments.refunding import (
    RefundWish,
    refund_in_full,
    refund_many,
    refund_share,
    retry,
    settle_by_hand,
)
from telehealth.payments.settling import look
from telehealth.payments.states import LegState, RefundReason, RefundState
from telehealth.payments.submitting import look_at_refund, release_waiting, submit_due
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
    legs_of,
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
    sandbox.payment_settings(refund_settles_after_s=0)
    sandbox.clock(0)
    await built.close()


@pytest.fixture
async def shop(house: House) -> Shop:
    return await add_shop(house.units)


async def paid_charge(shop: Shop, sandbox: Sandbox, *amounts: int) -> Charge:
    charge = await add_charge(shop, *amounts)
    begun = await begin_paying(shop, charge)
    press_pay(sandbox, begun)
    await look(shop.units, begun.order.out_trade_no)
    return charge


async def test_a_refund_is_asked_for_once_and_carried_out(
    shop: Shop, sandbox: Sandbox, clock: FixedClock
) -> None:
    charge = await paid_charge(shop, sandbox)
    async with shop.units.system("test") as unit:
        first = await refund_in_full(unit, charge.id, RefundReason.CANCELLED)
        again = await refund_in_full(unit, charge.id, RefundReason.CANCELLED)
    assert first is not None and again is not None and first.id == again.id
    assert first.state is RefundState.REQUESTED
    assert await balances(shop.units, charge) == {"provider.wechatpay": 5000, "refunds": -5000}

    assert await submit_due(shop.units) == 1
    assert (await reread(shop.units, first)).state is RefundState.SUBMITTED
    clock.advance(timedelta(seconds=10))
    assert await submit_due(shop.units) == 1
    refund = await reread(shop.units, first)
    assert refund.state is RefundState.SETTLED
    assert await balances(shop.units, charge) == {}
    assert shop.things.refunded == [refund.number]
    assert await told(shop.units, shop.account) == ["charge_paid", "refund_settled"]
    ((leg,),) = [await legs_of(shop.units, refund)]
    assert leg.party_number and leg.received_by


async def test_another_reason_finds_nothing_left(shop: Shop, sandbox: Sandbox) -> None:
    charge = await paid_charge(shop, sandbox)
    async with shop.units.system("test") as unit:
        assert await refund_in_full(unit, charge.id, RefundReason.CANCELLED)
        assert await refund_in_full(unit, charge.id, RefundReason.UNATTENDED) is None
    assert len(await refunds_of(shop.units, charge)) == 1


async def test_what_nobody_paid_is_not_refunded(shop: Shop) -> None:
    charge, nothing = await add_charge(shop), await add_charge(shop, 0)
    async with shop.units.system("test") as unit:
        assert await refund_in_full(unit, charge.id, RefundReason.CANCELLED) is None
        assert await refund_in_full(unit, nothing.id, RefundReason.CANCELLED) is None


async def test_a_share_goes_back_and_then_the_rest(shop: Shop, sandbox: Sandbox) -> None:
    charge = await paid_charge(shop, sandbox, 3333, 1668)
    async with shop.units.system("test") as unit:
        half = await refund_share(unit, charge.id, 5000, RefundReason.CANCELLED)
        rest = await refund_in_full(unit, charge.id, RefundReason.STAFF, note="服务台核实")
    assert half is not None and rest is not None
    assert (half.amount, rest.amount) == (2501, 2500)
    assert await balances(shop.units, charge) == {"provider.wechatpay": 5001, "refunds": -5001}


async def test_no_share_is_no_refund(shop: Shop, sandbox: Sandbox) -> None:
    charge = await paid_charge(shop, sandbox)
    async with shop.units.system("test") as unit:
        assert await refund_share(unit, charge.id, 0, RefundReason.CANCELLED) is None


async def test_what_was_earned_goes_back_out_of_the_revenue(shop: Shop, sandbox: Sandbox) -> None:
    charge = await paid_charge(shop, sandbox)
    async with shop.units.system("test") as unit:
        await earn(unit, charge.id)
        await refund_share(unit, charge.id, 2000, RefundReason.STAFF)
    assert await balances(shop.units, charge) == {
        "provider.wechatpay": 5000, "revenue.consult": -4000, "refunds": -1000,
    }  # fmt: skip


async def test_many_refunds_are_made_at_once(shop: Shop, sandbox: Sandbox) -> None:
    charges = [await paid_charge(shop, sandbox, amount) for amount in (1000, 2000, 3000)]
    unpaid = await add_charge(shop)
    wishes = [RefundWish(charge.id) for charge in (*charges, unpaid)]
    async with shop.units.system("test") as unit:
        made = await refund_many(unit, wishes, RefundReason.UNATTENDED)
    async with shop.units.system("test") as unit:
        assert await refund_many(unit, wishes, RefundReason.UNATTENDED) == []
    assert sorted(one.amount for one in made) == [1000, 2000, 3000]
    assert (await facts(shop.units)).count("refund.requested") == 3
    for charge in charges:
        assert (await balances(shop.units, charge))["refunds"] == -charge.amount


async def test_a_lost_answer_is_asked_about_before_it_is_sent_again(
    shop: Shop, sandbox: Sandbox, clock: FixedClock
) -> None:
    sandbox.payment_settings(refund_settles_after_s=600)
    charge = await paid_charge(shop, sandbox)
    async with shop.units.system("test") as unit:
        refund = await refund_in_full(unit, charge.id, RefundReason.CANCELLED)
    assert refund is not None
    with sandbox.faults(wechatpay={"mode": "lost_answer", "times": 1}):
        await submit_due(shop.units)
    assert (await reread(shop.units, refund)).state is RefundState.REQUESTED
    sandbox.forget_requests()
    clock.advance(timedelta(seconds=15))
    assert await submit_due(shop.units) == 1
    assert [request["method"] for request in sandbox.requests("wechatpay")] == ["GET"]
    assert (await reread(shop.units, refund)).state is RefundState.SUBMITTED
    assert len([row for row in _books(sandbox) if row["out_refund_no"] == refund.number]) == 1


async def test_an_empty_merchant_parks_it_and_tries_again_by_itself(
    shop: Shop, sandbox: Sandbox, clock: FixedClock
) -> None:
    charge = await paid_charge(shop, sandbox)
    async with shop.units.system("test") as unit:
        refund = await refund_in_full(unit, charge.id, RefundReason.CANCELLED)
    assert refund is not None
    with sandbox.faults(wechatpay={"mode": "not_enough"}):
        await submit_due(shop.units)
    (leg,) = await legs_of(shop.units, refund)
    assert (leg.state, leg.word) == (LegState.PARKED, "not_enough")
    finance = shop.staff(Role.FINANCE)
    async with shop.units.of(finance) as unit:
        assert [steps.refund.id for steps in await parked_refunds(unit, finance)] == [refund.id]

    assert await release_waiting(shop.units) == 0
    async with shop.units.system("test") as unit:
        row = await unit.session.get(type(leg), leg.id)
        assert row is not None
        row.next_at = clock.wall()
    assert await release_waiting(shop.units) == 1
    await submit_due(shop.units)
    assert await look_at_refund(shop.units, refund.number)
    settled = await reread(shop.units, refund)
    assert (settled.state, settled.number) == (RefundState.SETTLED, refund.number)


async def test_a_blocked_way_back_waits_for_a_person(shop: Shop, sandbox: Sandbox) -> None:
    charge = await paid_charge(shop, sandbox)
    async with shop.units.system("test") as unit:
        refund = await refund_in_full(unit, charge.id, RefundReason.CANCELLED)
    assert refund is not None
    with sandbox.faults(wechatpay={"mode": "abnormal"}):
        await submit_due(shop.units)
    await look_at_refund(shop.units, refund.number)
    (leg,) = await legs_of(shop.units, refund)
    assert (leg.state, leg.word) == (LegState.PARKED, "abnormal")
    assert await release_waiting(shop.units) == 0

    async with shop.units.system("test") as unit:
        await settle_by_hand(unit, refund.id, "银行转账退回")
    done = await reread(shop.units, refund)
    assert (done.state, done.note) == (RefundState.SETTLED, "银行转账退回")
    assert await balances(shop.units, charge) == {}
    async with shop.units.system("test") as unit:
        with pytest.raises(RefundNotParked):
            await retry(unit, refund.id)


async def test_cash_is_handed_back_by_staff(shop: Shop) -> None:
    charge = await add_charge(shop)
    async with shop.units.of(shop.staff(Role.DESK)) as unit:
        await take_cash(unit, charge.id, received=5000)
    async with shop.units.system("test") as unit:
        refund = await refund_in_full(unit, charge.id, RefundReason.CANCELLED)
    assert refund is not None
    await submit_due(shop.units)
    (leg,) = await legs_of(shop.units, refund)
    assert (leg.party, leg.word) == ("desk", "hand_out")
    async with shop.units.system("test") as unit:
        await settle_by_hand(unit, refund.id, "窗口退现")
    assert await balances(shop.units, charge) == {}


async def test_refunds_of_one_order_go_out_a_minute_apart(
    shop: Shop, sandbox: Sandbox, clock: FixedClock
) -> None:
    charge = await paid_charge(shop, sandbox)
    for _ in range(2):
        async with shop.units.system("test") as unit:
            assert await refund_share(unit, charge.id, 1000, RefundReason.STAFF)
    assert await submit_due(shop.units) == 1
    clock.advance(timedelta(seconds=30))
    await submit_due(shop.units)
    assert sorted(await _sent(shop, charge)) == [False, True]
    clock.advance(timedelta(seconds=31))
    sandbox.clock(61)
    await submit_due(shop.units)
    assert await _sent(shop, charge) == [True, True]
    assert RefundState.REQUESTED not in [one.state for one in await refunds_of(shop.units, charge)]


async def _sent(shop: Shop, charge: Charge) -> list[bool]:
    legs = [(await legs_of(shop.units, one))[0] for one in await refunds_of(shop.units, charge)]
    return [leg.sent_at is not None for leg in legs]


async def test_a_silent_provider_is_asked_later(shop: Shop, sandbox: Sandbox, clock: FixedClock) -> None:
    charge = await paid_charge(shop, sandbox)
    async with shop.units.system("test") as unit:
        refund = await refund_in_full(unit, charge.id, RefundReason.CANCELLED)
    assert refund is not None
    with sandbox.faults(wechatpay={"mode": "down"}):
        assert await submit_due(shop.units) == 1
    assert await submit_due(shop.units) == 0
    clock.advance(timedelta(seconds=11))
    assert await submit_due(shop.units) == 1


async def test_the_receipt_shows_what_went_back(shop: Shop, sandbox: Sandbox) -> None:
    charge = await paid_charge(shop, sandbox, 3000, 2000)
    async with shop.units.system("test") as unit:
        refund = await refund_share(unit, charge.id, 5000, RefundReason.STAFF)
    assert refund is not None
    async with shop.units.of(shop.actor) as unit:
        shown = await receipt(unit, shop.actor, charge.id)
    assert [line.amount for line in shown.lines] == [3000, 2000]
    assert [steps.refund.amount for steps in shown.refunds] == [2500]
    assert shown.order is not None and shown.returned == 0
    stranger = patient(await add_patient(shop.units, "13900005678"))
    async with shop.units.of(stranger) as unit:
        with pytest.raises(RefundNotFound):
            await refund_of(unit, stranger, refund.id)


def _books(sandbox: Sandbox) -> list[dict[str, str]]:
    mchid = sandbox.credentials["wechatpay"]["hospitals"]["yunan"]["mchid"]
    return sandbox.payment_books(mchid)["refunds"]
