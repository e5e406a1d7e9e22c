"""Sheets at the edges: what must never happen on the way from a pad to a hand."""

from datetime import timedelta

import pytest
import sqlalchemy as sa

from prescriptions.couriers import Carrier, ParcelState, Scan
from prescriptions.events import MedicineDispensed, PrescriptionSigned
from prescriptions.models import Prescription
from prescriptions.pharmacy import (
    checking,
    excepting,
    handing,
    packing,
    queries,
    shipping,
    tracking,
)
from prescriptions.pharmacy.contributing import worklist
from prescriptions.pharmacy.errors import OrderHeld, ResolutionRefused, WrongWaybill
from prescriptions.pharmacy.models import DispatchOrder, Parcel
from prescriptions.pharmacy.recalling import recall
from prescriptions.pharmacy.repairing import repair
from prescriptions.pharmacy.rules import MATCHES, Resolution, Trouble
from prescriptions.settling import OrderNotCancellable, charging, choosing, expiring, may_see, visible_to
from prescriptions.settling.deciding import Decision, give_back
from prescriptions.settling.errors import WindowClosed
from prescriptions.settling.opening import EXPIRY
from prescriptions.settling.rules import Cause
from prescriptions.settling.undoing import cancel
from prescriptions.states import DispatchState, FulfilmentState, Path, RxState, SheetKind
from prescriptions.stock import OutOfStock, Pharmacy
from prescriptions.stock.receiving import BY_HAND, RECALLED, block
from telehealth.core.access import Actor, Role
from telehealth.core.clock import FixedClock
from telehealth.core.deadlines import Deadline, Sweeper
from telehealth.core.unit import Units
from telehealth.patients import person
from telehealth.web.house import House as RunningHouse
from tests.support.factories.accounts import add_staff, staff
from tests.support.factories.dispatch import (
    HERB,
    PILL,
    Dispensary,
    add_order,
    add_parcel,
    add_passed,
    add_pharmacy,
    add_sheet,
    fulfilment_of,
    hold_for,
    item,
    lots,
    order,
    reserved,
    stock,
    to_checked,
    to_packed,
    to_picked,
)
from tests.support.factories.prescriptions import (
    add_payable,
    desk,
    open_shop,
    patient_of,
    provider_says,
    refunds_of_sheet,
    sheet_now,
    stand_at_till,
    to_be_sent,
)

D = DispatchState


@pytest.fixture
async def place(units: Units) -> Dispensary:
    found = await open_shop(units)
    await stock(units, found.pharmacy, {HERB: 500})
    return found


@pytest.fixture
async def finance(units: Units, place: Dispensary) -> Actor:
    return staff(await add_staff(units, place.hospital_id, [Role.FINANCE], login="finance"))


async def paid_order(units: Units, place: Dispensary) -> DispatchOrder:
    """With its money in the books."""
    sheet = await add_payable(units, place)
    await to_be_sent(units, sheet)
    await provider_says(units, await stand_at_till(units, place, sheet), 1200)
    return await order(units, sheet.id)


async def given_back(units: Units, row: DispatchOrder) -> list[int]:
    async with units.system("test") as unit:
        sheet = await unit.session.get_one(Prescription, row.id)
    return [refund.amount for refund in await refunds_of_sheet(units, sheet)]


async def put(units: Units, row: DispatchOrder, state: DispatchState) -> None:
    async with units.system("test") as unit:
        (await unit.session.get_one(DispatchOrder, row.id)).state = state


async def report(units: Units, place: Dispensary, row: DispatchOrder, kind: Trouble = Trouble.OTHER) -> None:
    async with units.of(place.first) as unit:
        await excepting.report(unit, place.first, row.id, kind, "样例")


async def resolve(units: Units, place: Dispensary, row: DispatchOrder, way: Resolution) -> None:
    async with units.of(place.first) as unit:
        await excepting.resolve(unit, place.first, row.id, way)


# --------------------------------------------------------------------------------- held somewhere else


@pytest.mark.parametrize(
    ("path", "cold", "lacks"),
    [
        (Path.COURIER, False, {"sends": False}),
        (Path.COURIER, True, {"has_cold_chain": False}),
        (Path.WINDOW, False, {"has_window": False}),
    ],
)
async def test_a_paid_order_is_not_moved_to_a_pharmacy_that_cannot_do_what_was_paid_for(
    units: Units, place: Dispensary, path: Path, cold: bool, lacks: dict[str, bool]
) -> None:
    row = await add_order(units, place, {PILL: 2}, path=path, needs_cold_chain=cold)
    await stock(units, await add_pharmacy(units, place.visit, code="other", order=2, **lacks), {PILL: 5})
    await report(units, place, row, Trouble.SHORT)
    with pytest.raises(OutOfStock):
        await resolve(units, place, row, Resolution.REROUTED)
    assert (await order(units, row.id)).pharmacy_id == place.pharmacy.id


