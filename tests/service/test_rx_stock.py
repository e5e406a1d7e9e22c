"""Shelves: nothing is promised twice, nothing near its expiry is promised, and every change is told."""

from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from uuid import UUID

import pytest
import sqlalchemy as sa

from prescriptions.states import SheetKind
from prescriptions.stock import availability
from prescriptions.stock.errors import GoodsRefused, LotDiffers, OutOfStock, ReservationGone, WrongLot
from prescriptions.stock.models import StockMove
from prescriptions.stock.receiving import BY_HAND, EXPIRED, RECALLED, block, count, receive, unblock
from prescriptions.stock.reserving import free, holds, put_back, take
from prescriptions.stock.retiring import retire_lots
from prescriptions.stock.rules import Goods, Pick, first_to_expire, read_delivery
from telehealth.core.clock import FixedClock
from telehealth.core.ids import new_id
from telehealth.core.unit import Units
from tests.support.factories.dispatch import (
    FAR,
    HERB,
    OTHER_HERB,
    PATENT,
    PILL,
    Dispensary,
    add_passed,
    add_pharmacy,
    add_sheet,
    codes,
    hold_for,
    item,
    lots,
    open_dispensary,
    reserved,
    stock,
)


@pytest.fixture
async def place(units: Units) -> Dispensary:
    return await open_dispensary(units)


async def level(units: Units, place: Dispensary, code: str = PILL) -> tuple[int, int]:
    row = await item(units, place.pharmacy, code)
    return int(row.on_hand), int(row.reserved)


async def test_PAIN13_a_passed_sheet_holds_all_of_its_drugs_or_none(units: Units, place: Dispensary) -> None:
    await stock(units, place.pharmacy, {PILL: 5, PATENT: 1})
    sheet = await add_sheet(units, place.visit)
    with pytest.raises(OutOfStock) as refused:
        await hold_for(units, sheet, {PILL: 2, PATENT: 2})
    assert refused.value.facts == {"drugs": [PATENT]}
    assert await level(units, place) == (5, 0)
    await hold_for(units, sheet, {PILL: 2, PATENT: 1})
    assert await level(units, place) == (5, 2)


async def test_a_sheet_goes_to_its_own_campus_first_then_by_the_order_of_the_hospital(
    units: Units, place: Dispensary
) -> None:
    other = await add_pharmacy(units, place.visit, code="far", order=0, campus_id=place.visit.room)
    for pharmacy in (place.pharmacy, other):
        await stock(units, pharmacy, {PILL: 3})
    first = await hold_for(units, await add_sheet(units, place.visit), {PILL: 2})
    second = await hold_for(units, await add_sheet(units, place.visit), {PILL: 2})
    assert [first.code, second.code] == ["main", "far"]


async def test_only_a_pharmacy_that_cooks_gets_what_is_to_be_cooked(units: Units, place: Dispensary) -> None:
    cold = await add_pharmacy(units, place.visit, code="cold", order=0, decocts=False)
    for pharmacy in (place.pharmacy, cold):
        await stock(units, pharmacy, {HERB: 100, OTHER_HERB: 100})
    wanted = {HERB: 70, OTHER_HERB: 35}
    raw = await add_sheet(units, place.visit, wanted, kind=SheetKind.HERB)
    cooked = await add_sheet(units, place.visit, wanted, kind=SheetKind.HERB)
    assert (await hold_for(units, cooked, wanted, decocts=True)).code == "main"
    assert (await hold_for(units, raw, wanted)).code == "cold"


async def test_XY34_what_an_ended_sheet_held_is_free_again_and_once_only(
    units: Units, place: Dispensary
) -> None:
    await stock(units, place.pharmacy, {PILL: 5})
    sheet = await add_passed(units, place, {PILL: 2})
    for _ in range(2):
        async with units.system("test") as unit:
            await free(unit, sheet.id)
    assert await level(units, place) == (5, 0)
    assert codes(await reserved(units, sheet.id)) == {PILL: "freed"}


