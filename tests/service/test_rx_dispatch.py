"""From paid to handed over: claim, pick, cook, check by a second person, pack, hand over once."""

from datetime import date, timedelta
from typing import Any
from uuid import UUID

import pytest
import sqlalchemy as sa

from prescriptions.events import PrescriptionSpent
from prescriptions.models import Prescription
from prescriptions.pharmacy import checking, claiming, decocting, handing, packing, picking
from prescriptions.pharmacy.errors import (
    ChecklistIncomplete,
    ClaimedByOther,
    CounsellingMissing,
    DispatchNotFound,
    NotOnThisSheet,
    PathDiffers,
    PauseNotOver,
    PickIncomplete,
    ProxyIncomplete,
    SecondPersonNeeded,
    StillCooking,
    WaybillMissing,
    WrongPickUp,
)
from prescriptions.pharmacy.handing import Collector, Document
from prescriptions.pharmacy.models import DispatchOrder, Dispense
from prescriptions.pharmacy.rules import MATCHES
from prescriptions.settling.models import Fulfilment
from prescriptions.states import DispatchState, FulfilmentState, Path, RxState, SheetKind
from prescriptions.stock import EarlierLotFirst, NoPharmacy, WrongLot
from prescriptions.stock.staffing import unassign
from telehealth.core.clock import FixedClock
from telehealth.core.errors import TransitionRefused
from telehealth.core.unit import Units
from telehealth.web.house import House as RunningHouse
from tests.support.factories.bookings import told
from tests.support.factories.dispatch import (
    HERB,
    OTHER_HERB,
    PATENT,
    PILL,
    Dispensary,
    add_dispenser,
    add_order,
    add_pharmacy,
    be_seen,
    item,
    open_dispensary,
    order,
    stock,
    to_checked,
    to_packed,
    to_picked,
)

D = DispatchState


@pytest.fixture
async def place(units: Units) -> Dispensary:
    found = await open_dispensary(units)
    await stock(units, found.pharmacy, {PILL: 20, PATENT: 20, HERB: 500, OTHER_HERB: 500})
    return found


async def test_PAIN13_a_paid_sheet_waits_with_a_promise(units: Units, place: Dispensary) -> None:
    row = await add_order(units, place)
    assert row.state is D.WAITING
    assert row.promised_at - row.paid_at == timedelta(hours=24)
    cooked = await add_order(units, place, {HERB: 70}, kind=SheetKind.HERB)
    assert cooked.needs_decocting
    assert cooked.promised_at - cooked.paid_at == timedelta(hours=48)


async def test_a_sheet_paid_twice_is_one_order(units: Units, place: Dispensary) -> None:
    row = await add_order(units, place)
    async with units.system("test") as unit:
        await unit.publish(PrescriptionSpent(row.id, Path.WINDOW))
    assert (await order(units, row.id)).path is row.path


async def test_one_of_two_has_it_and_gives_it_back(units: Units, place: Dispensary) -> None:
    row = await add_order(units, place)
    async with units.of(place.first) as unit:
        await claiming.claim(unit, place.first, row.id)
    with pytest.raises(ClaimedByOther):
        async with units.of(place.second) as unit:
            await claiming.claim(unit, place.second, row.id)
    with pytest.raises(ClaimedByOther):
        async with units.of(place.second) as unit:
            await claiming.release(unit, place.second, row.id)
    async with units.of(place.first) as unit:
        await claiming.release(unit, place.first, row.id)
    assert (await order(units, row.id)).state is D.WAITING


async def test_a_claim_nobody_touches_goes_back_to_the_queue(
    units: Units, place: Dispensary, clock: FixedClock
) -> None:
    row = await add_order(units, place)
    async with units.of(place.first) as unit:
        await claiming.claim(unit, place.first, row.id)
    clock.advance(timedelta(minutes=59))
    assert await claiming.release_idle(units) == 0
    clock.advance(timedelta(minutes=2))
    assert await claiming.release_idle(units) == 1
    assert (await order(units, row.id)).claimed_by is None


async def test_another_pharmacys_order_does_not_exist(units: Units, place: Dispensary) -> None:
    row = await add_order(units, place)
    other = await add_pharmacy(units, place.visit, code="other", order=2)
    stranger = await add_dispenser(units, other, login="stranger")
    with pytest.raises(DispatchNotFound):
        async with units.of(stranger) as unit:
            await claiming.claim(unit, stranger, row.id)
    async with units.of(stranger) as unit:
        await unassign(unit, place.hospital_id, stranger.account)
    with pytest.raises(NoPharmacy):
        async with units.of(stranger) as unit:
            await claiming.claim(unit, stranger, row.id)