async def test_what_is_to_be_cooked_is_not_held_anew_where_nobody_cooks(
    units: Units, place: Dispensary
) -> None:
    body = '{"decoction":{"decocted_by":"pharmacy"}}'
    sheet = await add_sheet(units, place.visit, {HERB: 70}, kind=SheetKind.HERB, body=body)
    await hold_for(units, sheet, {HERB: 70}, decocts=True)
    other = await add_pharmacy(units, place.visit, code="other", order=2, decocts=False)
    await stock(units, other, {HERB: 500})
    [lot] = await lots(units, place.pharmacy, HERB)
    async with units.of(place.first) as unit:
        await block(unit, lot.id, BY_HAND)
    await repair(units, sheet.id)
    assert {row.pharmacy_id for row in await reserved(units, sheet.id)} == {place.pharmacy.id}


# -------------------------------------------------------------------------------------------- the clock


async def test_XY34_a_sheet_nobody_reviewed_ends_though_the_time_to_pay_is_shorter_than_it_is_valid(
    house: RunningHouse, clock: FixedClock
) -> None:
    units: Units = house.units
    place = await open_shop(units, code="short", prescription={"payment_deadline_days": 1})
    signed = await add_payable(units, place)
    async with units.system("test") as unit:
        sheet = await add_passed(units, place)
        (await unit.session.get_one(Prescription, sheet.id)).state = RxState.SIGNED
        await unit.publish(PrescriptionSigned(sheet.id))
    clock.advance(timedelta(days=1))
    sweeper: Sweeper = house.sweeper
    await sweeper.sweep()
    assert (await sheet_now(units, signed)).state is RxState.EXPIRED
    assert (await sheet_now(units, sheet)).state is RxState.EXPIRED


async def test_XY34_an_expiry_that_comes_too_early_is_asked_again(
    units: Units, place: Dispensary, clock: FixedClock
) -> None:
    sheet = await add_payable(units, place)
    async with units.system("test") as unit:
        await unit.session.execute(sa.delete(Deadline).where(Deadline.subject_id == sheet.id))
        await expiring.expire(unit, sheet.id)
    async with units.system("test") as unit:
        kinds = list(
            await unit.session.scalars(sa.select(Deadline.kind).where(Deadline.subject_id == sheet.id))
        )
    assert kinds == [EXPIRY]
    assert (await sheet_now(units, sheet)).state is RxState.PASSED


async def test_PAIN13_a_promise_broken_while_a_person_looked_is_watched_again(
    house: RunningHouse, place: Dispensary, clock: FixedClock
) -> None:
    units: Units = house.units
    row = await add_order(units, place)
    await report(units, place, row)
    clock.advance(timedelta(hours=25))
    sweeper: Sweeper = house.sweeper
    await sweeper.sweep()
    assert (await order(units, row.id)).state is D.WAITING
    await resolve(units, place, row, Resolution.CONTINUED)
    clock.advance(timedelta(hours=25))
    await sweeper.sweep()
    assert (await order(units, row.id)).reason == "not_packed"


# -------------------------------------------------------------------------------------------- the money


async def test_what_the_pharmacy_gave_up_waits_for_finance_and_is_not_silently_cancelled(
    units: Units, place: Dispensary, finance: Actor
) -> None:
    row = await paid_order(units, place)
    await put(units, row, D.PACKED)
    await report(units, place, row)
    await resolve(units, place, row, Resolution.ABANDONED)
    with pytest.raises(OrderNotCancellable):
        await cancel(units, patient_of(place), row.id)
    async with units.of(finance) as unit:
        [asked] = await worklist(unit, finance)
        assert asked["href"] == "/staff/prescription-refunds"
        assert asked["due_at"] == asked["since"] + timedelta(hours=24)
    async with units.of(finance) as unit:
        await give_back(unit, row.id, Decision(Cause.DAMAGED))
    async with units.of(finance) as unit:
        assert await worklist(unit, finance) == []
    assert (await fulfilment_of(units, row.id)).state is FulfilmentState.UNDONE
    assert await given_back(units, row) == [1200]


async def gone(units: Units, place: Dispensary) -> DispatchOrder:
    row = await paid_order(units, place)
    await put(units, row, D.HANDED_OVER)
    async with units.system("test") as unit:
        await unit.publish(MedicineDispensed(row.id))
    return row


