"""The hospital's own bills on the phone: what is shown, what is paid, and what becomes of the money."""

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

import app
from telehealth.core.clock import SHANGHAI, FixedClock, day_end
from telehealth.core.settings import Settings
from telehealth.core.unit import Units
from telehealth.hospital import HISUnavailable
from telehealth.hospital.billing import BillingGateway, BillStatus
from telehealth.outpatient import asking, paying, queries, telling
from telehealth.outpatient.errors import (
    BillChanged,
    BillMoneyMoving,
    BillNotDue,
    BillNotFound,
    BillOver,
    SelfPayNotConfirmed,
)
from telehealth.outpatient.paying import itemised
from telehealth.outpatient.states import BillState
from telehealth.payments.settling import Outcome
from telehealth.payments.states import ChargeState
from telehealth.rulebook.rules import ClinicKind
from telehealth.web.house import House as Running
from tests.support.factories.bills import Counter, open_counter
from tests.support.factories.bookings import add_booker
from tests.support.factories.visits import paid_today
from tests.support.outside import reach
from tests.support.sandbox import Sandbox

PRICE = 1200
TAKEN = {"provider.desk": PRICE, "prepaid": -PRICE}
EARNED = {"provider.desk": PRICE, "revenue.drug": -PRICE}
BACK = {"provider.desk": PRICE, "refunds": -PRICE}


@pytest.fixture
async def house(settings: Settings, clock: FixedClock, sandbox: Sandbox) -> AsyncIterator[Running]:
    built = app.build_house(reach(settings, sandbox), clock=clock)
    yield built
    await built.close()


@pytest.fixture
async def counter(units: Units, sandbox: Sandbox) -> Counter:
    return await open_counter(units, sandbox)


async def sweep(house: Running) -> None:
    await house.sweeper.sweep()


# ------------------------------------------------------------------------------------------ what is shown


async def test_BJ07_each_order_is_a_bill_of_its_own_with_its_campus(counter: Counter) -> None:
    counter.orders(3640, 2880, campus="main")
    counter.orders(6800, campus="east", kind="exam")
    drug, exam = await counter.looks()
    assert (drug.amount, exam.amount) == (6520, 6800)
    assert drug.campus_id != exam.campus_id and None not in (drug.campus_id, exam.campus_id)
    assert {drug.state, exam.state} == {BillState.DUE}


async def test_BJ07_asking_again_changes_nothing_and_a_minute_ago_is_not_asked_again(
    counter: Counter, units: Units, clock: FixedClock
) -> None:
    counter.orders()
    before = await counter.looks()
    assert [bill.id for bill in await counter.looks()] == [bill.id for bill in before]
    counter.orders()
    await asking.refresh(units, counter.actor)
    assert len(await counter.bills()) == 1
    clock.advance(timedelta(seconds=61))
    await asking.refresh(units, counter.actor)
    assert len(await counter.bills()) == 2


async def test_BJ07_what_the_window_took_or_the_hospital_cancelled_leaves_the_list(counter: Counter) -> None:
    at_window, cancelled = await counter.new_bill(), await counter.new_bill()
    counter.press(at_window.resource_id, "payment")
    counter.press(cancelled.resource_id, "cancellation")
    states = {bill.id: bill.state for bill in await counter.looks()}
    assert states == {at_window.id: BillState.ELSEWHERE, cancelled.id: BillState.WITHDRAWN}


async def test_XY24_a_silent_hospital_is_named_and_what_was_known_stays(
    counter: Counter, units: Units, sandbox: Sandbox
) -> None:
    bill = await counter.new_bill()
    with sandbox.faults(his={"mode": "down"}):
        silent = await asking.refresh(units, counter.actor, at_once=True)
    assert silent == [bill.hospital_id]
    assert (await counter.bill(bill.id)).state is BillState.DUE


# ----------------------------------------------------------------------------------------- until when