async def test_REG31_lots_are_scanned_the_first_to_expire_first(units: Units, place: Dispensary) -> None:
    await stock(units, place.pharmacy, {PILL: 1}, lot="SOON", expires_on=date(2027, 6, 1))
    row = await add_order(units, place, {PILL: 3})
    async with units.of(place.first) as unit:
        await claiming.claim(unit, place.first, row.id)
    with pytest.raises(EarlierLotFirst) as refused:
        async with units.of(place.first) as unit:
            await picking.scan(unit, place.first, row.id, "L1")
    assert refused.value.facts == {"lot": "SOON"}
    async with units.of(place.first) as unit:
        assert (await picking.scan(unit, place.first, row.id, "SOON")).quantity == 1
        with pytest.raises(PickIncomplete):
            await picking.finish(unit, place.first, row.id)
        assert (await picking.scan(unit, place.first, row.id, f"{PILL}/L1")).quantity == 2
        with pytest.raises(WrongLot):
            await picking.scan(unit, place.first, row.id, "L1")
    async with units.of(place.first) as unit:
        await picking.finish(unit, place.first, row.id)
    found = await item(units, place.pharmacy)
    assert (int(found.on_hand), int(found.reserved)) == (18, 0)


async def test_a_lot_of_a_drug_that_is_not_on_the_sheet_is_refused(units: Units, place: Dispensary) -> None:
    await stock(units, place.pharmacy, {PATENT: 3}, lot="OTHER")
    row = await add_order(units, place, {PILL: 3})
    async with units.of(place.first) as unit:
        await claiming.claim(unit, place.first, row.id)
    for code, kind in (("OTHER", NotOnThisSheet), ("NOBODY", WrongLot)):
        with pytest.raises(kind):
            async with units.of(place.first) as unit:
                await picking.scan(unit, place.first, row.id, code)


async def test_REG31_whoever_picked_does_not_check_while_a_colleague_is_on_duty(
    units: Units, place: Dispensary
) -> None:
    row = await to_picked(units, place, await add_order(units, place))
    await be_seen(units, place.second)
    with pytest.raises(SecondPersonNeeded):
        async with units.of(place.first) as unit:
            await checking.check(unit, place.first, row.id, MATCHES)
    async with units.of(place.second) as unit:
        row = await checking.check(unit, place.second, row.id, MATCHES)
    assert row.state is D.CHECKED and not row.alone


async def test_REG31_alone_on_duty_one_checks_after_a_pause_and_it_is_marked(
    units: Units, place: Dispensary, clock: FixedClock
) -> None:
    await be_seen(units, place.second)
    clock.advance(timedelta(minutes=6))
    row = await to_picked(units, place, await add_order(units, place))
    with pytest.raises(PauseNotOver):
        async with units.of(place.first) as unit:
            await checking.check(unit, place.first, row.id, MATCHES)
    clock.advance(timedelta(minutes=5))
    async with units.of(place.first) as unit:
        row = await checking.check(unit, place.first, row.id, MATCHES)
    assert row.alone and row.checklist["alone"]


async def test_REG31_each_of_the_ten_matches_is_ticked(units: Units, place: Dispensary) -> None:
    row = await to_picked(units, place, await add_order(units, place))
    with pytest.raises(ChecklistIncomplete) as refused:
        async with units.of(place.second) as unit:
            await checking.check(unit, place.second, row.id, MATCHES[:-1])
    assert list(refused.value.fields) == [MATCHES[-1]]


async def test_what_the_second_person_rejects_is_picked_anew(units: Units, place: Dispensary) -> None:
    row = await to_picked(units, place, await add_order(units, place, {PILL: 2}))
    async with units.of(place.second) as unit:
        row = await checking.reject(unit, place.second, row.id, "规格不对")
    assert row.state is D.CLAIMED
    found = await item(units, place.pharmacy)
    assert (int(found.on_hand), int(found.reserved)) == (20, 2)
    await to_checked(units, place, await to_picked(units, place, row))


async def test_a_decoction_is_cooked_before_it_is_checked(units: Units, place: Dispensary) -> None:
    row = await to_picked(units, place, await add_order(units, place, {HERB: 70}, kind=SheetKind.HERB))
    with pytest.raises(StillCooking):
        async with units.of(place.second) as unit:
            await checking.check(unit, place.second, row.id, MATCHES)
    async with units.of(place.first) as unit:
        await decocting.start(unit, place.first, row.id, pot="3")
    async with units.of(place.first) as unit:
        row = await decocting.finish(unit, place.first, row.id, bags=14)
    assert row.decoction["pot"] == "3" and row.decoction["bags"] == 14
    assert (await to_checked(units, place, row)).state is D.CHECKED


