"""What a passed sheet holds, from *passed* until it is picked, freed, or held elsewhere.

Items are locked in one order by everybody, so the last box goes to one; a check constraint says the same.
"""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Protocol
from uuid import UUID

import sqlalchemy as sa

from prescriptions.events import PrescriptionEnded, ReservationLost
from prescriptions.states import Path, ReservationEvent, ReservationState, SheetKind
from prescriptions.stock import queries
from prescriptions.stock.errors import OutOfStock, ReservationGone, WrongLot
from prescriptions.stock.models import Lot, Pharmacy, Reservation, StockItem, StockMove
from prescriptions.stock.rules import Pick, totals
from telehealth.core.unit import Unit


class Sheet(Protocol):
    """As much of a prescription as its stock depends on."""

    @property
    def id(self) -> UUID: ...
    @property
    def hospital_id(self) -> UUID: ...
    @property
    def campus_id(self) -> UUID: ...


async def reserve(
    unit: Unit,
    sheet: Sheet,
    needs: Mapping[str, Decimal],
    *,
    kind: SheetKind,
    needs_cold_chain: bool,
    decocts: bool = False,
    path: Path | None = None,
    besides: UUID | None = None,
) -> Pharmacy:
    """Hold all of it at one pharmacy: of the sheet's campus first, then in the hospital's order.

    `decocts`: a decoction sheet that the pharmacy is to cook. `path`: the way that was chosen, where one
    was. `besides`: not at that one, which has just said that it cannot. Raises OutOfStock.
    """
    places = [
        place
        for place in await queries.pharmacies(unit, sheet.hospital_id)
        if place.is_open and place.id != besides
        if place.decocts or not (decocts and kind is SheetKind.HERB)
        if _goes(place, path, needs_cold_chain)
    ]
    places.sort(key=lambda it: (needs_cold_chain and not it.has_cold_chain, it.campus_id != sheet.campus_id))
    items = await queries.lock_items(unit, [place.id for place in places], needs)
    lacking = {place.id: _lacking(items, place.id, needs) for place in places}
    chosen = next((place for place in places if not lacking[place.id]), None)
    if chosen is None:
        fewest = min(lacking.values(), key=len, default=sorted(needs))
        raise OutOfStock(drugs=fewest)
    await _hold(unit, sheet, chosen.id, needs, items)
    return chosen


async def free(unit: Unit, prescription_id: UUID) -> None:
    """What is still held is free again; repeating it changes nothing."""
    for row, item in await _locked(unit, prescription_id):
        if row.state is ReservationState.HELD:
            row.apply(ReservationEvent.FREE)
            item.reserved -= row.quantity
    await unit.session.flush()


async def on_ended(unit: Unit, event: PrescriptionEnded) -> None:
    await free(unit, event.prescription_id)


async def holds(unit: Unit, prescription_id: UUID) -> bool:
    """Whether the sheet's stock is all still there for it, held or picked."""
    rows = await queries.reservations(unit, prescription_id)
    return bool(rows) and all(row.state is not ReservationState.FREED for row in rows)


async def take(unit: Unit, prescription_id: UUID, picks: Sequence[Pick]) -> None:
    """Picked: the lots leave the shelf. `picks` are exactly what is held.

    Raises ReservationGone, WrongLot.
    """
    held = await _locked(unit, prescription_id)
    if not held or any(row.state is not ReservationState.HELD for row, _ in held):
        raise ReservationGone()
    if totals(picks) != {row.drug_code: row.quantity for row, _ in held}:
        raise WrongLot(reason="unknown")
    lots = await queries.lock_lots(unit, [pick.lot_id for pick in picks])
    for pick in picks:
        _leave_shelf(unit, lots.get(pick.lot_id), pick, held[0][0])
    for row, item in held:
        row.apply(ReservationEvent.TAKE)
        item.on_hand -= row.quantity
        item.reserved -= row.quantity
    await unit.session.flush()