async def test_XY33_a_sheets_own_end_comes_before_the_insurers_clock(counter: Counter) -> None:
    """Visit on the 21st: the sheet counts its own day and ends with the 23rd, the insurer's with the 24th."""
    drug, exam = await counter.new_bill(kind="drug"), await counter.new_bill(kind="exam")
    day = drug.visited_on
    assert drug.shown_until == drug.valid_until == day_end(day + timedelta(days=2))
    assert drug.reimbursed_until == day_end(day + timedelta(days=3))
    assert exam.shown_until == exam.reimbursed_until and exam.valid_until is None


async def test_XY33_the_numbers_are_the_hospitals(units: Units, sandbox: Sandbox) -> None:
    counter = await open_counter(
        units, sandbox, outpatient={"bill_sheet_days": 1}, insurance={"offline_reimbursement_days": 5}
    )
    drug = await counter.new_bill()
    assert drug.shown_until == day_end(drug.visited_on)
    assert drug.reimbursed_until == day_end(drug.visited_on + timedelta(days=5))


async def test_XY33_a_sheet_past_its_end_is_not_sold(counter: Counter, clock: FixedClock) -> None:
    bill = await counter.new_bill()
    clock.advance(bill.shown_until - clock.business())
    with pytest.raises(BillOver):
        await counter.charge(bill)


async def test_XY09_a_word_the_day_after_and_on_the_last_day_at_ten(
    counter: Counter, clock: FixedClock, house: Running
) -> None:
    exam = await counter.new_bill(kind="exam")
    due = []
    for _ in range(5 * 24):
        clock.advance(timedelta(hours=1))
        before = (await counter.told()).count("bill_reminded")
        await sweep(house)
        await house.jobs.work(until_idle=True)
        if (await counter.told()).count("bill_reminded") > before:
            due.append(clock.business().astimezone(SHANGHAI))
    days = [(moment.date() - exam.visited_on).days for moment in due]
    assert days == [1, 3] and {moment.hour for moment in due} == {10}


async def test_XY09_nobody_is_reminded_of_what_the_window_took(
    counter: Counter, clock: FixedClock, house: Running
) -> None:
    bill = await counter.new_bill()
    counter.press(bill.resource_id, "payment")
    clock.advance(timedelta(days=1, hours=1))
    await sweep(house)
    await house.jobs.work(until_idle=True)
    assert "bill_reminded" not in await counter.told()
    assert (await counter.bill(bill.id)).state is BillState.ELSEWHERE


# ------------------------------------------------------------------------------------------ before paying


async def test_XY08_nobody_is_charged_before_self_pay_was_confirmed(counter: Counter, units: Units) -> None:
    bill = await counter.new_bill()
    with pytest.raises(SelfPayNotConfirmed):
        await paying.open_charge(units, counter.actor, bill.id, amount=bill.amount, agreed=False)
    charge = await counter.charge(bill)
    assert (charge.amount, (await counter.bill(bill.id)).agreed_at) == (PRICE, units.clock.business())


async def test_BJ07_one_bill_is_one_line_and_is_paid_whole(counter: Counter, units: Units) -> None:
    bill, other = await counter.new_bill(700, 500), await counter.new_bill(300)
    charge = await counter.charge(bill)
    assert charge.amount == PRICE
    assert (await counter.bill(other.id)).charge_id is None
    with pytest.raises(BillChanged):
        await paying.open_charge(units, counter.actor, bill.id, amount=700, agreed=True)


async def test_BJ07_the_price_is_the_hospitals_at_the_moment_of_paying(counter: Counter) -> None:
    bill = await counter.new_bill()
    counter.press(bill.resource_id, "price", amount=1500)
    with pytest.raises(BillChanged) as refused:
        await counter.charge(bill)
    assert refused.value.facts["amount"] == 1500
    now = await counter.bill(bill.id)
    assert (now.amount, now.charge_id) == (1500, None)
    assert (await counter.charge(now)).amount == 1500


