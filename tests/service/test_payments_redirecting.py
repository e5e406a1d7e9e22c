"""Money whose own way back is blocked: staff send it to another card of the payer's."""

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
import sqlalchemy as sa

import app
from telehealth.core.access import Actor, Role
from telehealth.core.audit import AuditRecord
from telehealth.core.clock import FixedClock
from telehealth.core.settings import Settings
from telehealth.payments.errors import ProviderDown, ProviderRefused, RefundNotBlocked, RefundNotFound
from telehealth.payments.models import Charge, Refund
from telehealth.payments.ports import BankCard
from telehealth.payments.redirecting import send_elsewhere
from telehealth.payments.refunding import refund_in_full
from telehealth.payments.settling import look
from telehealth.payments.states import LegState, RefundReason, RefundState
from telehealth.payments.submitting import look_at_refund, submit_due
from telehealth.web.house import House
from tests.support.factories.payments import (
    Shop,
    add_charge,
    add_shop,
    balances,
    begin_paying,
    legs_of,
    press_pay,
    reread,
)
from tests.support.outside import clock_of_the_world, reach
from tests.support.sandbox import Sandbox

CARD = BankCard(bank="ICBC_DEBIT", number="6222020000000001234", holder="样例甲")


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


@pytest.fixture
def finance(shop: Shop) -> Actor:
    return shop.staff(Role.FINANCE)


async def blocked(shop: Shop, sandbox: Sandbox) -> tuple[Charge, Refund]:
    """A refund that is parked because the payer's account is closed."""
    charge = await add_charge(shop)
    begun = await begin_paying(shop, charge)
    press_pay(sandbox, begun)
    await look(shop.units, begun.order.out_trade_no)
    async with shop.units.system("test") as unit:
        refund = await refund_in_full(unit, charge.id, RefundReason.CANCELLED)
    assert refund is not None
    with sandbox.faults(wechatpay={"mode": "abnormal"}):
        await submit_due(shop.units)
    await look_at_refund(shop.units, refund.number)
    assert await where(shop, refund) == (LegState.PARKED, "abnormal")
    return charge, refund


async def where(shop: Shop, refund: Refund) -> tuple[LegState, str | None]:
    (leg,) = await legs_of(shop.units, refund)
    return leg.state, leg.word


async def test_it_goes_to_the_card_under_the_same_number(
    shop: Shop, sandbox: Sandbox, finance: Actor
) -> None:
    charge, refund = await blocked(shop, sandbox)
    await send_elsewhere(shop.units, finance, refund.id, CARD)
    await look_at_refund(shop.units, refund.number)
    (leg,) = await legs_of(shop.units, refund)
    assert (leg.state, leg.received_by) == (LegState.SETTLED, "ICBC_DEBIT1234")
    assert (await reread(shop.units, refund)).state is RefundState.SETTLED
    assert await balances(shop.units, charge) == {}


async def test_nobody_keeps_the_card(shop: Shop, sandbox: Sandbox, finance: Actor) -> None:
    _, refund = await blocked(shop, sandbox)
    await send_elsewhere(shop.units, finance, refund.id, CARD)
    async with shop.units.system("test") as unit:
        sent = sa.select(AuditRecord).where(AuditRecord.name == "refund.sent_elsewhere")
        record = (await unit.session.scalars(sent)).one()
    assert record.actor_id == finance.account_id
    assert record.facts == {"number": refund.number, "amount": 5000}


async def test_a_card_that_is_refused_leaves_it_parked(shop: Shop, sandbox: Sandbox, finance: Actor) -> None:
    _, refund = await blocked(shop, sandbox)
    with pytest.raises(ProviderRefused):
        await send_elsewhere(
            shop.units, finance, refund.id, BankCard(bank="B" * 40, number="6222", holder="样例甲")
        )
    assert await where(shop, refund) == (LegState.PARKED, "abnormal")


@pytest.mark.parametrize(
    ("mode", "ends"),
    [("lost_answer", (LegState.SETTLED, None)), ("error_500", (LegState.PARKED, "abnormal"))],
)
async def test_when_nothing_is_known_it_is_asked_about(
    shop: Shop,
    sandbox: Sandbox,
    clock: FixedClock,
    finance: Actor,
    mode: str,
    ends: tuple[LegState, str | None],
) -> None:
    _, refund = await blocked(shop, sandbox)
    fault = {"mode": mode, "kind": "refund_elsewhere", "times": 1}
    with sandbox.faults(wechatpay=fault), pytest.raises(ProviderDown):
        await send_elsewhere(shop.units, finance, refund.id, CARD)
    assert await submit_due(shop.units) == 0
    clock.advance(timedelta(minutes=1))
    await submit_due(shop.units)
    assert await where(shop, refund) == ends


async def test_only_a_blocked_refund_of_ones_own_hospital_is_sent(
    shop: Shop, sandbox: Sandbox, finance: Actor
) -> None:
    _, refund = await blocked(shop, sandbox)
    stranger = Actor.signed_in(
        finance.account, frozenset({Role.FINANCE}), hospital_id=refund.id, assurance="totp"
    )
    with pytest.raises(RefundNotFound):
        await send_elsewhere(shop.units, stranger, refund.id, CARD)
    await send_elsewhere(shop.units, finance, refund.id, CARD)
    with pytest.raises(RefundNotBlocked):
        await send_elsewhere(shop.units, finance, refund.id, CARD)
