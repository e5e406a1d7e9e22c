"""Whatever happens in whatever order, no account of a charge passes to its wrong side."""

import random
from collections.abc import Awaitable, Callable
from datetime import timedelta

import pytest

from telehealth.core.access import Role
from telehealth.core.clock import FixedClock
from telehealth.core.errors import DomainError
from telehealth.ledger.chart import side_of
from telehealth.payments.charging import earn
from telehealth.payments.desk import take_cash
from telehealth.payments.models import Charge
from telehealth.payments.ports import OrderAnswer, OrderTruth
from telehealth.payments.refunding import (
    RefundWish,
    refund_in_full,
    refund_many,
    refund_share,
    retry,
    settle_by_hand,
)
from telehealth.payments.settling import close_charge, settle
from telehealth.payments.states import PayOrderState, RefundReason, RefundState
from telehealth.payments.submitting import submit_due
from telehealth.web.house import House
from tests.support.factories.payments import (
    Shop,
    add_charge,
    add_order,
    add_shop,
    balances,
    orders_of,
    refunds_of,
)

Event = Callable[[], Awaitable[object]]


@pytest.fixture
async def shop(house: House) -> Shop:
    return await add_shop(house.units)


class Life:
    """One charge, to which anything may happen."""

    def __init__(self, shop: Shop, charge: Charge, chance: random.Random, clock: FixedClock) -> None:
        self.shop, self.charge, self.chance, self.clock = shop, charge, chance, clock
        self.events: list[Event] = [
            self.pay_cash, self.begin_elsewhere, self.pay_elsewhere, self.pay_elsewhere, self.refund,
            self.share, self.sweep, self.render, self.close, self.send, self.hand_out, self.try_again,
            self.lose,
        ]  # fmt: skip

    async def pay_cash(self) -> None:
        async with self.shop.units.of(self.shop.staff(Role.DESK)) as unit:
            await take_cash(unit, self.charge.id, received=self.charge.amount)

    async def begin_elsewhere(self) -> None:
        orders = await orders_of(self.shop.units, self.charge)
        await add_order(self.shop, self.charge, count=len(orders) + 1)

    async def pay_elsewhere(self) -> None:
        """The provider says that an order is paid: one we closed, one more, or one we know of."""
        orders = await orders_of(self.shop.units, self.charge)
        if not orders:
            return
        order = self.chance.choice(orders)
        answer = OrderAnswer(OrderTruth.PAID, "42000", order.cash, self.clock.business())
        async with self.shop.units.system("test") as unit:
            await settle(unit, order.out_trade_no, answer)

    async def refund(self) -> None:
        async with self.shop.units.system("test") as unit:
            await refund_in_full(unit, self.charge.id, self.chance.choice(list(RefundReason)))

    async def share(self) -> None:
        async with self.shop.units.system("test") as unit:
            await refund_share(unit, self.charge.id, self.chance.randint(0, 10_000), RefundReason.STAFF)

    async def sweep(self) -> None:
        async with self.shop.units.system("test") as unit:
            await refund_many(unit, [RefundWish(self.charge.id)], RefundReason.UNATTENDED)

    async def render(self) -> None:
        async with self.shop.units.system("test") as unit:
            await earn(unit, self.charge.id)

    async def close(self) -> None:
        async with self.shop.units.system("test") as unit:
            await close_charge(unit, self.charge.id)

    async def send(self) -> None:
        self.clock.advance(timedelta(minutes=2))
        await submit_due(self.shop.units)

    async def hand_out(self) -> None:
        for refund in await refunds_of(self.shop.units, self.charge):
            async with self.shop.units.system("test") as unit:
                await settle_by_hand(unit, refund.id, "窗口退现")

    async def try_again(self) -> None:
        for refund in await refunds_of(self.shop.units, self.charge):
            async with self.shop.units.system("test") as unit:
                await retry(unit, refund.id)

    async def lose(self) -> None:
        self.shop.things.gone ^= {self.charge.subject_id}

    async def check(self) -> None:
        held = await balances(self.shop.units, self.charge)
        assert sum(held.values()) == 0
        assert all(amount * side_of(account) > 0 for account, amount in held.items()), held
        refunds = await refunds_of(self.shop.units, self.charge)
        paid = [
            one for one in await orders_of(self.shop.units, self.charge) if one.state is PayOrderState.PAID
        ]
        promised = sum(refund.amount for refund in refunds)
        assert promised <= sum(order.total for order in paid)
        out = sum(refund.amount for refund in refunds if refund.state is RefundState.SETTLED)
        assert held.get("refunds", 0) == out - promised


@pytest.mark.parametrize("seed", range(8))
async def test_no_sequence_of_events_gives_back_more_than_came_in(
    shop: Shop, clock: FixedClock, seed: int
) -> None:
    chance = random.Random(seed)
    charge = await add_charge(shop, chance.randint(1, 5000), chance.randint(0, 5000))
    life = Life(shop, charge, chance, clock)
    for _ in range(25):
        try:
            await chance.choice(life.events)()
        except DomainError:
            continue
        finally:
            await life.check()