async def test_one_decision_sent_twice_gives_back_once(
    units: Units, place: Dispensary, finance: Actor
) -> None:
    row = await gone(units, place)
    for _ in range(2):
        async with units.of(finance) as unit:
            await give_back(unit, row.id, Decision(Cause.DAMAGED, 5000))
    assert await given_back(units, row) == [600]


async def test_what_was_paid_back_is_not_sent_again(units: Units, place: Dispensary, finance: Actor) -> None:
    row = await gone(units, place)
    await put(units, row, D.RETURNED)
    await report(units, place, row, Trouble.RETURNED)
    async with units.of(finance) as unit:
        await give_back(unit, row.id, Decision(Cause.LATE))
    with pytest.raises(ResolutionRefused):
        await resolve(units, place, row, Resolution.SENT_AGAIN)
    await resolve(units, place, row, Resolution.ABANDONED)


# ------------------------------------------------------------------------------------------- recalled


async def call_back(units: Units, place: Dispensary) -> None:
    async with units.of(place.first) as unit:
        await recall(unit, place.first, PILL, "L1", "样例召回")


async def test_a_recalled_lot_in_a_box_never_leaves_however_often_somebody_says_go_on(
    units: Units, place: Dispensary
) -> None:
    packed = await to_packed(units, place, await add_order(units, place, path=Path.WINDOW))
    picked = await to_picked(units, place, await add_order(units, place))
    await call_back(units, place)
    with pytest.raises(ResolutionRefused):
        await resolve(units, place, packed, Resolution.CONTINUED)
    await resolve(units, place, picked, Resolution.CONTINUED)
    with pytest.raises(OrderHeld):
        async with units.of(place.second) as unit:
            await checking.check(unit, place.second, picked.id, MATCHES)
    # Picked anew is the way on.
    async with units.of(place.second) as unit:
        assert (await checking.reject(unit, place.second, picked.id, "召回")).state is D.CLAIMED


async def test_a_recalled_lot_that_is_delivered_elsewhere_does_not_count(
    units: Units, place: Dispensary
) -> None:
    await call_back(units, place)
    other = await add_pharmacy(units, place.visit, code="other", order=2)
    await stock(units, other, {PILL: 5})
    [lot] = await lots(units, other)
    assert (lot.blocked_by, int((await item(units, other)).on_hand)) == (RECALLED, 0)


# --------------------------------------------------------------------------------------------- parcels


async def test_a_waybill_of_another_couriers_desk_does_not_keep_the_money(
    units: Units, place: Dispensary
) -> None:
    row = await to_checked(units, place, await to_picked(units, place, await paid_order(units, place)))
    async with units.of(place.first) as unit:
        await shipping.enter_waybill(unit, place.first, row.id, Carrier.EMS, "YT0000000001")
    await report(units, place, row)
    await resolve(units, place, row, Resolution.REFUNDED)
    assert (await order(units, row.id)).state is D.CANCELLED
    assert (await fulfilment_of(units, row.id)).state is FulfilmentState.UNDONE


async def test_a_waybill_the_courier_called_off_makes_room_for_another(
    units: Units, place: Dispensary
) -> None:
    row = await to_packed(units, place, await add_order(units, place))
    async with units.system("test") as unit:
        [parcel] = list(await unit.session.scalars(sa.select(Parcel).where(Parcel.order_id == row.id)))
        scan = Scan("scan-1", unit.now, "样例市", "已取消", "401", ParcelState.CANCELLED)
        await tracking.record(unit, parcel, [scan])
    await resolve(units, place, row, Resolution.CONTINUED)
    async with units.of(place.first) as unit:
        made = await shipping.enter_waybill(unit, place.first, row.id, Carrier.EMS, "YT0000000002")
    assert made.id != parcel.id


async def heard(units: Units, row: DispatchOrder, state: ParcelState) -> None:
    async with units.system("test") as unit:
        [parcel] = list(await unit.session.scalars(sa.select(Parcel).where(Parcel.order_id == row.id)))
        await tracking.record(unit, parcel, [Scan(f"scan-{state}", unit.now, "样例市", "样例", "80", state)])


async def test_a_parcel_delivered_before_anybody_packed_it_is_looked_at_and_then_followed(
    units: Units, place: Dispensary
) -> None:
    row = await to_checked(units, place, await to_picked(units, place, await add_order(units, place)))
    await add_parcel(units, row)
    await heard(units, row, ParcelState.DELIVERED)
    assert (await order(units, row.id)).held_at is not None
    await resolve(units, place, row, Resolution.CONTINUED)
    async with units.of(place.first) as unit:
        await packing.pack(unit, place.first, row.id)
    async with units.of(place.first) as unit:
        await handing.hand_over(unit, place.first, row.id, "SF7000000000001")
    async with units.system("test") as unit:
        assert (await queries.parcels_to_look_at(unit, limit=5)) != []
    await heard(units, row, ParcelState.DELIVERED)
    assert (await order(units, row.id)).state is D.DELIVERED