async def test_BJ07_what_was_paid_at_the_window_cannot_be_charged(counter: Counter) -> None:
    bill = await counter.new_bill()
    counter.press(bill.resource_id, "payment")
    with pytest.raises(BillNotDue):
        await counter.charge(bill)
    assert (await counter.bill(bill.id)).state is BillState.ELSEWHERE


async def test_XY24_while_the_hospital_is_silent_nothing_is_charged(
    counter: Counter, sandbox: Sandbox
) -> None:
    bill = await counter.new_bill()
    with sandbox.faults(his={"mode": "down"}), pytest.raises(HISUnavailable):
        await counter.charge(bill)
    assert (await counter.bill(bill.id)).charge_id is None


async def test_BJ07_a_strangers_bill_does_not_exist(counter: Counter, units: Units) -> None:
    bill = await counter.new_bill()
    other = await add_booker(units, counter.house, "13800009999", name="样例丁")
    with pytest.raises(BillNotFound):
        await counter.charge(bill, other.actor)


async def test_BJ07_a_price_that_was_asked_for_lapses(
    counter: Counter, clock: FixedClock, house: Running
) -> None:
    bill = await counter.new_bill()
    charge = await counter.charge(bill)
    assert charge.pay_by - clock.business() == timedelta(minutes=30)
    clock.advance(timedelta(minutes=30))
    await sweep(house)
    assert (await counter.bill(bill.id)).charge_id is None
    again = await counter.charge(bill)
    assert again.id != charge.id and again.state is ChargeState.CREATED


# ------------------------------------------------------------------------------------------------ paid


async def test_BJ08_the_window_number_comes_with_the_payment(counter: Counter, units: Units) -> None:
    bill = await counter.new_bill()
    await counter.pays(bill)
    assert await counter.books(bill) == TAKEN
    assert await telling.tell(units, bill.id) is BillState.CONFIRMED
    now = await counter.bill(bill.id)
    assert now.window.endswith("号窗口") and now.pickup_number.startswith("A")
    assert await counter.books(bill) == EARNED
    assert (await counter.told())[-2:] == ["bill_paid", "bill_window"]


async def test_BJ08_a_word_when_the_pharmacy_calls_and_only_one(counter: Counter, units: Units) -> None:
    bill = await counter.new_bill()
    await counter.pays(bill)
    await telling.tell(units, bill.id)
    await asking.ask_pharmacies(units)
    assert "bill_medicine_ready" not in await counter.told()
    counter.press(bill.resource_id, "call")
    for _ in range(2):
        await asking.ask_pharmacies(units)
    assert (await counter.told()).count("bill_medicine_ready") == 1
    assert (await counter.bill(bill.id)).called_at is not None


async def test_BJ08_an_examination_has_no_pharmacy_window(counter: Counter, units: Units) -> None:
    bill = await counter.new_bill(kind="exam")
    await counter.pays(bill)
    await telling.tell(units, bill.id)
    assert (await counter.bill(bill.id)).pickup_number == ""
    assert "bill_window" not in await counter.told()


async def test_GD03_the_payer_is_told_every_amount_at_once_and_no_drug(
    counter: Counter, clock: FixedClock
) -> None:
    bill = await counter.new_bill(700, 500)
    await counter.pays(bill)
    message = (await counter.inbox())[-1]
    assert message.created_at == clock.business()
    assert message.variables["items"] == {"zh": "2项（7.00、5.00元）", "en": "2 items (CNY 7.00, 5.00)"}
    assert "样例项目" not in str([each.variables for each in await counter.inbox()])
    assert "charge_paid" not in await counter.told()
    assert itemised(bill)["zh"].startswith("2项")


async def test_the_hospital_is_told_by_the_job_and_again_until_it_answers(
    counter: Counter, units: Units, house: Running, clock: FixedClock, sandbox: Sandbox
) -> None:
    bill = await counter.new_bill()
    number = await counter.stands_at_till(await counter.charge(bill))
    with sandbox.faults(his={"mode": "down"}):
        await counter.provider_says_paid(number, PRICE)
        await house.jobs.work(until_idle=True)
    waiting = await counter.bill(bill.id)
    assert (waiting.state, waiting.tells) == (BillState.PAID, 1)
    assert await telling.tell_round(units) == 0
    clock.advance(timedelta(seconds=10))
    assert await telling.tell_round(units) == 1
    assert (await counter.bill(bill.id)).state is BillState.CONFIRMED