async def test_what_is_picked_leaves_lot_and_count_and_comes_back_when_put_back(
    units: Units, place: Dispensary
) -> None:
    [lot] = await stock(units, place.pharmacy, {PILL: 5})
    sheet = await add_passed(units, place, {PILL: 2})
    picks = [Pick(PILL, lot.id, Decimal(2))]
    async with units.of(place.first) as unit:
        await take(unit, sheet.id, picks)
    assert await level(units, place) == (3, 0)
    with pytest.raises(ReservationGone):
        async with units.of(place.first) as unit:
            await take(unit, sheet.id, picks)
    for _ in range(2):
        async with units.of(place.first) as unit:
            assert await put_back(unit, sheet.id, picks) == []
    assert await level(units, place) == (5, 2)
    assert [int(lot.quantity) for lot in await lots(units, place.pharmacy)] == [5]


async def test_REG31_a_lot_of_another_drug_or_a_blocked_one_is_not_taken(
    units: Units, place: Dispensary
) -> None:
    [wrong] = await stock(units, place.pharmacy, {PATENT: 5})
    [bad] = await stock(units, place.pharmacy, {PILL: 5}, lot="BAD")
    await stock(units, place.pharmacy, {PILL: 5}, lot="GOOD")
    sheet = await add_passed(units, place, {PILL: 2})
    async with units.of(place.first) as unit:
        await block(unit, bad.id, BY_HAND)
    for lot_id, reason in ((wrong.id, "other_drug"), (bad.id, "blocked")):
        with pytest.raises(WrongLot) as refused:
            async with units.of(place.first) as unit:
                await take(unit, sheet.id, [Pick(PILL, lot_id, Decimal(2))])
        assert refused.value.facts["reason"] == reason
    with pytest.raises(WrongLot):
        async with units.of(place.first) as unit:
            await take(unit, sheet.id, [Pick(PILL, wrong.id, Decimal(1))])
    assert await level(units, place) == (5, 2)


async def test_a_blocked_lot_withdraws_the_newest_promises_first(units: Units, place: Dispensary) -> None:
    [lot] = await stock(units, place.pharmacy, {PILL: 3})
    await stock(units, place.pharmacy, {PILL: 3}, lot="L2")
    older, newer = [await add_passed(units, place, {PILL: 3}) for _ in range(2)]
    async with units.of(place.first) as unit:
        assert await block(unit, lot.id, BY_HAND) == [newer.id]
    async with units.of(place.first) as unit:
        assert await holds(unit, older.id) and not await holds(unit, newer.id)
    assert await level(units, place) == (3, 3)
    async with units.of(place.first) as unit:
        await unblock(unit, lot.id, BY_HAND)
    assert await level(units, place) == (6, 3)


async def test_a_recalled_lot_is_not_unblocked_by_hand(units: Units, place: Dispensary) -> None:
    [lot] = await stock(units, place.pharmacy, {PILL: 3})
    async with units.of(place.first) as unit:
        await block(unit, lot.id, BY_HAND)
        await block(unit, lot.id, RECALLED)
        await unblock(unit, lot.id, BY_HAND)
    assert await level(units, place) == (0, 0)


async def test_what_is_put_back_into_a_blocked_lot_counts_no_more(units: Units, place: Dispensary) -> None:
    [lot] = await stock(units, place.pharmacy, {PILL: 2})
    sheet = await add_passed(units, place, {PILL: 2})
    picks = [Pick(PILL, lot.id, Decimal(2))]
    async with units.of(place.first) as unit:
        await take(unit, sheet.id, picks)
        await block(unit, lot.id, RECALLED)
    async with units.of(place.first) as unit:
        assert await put_back(unit, sheet.id, picks) == [PILL]
    assert await level(units, place) == (0, 0)
    assert codes(await reserved(units, sheet.id)) == {PILL: "freed"}


async def test_counting_less_than_was_promised_is_told(units: Units, place: Dispensary) -> None:
    [lot] = await stock(units, place.pharmacy, {PILL: 3})
    sheet = await add_passed(units, place, {PILL: 3})
    async with units.of(place.first) as unit:
        await count(unit, lot.id, Decimal(2))
    assert await level(units, place) == (2, 0)
    async with units.of(place.first) as unit:
        assert not await holds(unit, sheet.id)


