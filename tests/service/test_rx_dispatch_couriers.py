"""Parcels of orders at the sandbox courier: booked once, followed, given up in time, or seen to."""

import json
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any
from uuid import UUID

import httpx2
import pytest
import sqlalchemy as sa

from prescriptions.couriers import Couriers, CourierUnavailable, ParcelState
from prescriptions.events import UndoAsked
from prescriptions.models import Prescription
from prescriptions.pharmacy import decocting, excepting, handing, packing, shipping, tracking, undoing
from prescriptions.pharmacy.errors import LoggerMissing, OrderBeingUndone, ResolutionRefused, WrongWaybill
from prescriptions.pharmacy.models import DispatchException, DispatchOrder, Dispense, Parcel, ParcelScan
from prescriptions.pharmacy.repairing import repair
from prescriptions.pharmacy.rules import Resolution, Trouble
from prescriptions.settling import OrderNotCancellable
from prescriptions.settling.undoing import cancel
from prescriptions.states import DispatchState, FulfilmentState, Path, RxState, SheetKind
from prescriptions.stock.receiving import BY_HAND, block
from telehealth.core.clock import FixedClock
from telehealth.core.deadlines import Sweeper
from telehealth.core.unit import Units
from telehealth.web.house import House as RunningHouse
from tests.support.couriers import CourierDesk, couriers
from tests.support.factories.bookings import told
from tests.support.factories.dispatch import (
    HERB,
    PILL,
    Dispensary,
    add_order,
    add_pharmacy,
    fulfilment_of,
    item,
    lots,
    open_dispensary,
    order,
    stock,
    to_checked,
    to_packed,
    to_picked,
)
from tests.support.sandbox import Sandbox

D = DispatchState
FAR_ISLAND = (
    '{"name":"样例乙","mobile":"13800001234","province":"浙江省","city":"舟山市","county":"样例岛县",'
    '"street":"码头路 1 号"}'
)


@pytest.fixture
async def place(units: Units) -> Dispensary:
    found = await open_dispensary(units)
    await stock(units, found.pharmacy, {PILL: 20, HERB: 500})
    return found


@pytest.fixture
async def desk(units: Units, sandbox: Sandbox, clock: FixedClock) -> AsyncIterator[CourierDesk]:
    ours = couriers(sandbox)
    units.join(Couriers, ours)
    yield CourierDesk(sandbox)
    await ours.close()


async def checked(units: Units, place: Dispensary, **facts: object) -> DispatchOrder:
    row = await add_order(units, place, **facts)  # type: ignore[arg-type]
    return await to_checked(units, place, await to_picked(units, place, row))


async def parcel_of(units: Units, order_id: UUID) -> Parcel:
    async with units.system("test") as unit:
        rows = await unit.session.scalars(
            sa.select(Parcel).where(Parcel.order_id == order_id).order_by(Parcel.created_at.desc())
        )
        found = rows.first()
        assert found is not None
        return found


async def sent(units: Units, place: Dispensary) -> tuple[DispatchOrder, Parcel]:
    """Handed to the courier with its own waybill."""
    row = await checked(units, place)
    await shipping.book(units, row.id)
    async with units.of(place.first) as unit:
        await packing.pack(unit, place.first, row.id)
    parcel = await parcel_of(units, row.id)
    async with units.of(place.first) as unit:
        await handing.hand_over(unit, place.first, row.id, f" {parcel.waybill.lower()} ")
    return await order(units, row.id), parcel


async def trouble(units: Units, order_id: UUID) -> str | None:
    async with units.system("test") as unit:
        found: str | None = await unit.session.scalar(
            sa.select(DispatchException.kind).where(
                DispatchException.order_id == order_id, DispatchException.resolved_at.is_(None)
            )
        )
        return found


async def count(units: Units, what: type, *where: sa.ColumnElement[bool]) -> int:
    async with units.system("test") as unit:
        return await unit.session.scalar(sa.select(sa.func.count()).select_from(what).where(*where)) or 0


async def rx(units: Units, order_id: UUID) -> Prescription:
    async with units.system("test") as unit:
        found = await unit.session.get(Prescription, order_id)
        assert found is not None
        return found


async def test_XY31_a_waybill_is_booked_once_however_often_it_is_asked_for(
    units: Units, place: Dispensary, desk: CourierDesk
) -> None:
    row = await checked(units, place)
    first, second = [await shipping.book(units, row.id) for _ in range(2)]
    assert first is not None and second is not None and first.waybill == second.waybill
    assert await count(units, Parcel, Parcel.order_id == row.id) == 1


