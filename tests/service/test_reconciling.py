"""The day's three books beside each other: what differs, how it ages, and who looks after it (GD06)."""

from collections.abc import AsyncIterator, Callable, Sequence
from datetime import date, datetime, time, timedelta
from typing import Any

import pytest
import sqlalchemy as sa

import app
from telehealth.accounts import MemberNotFound
from telehealth.core.access import Actor, Role
from telehealth.core.clock import FixedClock, at_local, hospital_day
from telehealth.core.errors import Forbidden
from telehealth.core.ids import new_id
from telehealth.core.settings import Settings
from telehealth.core.unit import Units
from telehealth.ledger.models import LedgerEntry, LedgerPosting
from telehealth.payments import explaining, reconciling
from telehealth.payments.charging import Begun, Line, begin, open_charge
from telehealth.payments.comparing import Books, DifferenceKind, Found, compare, matched, summed
from telehealth.payments.errors import BillNotReady, DifferenceNotFound, DifferenceResolved, ProviderDown
from telehealth.payments.finance_queries import day_totals
from telehealth.payments.models import BillFetch, BillRow, Charge, Difference, PayOrder
from telehealth.payments.ports import OrderAnswer, OrderTruth
from telehealth.payments.reconciling import AGREED, FEES, fetch_bill, fetch_due, is_ready, match, parties
from telehealth.payments.refunding import refund_in_full
from telehealth.payments.settling import Outcome, look, settle
from telehealth.payments.states import OrderType, RefundReason, Way
from telehealth.payments.subjects import Subjects
from telehealth.payments.submitting import look_at_refund, submit_due, submit_round
from telehealth.web.house import House
from tests.support.factories.accounts import add_staff, staff
from tests.support.factories.bookings import add_booker, add_house
from tests.support.factories.directory import add_hospital
from tests.support.factories.insurance import insure, priced_cover, say_region
from tests.support.factories.payments import (
    OPENID,
    Shop,
    Things,
    add_charge,
    add_shop,
    begin_paying,
    facts,
    press_pay,
)
from tests.support.merchant import Merchant
from tests.support.outside import clock_of_the_world, reach
from tests.support.sandbox import Sandbox

WECHATPAY, NHSA = "wechatpay", "nhsa"


@pytest.fixture
def clock() -> FixedClock:
    return clock_of_the_world()


@pytest.fixture
async def house(settings: Settings, own_sandbox: Sandbox, clock: FixedClock) -> AsyncIterator[House]:
    """Nobody else's orders are in these books, and bills do not wait for the next morning."""
    own_sandbox.payment_settings(refund_settles_after_s=0, bills_at_once=True)
    built = app.build_house(reach(settings, own_sandbox), clock=clock)
    yield built
    await built.close()


@pytest.fixture
async def shop(house: House) -> Shop:
    return await add_shop(house.units)


@pytest.fixture
def today(clock: FixedClock) -> date:
    return hospital_day(clock.business())


@pytest.fixture
def morning(own_sandbox: Sandbox, clock: FixedClock, today: date) -> Callable[[], None]:
    """Call it, and it is half past ten of the next day: also a bill without lines is sure then."""
    return lambda: _at(own_sandbox, clock, at_local(today + timedelta(days=1), time(10, 30)))


# ---------------------------------------------------------------------- the comparison itself


def test_GD06_three_kinds_of_difference_and_nothing_else() -> None:
    books = Books(
        due={("payment", "same"): 100, ("payment", "ours"): 200, ("payment", "late"): 5},
        known={("payment", "same"): 100, ("payment", "other"): 300},
        theirs={("payment", "same"): 100, ("payment", "other"): 301, ("refund", "theirs"): 400},
        elsewhere=frozenset({("payment", "late")}),
    )
    assert compare(books) == [
        Found(DifferenceKind.AMOUNT_DIFFERS, "other", 300, 301),
        Found(DifferenceKind.MISSING_HERE, "theirs", None, 400),
        Found(DifferenceKind.MISSING_THERE, "ours", 200, None),
    ]
    assert matched(books) == 1


def test_what_is_listed_twice_counts_twice() -> None:
    assert summed([("payment", "a", 1), ("payment", "a", 1), ("refund", "a", 1)]) == {
        ("payment", "a"): 2,
        ("refund", "a"): 1,
    }