async def test_REG31_a_lot_too_near_its_expiry_leaves_the_count_by_itself(
    units: Units, place: Dispensary, clock: FixedClock
) -> None:
    await stock(units, place.pharmacy, {PILL: 3}, lot="SOON", expires_on=date(2027, 1, 10))
    await stock(units, place.pharmacy, {PILL: 3})
    assert await retire_lots(units) == 0
    clock.advance(timedelta(days=21))
    assert await retire_lots(units) == 1
    assert await retire_lots(units) == 0
    assert await level(units, place) == (3, 0)
    soon = (await lots(units, place.pharmacy))[0]
    assert soon.blocked_by == EXPIRED
    async with units.of(place.first) as unit:
        await unblock(unit, soon.id, EXPIRED)
    assert await level(units, place) == (3, 0)


async def test_a_delivery_is_taken_in_whole_or_not_at_all(units: Units, place: Dispensary) -> None:
    goods = [Goods(PILL, "A", FAR, Decimal(5)), Goods(PATENT, "B", date(2026, 12, 1), Decimal(5))]
    with pytest.raises(GoodsRefused) as refused:
        async with units.of(place.first) as unit:
            await receive(unit, place.pharmacy, goods)
    assert list(refused.value.fields) == [f"{PATENT}.B"]
    assert await lots(units, place.pharmacy) == []
    with pytest.raises(LotDiffers):
        async with units.of(place.first) as unit:
            await receive(unit, place.pharmacy, [goods[0], Goods(PILL, "A", date(2028, 1, 1), Decimal(5))])


async def test_a_lot_that_comes_twice_is_one_lot_with_two_moves(units: Units, place: Dispensary) -> None:
    [lot] = await stock(units, place.pharmacy, {PILL: 3})
    await stock(units, place.pharmacy, {PILL: 4})
    assert await level(units, place) == (7, 0)
    async with units.of(place.first) as unit:
        moves = await unit.session.scalars(sa.select(StockMove.change).where(StockMove.lot_id == lot.id))
        assert sorted(int(change) for change in moves) == [3, 4]


async def test_the_pad_sees_what_is_free_at_the_best_pharmacy(units: Units, place: Dispensary) -> None:
    await stock(units, place.pharmacy, {PILL: 5})
    other = await add_pharmacy(units, place.visit, code="far", order=2)
    await stock(units, other, {PILL: 2, PATENT: 2})
    await add_passed(units, place, {PILL: 2})
    async with units.of(place.visit.doctor) as unit:
        seen = await availability(
            unit, place.hospital_id, place.visit.house.campus.id, [PILL, PATENT, "W999"]
        )
        alone = await availability(unit, place.hospital_id, place.visit.house.campus.id, [PILL])
    assert seen == {PILL: 2, PATENT: 2, "W999": 0}
    assert alone == {PILL: 3}


@dataclass(frozen=True)
class OnShelf:
    id: UUID
    expires_on: date
    quantity: Decimal


def test_REG31_the_lot_that_expires_first_is_given_first() -> None:
    one, two, three = new_id(), new_id(), new_id()
    rows = [
        OnShelf(one, date(2027, 1, 20), Decimal(5)),
        OnShelf(two, date(2027, 1, 3), Decimal(2)),
        OnShelf(three, date(2027, 1, 9), Decimal(0)),
    ]
    assert first_to_expire(rows, Decimal(4)) == [(two, Decimal(2)), (one, Decimal(2))]
    assert first_to_expire(rows, Decimal(99)) == [(two, Decimal(2)), (one, Decimal(5))]


@pytest.mark.parametrize(
    ("row", "is_good"),
    [
        ("W001,L1,2028-01-31,5", True),
        ("W001,L1,2028-01-31,0.25", True),
        ("W001,L1,2028-01-31,-5", False),
        ("W001,L1,2028-01-31,NaN", False),
        ("W001,L1,2028-01-31,1e9", False),
        ("W001,L1,2028-02-31,5", False),
        ("W001,,2028-01-31,5", False),
        ("X999,L1,2028-01-31,5", False),
        ("W001,L1", False),
    ],
)
def test_a_row_of_a_delivery_note_is_read_or_named(row: str, is_good: bool) -> None:
    good, bad = read_delivery(f"drug_code,lot_number,expires_on,quantity\n{row}\n", {"W001": ""})
    assert (len(good), len(bad)) == ((1, 0) if is_good else (0, 1))