async def test_REG57_what_the_courier_is_told_names_no_drug(
    units: Units, place: Dispensary, desk: CourierDesk
) -> None:
    row = await checked(units, place)
    parcel = await shipping.book(units, row.id)
    assert parcel is not None
    told_to = json.dumps(desk.parcels()[parcel.order_number], ensure_ascii=False)
    assert "药品" in told_to and PILL not in told_to


async def test_XY30_an_address_nobody_serves_gives_the_order_up_and_the_money_back(
    units: Units, place: Dispensary, desk: CourierDesk
) -> None:
    row = await checked(units, place, address=FAR_ISLAND)
    assert await shipping.book(units, row.id) is None
    found = await order(units, row.id)
    assert (found.state, found.reason) == (D.CANCELLED, "refused_address")
    assert (await rx(units, row.id)).state is RxState.VOIDED
    assert (await fulfilment_of(units, row.id)).state is FulfilmentState.UNDONE
    assert int((await item(units, place.pharmacy)).on_hand) == 20


async def test_a_courier_that_does_not_answer_leaves_nothing_half_done(
    units: Units, place: Dispensary, desk: CourierDesk, sandbox: Sandbox
) -> None:
    row = await checked(units, place)
    with sandbox.faults(sf={"mode": "down"}):
        with pytest.raises(CourierUnavailable):
            await shipping.book(units, row.id)
    parcel = await shipping.book(units, row.id)
    assert parcel is not None and parcel.order_number == f"{row.number}-1"
    assert await count(units, Parcel, Parcel.order_id == row.id) == 1


async def test_REG45_the_cold_chain_does_not_leave_without_its_logger(
    units: Units, place: Dispensary, desk: CourierDesk
) -> None:
    row = await checked(units, place, needs_cold_chain=True)
    await shipping.book(units, row.id)
    with pytest.raises(LoggerMissing):
        async with units.of(place.first) as unit:
            await packing.pack(unit, place.first, row.id)
    async with units.of(place.first) as unit:
        row = await packing.pack(unit, place.first, row.id, logger="LG-0001")
    assert row.state is D.PACKED and (await parcel_of(units, row.id)).cold_chain


async def test_XY32_a_parcel_is_dispensed_when_its_own_waybill_is_scanned(
    units: Units, place: Dispensary, desk: CourierDesk
) -> None:
    row = await checked(units, place)
    await shipping.book(units, row.id)
    async with units.of(place.first) as unit:
        await packing.pack(unit, place.first, row.id)
    with pytest.raises(WrongWaybill):
        async with units.of(place.first) as unit:
            await handing.hand_over(unit, place.first, row.id, "SF0000000000000")
    async with units.of(place.first) as unit:
        await handing.hand_over(unit, place.first, row.id, (await parcel_of(units, row.id)).waybill)
    assert await count(units, Dispense, Dispense.id == row.id) == 1
    assert (await fulfilment_of(units, row.id)).state is FulfilmentState.DISPENSED
    assert "rx_handed_over" in await told(units, place.visit.who.account)


async def test_an_order_follows_its_parcel_to_the_door(
    units: Units, place: Dispensary, desk: CourierDesk
) -> None:
    row, parcel = await sent(units, place)
    for move in ("pick_up", "in_transit", "deliver"):
        desk.move(parcel.waybill, move, push=False)
    for _ in range(2):
        await tracking.look(units, parcel.id)
    assert (await order(units, row.id)).state is D.DELIVERED
    assert (await parcel_of(units, row.id)).state is ParcelState.DELIVERED
    assert (await told(units, place.visit.who.account)).count("rx_delivered") == 1
    assert await count(units, ParcelScan, ParcelScan.parcel_id == parcel.id) == 3


async def test_XY31_refused_at_the_door_comes_back_and_is_a_persons_matter(
    units: Units, place: Dispensary, desk: CourierDesk
) -> None:
    row, parcel = await sent(units, place)
    for move in ("pick_up", "refuse", "return", "bring_back"):
        desk.move(parcel.waybill, move, push=False)
    await tracking.look(units, parcel.id)
    assert (await order(units, row.id)).state is D.RETURNED
    assert await trouble(units, row.id) in ("refused", "returned")
    assert (await fulfilment_of(units, row.id)).state is FulfilmentState.DISPENSED
    async with units.of(place.first) as unit:
        await excepting.resolve(unit, place.first, row.id, Resolution.SENT_AGAIN)
    second = await shipping.book(units, row.id)
    assert second is not None and second.order_number == f"{row.number}-2"
    async with units.of(place.first) as unit:
        await handing.hand_over(unit, place.first, row.id, second.waybill)
    assert await count(units, Dispense, Dispense.id == row.id) == 1