def test_a_bill_is_due_at_half_past_ten_of_the_next_day() -> None:
    day = date(2026, 11, 20)
    assert not is_ready(day, at_local(date(2026, 11, 21), time(10, 29)))
    assert is_ready(day, at_local(date(2026, 11, 21), time(10, 30)))


# ---------------------------------------------------------------------- against the provider's bill


async def test_GD06_a_day_that_agrees_leaves_no_difference(
    shop: Shop, own_sandbox: Sandbox, today: date
) -> None:
    """A refund is in the bill on the day it begins, whatever becomes of it."""
    await _paid(shop, own_sandbox)
    await _refunded(shop, await _paid(shop, own_sandbox, 3000))
    assert await fetch_bill(shop.units, shop.hospital.id, today, WECHATPAY) == 3
    assert await _differences(shop.units) == []
    async with shop.units.system("test") as unit:
        fetch = (await unit.session.scalars(sa.select(BillFetch))).one()
    assert (fetch.party, fetch.day, fetch.rows, len(fetch.digest)) == (WECHATPAY, today, 3, 40)


async def test_GD06_what_only_the_provider_knows_is_missing_here(
    shop: Shop, own_sandbox: Sandbox, today: date
) -> None:
    strange = Merchant(own_sandbox).paid(total=700)
    await fetch_bill(shop.units, shop.hospital.id, today, WECHATPAY)
    (row,) = await _differences(shop.units)
    assert (row.kind, row.reference, row.ours, row.theirs) == ("missing_here", strange, None, 700)


async def test_GD06_what_only_the_ledger_knows_is_missing_there(
    shop: Shop, own_sandbox: Sandbox, today: date, morning: Callable[[], None]
) -> None:
    number = await _believed_paid(shop)
    morning()
    await fetch_bill(shop.units, shop.hospital.id, today, WECHATPAY)
    (row,) = await _differences(shop.units)
    assert (row.kind, row.reference, row.ours, row.theirs) == ("missing_there", number, 5000, None)


async def test_GD06_an_amount_that_differs_shows_both(shop: Shop, own_sandbox: Sandbox, today: date) -> None:
    begun = await _paid(shop, own_sandbox)
    await fetch_bill(shop.units, shop.hospital.id, today, WECHATPAY)
    await _bill_says(shop, begun.order.out_trade_no, amount=4900)
    assert await _match(shop, today) == 1
    (row,) = await _differences(shop.units)
    assert (row.kind, row.ours, row.theirs) == ("amount_differs", 5000, 4900)


async def test_fetching_again_replaces_the_rows_and_settles_what_agrees_now(
    shop: Shop, own_sandbox: Sandbox, today: date
) -> None:
    begun = await begin_paying(shop, await add_charge(shop))
    press_pay(own_sandbox, begun)
    await fetch_bill(shop.units, shop.hospital.id, today, WECHATPAY)
    (row,) = await _differences(shop.units)
    assert (row.kind, row.resolved_at) == ("missing_here", None)

    assert await look(shop.units, begun.order.out_trade_no) is Outcome.TAKEN
    await fetch_bill(shop.units, shop.hospital.id, today, WECHATPAY)
    (row,) = await _differences(shop.units)
    assert row.resolved_at is not None and row.owner_id is None and row.note == AGREED
    async with shop.units.system("test") as unit:
        assert len((await unit.session.scalars(sa.select(BillRow))).all()) == 1
    names = [name for name in await facts(shop.units) if name.startswith("difference")]
    assert names == ["difference.found", "difference.agreed"]


async def test_what_went_away_by_itself_and_comes_back_is_open_again(
    shop: Shop, own_sandbox: Sandbox, today: date
) -> None:
    begun = await _paid(shop, own_sandbox)
    number = begun.order.out_trade_no
    await fetch_bill(shop.units, shop.hospital.id, today, WECHATPAY)
    for amount, is_open in ((1, True), (5000, False), (1, True)):
        await _bill_says(shop, number, amount=amount)
        await _match(shop, today)
        (row,) = await _differences(shop.units)
        assert (row.resolved_at is None) is is_open


async def test_a_line_that_the_other_dates_a_day_later_is_no_difference(
    shop: Shop, own_sandbox: Sandbox, today: date, morning: Callable[[], None]
) -> None:
    """Paid at 23:59:59 by one clock is paid tomorrow by the other: it is missing only until then."""
    await _paid(shop, own_sandbox)
    yesterday = today - timedelta(days=1)
    await _move_payments(shop, yesterday)
    morning()
    await fetch_bill(shop.units, shop.hospital.id, yesterday, WECHATPAY)
    assert [row.kind for row in await _differences(shop.units)] == ["missing_there"]
    await fetch_bill(shop.units, shop.hospital.id, today, WECHATPAY)
    (row,) = await _differences(shop.units)
    assert row.resolved_at is not None


