"""From passed to paid or over: deadlines, the two paths, one payment, 24:00 of day 3."""

from collections.abc import AsyncIterator
from datetime import datetime, timedelta

import pytest
import sqlalchemy as sa

from prescriptions.couriers import AddressNotServed, Couriers, CourierUnavailable
from prescriptions.errors import PrescriptionNotFound
from prescriptions.events import PrescriptionSigned
from prescriptions.models import Prescription
from prescriptions.settling import charging, choosing
from prescriptions.settling.address import Address
from prescriptions.settling.errors import (
    CodeUnknown,
    MayNotTravel,
    NotAgreed,
    NotChoosable,
    PathIsCourier,
    PathNotChosen,
    PaymentOver,
    WindowClosed,
)
from prescriptions.settling.finding import find_by_code
from prescriptions.settling.queries import code_digest
from prescriptions.states import FulfilmentState, Path, RxState
from telehealth.core.clock import SHANGHAI, FixedClock
from telehealth.core.deadlines import Deadline, Sweeper
from telehealth.core.errors import Busy
from telehealth.core.limits import Limiter
from telehealth.core.unit import Units
from telehealth.payments.errors import CashAmountWrong
from telehealth.payments.settling import Outcome, look_round
from telehealth.payments.states import ChargeState
from telehealth.web.house import House
from tests.support.couriers import couriers
from tests.support.factories.bookings import add_booker, add_house
from tests.support.factories.dispatch import Dispensary, add_sheet, item
from tests.support.factories.prescriptions import (
    HOME,
    add_payable,
    books_of_sheet,
    charges_of_sheet,
    desk,
    inbox,
    open_bill,
    open_shop,
    patient_of,
    provider_says,
    refunds_of_sheet,
    sheet_now,
    stand_at_till,
    to_be_collected,
    to_be_sent,
    way_of,
)
from tests.support.factories.visits import desk_of
from tests.support.sandbox import Sandbox

PRICE = 1200
TAKEN = {"provider.desk": PRICE, "prepaid": -PRICE}
BACK = {"provider.desk": PRICE, "refunds": -PRICE}


def shanghai(text: str) -> datetime:
    return datetime.fromisoformat(f"2026-11-{text}").replace(tzinfo=SHANGHAI)


def move_to(clock: FixedClock, text: str) -> None:
    clock.advance(shanghai(text) - clock.business())


@pytest.fixture
async def place(units: Units) -> Dispensary:
    return await open_shop(units)


@pytest.fixture
async def sheet(units: Units, place: Dispensary) -> Prescription:
    return await add_payable(units, place)


async def pay_at_window(units: Units, place: Dispensary, sheet: Prescription, received: int = PRICE) -> None:
    async with units.of(desk(place)) as unit:
        await charging.pay_at_window(unit, sheet.id, received=received)


# --------------------------------------------------------------------------------------- the deadline


async def test_XY29_a_passed_sheet_can_be_paid_and_its_patient_is_told(
    units: Units, place: Dispensary, sheet: Prescription
) -> None:
    row = await way_of(units, sheet)
    assert (row.state, row.path, row.pharmacy_id) == (FulfilmentState.OPEN, None, place.pharmacy.id)
    assert "rx_payable" in await inbox(units, place.visit.who.account.id)


async def test_XY29_what_no_pharmacist_passed_cannot_be_paid(units: Units, place: Dispensary) -> None:
    sheet = await add_payable(units, place)
    async with units.system("test") as unit:
        (await unit.session.get_one(Prescription, sheet.id)).state = RxState.SIGNED
    with pytest.raises(NotChoosable):
        await open_bill(units, place, sheet)


async def test_XY33_one_deadline_is_shown_the_windows_when_the_window_is_chosen(
    units: Units, place: Dispensary, sheet: Prescription
) -> None:
    """Saturday's sheet: until Monday 24:00, and on Monday the window closes at half past four."""
    assert (await way_of(units, sheet)).pay_by == shanghai("24 00:00")
    await choosing.choose_window(units, patient_of(place), sheet.id)
    assert (await way_of(units, sheet)).pay_by == shanghai("23 16:30")


