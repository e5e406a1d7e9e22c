"""Real commits side by side: the last box, one order and two dispensers, packing while it is given up."""

import asyncio
from collections import Counter
from collections.abc import Awaitable
from decimal import Decimal
from typing import Any

import pytest
import sqlalchemy as sa

from prescriptions.pharmacy import checking, claiming, handing, packing, picking, queries, undoing
from prescriptions.pharmacy.models import Dispense
from prescriptions.pharmacy.rules import MATCHES
from prescriptions.settling import lock_sheet
from prescriptions.states import DispatchState, FulfilmentState, Path
from prescriptions.stock.receiving import BY_HAND, block
from prescriptions.stock.reserving import free
from telehealth.core.unit import Units
from tests.support.factories.dispatch import (
    PATENT,
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
    open_dispensary,
    order,
    stock,
    to_checked,
    to_packed,
    to_picked,
)
from tests.support.waiting import until_somebody_waits

D = DispatchState


@pytest.fixture
async def place(units: Units) -> Dispensary:
    return await open_dispensary(units)


async def together(*work: Awaitable[Any]) -> tuple[list[Any], Counter[str]]:
    """What succeeded, and how often each error came."""
    ends = await asyncio.gather(*work, return_exceptions=True)
    failed = Counter(type(end).__name__ for end in ends if isinstance(end, BaseException))
    return [end for end in ends if not isinstance(end, BaseException)], failed


async def test_the_last_box_goes_to_one_of_twenty(units: Units, place: Dispensary) -> None:
    await stock(units, place.pharmacy, {PILL: 1})
    sheets = [await add_sheet(units, place.visit) for _ in range(20)]
    won, lost = await together(*(hold_for(units, sheet, {PILL: 1}) for sheet in sheets))
    assert len(won) == 1 and lost == {"OutOfStock": 19}
    row = await item(units, place.pharmacy)
    assert (int(row.on_hand), int(row.reserved)) == (1, 1)


async def test_sheets_that_name_the_same_drugs_in_another_order_do_not_wait_for_each_other(
    units: Units, place: Dispensary
) -> None:
    other = await add_pharmacy(units, place.visit, code="other", order=2)
    for pharmacy in (place.pharmacy, other):
        await stock(units, pharmacy, {PILL: 5, PATENT: 5})
    sheets = [await add_sheet(units, place.visit) for _ in range(20)]
    wanted = ({PILL: 1, PATENT: 1}, {PATENT: 1, PILL: 1})
    won, lost = await together(*(hold_for(units, sheet, wanted[n % 2]) for n, sheet in enumerate(sheets)))
    assert len(won) == 10 and lost == {"OutOfStock": 10}


async def test_freeing_and_holding_at_once_never_promises_more_than_there_is(
    units: Units, place: Dispensary
) -> None:
    await stock(units, place.pharmacy, {PILL: 3})
    held = [await add_passed(units, place) for _ in range(3)]
    others = [await add_sheet(units, place.visit) for _ in range(6)]

    async def let_go(sheet_id: Any) -> None:
        async with units.system("test") as unit:
            await free(unit, sheet_id)

    await together(
        *(let_go(sheet.id) for sheet in held),
        *(let_go(sheet.id) for sheet in held),
        *(hold_for(units, sheet, {PILL: 1}) for sheet in others),
    )
    row = await item(units, place.pharmacy)
    assert int(row.on_hand) == 3 and 0 <= row.reserved <= 3


async def test_a_lot_blocked_while_it_is_being_picked_goes_one_way(units: Units, place: Dispensary) -> None:
    await stock(units, place.pharmacy, {PILL: 2})
    row = await add_order(units, place, {PILL: 2})
    [lot] = await lots(units, place.pharmacy)
    async with units.of(place.first) as unit:
        await claiming.claim(unit, place.first, row.id)
    async with units.of(place.first) as unit:
        await picking.scan(unit, place.first, row.id, "L1")

    async def pick() -> None:
        async with units.of(place.first) as unit:
            await picking.finish(unit, place.first, row.id)

    async def stop() -> None:
        async with units.of(place.second) as unit:
            await block(unit, lot.id, BY_HAND)

    _, lost = await together(pick(), stop())
    assert set(lost) <= {"ReservationGone", "WrongLot"}
    found = await item(units, place.pharmacy)
    assert (found.on_hand, found.reserved) == (Decimal(0), Decimal(0))