async def put_back(unit: Unit, prescription_id: UUID, picks: Sequence[Pick]) -> list[str]:
    """Back on the shelf and held again. Of a lot blocked meanwhile nothing counts any more:
    the drugs of which then too little is left are freed, and returned. Repeating it changes nothing.
    """
    taken = [pair for pair in await _locked(unit, prescription_id) if pair[0].state is ReservationState.TAKEN]
    if not taken:
        return []
    lots = await queries.lock_lots(unit, [pick.lot_id for pick in picks])
    back: dict[str, Decimal] = {}
    for pick in picks:
        lot = lots[pick.lot_id]
        lot.quantity += pick.quantity
        _record(unit, lot, pick.quantity, "put_back", prescription_id)
        if lot.blocked_at is None:
            back[pick.drug_code] = back.get(pick.drug_code, Decimal(0)) + pick.quantity
    lost = []
    for row, item in taken:
        item.on_hand += back.get(row.drug_code, Decimal(0))
        row.apply(ReservationEvent.PUT_BACK)
        if item.on_hand - item.reserved >= row.quantity:
            item.reserved += row.quantity
        else:
            row.apply(ReservationEvent.FREE)
            lost.append(row.drug_code)
    await unit.session.flush()
    return lost


async def uncover(unit: Unit, item: StockItem) -> list[UUID]:
    """Less lies there than is promised: the newest promises are withdrawn, and told.

    The item is locked and its `on_hand` already lowered, though not yet written.
    """
    lost: list[UUID] = []
    # Held back until the promises fit: the constraint would refuse the row in between.
    with unit.session.no_autoflush:
        for row in await queries.newest_held(unit, item.pharmacy_id, item.drug_code):
            if item.reserved <= item.on_hand:
                break
            row.apply(ReservationEvent.FREE)
            item.reserved -= row.quantity
            lost.append(row.prescription_id)
    await unit.session.flush()
    for prescription_id in lost:
        await unit.publish(ReservationLost(prescription_id, item.drug_code))
    return lost


async def _hold(
    unit: Unit,
    sheet: Sheet,
    pharmacy_id: UUID,
    needs: Mapping[str, Decimal],
    items: Mapping[tuple[UUID, str], StockItem],
) -> None:
    # What an earlier try freed makes room for the new one; a live reservation would refuse it.
    await unit.session.execute(
        sa.delete(Reservation).where(
            Reservation.prescription_id == sheet.id, Reservation.state == ReservationState.FREED
        )
    )
    for code, quantity in sorted(needs.items()):
        items[pharmacy_id, code].reserved += quantity
        unit.session.add(
            Reservation(
                prescription_id=sheet.id,
                drug_code=code,
                hospital_id=sheet.hospital_id,
                pharmacy_id=pharmacy_id,
                quantity=quantity,
                state=ReservationState.HELD,
            )
        )
    await unit.session.flush()


def _goes(place: Pharmacy, path: Path | None, needs_cold_chain: bool) -> bool:
    if path is Path.COURIER:
        return place.sends and (place.has_cold_chain or not needs_cold_chain)
    return path is None or place.has_window


def _lacking(
    items: Mapping[tuple[UUID, str], StockItem], pharmacy_id: UUID, needs: Mapping[str, Decimal]
) -> list[str]:
    def is_there(code: str, quantity: Decimal) -> bool:
        item = items.get((pharmacy_id, code))
        return item is not None and item.on_hand - item.reserved >= quantity

    return sorted(code for code, quantity in needs.items() if not is_there(code, quantity))


async def _locked(unit: Unit, prescription_id: UUID) -> list[tuple[Reservation, StockItem]]:
    """Each reservation with its item, which is locked first; then it is read again."""
    seen = await queries.reservations(unit, prescription_id)
    items = await queries.lock_items(unit, {row.pharmacy_id for row in seen}, [row.drug_code for row in seen])
    rows = await queries.reservations(unit, prescription_id)
    return [(row, items[row.pharmacy_id, row.drug_code]) for row in rows]


def _leave_shelf(unit: Unit, lot: Lot | None, pick: Pick, held: Reservation) -> None:
    if lot is None or lot.pharmacy_id != held.pharmacy_id or lot.drug_code != pick.drug_code:
        raise WrongLot(reason="other_drug")
    if lot.blocked_at is not None:
        raise WrongLot(reason="blocked", lot=lot.lot_number)
    if pick.quantity <= 0 or lot.quantity < pick.quantity:
        raise WrongLot(reason="empty", lot=lot.lot_number)
    lot.quantity -= pick.quantity
    _record(unit, lot, -pick.quantity, "picked", held.prescription_id)


def _record(unit: Unit, lot: Lot, change: Decimal, cause: str, prescription_id: UUID | None) -> None:
    unit.session.add(
        StockMove(
            hospital_id=lot.hospital_id,
            pharmacy_id=lot.pharmacy_id,
            lot_id=lot.id,
            change=change,
            cause=cause,
            prescription_id=prescription_id,
            by=unit.actor.account_id,
            at=unit.now,
        )
    )
