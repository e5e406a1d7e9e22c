"""The hospital's own bills in the books of a day: ours, the provider's, the insurer's (GD06, BJ07)."""

from collections.abc import AsyncIterator, Sequence
from datetime import date, timedelta

import pytest
import sqlalchemy as sa

import app
from telehealth.core.access import Actor, Role
from telehealth.core.clock import FixedClock, hospital_day
from telehealth.core.i18n import translator
from telehealth.core.ids import new_id
from telehealth.core.settings import Settings
from telehealth.core.unit import Units
from telehealth.outpatient import telling
from telehealth.outpatient.models import OutpatientBill
from telehealth.outpatient.states import BillState
from telehealth.payments import explaining
from telehealth.payments.charging import Begun, begin
from telehealth.payments.comparing import DifferenceKind
from telehealth.payments.finance_queries import day_totals
from telehealth.payments.finance_views import Speech, difference_row
from telehealth.payments.models import BillRow, Charge, Difference
from telehealth.payments.reconciling import fetch_bill, match
from telehealth.payments.settling import Outcome, look
from telehealth.payments.states import OrderType, Way
from telehealth.payments.submitting import look_at_refund, submit_round
from telehealth.web.house import House as Running
from tests.support.factories.accounts import add_staff, staff
from tests.support.factories.bills import Counter, open_counter
from tests.support.factories.payments import OPENID, press_pay, refunds_of
from tests.support.outside import clock_of_the_world, reach
from tests.support.sandbox import Sandbox

WECHATPAY, NHSA = "wechatpay", "nhsa"
PRICE = 1200


@pytest.fixture
def clock() -> FixedClock:
    return clock_of_the_world()


@pytest.fixture
async def house(settings: Settings, own_sandbox: Sandbox, clock: FixedClock) -> AsyncIterator[Running]:
    """Nobody else's orders are in these books, and bills do not wait for the next morning."""
    own_sandbox.payment_settings(refund_settles_after_s=0, bills_at_once=True)
    built = app.build_house(reach(settings, own_sandbox), clock=clock)
    yield built
    await built.close()


@pytest.fixture
async def counter(house: Running, own_sandbox: Sandbox) -> Counter:
    return await open_counter(house.units, own_sandbox)


@pytest.fixture
def today(clock: FixedClock) -> date:
    return hospital_day(clock.business())


async def test_GD06_a_paid_bill_is_in_the_providers_book_and_in_no_list_of_the_insurer(
    counter: Counter, today: date
) -> None:
    bill = await counter.new_bill(kind="exam")
    begun = await _pays(counter, bill)
    assert await telling.tell(counter.units, bill.id) is BillState.CONFIRMED
    assert await fetch_bill(counter.units, bill.hospital_id, today, WECHATPAY) == 1
    assert await fetch_bill(counter.units, bill.hospital_id, today, NHSA) == 0
    assert await _differences(counter.units) == []
    async with counter.units.of(_finance(counter)) as unit:
        (line,) = await day_totals(unit, bill.hospital_id, today)
        (row,) = await unit.session.scalars(sa.select(BillRow))
    assert (line.way, line.order_type) == (Way.JSAPI, OrderType.EXAM)
    assert (line.orders, line.cash, line.insured, line.refunds) == (1, PRICE, 0, 0)
    assert (row.reference, row.amount) == (begun.order.out_trade_no, PRICE)


async def test_GD06_a_bill_that_went_back_is_in_both_books_twice(counter: Counter, today: date) -> None:
    """The window was first, so the day has a payment and its refund, here and there."""
    bill = await counter.new_bill()
    begun = await _pays(counter, bill)
    counter.press(bill.resource_id, "payment")
    assert await telling.tell(counter.units, bill.id) is BillState.ELSEWHERE
    async with counter.units.system("test") as unit:
        charge = await unit.session.get_one(Charge, begun.order.charge_id)
    (refund,) = await refunds_of(counter.units, charge)
    await submit_round(counter.units)
    assert await look_at_refund(counter.units, refund.number)
    assert await fetch_bill(counter.units, bill.hospital_id, today, WECHATPAY) == 2
    assert await _differences(counter.units) == []
    async with counter.units.of(_finance(counter)) as unit:
        (line,) = await day_totals(unit, bill.hospital_id, today)
    assert (line.order_type, line.orders, line.cash) == (OrderType.DRUG, 1, PRICE)
    assert (line.refunds, line.back) == (1, PRICE)


async def test_GD06_a_bill_the_provider_knows_otherwise_is_a_difference_with_age_and_owner(
    counter: Counter, today: date, clock: FixedClock
) -> None:
    bill = await counter.new_bill()
    begun = await _pays(counter, bill)
    await fetch_bill(counter.units, bill.hospital_id, today, WECHATPAY)
    async with counter.units.system("test") as unit:
        await unit.session.execute(sa.update(BillRow).values(amount=PRICE - 1))
    async with counter.units.of(_finance(counter)) as unit:
        await match(unit, bill.hospital_id, today, WECHATPAY)
    (row,) = await _differences(counter.units)
    assert (row.kind, row.reference) == (DifferenceKind.AMOUNT_DIFFERS, begun.order.out_trade_no)
    assert (row.ours, row.theirs) == (PRICE, PRICE - 1)

    clock.advance(timedelta(days=2))
    say = Speech(translator("zh-CN"), "zh-CN")
    shown = difference_row(row, hospital_day(clock.business()), say)
    assert (shown["age"], shown["owner"], shown["is_owned"]) == ("2", "无人负责", False)
    member = await add_staff(counter.units, bill.hospital_id, [Role.FINANCE], login="f.one", name="样例财务")
    async with counter.units.of(staff(member)) as unit:
        taken = await explaining.take(unit, row.id)
        shown = difference_row(taken, hospital_day(clock.business()), say)
    assert (shown["age"], shown["owner"], shown["is_owned"]) == ("2", "样例财务", True)


async def test_GD06_a_bill_the_insurer_lists_is_a_difference(counter: Counter, today: date) -> None:
    """What is paid here is self-pay: the insurer knowing of it is somebody's work (XY08)."""
    bill = await counter.new_bill()
    begun = await _pays(counter, bill)
    await fetch_bill(counter.units, bill.hospital_id, today, NHSA)
    async with counter.units.system("test") as unit:
        unit.session.add(
            BillRow(
                id=new_id(), hospital_id=bill.hospital_id, party=NHSA, day=today, kind="payment",
                reference=begun.order.out_trade_no, party_number="sample", amount=700, fee=0, at=unit.now,
            )
        )  # fmt: skip
    async with counter.units.of(_finance(counter)) as unit:
        await match(unit, bill.hospital_id, today, NHSA)
    (row,) = await _differences(counter.units)
    assert (row.party, row.theirs) == (NHSA, 700) and not row.ours


async def _pays(counter: Counter, bill: OutpatientBill) -> Begun:
    """At the provider, with its own word."""
    charge = await counter.charge(bill)
    begun = await begin(counter.units, counter.actor, charge.id, Way.JSAPI, openid=OPENID)
    press_pay(counter.sandbox, begun)
    assert await look(counter.units, begun.order.out_trade_no) is Outcome.TAKEN
    return begun


def _finance(counter: Counter) -> Actor:
    roles = frozenset({Role.FINANCE})
    return Actor.signed_in(new_id(), roles, hospital_id=counter.house.hospital.id, assurance="totp")


async def _differences(units: Units) -> Sequence[Difference]:
    async with units.system("test") as unit:
        return (await unit.session.scalars(sa.select(Difference).order_by(Difference.id))).all()
