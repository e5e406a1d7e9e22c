"""A payment with two purses: paid whole, paid by half, and given back to whom it came from."""

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
import sqlalchemy as sa

import app
from telehealth.core.clock import FixedClock
from telehealth.core.settings import Settings
from telehealth.insurance import CoverState
from telehealth.notifications import Notice
from telehealth.notifications.models import InboxMessage
from telehealth.payments.charging import Begun, Line, open_charge
from telehealth.payments.errors import ChargeSettled
from telehealth.payments.models import Charge
from telehealth.payments.queries import lines_of
from telehealth.payments.refunding import refund_in_full, refund_share
from telehealth.payments.settling import Outcome, look
from telehealth.payments.states import (
    ChargeState,
    LegKind,
    LegState,
    OrderType,
    RefundReason,
    RefundState,
    Way,
)
from telehealth.payments.subjects import Subjects
from telehealth.payments.submitting import submit_due
from telehealth.web.house import House as RunningHouse
from tests.support.factories.bookings import House, Patient, add_booker, add_house
from tests.support.factories.insurance import insure, priced_cover, reread_cover, say_region
from tests.support.factories.payments import (
    Shop,
    Things,
    balances,
    begin_paying,
    legs_of,
    press_pay,
    refunds_of,
    reread,
)
from tests.support.outside import clock_of_the_world, reach
from tests.support.sandbox import Sandbox
from tests.support.waiting import eventually


@pytest.fixture
def clock() -> FixedClock:
    return clock_of_the_world()


@pytest.fixture
async def house(settings: Settings, sandbox: Sandbox, clock: FixedClock) -> AsyncIterator[RunningHouse]:
    sandbox.payment_settings(refund_settles_after_s=0)
    built = app.build_house(reach(settings, sandbox), clock=clock)
    yield built
    await built.close()


@pytest.fixture
async def place(house: RunningHouse) -> House:
    return await add_house(house.units)


@pytest.fixture
async def who(house: RunningHouse, place: House, sandbox: Sandbox) -> Patient:
    """The insurer pays 70 %, and five yuan come out of their own account."""
    patient = await add_booker(house.units, place)
    insure(sandbox, patient, balance=500)
    await say_region(house.units, place, patient)
    return patient


@pytest.fixture
def shop(house: RunningHouse, place: House, who: Patient) -> Shop:
    things = Things()
    house.units.join(Subjects, Subjects([things.subject()]))
    return Shop(house.units, place.hospital, who.account, things)


async def fee(shop: Shop, who: Patient) -> Charge:
    async with shop.units.account(shop.account.id, shop.actor) as unit:
        return await open_charge(
            unit,
            hospital_id=shop.hospital.id,
            account_id=shop.account.id,
            person_id=who.person.id,
            subject_kind=shop.things.kind,
            subject_id=who.person.id,
            order_type=OrderType.CONSULT,
            description="线上复诊",
            lines=[Line("consult_fee", "互联网复诊诊查费", 5000)],
            pay_by=unit.now + timedelta(minutes=15),
        )


async def begin_split(shop: Shop, sandbox: Sandbox, place: House, who: Patient, charge: Charge) -> Begun:
    cover = await priced_cover(shop.units, sandbox, place, who, charge_id=charge.id)
    return await begin_paying(shop, charge, cover_id=cover.id)


def press_both(sandbox: Sandbox, begun: Begun) -> str:
    return str(sandbox.till("medins", **begun.invocation).json()["err_msg"])


def is_paid_there(sandbox: Sandbox, begun: Begun) -> bool:
    mchid = sandbox.credentials["wechatpay"]["hospitals"]["yunan"]["mchid"]
    held = sandbox.payment_books(mchid)["medins"]
    (status,) = [row["mix_pay_status"] for row in held if row["out_trade_no"] == begun.order.out_trade_no]
    return bool(status == "MIX_PAY_SUCCESS")