async def test_killed_after_the_hospital_was_told_it_is_told_again_under_the_same_number(
    counter: Counter, units: Units
) -> None:
    """As `kill -9` leaves it: the hospital has the payment, we never wrote that down."""
    bill = await counter.new_bill()
    charge = await counter.pays(bill)
    await telling.tell(units, bill.id)
    async with units.system("test") as unit:
        row = await unit.session.get_one(type(bill), bill.id)
        row.state, row.confirmed_at, row.tell_at = BillState.PAID, None, unit.wall
    assert await telling.tell_round(units) == 1
    assert (await counter.bill(bill.id)).state is BillState.CONFIRMED
    assert counter.theirs(bill.resource_id)["paid_by"] == charge.number
    assert await counter.books(bill) == EARNED


# ------------------------------------------------------------------------------- paid, and it does not stand


async def test_BJ07_the_window_was_first_so_all_of_it_goes_back_and_it_is_said(
    counter: Counter, units: Units
) -> None:
    bill = await counter.new_bill()
    await counter.pays(bill)
    counter.press(bill.resource_id, "payment")
    assert await telling.tell(units, bill.id) is BillState.ELSEWHERE
    assert await counter.refunds() == [("paid_elsewhere", PRICE)]
    assert await counter.books(bill) == BACK
    said = (await counter.inbox())[-1]
    assert (str(said.notice), said.variables["amount"]) == ("bill_returned", "12.00")
    assert said.variables["why"]["zh"] == "医院窗口已经收过这笔费用"


async def test_BJ07_taken_back_or_dearer_by_now_goes_back_too(counter: Counter, units: Units) -> None:
    gone, dearer = await counter.new_bill(), await counter.new_bill()
    await counter.pays(gone)
    await counter.pays(dearer)
    counter.press(gone.resource_id, "cancellation")
    counter.press(dearer.resource_id, "price", amount=1500)
    assert await telling.tell(units, gone.id) is BillState.WITHDRAWN
    assert await telling.tell(units, dearer.id) is BillState.DUE
    assert await counter.refunds() == [("bill_withdrawn", PRICE)] * 2
    now = await counter.bill(dearer.id)
    assert (now.amount, now.charge_id, now.payer_id) == (1500, None, None)
    again = await counter.pays(now)
    assert again.amount == 1500
    assert await telling.tell(units, dearer.id) is BillState.CONFIRMED


async def test_BJ07_what_the_hospital_calls_off_after_it_confirmed_goes_back_once(
    counter: Counter, units: Units, clock: FixedClock
) -> None:
    off, kept = await counter.new_bill(kind="exam"), await counter.new_bill()
    for bill in (off, kept):
        await counter.pays(bill)
        assert await telling.tell(units, bill.id) is BillState.CONFIRMED
    counter.press(off.resource_id, "reversal")
    assert await asking.ask_after_confirmed(units) == 0
    clock.advance(timedelta(days=1, seconds=1))
    assert await asking.ask_after_confirmed(units) == 2
    assert await counter.refunds() == [("bill_withdrawn", PRICE)]
    assert await counter.books(off) == {"provider.desk": 2 * PRICE, "refunds": -PRICE, "revenue.drug": -PRICE}
    said = (await counter.inbox())[-1]
    assert (str(said.notice), said.variables["amount"]) == ("bill_returned", "12.00")
    now = await counter.bill(off.id)
    assert (now.state, now.charge_id, now.payer_id) == (BillState.WITHDRAWN, None, None)
    clock.advance(timedelta(days=1, seconds=1))
    assert await asking.ask_after_confirmed(units) == 1
    assert await counter.refunds() == [("bill_withdrawn", PRICE)]