async def test_a_refund_the_provider_refused_is_not_expected_in_its_bill(
    shop: Shop, own_sandbox: Sandbox, today: date
) -> None:
    begun = await _paid(shop, own_sandbox)
    with own_sandbox.faults(wechatpay={"mode": "down"}):
        await _refunded(shop, begun)
    await fetch_bill(shop.units, shop.hospital.id, today, WECHATPAY)
    assert await _differences(shop.units) == []


async def test_the_fees_of_a_bill_are_posted_once(shop: Shop, own_sandbox: Sandbox, today: date) -> None:
    """A bill that says otherwise later is a difference, never a second posting."""
    begun = await _paid(shop, own_sandbox)
    await fetch_bill(shop.units, shop.hospital.id, today, WECHATPAY)
    assert await _postings(shop, "bill.fees") == {}
    await _bill_says(shop, begun.order.out_trade_no, fee=30)
    await _post_fees(shop, today)
    await _post_fees(shop, today)
    assert await _postings(shop, "bill.fees") == {"fees": 30, "provider.wechatpay": -30}

    await _bill_says(shop, begun.order.out_trade_no, fee=31)
    await _post_fees(shop, today)
    assert await _postings(shop, "bill.fees") == {"fees": 30, "provider.wechatpay": -30}
    await _match(shop, today)
    (row,) = await _differences(shop.units)
    assert (row.reference, row.kind, row.ours, row.theirs) == (FEES, "amount_differs", 30, 31)


async def test_a_bill_that_is_not_there_changes_nothing(
    shop: Shop, own_sandbox: Sandbox, today: date
) -> None:
    own_sandbox.payment_settings(bills_at_once=False)
    with pytest.raises(BillNotReady):
        await fetch_bill(shop.units, shop.hospital.id, today, WECHATPAY)
    with own_sandbox.faults(wechatpay={"mode": "down"}), pytest.raises(ProviderDown):
        await fetch_bill(shop.units, shop.hospital.id, today - timedelta(days=1), WECHATPAY)
    async with shop.units.system("test") as unit:
        assert (await unit.session.scalars(sa.select(BillFetch))).all() == []


# ---------------------------------------------------------------------- against the insurer's list


async def test_GD06_the_insurers_list_is_laid_beside_the_insured_parts(
    house: House, own_sandbox: Sandbox, today: date
) -> None:
    """The provider's bill knows the cash half of the same payment only."""
    shop, order = await _split_payment(house.units, own_sandbox)
    assert order.insured > 0 and order.cash > 0
    assert await fetch_bill(house.units, shop.hospital.id, today, NHSA) == 1
    assert await fetch_bill(house.units, shop.hospital.id, today, WECHATPAY) == 1
    assert await _differences(house.units) == []

    async with house.units.system("test") as unit:
        await unit.session.execute(
            sa.update(BillRow).where(BillRow.party == NHSA).values(amount=order.insured - 1)
        )
    await _match(shop, today, NHSA)
    (row,) = await _differences(house.units)
    assert (row.party, row.ours, row.theirs) == (NHSA, order.insured, order.insured - 1)


async def test_GD06_both_halves_of_a_refund_are_in_both_books(
    house: House, own_sandbox: Sandbox, today: date
) -> None:
    shop, order = await _split_payment(house.units, own_sandbox)
    async with house.units.hospital(shop.hospital.id, shop.staff(Role.FINANCE)) as unit:
        refund = await refund_in_full(unit, order.charge_id, RefundReason.STAFF, note="样例")
    assert refund is not None
    await submit_round(house.units)
    assert await look_at_refund(house.units, refund.number)
    await submit_round(house.units)
    assert await fetch_bill(house.units, shop.hospital.id, today, NHSA) == 2
    assert await fetch_bill(house.units, shop.hospital.id, today, WECHATPAY) == 2
    assert await _differences(house.units) == []
    async with house.units.hospital(shop.hospital.id, shop.staff(Role.FINANCE)) as unit:
        (line,) = await day_totals(unit, shop.hospital.id, today)
    assert (line.way, line.order_type) == (Way.JSAPI, OrderType.CONSULT)
    assert (line.orders, line.cash, line.insured) == (1, order.cash, order.insured)
    assert (line.refunds, line.back) == (1, order.total)