async def test_XY09_the_patient_is_reminded_at_ten_on_the_next_and_on_the_last_day(
    units: Units, place: Dispensary, sheet: Prescription, house: House, clock: FixedClock
) -> None:
    for moment, words in (("22 09:59", 0), ("22 10:00", 1), ("22 23:00", 1), ("23 10:00", 2)):
        move_to(clock, moment)
        await house.sweeper.sweep()
        assert (await inbox(units, place.visit.who.account.id)).count("rx_reminded") == words


async def test_XY09_after_a_standstill_one_word_is_enough_and_none_once_it_is_paid(
    units: Units, place: Dispensary, sheet: Prescription, house: House, clock: FixedClock
) -> None:
    paid = await add_payable(units, place)
    await pay_at_window(units, place, paid)
    move_to(clock, "23 12:00")
    await house.sweeper.sweep()
    assert (await inbox(units, place.visit.who.account.id)).count("rx_reminded") == 1


# ------------------------------------------------------------------------------------------ the paths


@pytest.fixture
async def outside(units: Units, sandbox: Sandbox) -> AsyncIterator[Sandbox]:
    ours = couriers(sandbox)
    units.join(Couriers, ours)
    yield sandbox
    await ours.close()


async def test_XY31_the_courier_is_chosen_with_an_estimate_that_is_in_no_total(
    units: Units, place: Dispensary, sheet: Prescription, outside: Sandbox
) -> None:
    await choosing.choose_courier(units, patient_of(place), sheet.id, Address(**HOME), agreed=True)
    row = await way_of(units, sheet)
    assert row.path is Path.COURIER and row.estimate["lowest"] > 0
    charge = await open_bill(units, place, sheet)
    assert (charge.amount, charge.description) == (PRICE, "门诊药费")


async def test_XY31_an_address_no_courier_serves_is_refused_before_anything_is_paid(
    units: Units, place: Dispensary, sheet: Prescription, outside: Sandbox
) -> None:
    island = Address(**HOME | {"city": "舟山市", "county": "样例岛县", "street": "码头 1 号"})
    with pytest.raises(AddressNotServed):
        await choosing.choose_courier(units, patient_of(place), sheet.id, island, agreed=True)
    row = await way_of(units, sheet)
    assert (row.path, row.address, row.charge_id) == (None, None, None)


async def test_XY31_a_silent_courier_changes_nothing(
    units: Units, place: Dispensary, sheet: Prescription, outside: Sandbox
) -> None:
    with outside.faults(sf={"mode": "down"}), pytest.raises(CourierUnavailable):
        await choosing.choose_courier(units, patient_of(place), sheet.id, Address(**HOME), agreed=True)
    assert (await way_of(units, sheet)).path is None


async def test_XY08_nothing_is_sent_or_paid_online_before_the_patient_agreed(
    units: Units, place: Dispensary, sheet: Prescription
) -> None:
    with pytest.raises(NotAgreed):
        await choosing.choose_courier(units, patient_of(place), sheet.id, Address(**HOME), agreed=False)
    with pytest.raises(PathNotChosen):
        await open_bill(units, place, sheet)


async def test_REG40_lines_that_must_not_travel_close_the_courier_path(
    units: Units, place: Dispensary
) -> None:
    sheet = await add_payable(units, place, may_travel=False)
    with pytest.raises(MayNotTravel):
        await choosing.choose_courier(units, patient_of(place), sheet.id, Address(**HOME), agreed=True)
    await choosing.choose_window(units, patient_of(place), sheet.id)