async def test_a_parcel_the_courier_took_without_a_scan_counts_as_handed_over(
    units: Units, place: Dispensary, desk: CourierDesk
) -> None:
    row = await checked(units, place)
    await shipping.book(units, row.id)
    async with units.of(place.first) as unit:
        await packing.pack(unit, place.first, row.id)
    parcel = await parcel_of(units, row.id)
    desk.move(parcel.waybill, "pick_up", push=False)
    await tracking.look(units, parcel.id)
    assert (await order(units, row.id)).state is D.HANDED_OVER
    assert await count(units, Dispense, Dispense.id == row.id) == 1


async def test_PAIN13_what_is_not_packed_in_time_goes_back_by_itself(
    house: RunningHouse, place: Dispensary, desk: CourierDesk, clock: FixedClock
) -> None:
    units: Units = house.units
    waiting, booked = await add_order(units, place), await checked(units, place)
    packed = await to_packed(units, place, await add_order(units, place, path=Path.WINDOW))
    await shipping.book(units, booked.id)
    clock.advance(timedelta(hours=24))
    sweeper: Sweeper = house.sweeper
    await sweeper.sweep()
    assert (await order(units, waiting.id)).state is D.CANCELLED
    assert (await rx(units, waiting.id)).state is RxState.VOIDED
    half = await order(units, booked.id)
    assert (half.state, half.undo_reason) == (D.CHECKED, "not_packed")
    with pytest.raises(OrderBeingUndone):
        async with units.of(place.first) as unit:
            await packing.pack(unit, place.first, booked.id)
    assert await undoing.finish(units, booked.id)
    assert (await order(units, booked.id)).state is D.CANCELLED
    assert (await parcel_of(units, booked.id)).cancelled_at is not None
    assert (await order(units, packed.id)).state is D.PACKED
    assert int((await item(units, place.pharmacy)).on_hand) == 19


async def test_while_the_courier_is_silent_nothing_is_undone(
    units: Units, place: Dispensary, desk: CourierDesk, sandbox: Sandbox
) -> None:
    row = await checked(units, place)
    await shipping.book(units, row.id)
    with sandbox.faults(sf={"mode": "down"}):
        with pytest.raises(CourierUnavailable):
            await undoing.undo(units, row.id, "out_of_stock")
    assert (await fulfilment_of(units, row.id)).state is FulfilmentState.PAID
    assert await undoing.undo(units, row.id, "out_of_stock")
    assert (await fulfilment_of(units, row.id)).state is FulfilmentState.UNDONE


async def test_what_the_courier_has_picked_up_is_not_undone_but_looked_at(
    units: Units, place: Dispensary, desk: CourierDesk
) -> None:
    row = await checked(units, place)
    parcel = await shipping.book(units, row.id)
    assert parcel is not None
    desk.move(parcel.waybill, "pick_up", push=False)
    assert not await undoing.undo(units, row.id, "not_packed")
    assert (await order(units, row.id)).state is D.CHECKED
    assert await trouble(units, row.id) == "courier"
    assert (await fulfilment_of(units, row.id)).state is FulfilmentState.PAID


async def test_a_decoction_on_the_fire_is_never_undone_by_itself(
    units: Units, place: Dispensary, desk: CourierDesk
) -> None:
    row = await add_order(units, place, {HERB: 70}, kind=SheetKind.HERB)
    row = await to_picked(units, place, row)
    async with units.of(place.first) as unit:
        await decocting.start(unit, place.first, row.id, pot="1")
    assert not await undoing.undo(units, row.id, "not_packed")
    assert await trouble(units, row.id) == "late"
    async with units.of(place.first) as unit:
        with pytest.raises(ResolutionRefused):
            await excepting.resolve(unit, place.first, row.id, Resolution.REFUNDED)


async def test_PAIN13_a_lot_that_is_gone_moves_the_order_to_another_pharmacy(
    units: Units, place: Dispensary
) -> None:
    row = await add_order(units, place, {PILL: 2})
    other = await add_pharmacy(units, place.visit, code="other", order=2)
    await stock(units, other, {PILL: 5})
    [lot] = await lots(units, place.pharmacy)
    async with units.of(place.first) as unit:
        await block(unit, lot.id, BY_HAND)
    await repair(units, row.id)
    moved = await order(units, row.id)
    assert (moved.state, moved.pharmacy_id) == (D.WAITING, other.id)
    assert (await fulfilment_of(units, row.id)).pharmacy_id == other.id