async def test_GD01_both_halves_are_paid_and_posted_by_part(
    shop: Shop, sandbox: Sandbox, place: House, who: Patient
) -> None:
    charge = await fee(shop, who)
    begun = await begin_split(shop, sandbox, place, who, charge)
    assert await look(shop.units, begun.order.out_trade_no) is Outcome.OPEN
    assert press_both(sandbox, begun) == "requestMedicalInsurancePay:ok"
    assert await look(shop.units, begun.order.out_trade_no) is Outcome.TAKEN

    order = await reread(shop.units, begun.order)
    assert (order.fund, order.personal, order.cash) == (3500, 500, 1000)
    assert await balances(shop.units, charge) == {
        "provider.wechatpay": 1000, "insurer.fund": 3500, "insurer.personal": 500, "prepaid": -5000,
    }  # fmt: skip
    async with shop.units.system("test") as unit:
        (line,) = await lines_of(unit, charge.id)
    assert (line.fund, line.personal, line.other) == (3500, 500, 0)
    assert (await reread_cover(shop.units, order.cover_id)).state is CoverState.SETTLED


async def test_GD03_the_patient_is_told_each_part_at_once_and_never_what_for(
    shop: Shop, sandbox: Sandbox, place: House, who: Patient
) -> None:
    charge = await fee(shop, who)
    begun = await begin_split(shop, sandbox, place, who, charge)
    press_both(sandbox, begun)
    await look(shop.units, begun.order.out_trade_no)
    async with shop.units.system("test") as unit:
        told = (
            await unit.session.scalars(
                sa.select(InboxMessage).where(InboxMessage.notice == Notice.CHARGE_SPLIT)
            )
        ).one()
    assert told.created_at == shop.units.clock.business()
    said = {name: told.variables[name] for name in ("amount", "fund", "personal", "other", "cash")}
    assert said == {
        "amount": "50.00", "fund": "35.00", "personal": "5.00", "other": "0.00", "cash": "10.00",
    }  # fmt: skip
    assert set(told.variables) - set(said) == {"number"}


async def test_what_was_split_goes_back_to_both_purses(
    shop: Shop, sandbox: Sandbox, place: House, who: Patient, clock: FixedClock
) -> None:
    charge = await fee(shop, who)
    begun = await begin_split(shop, sandbox, place, who, charge)
    press_both(sandbox, begun)
    await look(shop.units, begun.order.out_trade_no)
    async with shop.units.system("test") as unit:
        refund = await refund_in_full(unit, charge.id, RefundReason.CANCELLED)
    assert refund is not None
    legs = await legs_of(shop.units, refund)
    assert [(leg.kind, leg.amount, leg.state) for leg in legs] == [
        (LegKind.INSURANCE, 4000, LegState.REQUESTED),
        (LegKind.CASH, 1000, LegState.WAITING),
        (LegKind.TELL, 4000, LegState.WAITING),
    ]
    assert await submit_due(shop.units) == 1
    assert (await reread(shop.units, refund)).state is RefundState.SUBMITTED
    assert await balances(shop.units, charge) == {"provider.wechatpay": 1000, "refunds": -1000}
    for _ in range(3):
        clock.advance(timedelta(seconds=11))
        await submit_due(shop.units)
    assert (await reread(shop.units, refund)).state is RefundState.SETTLED
    assert await balances(shop.units, charge) == {}
    assert (await reread_cover(shop.units, begun.order.cover_id)).state is CoverState.REVERSED  # type: ignore[arg-type]
    assert shop.things.refunded == [refund.number]


async def test_a_share_of_a_split_keeps_its_proportions(
    shop: Shop, sandbox: Sandbox, place: House, who: Patient
) -> None:
    charge = await fee(shop, who)
    begun = await begin_split(shop, sandbox, place, who, charge)
    press_both(sandbox, begun)
    await look(shop.units, begun.order.out_trade_no)
    async with shop.units.system("test") as unit:
        refund = await refund_share(unit, charge.id, 5000, RefundReason.CANCELLED)
    assert refund is not None
    insured, cash, _ = await legs_of(shop.units, refund)
    assert (insured.fund, insured.personal, cash.amount) == (1750, 250, 500)


