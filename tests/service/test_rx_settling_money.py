"""What goes back of a paid sheet, when, and on whose decision (docs/money.md §9)."""

import pytest

from prescriptions.errors import PrescriptionNotFound
from prescriptions.events import DispatchUndone, MedicineDispensed
from prescriptions.models import Prescription
from prescriptions.pharmacy.models import DispatchOrder
from prescriptions.settling import charging, undoing
from prescriptions.settling.deciding import Decision, give_back
from prescriptions.settling.errors import NothingPaid, OrderNotCancellable
from prescriptions.settling.rules import SHARES, Cause
from prescriptions.states import DispatchState, FulfilmentState, RxState
from telehealth.core.access import Actor, Role
from telehealth.core.errors import Forbidden
from telehealth.core.unit import Units
from telehealth.payments.states import RefundReason
from tests.support.factories.accounts import add_staff, staff
from tests.support.factories.dispatch import Dispensary, item
from tests.support.factories.prescriptions import (
    add_payable,
    books_of_sheet,
    desk,
    inbox,
    open_shop,
    patient_of,
    provider_says,
    refunds_of_sheet,
    sheet_now,
    stand_at_till,
    to_be_sent,
    way_of,
)

PRICE = 1200
TAKEN = {"provider.desk": PRICE, "prepaid": -PRICE}
EARNED = {"provider.desk": PRICE, "revenue.drug": -PRICE}
BACK = {"provider.desk": PRICE, "refunds": -PRICE}


@pytest.fixture
async def place(units: Units) -> Dispensary:
    return await open_shop(units)


@pytest.fixture
async def paid(units: Units, place: Dispensary) -> Prescription:
    """Online, to be sent; the pharmacy has it in its queue."""
    sheet = await add_payable(units, place)
    await to_be_sent(units, sheet)
    await provider_says(units, await stand_at_till(units, place, sheet), PRICE)
    return sheet


@pytest.fixture
async def finance(units: Units, place: Dispensary) -> Actor:
    return staff(await add_staff(units, place.hospital_id, [Role.FINANCE], login="finance"))


async def put(units: Units, sheet: Prescription, state: DispatchState) -> None:
    async with units.system("test") as unit:
        (await unit.session.get_one(DispatchOrder, sheet.id)).state = state


async def leave(units: Units, sheet: Prescription, state: DispatchState) -> None:
    await put(units, sheet, state)
    async with units.system("test") as unit:
        await unit.publish(MedicineDispensed(sheet.id))


async def decide(
    units: Units, who: Actor, sheet: Prescription, cause: Cause, share: int | None = None
) -> int:
    async with units.of(who) as unit:
        refund = await give_back(unit, sheet.id, Decision(cause, share, "样例说明"))
    return refund.amount if refund is not None else 0


# ---------------------------------------------------------------------------------- undone by the house


async def test_PAIN13_what_the_house_cannot_pack_goes_back_in_full_and_once(
    units: Units, place: Dispensary, paid: Prescription
) -> None:
    for _ in range(2):
        async with units.system("test") as unit:
            await unit.publish(DispatchUndone(paid.id, "out_of_stock"))
    ended = await sheet_now(units, paid)
    assert (ended.state, ended.reason) == (RxState.VOIDED, "out_of_stock")
    assert (await way_of(units, paid)).state is FulfilmentState.UNDONE
    assert await books_of_sheet(units, paid) == BACK
    (refund,) = await refunds_of_sheet(units, paid)
    assert (refund.amount, refund.reason) == (PRICE, RefundReason.NOT_PREPARED)
    assert (await inbox(units, place.visit.who.account.id)).count("rx_undone") == 1


async def test_what_is_handed_over_is_earned_once(units: Units, paid: Prescription) -> None:
    assert await books_of_sheet(units, paid) == TAKEN
    for _ in range(2):
        await leave(units, paid, DispatchState.HANDED_OVER)
    assert await books_of_sheet(units, paid) == EARNED
    assert (await way_of(units, paid)).state is FulfilmentState.DISPENSED


async def test_what_left_is_not_undone_by_anything_that_comes_later(units: Units, paid: Prescription) -> None:
    await leave(units, paid, DispatchState.HANDED_OVER)
    async with units.system("test") as unit:
        await unit.publish(DispatchUndone(paid.id, "not_packed"))
    assert await books_of_sheet(units, paid) == EARNED
    assert (await sheet_now(units, paid)).state is RxState.SPENT