async def test_BJ07_an_answer_from_before_the_confirmation_takes_nothing_back(
    counter: Counter, units: Units, clock: FixedClock
) -> None:
    """The question was on its way while the payment was confirmed, or a copy that lags answered it."""
    bill = await counter.new_bill()
    gateway, asked_at = units.port(BillingGateway), clock.business()  # type: ignore[type-abstract]
    unpaid = await gateway.bill("yunan", bill.his_patient_id, bill.resource_id)
    assert unpaid is not None and unpaid.status is BillStatus.UNPAID
    await counter.pays(bill)
    assert await telling.tell(units, bill.id) is BillState.CONFIRMED
    for late in (asked_at, clock.business() + timedelta(minutes=9)):
        async with units.system("test") as unit:
            row = await queries.lock_bill(unit, bill.id)
            await telling.hear_again(unit, row, unpaid, fetched_at=late)
    assert (await counter.bill(bill.id)).state is BillState.CONFIRMED
    assert await counter.books(bill) == EARNED
    assert await counter.refunds() == []


async def test_BJ07_a_confirmed_bill_that_is_not_found_or_not_told_of_is_kept(
    counter: Counter, units: Units, clock: FixedClock, sandbox: Sandbox
) -> None:
    """Silence and an archive say nothing about money."""
    bill = await counter.new_bill()
    await counter.pays(bill)
    await telling.tell(units, bill.id)
    async with units.system("test") as unit:
        row = await unit.session.get_one(type(bill), bill.id)
        row.resource_id = "put-away"
    clock.advance(timedelta(days=1, seconds=1))
    with sandbox.faults(his={"mode": "down"}):
        assert await asking.ask_after_confirmed(units) == 1
    # Not asked is asked again, not tomorrow.
    assert await asking.ask_after_confirmed(units) == 1
    assert await asking.ask_after_confirmed(units) == 0
    assert (await counter.bill(bill.id)).state is BillState.CONFIRMED
    assert await counter.refunds() == []


async def test_BJ07_money_that_comes_for_what_is_not_owed_any_more_goes_back(counter: Counter) -> None:
    bill = await counter.new_bill()
    charge = await counter.charge(bill)
    number = await counter.stands_at_till(charge)
    counter.press(bill.resource_id, "payment")
    await counter.looks()
    assert await counter.provider_says_paid(number, PRICE) is Outcome.REFUNDED
    assert (await counter.bill(bill.id)).state is BillState.ELSEWHERE
    assert await counter.books(bill) == BACK


async def test_BJ07_two_orders_of_one_charge_both_paid_the_second_goes_back(counter: Counter) -> None:
    bill = await counter.new_bill()
    charge = await counter.charge(bill)
    first, second = [await counter.stands_at_till(charge, number=n) for n in (1, 2)]
    assert await counter.provider_says_paid(first, PRICE) is Outcome.TAKEN
    assert await counter.provider_says_paid(second, PRICE) is Outcome.REFUNDED
    assert await counter.refunds() == [("double_payment", PRICE)]


async def test_BJ07_two_relatives_do_not_pay_one_bill_side_by_side(counter: Counter, units: Units) -> None:
    bill = await counter.new_bill()
    relative = await counter.relative()
    await counter.charge(bill, relative.actor)
    with pytest.raises(BillMoneyMoving):
        await counter.charge(bill)


async def test_BJ07_a_relative_who_began_to_pay_the_old_price_is_not_asked_for_it_again(
    counter: Counter, units: Units
) -> None:
    """Whoever sees the new price first does not see the relative's charge, and cannot close it."""
    bill = await counter.new_bill()
    relative = await counter.relative()
    old = await counter.charge(bill, relative.actor)
    counter.press(bill.resource_id, "price", amount=1500)
    (now,) = await counter.looks()
    assert (now.amount, now.charge_id) == (1500, old.id)
    fresh = await counter.charge(now, relative.actor)
    assert (fresh.amount, fresh.id != old.id) == (1500, True)


