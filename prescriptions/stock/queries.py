"""Reading shelves. Rows to be changed are locked item first (by drug code, then pharmacy), then lots."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from uuid import UUID

import sqlalchemy as sa

from prescriptions.states import ReservationState
from prescriptions.stock.errors import LotNotFound, PharmacyNotFound
from prescriptions.stock.models import Lot, Pharmacy, PharmacyMember, Reservation, StockItem, StockMove
from telehealth.core.unit import Unit


async def pharmacy(unit: Unit, pharmacy_id: UUID) -> Pharmacy:
    """Raises PharmacyNotFound."""
    found = await unit.session.get(Pharmacy, pharmacy_id)
    if found is None:
        raise PharmacyNotFound()
    return found


async def pharmacies(unit: Unit, hospital_id: UUID) -> Sequence[Pharmacy]:
    rows = await unit.session.scalars(
        sa.select(Pharmacy).where(Pharmacy.hospital_id == hospital_id).order_by(Pharmacy.order, Pharmacy.code)
    )
    return rows.all()


async def hospitals_with_pharmacies(unit: Unit) -> Sequence[UUID]:
    rows = await unit.session.scalars(sa.select(Pharmacy.hospital_id).distinct())
    return rows.all()


async def member(unit: Unit, hospital_id: UUID, account_id: UUID) -> PharmacyMember | None:
    found: PharmacyMember | None = await unit.session.get(PharmacyMember, (account_id, hospital_id))
    return found


async def members(unit: Unit, hospital_id: UUID) -> Sequence[PharmacyMember]:
    rows = await unit.session.scalars(
        sa.select(PharmacyMember)
        .where(PharmacyMember.hospital_id == hospital_id)
        .order_by(PharmacyMember.account_id)
    )
    return rows.all()


async def lock_items(
    unit: Unit, pharmacy_ids: Collection[UUID], codes: Collection[str]
) -> dict[tuple[UUID, str], StockItem]:
    """In the one order everybody locks them in."""
    rows = await unit.session.scalars(
        sa.select(StockItem)
        .where(StockItem.pharmacy_id.in_(pharmacy_ids), StockItem.drug_code.in_(codes))
        .order_by(StockItem.drug_code, StockItem.pharmacy_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    return {(row.pharmacy_id, row.drug_code): row for row in rows}


async def lock_item(unit: Unit, pharmacy_id: UUID, code: str) -> StockItem | None:
    return (await lock_items(unit, [pharmacy_id], [code])).get((pharmacy_id, code))


async def lock_lots(unit: Unit, ids: Collection[UUID]) -> dict[UUID, Lot]:
    rows = await unit.session.scalars(
        sa.select(Lot)
        .where(Lot.id.in_(ids))
        .order_by(Lot.expires_on, Lot.id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    return {row.id: row for row in rows}


async def lot(unit: Unit, lot_id: UUID) -> Lot:
    """Raises LotNotFound."""
    found = await unit.session.get(Lot, lot_id)
    if found is None:
        raise LotNotFound()
    return found


async def lots_by_id(unit: Unit, ids: Collection[UUID]) -> dict[UUID, Lot]:
    rows = await unit.session.scalars(sa.select(Lot).where(Lot.id.in_(ids)))
    return {row.id: row for row in rows}


async def lots_numbered(unit: Unit, hospital_id: UUID, code: str, lot_number: str) -> Sequence[Lot]:
    """The same lot may lie at several pharmacies."""
    rows = await unit.session.scalars(
        sa.select(Lot)
        .where(Lot.hospital_id == hospital_id, Lot.drug_code == code, Lot.lot_number == lot_number)
        .order_by(Lot.pharmacy_id)
    )
    return rows.all()


async def lots_of(unit: Unit, pharmacy_id: UUID, codes: Collection[str]) -> Sequence[Lot]:
    """With something in them, usable or not; the first to expire first."""
    rows = await unit.session.scalars(
        sa.select(Lot)
        .where(Lot.pharmacy_id == pharmacy_id, Lot.drug_code.in_(codes), Lot.quantity > 0)
        .order_by(Lot.drug_code, Lot.expires_on, Lot.id)
    )
    return rows.all()


async def lots_by_number(unit: Unit, pharmacy_id: UUID, lot_number: str) -> Sequence[Lot]:
    rows = await unit.session.scalars(
        sa.select(Lot).where(Lot.pharmacy_id == pharmacy_id, Lot.lot_number == lot_number)
    )
    return rows.all()


async def worn_out(unit: Unit, hospital_id: UUID, before: date, *, limit: int) -> Sequence[Lot]:
    """Lots still counted that expire before that day."""
    rows = await unit.session.scalars(
        sa.select(Lot)
        .where(
            Lot.hospital_id == hospital_id,
            Lot.blocked_at.is_(None),
            Lot.quantity > 0,
            Lot.expires_on < before,
        )
        .order_by(Lot.drug_code, Lot.pharmacy_id, Lot.id)
        .limit(limit)
    )
    return rows.all()


async def reservations(unit: Unit, prescription_id: UUID) -> Sequence[Reservation]:
    rows = await unit.session.scalars(
        sa.select(Reservation)
        .where(Reservation.prescription_id == prescription_id)
        .order_by(Reservation.drug_code)
        .execution_options(populate_existing=True)
    )
    return rows.all()


async def newest_held(unit: Unit, pharmacy_id: UUID, code: str) -> Sequence[Reservation]:
    """The item is locked, so nobody adds or takes one meanwhile."""
    rows = await unit.session.scalars(
        sa.select(Reservation)
        .where(
            Reservation.pharmacy_id == pharmacy_id,
            Reservation.drug_code == code,
            Reservation.state == ReservationState.HELD,
        )
        .order_by(Reservation.prescription_id.desc())
        .execution_options(populate_existing=True)
    )
    return rows.all()


@dataclass(frozen=True, slots=True)
class Shelf:
    """One drug at one pharmacy, as the stock page shows it."""

    item: StockItem
    lots: int
    expires_on: date | None

    @property
    def free(self) -> Decimal:
        return self.item.on_hand - self.item.reserved

    @property
    def is_low(self) -> bool:
        return self.free < self.item.reorder_at


async def shelves(
    unit: Unit,
    pharmacy_id: UUID,
    *,
    low: bool = False,
    expiring_before: date | None = None,
    codes: Collection[str] | None = None,
    limit: int = 200,
) -> list[Shelf]:
    """Drug by drug, with how many lots are counted and which day the first of them expires."""
    counted = (
        sa.select(
            Lot.drug_code,
            sa.func.count().label("lots"),
            sa.func.min(Lot.expires_on).label("expires_on"),
        )
        .where(Lot.pharmacy_id == pharmacy_id, Lot.blocked_at.is_(None), Lot.quantity > 0)
        .group_by(Lot.drug_code)
        .subquery()
    )
    wanted = (
        sa.select(StockItem, counted.c.lots, counted.c.expires_on)
        .outerjoin(counted, counted.c.drug_code == StockItem.drug_code)
        .where(StockItem.pharmacy_id == pharmacy_id)
        .order_by(StockItem.drug_code)
        .limit(limit)
    )
    if low:
        wanted = wanted.where(StockItem.on_hand - StockItem.reserved < StockItem.reorder_at)
    if expiring_before is not None:
        wanted = wanted.where(counted.c.expires_on < expiring_before).order_by(None)
        wanted = wanted.order_by(counted.c.expires_on, StockItem.drug_code)
    if codes is not None:
        wanted = wanted.where(StockItem.drug_code.in_(codes))
    rows = await unit.session.execute(wanted)
    return [Shelf(item, lots or 0, expires_on) for item, lots, expires_on in rows]


async def count_low(unit: Unit, pharmacy_id: UUID) -> int:
    found = await unit.session.scalar(
        sa.select(sa.func.count())
        .select_from(StockItem)
        .where(
            StockItem.pharmacy_id == pharmacy_id,
            StockItem.on_hand - StockItem.reserved < StockItem.reorder_at,
        )
    )
    return found or 0


async def free_by_pharmacy(
    unit: Unit, hospital_id: UUID, codes: Collection[str]
) -> dict[tuple[UUID, str], Decimal]:
    """Without locks: what a page shows, not what a sheet is promised."""
    rows = await unit.session.execute(
        sa.select(StockItem.pharmacy_id, StockItem.drug_code, StockItem.on_hand - StockItem.reserved).where(
            StockItem.hospital_id == hospital_id, StockItem.drug_code.in_(codes)
        )
    )
    return {(pharmacy_id, code): free for pharmacy_id, code, free in rows}


async def moves_of(unit: Unit, lot_id: UUID, *, limit: int = 50) -> Sequence[StockMove]:
    rows = await unit.session.scalars(
        sa.select(StockMove)
        .where(StockMove.lot_id == lot_id)
        .order_by(StockMove.at.desc(), StockMove.id.desc())
        .limit(limit)
    )
    return rows.all()