async def test_a_silent_parcel_is_asked_about_again_once_somebody_believes_in_it(
    units: Units, place: Dispensary
) -> None:
    row = await to_packed(units, place, await add_order(units, place))
    await put(units, row, D.HANDED_OVER)
    await report(units, place, row, Trouble.LOST)
    await resolve(units, place, row, Resolution.CONTINUED)
    async with units.system("test") as unit:
        assert len(await queries.parcels_to_look_at(unit, limit=5)) == 1


async def test_what_counts_as_lost_stays_with_a_person_until_it_is_given_up(
    units: Units, place: Dispensary
) -> None:
    row = await to_packed(units, place, await add_order(units, place))
    await put(units, row, D.HANDED_OVER)
    await report(units, place, row, Trouble.LOST)
    await resolve(units, place, row, Resolution.LOST)
    with pytest.raises(ResolutionRefused):
        await resolve(units, place, row, Resolution.CONTINUED)
    assert (await order(units, row.id)).held_at is not None


# --------------------------------------------------------------------------------------------- people


async def test_a_draft_that_was_thrown_away_was_never_there_for_its_patient_or_the_desk(
    units: Units, place: Dispensary
) -> None:
    thrown = await add_sheet(units, place.visit, state=RxState.VOIDED, signed_at=None, issue=0)
    signed = await add_sheet(units, place.visit, state=RxState.VOIDED)
    for who in (patient_of(place), desk(place)):
        async with units.of(who) as unit:
            seen = await unit.session.scalars(sa.select(Prescription.id).where(visible_to(who)))
            assert set(seen) == {signed.id}
            assert not may_see(who, thrown)


async def test_SJ03_somebody_without_an_account_pays_at_the_desk_and_collects_by_document(
    house: RunningHouse, place: Dispensary
) -> None:
    units: Units = house.units
    sheet = await add_payable(units, place, account_id=None)
    await choosing.choose_window(units, desk(place), sheet.id)
    async with units.of(desk(place)) as unit:
        paid = await charging.pay_at_window(unit, sheet.id, received=1200)
    assert paid.window_number
    row = await to_packed(units, place, await order(units, sheet.id))
    async with units.of(place.first) as unit:
        patient = await person(unit, sheet.person_id)
        who = handing.Collector(
            patient.name, patient=handing.Document(patient.document_kind, patient.document_number)
        )
        await handing.collect(unit, house.limiter, place.first, row.id, who, counselling="样例交代")
    assert (await order(units, row.id)).state is D.COLLECTED
    assert (await fulfilment_of(units, row.id)).state is FulfilmentState.DISPENSED


async def test_no_cash_is_taken_for_what_no_window_hands_out(units: Units, place: Dispensary) -> None:
    sheet = await add_payable(units, place)
    async with units.system("test") as unit:
        (await unit.session.get_one(Pharmacy, place.pharmacy.id)).has_window = False
    with pytest.raises(WindowClosed):
        async with units.of(desk(place)) as unit:
            await charging.pay_at_window(unit, sheet.id, received=1200)


async def test_REG40_what_may_not_travel_is_held_anew_only_where_it_is_handed_out(
    units: Units, place: Dispensary
) -> None:
    sheet = await add_payable(units, place, may_travel=False)
    other = await add_pharmacy(units, place.visit, code="other", order=2, has_window=False)
    await stock(units, other, {PILL: 5})
    [lot] = await lots(units, place.pharmacy)
    async with units.of(place.first) as unit:
        await block(unit, lot.id, BY_HAND)
    await repair(units, sheet.id)
    assert {row.pharmacy_id for row in await reserved(units, sheet.id)} == {place.pharmacy.id}


async def test_one_waybill_is_never_typed_in_for_two_parcels(units: Units, place: Dispensary) -> None:
    first, second = [
        await to_checked(units, place, await to_picked(units, place, await add_order(units, place)))
        for _ in range(2)
    ]
    async with units.of(place.first) as unit:
        await shipping.enter_waybill(unit, place.first, first.id, Carrier.EMS, "EMS0000000003")
    with pytest.raises(WrongWaybill):
        async with units.of(place.first) as unit:
            await shipping.enter_waybill(unit, place.first, second.id, Carrier.EMS, "EMS0000000003")