async def test_a_courier_parcel_is_not_packed_without_its_waybill(units: Units, place: Dispensary) -> None:
    row = await to_checked(units, place, await to_picked(units, place, await add_order(units, place)))
    with pytest.raises(WaybillMissing):
        async with units.of(place.first) as unit:
            await packing.pack(unit, place.first, row.id)


async def test_BJ08_the_window_says_when_it_is_ready_and_calls_the_number(
    units: Units, place: Dispensary
) -> None:
    row = await to_packed(units, place, await add_order(units, place, path=Path.WINDOW))
    async with units.of(place.first) as unit:
        await handing.call(unit, place.first, row.id)
    assert [kind for kind in await told(units, place.visit.who.account) if kind.startswith("rx_")] == [
        "rx_ready", "rx_called",
    ]  # fmt: skip
    with pytest.raises(PathDiffers):
        async with units.of(place.first) as unit:
            await handing.hand_over(unit, place.first, row.id, "SF1")


async def collect(
    house: RunningHouse, place: Dispensary, order_id: UUID, who: Collector, *, counselling: str = "饭后服用"
) -> DispatchOrder:
    async with house.units.of(place.first) as unit:
        return await handing.collect(unit, house.limiter, place.first, order_id, who, counselling=counselling)


async def dispenses(units: Units, order_id: UUID) -> list[Dispense]:
    async with units.system("test") as unit:
        return list(await unit.session.scalars(sa.select(Dispense).where(Dispense.id == order_id)))


async def test_XY32_the_patient_collects_once_by_document(house: RunningHouse, place: Dispensary) -> None:
    units = house.units
    row = await to_packed(units, place, await add_order(units, place, path=Path.WINDOW))
    who = Collector("样例乙", patient=Document("resident_id", place.visit.who.person.document_number))
    done = await collect(house, place, row.id, who)
    assert done.state is D.COLLECTED
    with pytest.raises(TransitionRefused):
        await collect(house, place, row.id, who)
    [kept] = await dispenses(units, row.id)
    assert kept.path is Path.WINDOW and kept.counselling == "饭后服用"
    async with units.system("test") as unit:
        way = await unit.session.get(Fulfilment, row.id)
        assert way is not None and way.state is FulfilmentState.DISPENSED


async def test_REG32_nothing_is_handed_out_without_counselling(
    house: RunningHouse, place: Dispensary
) -> None:
    row = await to_packed(house.units, place, await add_order(house.units, place, path=Path.WINDOW))
    who = Collector("样例乙", patient=Document("resident_id", place.visit.who.person.document_number))
    with pytest.raises(CounsellingMissing):
        await collect(house, place, row.id, who, counselling=" ")


async def test_REG47_a_proxy_shows_both_documents(house: RunningHouse, place: Dispensary) -> None:
    row = await to_packed(house.units, place, await add_order(house.units, place, path=Path.WINDOW))
    own = Document("resident_id", place.visit.who.person.document_number)
    other = Document("resident_id", "110101199001011237")
    wrong: list[tuple[Any, type[Exception]]] = [
        (Collector("样例丁", "女儿", patient=own), ProxyIncomplete),
        (Collector("样例丁", "女儿", proxy=other), ProxyIncomplete),
        (Collector("样例丁", "女儿", patient=own, proxy=own), ProxyIncomplete),
        (Collector("样例丁", "女儿", patient=other, proxy=own), WrongPickUp),
        (Collector("样例丁"), WrongPickUp),
    ]
    for who, kind in wrong:
        with pytest.raises(kind):
            await collect(house, place, row.id, who)
    await collect(house, place, row.id, Collector("样例丁", "女儿", patient=own, proxy=other))
    [kept] = await dispenses(house.units, row.id)
    assert "女儿" in kept.collector


async def test_a_prescription_that_is_dispensed_stays_spent(house: RunningHouse, place: Dispensary) -> None:
    row = await to_packed(house.units, place, await add_order(house.units, place, path=Path.WINDOW))
    who = Collector("样例乙", patient=Document("resident_id", place.visit.who.person.document_number))
    await collect(house, place, row.id, who)
    async with house.units.system("test") as unit:
        rx = await unit.session.get(Prescription, row.id)
        assert rx is not None and rx.state is RxState.SPENT