# ----------------------------------------------------------------------------------------- the patient


async def test_REG48_the_patient_cancels_before_it_is_packed_and_gets_all_of_it(
    units: Units, place: Dispensary, paid: Prescription
) -> None:
    for _ in range(2):
        await undoing.cancel(units, patient_of(place), paid.id)
    (refund,) = await refunds_of_sheet(units, paid)
    assert (refund.amount, refund.reason) == (PRICE, RefundReason.ORDER_CANCELLED)
    assert await books_of_sheet(units, paid) == BACK
    assert (await item(units, place.pharmacy)).reserved == 0
    assert (await inbox(units, place.visit.who.account.id)).count("rx_cancelled") == 1


@pytest.mark.parametrize(
    "state", [DispatchState.PACKED, DispatchState.DECOCTING, DispatchState.DECOCTED, DispatchState.LOST]
)
async def test_REG48_packed_cooked_or_gone_the_patient_cannot_cancel(
    units: Units, place: Dispensary, paid: Prescription, state: DispatchState
) -> None:
    await put(units, paid, state)
    with pytest.raises(OrderNotCancellable):
        await undoing.cancel(units, patient_of(place), paid.id)
    assert await books_of_sheet(units, paid) == TAKEN


async def test_nothing_is_cancelled_that_is_not_paid(units: Units, place: Dispensary) -> None:
    sheet = await add_payable(units, place)
    with pytest.raises(NothingPaid):
        await undoing.cancel(units, patient_of(place), sheet.id)


# ------------------------------------------------------------------------------------------- a person


@pytest.mark.parametrize("cause", list(Cause))
async def test_the_table_of_docs_money_9_for_what_has_left(
    units: Units, finance: Actor, paid: Prescription, cause: Cause
) -> None:
    await leave(units, paid, DispatchState.HANDED_OVER)
    back = SHARES[cause] * PRICE // 10_000
    assert await decide(units, finance, paid, cause) == back
    books = {"provider.desk": PRICE, "revenue.drug": back - PRICE, "refunds": -back}
    assert await books_of_sheet(units, paid) == {key: fen for key, fen in books.items() if fen}


async def test_decocted_and_cancelled_part_of_it_comes_back_and_the_order_is_given_up(
    units: Units, finance: Actor, paid: Prescription
) -> None:
    await put(units, paid, DispatchState.DECOCTED)
    assert await decide(units, finance, paid, Cause.DECOCTED, 2500) == 300
    ended = await sheet_now(units, paid)
    assert (ended.state, ended.reason) == (RxState.VOIDED, "decocted")
    async with units.system("test") as unit:
        assert (await unit.session.get_one(DispatchOrder, paid.id)).state is DispatchState.CANCELLED
    assert await books_of_sheet(units, paid) == {
        "provider.desk": PRICE, "revenue.drug": 300 - PRICE, "refunds": -300,
    }  # fmt: skip


async def test_two_decisions_never_give_back_more_than_came_in(
    units: Units, finance: Actor, paid: Prescription
) -> None:
    await leave(units, paid, DispatchState.HANDED_OVER)
    assert await decide(units, finance, paid, Cause.DAMAGED, 6000) == 720
    assert await decide(units, finance, paid, Cause.LOST) == PRICE - 720
    assert await decide(units, finance, paid, Cause.LOST) == 0
    assert await books_of_sheet(units, paid) == BACK


async def test_only_finance_decides_and_only_of_its_own_hospital(
    units: Units, place: Dispensary, paid: Prescription
) -> None:
    with pytest.raises(Forbidden):
        await decide(units, desk(place), paid, Cause.LOST)
    other = Actor.signed_in(
        paid.id, frozenset({Role.FINANCE}), hospital_id=paid.visit_id, name="样例", assurance="totp"
    )
    with pytest.raises(PrescriptionNotFound):
        await decide(units, other, paid, Cause.LOST)


async def test_cash_at_the_window_goes_back_at_the_window(units: Units, place: Dispensary) -> None:
    sheet = await add_payable(units, place)
    async with units.of(desk(place)) as unit:
        await charging.pay_at_window(unit, sheet.id, received=PRICE)
    await undoing.cancel(units, patient_of(place), sheet.id)
    assert await books_of_sheet(units, sheet) == BACK