# ---------------------------------------------------------------------- by itself, each morning


async def test_GD06_each_morning_fetches_what_is_missing_of_the_last_week(
    shop: Shop, own_sandbox: Sandbox, clock: FixedClock, today: date
) -> None:
    await _paid(shop, own_sandbox)
    tomorrow = today + timedelta(days=1)
    _at(own_sandbox, clock, at_local(tomorrow, time(10, 29)))
    before = await fetch_due(shop.units)
    assert await _days(shop) == {
        (party, today - timedelta(days=back)) for party in (WECHATPAY, NHSA) for back in range(1, 7)
    }
    assert before == 12
    _at(own_sandbox, clock, at_local(tomorrow, time(10, 30)))
    assert await fetch_due(shop.units) == 2
    assert (WECHATPAY, today) in await _days(shop)
    assert await fetch_due(shop.units) == 0
    assert await _differences(shop.units) == []


async def test_a_provider_that_is_down_is_asked_again_in_the_next_round(
    shop: Shop, own_sandbox: Sandbox, clock: FixedClock, today: date
) -> None:
    _at(own_sandbox, clock, at_local(today + timedelta(days=1), time(10, 30)))
    with own_sandbox.faults(wechatpay={"mode": "down"}):
        assert await fetch_due(shop.units) == 7
    assert {party for party, _ in await _days(shop)} == {NHSA}
    assert await fetch_due(shop.units) == 7


async def test_cash_at_the_window_has_no_second_book(house: House) -> None:
    assert parties(house.units, "yunan") == [WECHATPAY, NHSA]
    assert parties(house.units, "nowhere") == []


# ---------------------------------------------------------------------- a difference is somebody's


async def test_GD06_a_difference_has_an_owner_until_it_is_explained(
    shop: Shop, own_sandbox: Sandbox, today: date, morning: Callable[[], None]
) -> None:
    number = await _believed_paid(shop)
    morning()
    await fetch_bill(shop.units, shop.hospital.id, today, WECHATPAY)
    (row,) = await _differences(shop.units)
    mine = await _finance(shop, "finance.one", "样例财务甲")
    other = await add_staff(
        shop.units, shop.hospital.id, [Role.FINANCE], login="finance.two", name="样例财务乙"
    )
    async with shop.units.of(mine) as unit:
        taken = await explaining.take(unit, row.id)
        assert (taken.owner_id, taken.owner_name) == (mine.account_id, "样例财务甲")
    async with shop.units.of(mine) as unit:
        given = await explaining.hand_over(unit, row.id, other.id)
        assert given.owner_name == "样例财务乙"
    async with shop.units.of(mine) as unit:
        with pytest.raises(MemberNotFound):
            await explaining.hand_over(unit, row.id, new_id())
    async with shop.units.of(staff(other)) as unit:
        await explaining.resolve(unit, row.id, "渠道次日补录")
    async with shop.units.of(mine) as unit:
        with pytest.raises(DifferenceResolved):
            await explaining.take(unit, row.id)
    # Explained is explained, however often the same bill is fetched.
    await fetch_bill(shop.units, shop.hospital.id, today, WECHATPAY)
    (row,) = await _differences(shop.units)
    assert row.reference == number and row.resolved_at is not None and row.note == "渠道次日补录"


async def test_only_finance_of_that_hospital_explains(
    shop: Shop, own_sandbox: Sandbox, today: date, morning: Callable[[], None]
) -> None:
    await _believed_paid(shop)
    morning()
    await fetch_bill(shop.units, shop.hospital.id, today, WECHATPAY)
    (row,) = await _differences(shop.units)
    async with shop.units.of(shop.staff(Role.HEAD)) as unit:
        with pytest.raises(Forbidden):
            await explaining.resolve(unit, row.id, "无权处理")
    elsewhere = await add_hospital(shop.units, "jiangbin")
    foreign = Actor.signed_in(new_id(), frozenset({Role.FINANCE}), hospital_id=elsewhere.id, assurance="totp")
    async with shop.units.of(foreign) as unit:
        with pytest.raises(DifferenceNotFound):
            await explaining.resolve(unit, row.id, "不是本院的")


# ----------------------------------------------------------------------


