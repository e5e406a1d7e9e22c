"""Goods in, counting, blocking: each change of a lot is a move with its cause."""

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from prescriptions.stock import queries
from prescriptions.stock.errors import GoodsRefused, LotDiffers, LotNotFound
from prescriptions.stock.models import Lot, Pharmacy, StockItem, StockMove
from prescriptions.stock.reserving import uncover
from prescriptions.stock.rules import Goods, last_usable, together
from telehealth.core.i18n import N_
from telehealth.core.ids import new_id
from telehealth.core.unit import Unit
from telehealth.rulebook import current_policy

#: Whose block nobody lifts: a recalled lot is released by closing its recall, an expired one never.
EXPIRED, RECALLED, BY_HAND = "expired", "recalled", "damaged"


async def receive(unit: Unit, place: Pharmacy, goods: Sequence[Goods]) -> list[Lot]:
    """Take a delivery in, all of it or nothing.

    Raises GoodsRefused for a lot too near its expiry or named with two dates, LotDiffers.
    """
    merged = together(goods)
    if merged is None:
        raise LotDiffers()
    usable = await _usable_from(unit, place.hospital_id)
    late = {
        f"{code}.{lot}": N_("有效期太近，不能入库")
        for (code, lot), it in merged.items()
        if it.expires_on < usable
    }
    if late:
        raise GoodsRefused(late)
    codes = sorted({code for code, _ in merged})
    await _make_items(unit, place, codes)
    items = await queries.lock_items(unit, [place.id], codes)
    lots = []
    for each in sorted(merged.values(), key=lambda it: (it.drug_code, it.expires_on, it.lot_number)):
        lot = await _lot_for(unit, place, each)
        lot.quantity += each.quantity
        if lot.blocked_at is None:
            items[place.id, each.drug_code].on_hand += each.quantity
        _move(unit, lot, each.quantity, "received")
        lots.append(lot)
    await unit.session.flush()
    unit.audit("stock.received", place, lots=len(lots))
    return lots


async def count(unit: Unit, lot_id: UUID, found: Decimal) -> Lot:
    """Somebody counted a lot. What it lacks is taken from the newest promises, which is told."""
    item, lot = await _locked(unit, lot_id)
    change = found - lot.quantity
    lot.quantity = found
    if change:
        _move(unit, lot, change, "counted")
        unit.audit("stock.counted", lot, drug=lot.drug_code, lot=lot.lot_number, change=change)
    if lot.blocked_at is None:
        await _shift(unit, item, change)
    return lot


async def block(unit: Unit, lot_id: UUID, cause: str) -> list[UUID]:
    """On the shelf perhaps, in no count. Sheets that lost their promise by it; repeating changes nothing."""
    item, lot = await _locked(unit, lot_id)
    if lot.blocked_at is not None:
        # A recall weighs more than a block by hand.
        lot.blocked_by = RECALLED if RECALLED in (cause, lot.blocked_by) else lot.blocked_by
        return []
    lot.blocked_at, lot.blocked_by = unit.now, cause
    _move(unit, lot, Decimal(0), "blocked")
    unit.audit("stock.blocked", lot, drug=lot.drug_code, lot=lot.lot_number, cause=cause)
    return await _shift(unit, item, -lot.quantity)


async def unblock(unit: Unit, lot_id: UUID, cause: str) -> Lot:
    """Counted again, if `cause` is why it was not and it is still far from its expiry."""
    item, lot = await _locked(unit, lot_id)
    fresh = lot.expires_on >= await _usable_from(unit, lot.hospital_id)
    if lot.blocked_by == cause and fresh:
        lot.blocked_at = lot.blocked_by = None
        _move(unit, lot, Decimal(0), "unblocked")
        unit.audit("stock.unblocked", lot, drug=lot.drug_code, lot=lot.lot_number)
        await _shift(unit, item, lot.quantity)
    return lot


async def reorder_at(unit: Unit, pharmacy_id: UUID, drug_code: str, level: Decimal) -> None:
    item = await queries.lock_item(unit, pharmacy_id, drug_code)
    if item is None:
        raise LotNotFound()
    item.reorder_at = level
    await unit.session.flush()
    unit.audit("stock.reorder_level_set", f"pharmacy:{pharmacy_id}", drug=drug_code, level=level)


async def _shift(unit: Unit, item: StockItem, change: Decimal) -> list[UUID]:
    item.on_hand += change
    return await uncover(unit, item)


async def _locked(unit: Unit, lot_id: UUID) -> tuple[StockItem, Lot]:
    seen = await queries.lot(unit, lot_id)
    item = await queries.lock_item(unit, seen.pharmacy_id, seen.drug_code)
    lot = (await queries.lock_lots(unit, [lot_id])).get(lot_id)
    if item is None or lot is None:
        raise LotNotFound()
    return item, lot


async def _make_items(unit: Unit, place: Pharmacy, codes: Sequence[str]) -> None:
    rows = [
        {
            "pharmacy_id": place.id,
            "drug_code": code,
            "hospital_id": place.hospital_id,
            "on_hand": Decimal(0),
            "reserved": Decimal(0),
            "reorder_at": Decimal(0),
        }
        for code in codes
    ]
    await unit.session.execute(insert(StockItem).values(rows).on_conflict_do_nothing())


async def _lot_for(unit: Unit, place: Pharmacy, goods: Goods) -> Lot:
    """The item is locked, so no second one is made."""
    lot = await unit.session.scalar(
        sa.select(Lot)
        .where(
            Lot.pharmacy_id == place.id,
            Lot.drug_code == goods.drug_code,
            Lot.lot_number == goods.lot_number,
        )
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    if lot is None:
        lot = Lot(
            id=new_id(),
            hospital_id=place.hospital_id,
            pharmacy_id=place.id,
            drug_code=goods.drug_code,
            lot_number=goods.lot_number,
            expires_on=goods.expires_on,
            quantity=Decimal(0),
            received_at=unit.now,
            blocked_at=None,
            blocked_by=None,
        )
        if any(each.blocked_by == RECALLED for each in await _same_elsewhere(unit, place, goods)):
            # Called back in this hospital, wherever it lies.
            lot.blocked_at, lot.blocked_by = unit.now, RECALLED
        unit.session.add(lot)
    if lot.expires_on != goods.expires_on:
        raise LotDiffers(lot=goods.lot_number)
    return lot


async def _same_elsewhere(unit: Unit, place: Pharmacy, goods: Goods) -> Sequence[Lot]:
    return await queries.lots_numbered(unit, place.hospital_id, goods.drug_code, goods.lot_number)


async def _usable_from(unit: Unit, hospital_id: UUID) -> date:
    policy = (await current_policy(unit, hospital_id)).policy
    return last_usable(unit.today, policy.dispensing.expiry_margin_days)


def _move(unit: Unit, lot: Lot, change: Decimal, cause: str) -> None:
    unit.session.add(
        StockMove(
            hospital_id=lot.hospital_id,
            pharmacy_id=lot.pharmacy_id,
            lot_id=lot.id,
            change=change,
            cause=cause,
            prescription_id=None,
            by=unit.actor.account_id,
            at=unit.now,
        )
    )