async def test_BJ07_what_a_relative_left_open_never_bars_the_others(
    counter: Counter, house: Running, clock: FixedClock
) -> None:
    """Taken back while a relative was paying, and asked for again later: anybody may pay it then."""
    bill = await counter.new_bill()
    relative = await counter.relative()
    left = await counter.charge(bill, relative.actor)
    counter.press(bill.resource_id, "cancellation")
    await counter.looks()
    # The relative's charge is none of our business, so it is the clock that ends it.
    assert (await counter.bill(bill.id)).charge_id == left.id
    clock.advance(timedelta(minutes=31))
    await sweep(house)
    now = await counter.bill(bill.id)
    assert (now.state, now.charge_id, now.payer_id) == (BillState.WITHDRAWN, None, None)
    counter.orders(PRICE, id=bill.resource_id)
    (now,) = await counter.looks()
    assert now.state is BillState.DUE
    assert (await counter.charge(now)).amount == PRICE


async def test_BJ07_a_callback_that_comes_late_for_a_relatives_payment_goes_back(counter: Counter) -> None:
    """The order was taken back, and the family's other phone saw it before the provider's word came."""
    bill = await counter.new_bill()
    relative = await counter.relative()
    number = await counter.stands_at_till(await counter.charge(bill, relative.actor))
    counter.press(bill.resource_id, "cancellation")
    await counter.looks()
    assert await counter.provider_says_paid(number, PRICE) is Outcome.REFUNDED
    assert (await counter.bill(bill.id)).state is BillState.WITHDRAWN
    assert await counter.provider_says_paid(number, PRICE) is Outcome.KNOWN
    assert await counter.books(bill) == BACK


async def test_BJ07_one_silent_hospital_does_not_keep_the_others_waiting(
    counter: Counter, units: Units, sandbox: Sandbox
) -> None:
    """Every one of a round is tried, whichever of them the hospital does not answer for."""
    bills = [await counter.new_bill() for _ in range(3)]
    for bill in bills:
        await counter.pays(bill)
    # Each try asks three times within a second.
    with sandbox.faults(his={"mode": "down", "times": 3}):
        assert await telling.tell_round(units) == 3
    told = [(await counter.bill(bill.id)).state for bill in bills]
    assert told.count(BillState.CONFIRMED) >= 1 and set(told) <= {BillState.CONFIRMED, BillState.PAID}


async def test_BJ07_an_answer_that_was_lost_is_asked_for_again_and_nothing_is_paid_twice(
    counter: Counter, units: Units, sandbox: Sandbox
) -> None:
    """The hospital has our payment and we did not hear of it: the number finds it."""
    bill = await counter.new_bill()
    await counter.pays(bill)
    with sandbox.faults(his={"mode": "lost_answer", "times": 1}):
        assert await telling.tell(units, bill.id) is BillState.CONFIRMED
    assert await counter.books(bill) == EARNED
    assert await counter.refunds() == []


# ------------------------------------------------------------------------------------------ unasked


async def test_BJ07_whoever_is_seen_today_is_told_of_new_bills_once(
    counter: Counter, units: Units, clock: FixedClock
) -> None:
    await paid_today(units, counter.house, counter.who, kind=ClinicKind.OFFLINE)
    clock.advance(timedelta(hours=1))
    counter.orders()
    assert await asking.ask_after_visits(units) == 1
    clock.advance(timedelta(minutes=6))
    assert await asking.ask_after_visits(units) == 0
    said = [message for message in await counter.inbox() if str(message.notice) == "bill_ready"]
    assert len(said) == 1 and said[0].variables["amount"] == "12.00"
    assert "本部院区" in said[0].variables["place"]["zh"]


async def test_BJ07_whoever_looks_at_the_bill_is_not_told_of_it(counter: Counter) -> None:
    await counter.new_bill()
    assert "bill_ready" not in await counter.told()