async def test_XY32_the_path_may_change_until_money_moves(
    units: Units, place: Dispensary, sheet: Prescription
) -> None:
    await to_be_sent(units, sheet)
    await open_bill(units, place, sheet)
    row = await choosing.choose_window(units, patient_of(place), sheet.id)
    assert row.code is not None and len(row.code) == 8
    (charge,) = await charges_of_sheet(units, sheet)
    assert charge.state is ChargeState.CLOSED
    await pay_at_window(units, place, sheet)
    with pytest.raises(NotChoosable):
        await choosing.choose_window(units, patient_of(place), sheet.id)


async def test_XY32_the_window_takes_no_money_for_what_is_to_be_sent(
    units: Units, place: Dispensary, sheet: Prescription
) -> None:
    await to_be_sent(units, sheet)
    with pytest.raises(PathIsCourier):
        await pay_at_window(units, place, sheet)
    assert await books_of_sheet(units, sheet) == {}


async def test_XY32_no_window_opens_any_more_before_the_sheet_ends(
    units: Units, place: Dispensary, sheet: Prescription, clock: FixedClock
) -> None:
    move_to(clock, "23 16:30")
    with pytest.raises(WindowClosed):
        await choosing.choose_window(units, patient_of(place), sheet.id)


async def test_somebody_elses_sheet_does_not_exist(
    units: Units, place: Dispensary, sheet: Prescription
) -> None:
    other = await add_booker(units, place.visit.house, "13900001111", name="样例丁")
    with pytest.raises(PrescriptionNotFound):
        await choosing.choose_window(units, other.actor, sheet.id)
    async with units.of(other.actor) as unit:
        with pytest.raises(PrescriptionNotFound):
            await charging.open_charge(unit, sheet.id)


# -------------------------------------------------------------------------------------------- the code


async def test_XY32_a_code_finds_its_sheet_at_its_own_hospital_alone(
    units: Units, place: Dispensary, sheet: Prescription
) -> None:
    code = await to_be_collected(units, sheet)
    other = await add_house(units, "wangjing")
    limiter = Limiter()
    async with units.of(desk(place)) as unit:
        found = await find_by_code(unit, limiter, place.hospital_id, "1234 5678", device="desk")
        assert found.rx.id == sheet.id
    async with units.of(desk_of(other)) as unit:
        with pytest.raises(CodeUnknown):
            await find_by_code(unit, limiter, other.hospital.id, code, device="desk")


async def test_XY32_wrong_codes_are_counted_and_right_ones_are_not(
    units: Units, place: Dispensary, sheet: Prescription
) -> None:
    code = await to_be_collected(units, sheet)
    limiter = Limiter()

    async def tried(typed: str, device: str = "kiosk") -> None:
        async with units.of(desk(place)) as unit:
            await find_by_code(unit, limiter, place.hospital_id, typed, device=device)

    for _ in range(10):
        await tried(code)
    for wrong in ("00000000", "1", "abcdefgh", "00000001", "87654321"):
        with pytest.raises(CodeUnknown):
            await tried(wrong)
    # Even the right one waits now, here; another device is not its neighbour's keeper.
    with pytest.raises(Busy):
        await tried(code)
    await tried(code, "desk")


async def test_XY32_the_table_tells_nobody_a_code(
    units: Units, place: Dispensary, sheet: Prescription
) -> None:
    code = await to_be_collected(units, sheet)
    async with units.system("test") as unit:
        stored = await unit.session.execute(
            sa.text("select code_digest, code::text from fulfilments where id = :id"), {"id": sheet.id}
        )
    digest, sealed = stored.one()
    assert code not in digest and code not in sealed and digest == code_digest(place.hospital_id, code)


# --------------------------------------------------------------------------------------------- paying


async def test_XY30_paid_online_it_is_spent_and_never_again(
    units: Units, place: Dispensary, sheet: Prescription
) -> None:
    await to_be_sent(units, sheet)
    number = await stand_at_till(units, place, sheet)
    assert await provider_says(units, number, PRICE) is Outcome.TAKEN
    assert (await sheet_now(units, sheet)).state is RxState.SPENT
    row = await way_of(units, sheet)
    assert (row.state, row.path) == (FulfilmentState.PAID, Path.COURIER)
    assert await books_of_sheet(units, sheet) == TAKEN
    assert await provider_says(units, number, PRICE) is Outcome.KNOWN
    with pytest.raises(NotChoosable):
        await open_bill(units, place, sheet)
    assert await deadlines_of(units, sheet) == set()