async def _paid(shop: Shop, sandbox: Sandbox, *amounts: int) -> Begun:
    begun = await begin_paying(shop, await add_charge(shop, *amounts))
    press_pay(sandbox, begun)
    assert await look(shop.units, begun.order.out_trade_no) is Outcome.TAKEN
    return begun


async def _believed_paid(shop: Shop) -> str:
    """In our ledger, and in nobody else's book."""
    number = (await begin_paying(shop, await add_charge(shop))).order.out_trade_no
    async with shop.units.system("payment") as unit:
        await settle(unit, number, OrderAnswer(OrderTruth.PAID, f"sample-{number}", 5000, unit.now))
    return number


async def _refunded(shop: Shop, begun: Begun) -> None:
    async with shop.units.hospital(shop.hospital.id, shop.staff(Role.FINANCE)) as unit:
        await refund_in_full(unit, begun.order.charge_id, RefundReason.STAFF, note="样例")
    await submit_due(shop.units)


async def _split_payment(units: Units, sandbox: Sandbox) -> tuple[Shop, PayOrder]:
    place = await add_house(units)
    who = insure(sandbox, await add_booker(units, place))
    await say_region(units, place, who)
    shop = Shop(units, place.hospital, who.account, Things())
    units.join(Subjects, Subjects([shop.things.subject()]))
    async with units.of(who.actor) as unit:
        charge: Charge = await open_charge(
            unit, hospital_id=place.hospital.id, account_id=who.account.id, person_id=who.person.id,
            subject_kind=shop.things.kind, subject_id=new_id(), order_type=OrderType.CONSULT,
            description="线上复诊", lines=[Line("consult_fee", "诊查费", 5000)],
            pay_by=unit.now + timedelta(minutes=15),
        )  # fmt: skip
    cover = await priced_cover(units, sandbox, place, who, charge_id=charge.id)
    begun = await begin(units, who.actor, charge.id, Way.JSAPI, openid=OPENID, cover_id=cover.id)
    sandbox.till("pay", mix_trade_no=begun.order.mix_trade_no).raise_for_status()
    assert await look(units, begun.order.out_trade_no) is Outcome.TAKEN
    async with units.system("test") as unit:
        order = await unit.session.get(PayOrder, begun.order.id)
    assert order is not None
    return shop, order


async def _finance(shop: Shop, login: str, name: str) -> Actor:
    return staff(await add_staff(shop.units, shop.hospital.id, [Role.FINANCE], login=login, name=name))


async def _match(shop: Shop, day: date, party: str = WECHATPAY) -> int:
    async with shop.units.hospital(shop.hospital.id, shop.staff(Role.FINANCE)) as unit:
        return await match(unit, shop.hospital.id, day, party)


async def _post_fees(shop: Shop, day: date) -> None:
    async with shop.units.hospital(shop.hospital.id, shop.staff(Role.FINANCE)) as unit:
        await reconciling._post_fees(unit, shop.hospital.id, day, WECHATPAY)


async def _bill_says(shop: Shop, number: str, **facts: Any) -> None:
    async with shop.units.system("test") as unit:
        await unit.session.execute(sa.update(BillRow).where(BillRow.reference == number).values(**facts))


async def _move_payments(shop: Shop, day: date) -> None:
    async with shop.units.system("test") as unit:
        await unit.session.execute(sa.update(PayOrder).values(paid_on=day))


async def _differences(units: Units) -> Sequence[Difference]:
    async with units.system("test") as unit:
        return (await unit.session.scalars(sa.select(Difference).order_by(Difference.id))).all()


async def _postings(shop: Shop, event: str) -> dict[str, int]:
    async with shop.units.system("test") as unit:
        rows = await unit.session.execute(
            sa.select(LedgerPosting.account, LedgerPosting.amount)
            .join(LedgerEntry, LedgerEntry.id == LedgerPosting.entry_id)
            .where(LedgerEntry.event == event)
        )
        return {account: amount for account, amount in rows}


async def _days(shop: Shop) -> set[tuple[str, date]]:
    async with shop.units.system("test") as unit:
        rows = await unit.session.execute(sa.select(BillFetch.party, BillFetch.day))
        return {(party, day) for party, day in rows}


def _at(sandbox: Sandbox, clock: FixedClock, moment: datetime) -> None:
    """The business day moves on, here and out there; signatures stay of this minute."""
    clock.move_business_to(moment)
    sandbox.clock((moment - clock.wall()).total_seconds())