async def test_PAIN13_out_of_stock_everywhere_goes_back_by_itself(units: Units, place: Dispensary) -> None:
    row = await add_order(units, place, {PILL: 2})
    [lot] = await lots(units, place.pharmacy)
    async with units.of(place.first) as unit:
        await block(unit, lot.id, BY_HAND)
    for _ in range(2):
        await repair(units, row.id)
    found = await order(units, row.id)
    assert (found.state, found.reason) == (D.CANCELLED, "out_of_stock")
    assert (await rx(units, row.id)).reason == "out_of_stock"


async def test_a_short_shelf_is_rerouted_by_a_person(units: Units, place: Dispensary) -> None:
    row = await add_order(units, place, {PILL: 2})
    other = await add_pharmacy(units, place.visit, code="other", order=2)
    await stock(units, other, {PILL: 5})
    async with units.of(place.first) as unit:
        await excepting.report(unit, place.first, row.id, Trouble.SHORT, "架上没有")
    async with units.of(place.first) as unit:
        await excepting.resolve(unit, place.first, row.id, Resolution.REROUTED)
    moved = await order(units, row.id)
    assert (moved.pharmacy_id, moved.held_at) == (other.id, None)
    assert int((await item(units, place.pharmacy)).reserved) == 0
    assert int((await item(units, other)).reserved) == 2


async def test_REG48_the_patient_cancels_until_it_is_packed(units: Units, place: Dispensary) -> None:
    early = await add_order(units, place, path=Path.WINDOW)
    late = await to_packed(units, place, await add_order(units, place, path=Path.WINDOW))
    async with units.system("test") as unit:
        await undoing.on_undo_asked(unit, UndoAsked(early.id, "by_patient"))
    assert (await order(units, early.id)).state is D.CANCELLED
    with pytest.raises(OrderNotCancellable):
        async with units.system("test") as unit:
            await undoing.on_undo_asked(unit, UndoAsked(late.id, "by_patient"))


async def test_REG48_what_a_patient_cancels_is_back_on_the_shelf(units: Units, place: Dispensary) -> None:
    row = await to_picked(units, place, await add_order(units, place, {PILL: 2}, path=Path.WINDOW))
    for _ in range(2):
        await cancel(units, place.visit.patient, row.id)
    assert (await order(units, row.id)).state is D.CANCELLED
    assert (await fulfilment_of(units, row.id)).state is FulfilmentState.UNDONE
    found = await item(units, place.pharmacy)
    assert (int(found.on_hand), int(found.reserved)) == (20, 0)


class TestPushes:
    """Through the door couriers use."""

    async def test_pushes_doubled_backwards_and_forged(
        self, client: httpx2.AsyncClient, house: RunningHouse, place: Dispensary, desk: CourierDesk
    ) -> None:
        units: Units = house.units
        row, parcel = await sent(units, place)
        token = desk.sandbox.credentials["sf"]["hospitals"]["yunan"]["push_token"]
        for move in ("pick_up", "in_transit", "deliver"):
            desk.move(parcel.waybill, move, push=False)
        pushed: dict[str, Any] = {"Body": {"WaybillRoute": []}}
        wrong = await client.post("/callbacks/sf/yunan/wrong-token", json=pushed)
        assert wrong.status_code == 401
        garbled = await client.post(f"/callbacks/sf/yunan/{token}", content=b"{")
        assert garbled.status_code == 400
        assert (await client.post(f"/callbacks/sf/nowhere/{token}", json=pushed)).status_code == 404
        assert (await order(units, row.id)).state is D.HANDED_OVER
        routes = [
            {"id": "1", "mailno": parcel.waybill, "orderid": parcel.order_number, "opCode": code,
             "acceptTime": at, "acceptAddress": "北京市", "remark": "样例"}
            for code, at in (("80", "2026-11-23 10:00:00"), ("50", "2026-11-21 11:00:00"),
                             ("7777", "2026-11-22 11:00:00"))
        ]  # fmt: skip
        for index, route in enumerate([*routes, routes[0]]):
            told_of = {"Body": {"WaybillRoute": [route | {"id": str(index % 3)}]}}
            answer = await client.post(f"/callbacks/sf/yunan/{token}", json=told_of)
            assert answer.status_code == 200, answer.text
        assert (await order(units, row.id)).state is D.DELIVERED
        assert await count(units, ParcelScan, ParcelScan.parcel_id == parcel.id) == 3
        stranger = {"Body": {"WaybillRoute": [routes[0] | {"mailno": "SF9999999999999"}]}}
        assert (await client.post(f"/callbacks/sf/yunan/{token}", json=stranger)).status_code == 200