async def test_BJ08_the_window_gives_out_numbers_in_order(units: Units, place: Dispensary) -> None:
    sheets = [await add_payable(units, place) for _ in range(3)]
    for sheet in sheets:
        await pay_at_window(units, place, sheet)
    assert [(await way_of(units, sheet)).window_number for sheet in sheets] == [1, 2, 3]
    assert (await inbox(units, place.visit.who.account.id)).count("rx_window") == 3


async def test_BJ08_numbers_begin_anew_each_day(units: Units, place: Dispensary, clock: FixedClock) -> None:
    first, second = await add_payable(units, place), await add_payable(units, place)
    await pay_at_window(units, place, first)
    clock.advance(timedelta(days=1))
    await pay_at_window(units, place, second)
    assert (await way_of(units, second)).window_number == 1


async def test_BJ07_a_wrong_sum_at_the_window_is_no_payment(
    units: Units, place: Dispensary, sheet: Prescription
) -> None:
    with pytest.raises(CashAmountWrong):
        await pay_at_window(units, place, sheet, received=PRICE - 1)
    assert (await sheet_now(units, sheet)).state is RxState.PASSED
    assert await charges_of_sheet(units, sheet) == []


async def test_BJ07_two_sheets_of_a_visit_are_paid_each_for_itself(units: Units, place: Dispensary) -> None:
    one, other = await add_payable(units, place), await add_payable(units, place, total=3400)
    await pay_at_window(units, place, one)
    assert (await sheet_now(units, other)).state is RxState.PASSED
    assert await books_of_sheet(units, other) == {}


async def test_a_sheet_that_costs_nothing_is_paid_with_its_choice(units: Units, place: Dispensary) -> None:
    sent, collected = await add_payable(units, place, total=0), await add_payable(units, place, total=0)
    await to_be_sent(units, sent)
    await open_bill(units, place, sent)
    await pay_at_window(units, place, collected, received=0)
    for sheet in (sent, collected):
        assert (await sheet_now(units, sheet)).state is RxState.SPENT


async def test_XY30_a_payment_for_the_path_that_was_left_goes_back(
    units: Units, place: Dispensary, sheet: Prescription
) -> None:
    await to_be_sent(units, sheet)
    number = await stand_at_till(units, place, sheet)
    await choosing.choose_window(units, patient_of(place), sheet.id)
    # The provider said that it is closed, and now says that it was paid.
    assert await provider_says(units, number, PRICE) is Outcome.REFUNDED
    assert (await sheet_now(units, sheet)).state is RxState.PASSED
    assert await books_of_sheet(units, sheet) == BACK
    await pay_at_window(units, place, sheet)
    assert (await sheet_now(units, sheet)).state is RxState.SPENT


# ------------------------------------------------------------------------------------------- expiring


async def test_XY30_a_second_before_midnight_pays_and_midnight_does_not(
    units: Units, place: Dispensary, clock: FixedClock
) -> None:
    in_time, late = await add_payable(units, place), await add_payable(units, place)
    move_to(clock, "23 23:59:59")
    await pay_at_window(units, place, in_time)
    assert (await sheet_now(units, in_time)).state is RxState.SPENT
    move_to(clock, "24 00:00:00")
    with pytest.raises(PaymentOver):
        await pay_at_window(units, place, late)
    await to_be_sent(units, late)
    with pytest.raises(PaymentOver):
        await open_bill(units, place, late)