async def test_the_cash_goes_back_when_the_insurers_half_failed(
    shop: Shop, sandbox: Sandbox, place: House, who: Patient
) -> None:
    charge = await fee(shop, who)
    begun = await begin_split(shop, sandbox, place, who, charge)
    with sandbox.faults(wechatpay={"mode": "insurance_fails"}):
        press_both(sandbox, begun)
    assert await look(shop.units, begun.order.out_trade_no) is Outcome.REFUNDED
    (refund,) = await refunds_of(shop.units, charge)
    assert (refund.reason, refund.amount) == (RefundReason.SPLIT_FAILED, 1000)
    assert [leg.kind for leg in await legs_of(shop.units, refund)] == [LegKind.CASH]
    assert await balances(shop.units, charge) == {"provider.wechatpay": 1000, "refunds": -1000}
    assert shop.things.taken == []

    # The seat is not lost: oneself may pay all of it.
    alone = await begin_paying(shop, charge, Way.NATIVE)
    press_pay(sandbox, alone)
    assert await look(shop.units, alone.order.out_trade_no) is Outcome.TAKEN


async def test_nothing_came_in_when_the_cash_failed(
    shop: Shop, sandbox: Sandbox, place: House, who: Patient
) -> None:
    charge = await fee(shop, who)
    begun = await begin_split(shop, sandbox, place, who, charge)
    with sandbox.faults(wechatpay={"mode": "cash_fails"}):
        press_both(sandbox, begun)
    assert await look(shop.units, begun.order.out_trade_no) is Outcome.CLOSED
    assert await balances(shop.units, charge) == {}
    assert (await reread(shop.units, charge)).state is ChargeState.SUBMITTED


async def test_an_insurer_that_fell_silent_is_waited_for(
    shop: Shop, sandbox: Sandbox, place: House, who: Patient
) -> None:
    charge = await fee(shop, who)
    begun = await begin_split(shop, sandbox, place, who, charge)
    with sandbox.faults(wechatpay={"mode": "insurer_timeout"}):
        press_both(sandbox, begun)
        assert await look(shop.units, begun.order.out_trade_no) is Outcome.OPEN
    eventually(lambda: is_paid_there(sandbox, begun))
    assert await look(shop.units, begun.order.out_trade_no) is Outcome.TAKEN


async def test_the_cash_goes_back_when_nobody_waits_for_the_insurer_any_more(
    shop: Shop, sandbox: Sandbox, place: House, who: Patient
) -> None:
    charge = await fee(shop, who)
    begun = await begin_split(shop, sandbox, place, who, charge)
    with sandbox.faults(wechatpay={"mode": "insurer_timeout"}):
        press_both(sandbox, begun)
        outcome = await look(shop.units, begun.order.out_trade_no, stop=True)
    assert outcome is Outcome.REFUNDED
    (refund,) = await refunds_of(shop.units, charge)
    assert (refund.reason, refund.amount) == (RefundReason.SPLIT_FAILED, 1000)


async def test_BJ06_oneself_pays_after_all(shop: Shop, sandbox: Sandbox, place: House, who: Patient) -> None:
    charge = await fee(shop, who)
    split = await begin_split(shop, sandbox, place, who, charge)
    alone = await begin_paying(shop, charge)
    assert alone.order.cash == 5000
    assert (await reread_cover(shop.units, split.order.cover_id)).state is CoverState.REVERSED  # type: ignore[arg-type]
    assert press_both(sandbox, split) != "requestMedicalInsurancePay:ok"
    press_pay(sandbox, alone)
    assert await look(shop.units, alone.order.out_trade_no) is Outcome.TAKEN
    with pytest.raises(ChargeSettled):
        await begin_paying(shop, charge)


async def test_what_the_insurer_pays_whole_needs_no_cash(
    shop: Shop, sandbox: Sandbox, place: House, who: Patient
) -> None:
    insure(sandbox, who, balance=100_000)
    charge = await fee(shop, who)
    begun = await begin_split(shop, sandbox, place, who, charge)
    assert begun.order.cash == 0 and "package" not in begun.invocation
    press_both(sandbox, begun)
    assert await look(shop.units, begun.order.out_trade_no) is Outcome.TAKEN
    assert await balances(shop.units, charge) == {
        "insurer.fund": 3500, "insurer.personal": 1500, "prepaid": -5000,
    }  # fmt: skip
    async with shop.units.system("test") as unit:
        refund = await refund_in_full(unit, charge.id, RefundReason.UNATTENDED)
    assert refund is not None
    assert [leg.kind for leg in await legs_of(shop.units, refund)] == [LegKind.INSURANCE, LegKind.TELL]
    while await submit_due(shop.units):
        pass
    assert (await reread(shop.units, refund)).state is RefundState.SETTLED
    assert await balances(shop.units, charge) == {}