async def test_an_order_is_claimed_by_one_of_ten_presses(units: Units, place: Dispensary) -> None:
    await stock(units, place.pharmacy, {PILL: 2})
    row = await add_order(units, place)

    async def claim(who: Any) -> Any:
        async with units.of(who) as unit:
            return (await claiming.claim(unit, who, row.id)).claimed_by

    won, lost = await together(*(claim(who) for who in (place.first, place.second) * 5))
    assert len(set(won)) == 1 and lost == {"ClaimedByOther": 5}


async def test_REG31_two_who_check_at_once_check_once(units: Units, place: Dispensary) -> None:
    await stock(units, place.pharmacy, {PILL: 2})
    row = await to_picked(units, place, await add_order(units, place))

    async def check() -> None:
        async with units.of(place.second) as unit:
            await checking.check(unit, place.second, row.id, MATCHES)

    won, lost = await together(check(), check())
    assert len(won) == 1 and lost == {"TransitionRefused": 1}


@pytest.mark.parametrize("turn", range(4))
async def test_packing_and_giving_up_at_once_end_one_way(units: Units, place: Dispensary, turn: int) -> None:
    """Either it is packed and stays paid, or the money goes back and nobody packs it."""
    await stock(units, place.pharmacy, {PILL: 2})
    row = await to_checked(
        units, place, await to_picked(units, place, await add_order(units, place, path=Path.WINDOW))
    )

    async def pack() -> None:
        async with units.of(place.first) as unit:
            await packing.pack(unit, place.first, row.id)

    work = (pack(), undoing.undo(units, row.id, "not_packed"))
    await together(*(work if turn % 2 else reversed(work)))
    found, way = await order(units, row.id), await fulfilment_of(units, row.id)
    assert (found.state, way.state) in {
        (D.PACKED, FulfilmentState.PAID), (D.CANCELLED, FulfilmentState.UNDONE),
    }  # fmt: skip
    on_hand = int((await item(units, place.pharmacy)).on_hand)
    assert on_hand == (1 if found.state is D.PACKED else 2)


async def test_two_sweeps_of_one_broken_promise_give_back_once(units: Units, place: Dispensary) -> None:
    await stock(units, place.pharmacy, {PILL: 2})
    row = await add_order(units, place)
    ends = await asyncio.gather(*(undoing.undo(units, row.id, "not_packed") for _ in range(4)))
    assert all(ends)
    assert (await fulfilment_of(units, row.id)).state is FulfilmentState.UNDONE
    assert int((await item(units, place.pharmacy)).reserved) == 0


async def test_XY32_scanned_by_two_at_the_door_it_is_dispensed_once(units: Units, place: Dispensary) -> None:
    await stock(units, place.pharmacy, {PILL: 2})
    row = await to_packed(units, place, await add_order(units, place))

    async def hand_over(who: Any) -> None:
        async with units.of(who) as unit:
            await handing.hand_over(unit, who, row.id, "SF7000000000001")

    won, lost = await together(*(hand_over(who) for who in (place.first, place.second)))
    assert len(won) == 1 and lost == {"TransitionRefused": 1}
    async with units.system("test") as unit:
        assert len((await unit.session.scalars(sa.select(Dispense))).all()) == 1


async def test_a_waybill_that_is_cancelled_while_the_parcel_is_handed_over_is_seen(
    units: Units, place: Dispensary
) -> None:
    """The order row decides: whoever locks it first, the other finds it changed."""
    await stock(units, place.pharmacy, {PILL: 2})
    row = await to_checked(units, place, await to_picked(units, place, await add_order(units, place)))
    await add_parcel(units, row)

    async def give_up() -> None:
        async with units.system("test") as unit:
            await lock_sheet(unit, row.id)
            await undoing.begin(unit, await queries.lock_order(unit, row.id), "not_packed")

    async def pack() -> None:
        async with units.of(place.first) as unit:
            await packing.pack(unit, place.first, row.id)

    won, lost = await together(give_up(), pack())
    assert len(won) == 1 and set(lost) <= {"OrderBeingUndone", "OrderNotCancellable"}


async def test_packing_takes_the_visit_before_the_order_as_everybody_does(
    units: Units, place: Dispensary
) -> None:
    """Who has the visit may always take its order: packing that waits for the visit has nothing yet."""
    await stock(units, place.pharmacy, {PILL: 1})
    row = await add_order(units, place, path=Path.WINDOW)
    await to_checked(units, place, await to_picked(units, place, row))

    async def pack() -> None:
        async with units.of(place.first) as unit:
            await packing.pack(unit, place.first, row.id)

    async with units.system("test") as unit:
        await lock_sheet(unit, row.id)
        waiting = asyncio.create_task(pack())
        await until_somebody_waits(units)
        await queries.lock_order(unit, row.id)
    await waiting
    assert (await order(units, row.id)).state is D.PACKED