async def test_XY34_at_the_close_it_expires_stock_is_free_and_both_are_told(
    units: Units, place: Dispensary, sheet: Prescription, house: House, clock: FixedClock
) -> None:
    assert (await item(units, place.pharmacy)).reserved == 1
    move_to(clock, "23 23:59:59")
    await house.sweeper.sweep()
    assert (await sheet_now(units, sheet)).state is RxState.PASSED
    move_to(clock, "24 00:00:00")
    await house.sweeper.sweep()
    ended = await sheet_now(units, sheet)
    assert (ended.state, ended.reason) == (RxState.EXPIRED, "unpaid")
    assert (await way_of(units, sheet)).state is FulfilmentState.LAPSED
    assert (await item(units, place.pharmacy)).reserved == 0
    assert "rx_expired" in await inbox(units, place.visit.who.account.id)
    assert "rx_expired_unpaid" in await inbox(units, place.visit.member.account_id)
    await house.sweeper.sweep()
    assert (await inbox(units, place.visit.who.account.id)).count("rx_expired") == 1


async def test_XY30_paid_in_time_and_heard_of_later_counts(
    units: Units, place: Dispensary, sheet: Prescription, sweeper: Sweeper, clock: FixedClock
) -> None:
    await to_be_sent(units, sheet)
    number = await stand_at_till(units, place, sheet)
    move_to(clock, "24 00:00:30")
    await sweeper.sweep()
    # The provider has not answered: nothing ends before it does.
    assert (await sheet_now(units, sheet)).state is RxState.PASSED
    paid_at = shanghai("23 23:59:59")
    assert await provider_says(units, number, PRICE, paid_at=paid_at) is Outcome.TAKEN
    assert (await sheet_now(units, sheet)).state is RxState.SPENT
    assert await books_of_sheet(units, sheet) == TAKEN


async def test_XY30_begun_in_time_and_paid_after_midnight_goes_back(
    units: Units, place: Dispensary, sheet: Prescription, sweeper: Sweeper, clock: FixedClock
) -> None:
    await to_be_sent(units, sheet)
    number = await stand_at_till(units, place, sheet)
    move_to(clock, "24 00:00:30")
    await sweeper.sweep()
    said = await provider_says(units, number, PRICE, paid_at=shanghai("24 00:00:00"))
    assert said is Outcome.REFUNDED
    assert await books_of_sheet(units, sheet) == BACK
    assert (await sheet_now(units, sheet)).state is RxState.EXPIRED
    (refund,) = await refunds_of_sheet(units, sheet)
    assert refund.amount == PRICE


async def test_XY34_what_nobody_paid_at_the_provider_expires_once_it_says_so(
    units: Units, place: Dispensary, sheet: Prescription, house: House, clock: FixedClock
) -> None:
    await to_be_sent(units, sheet)
    await stand_at_till(units, place, sheet)
    move_to(clock, "24 00:00")
    await house.sweeper.sweep()
    await look_round(units)
    assert (await sheet_now(units, sheet)).state is RxState.EXPIRED
    (charge,) = await charges_of_sheet(units, sheet)
    assert charge.state is ChargeState.CLOSED


async def test_XY34_what_no_pharmacist_answered_expires_as_well(
    units: Units, place: Dispensary, house: House, clock: FixedClock
) -> None:
    sheet = await add_sheet(units, place.visit, state=RxState.SIGNED)
    async with units.system("test") as unit:
        await unit.publish(PrescriptionSigned(sheet.id))
    move_to(clock, "24 00:00")
    await house.sweeper.sweep()
    ended = await sheet_now(units, sheet)
    assert (ended.state, ended.reason) == (RxState.EXPIRED, "unanswered")
    assert "rx_expired_unpaid" in await inbox(units, place.visit.member.account_id)


async def deadlines_of(units: Units, sheet: Prescription) -> set[str]:
    async with units.system("test") as unit:
        found = await unit.session.scalars(sa.select(Deadline.kind).where(Deadline.subject_id == sheet.id))
        return {kind for kind in found if kind in ("prescriptions.expiry", "prescriptions.reminder")}


@pytest.fixture
def sweeper(house: House) -> Sweeper:
    return house.sweeper
