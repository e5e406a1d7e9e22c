"""Whose order it is: each pharmacy sees its own; to the others it does not exist."""

from uuid import UUID

import sqlalchemy as sa

from prescriptions.pharmacy import queries
from prescriptions.pharmacy.errors import (
    ClaimedByOther,
    DispatchNotFound,
    OrderBeingUndone,
    OrderHeld,
)
from prescriptions.pharmacy.models import DispatchOrder
from prescriptions.settling import lock_sheet
from prescriptions.states import DispatchState
from prescriptions.stock import Pharmacy, lots_by_id, own_pharmacy
from prescriptions.stock.receiving import RECALLED
from telehealth.core.access import Actor, Permission
from telehealth.core.unit import Unit


def may_see(place: Pharmacy, row: DispatchOrder) -> bool:
    return row.pharmacy_id == place.id


def visible_to(place: Pharmacy) -> sa.ColumnElement[bool]:
    return DispatchOrder.pharmacy_id == place.id


async def own_order(unit: Unit, actor: Actor, order_id: UUID) -> DispatchOrder:
    """To look at. Raises DispatchNotFound, NoPharmacy."""
    actor.require(Permission.DISPENSE)
    place = await own_pharmacy(unit, actor)
    row = await queries.order(unit, order_id)
    if not may_see(place, row):
        raise DispatchNotFound()
    return row


async def take_order(unit: Unit, actor: Actor, order_id: UUID) -> DispatchOrder:
    """To work on: locked, not held, not being given up. Raises OrderHeld, OrderBeingUndone too."""
    place = await own_pharmacy(unit, actor)
    await own_order(unit, actor, order_id)
    row = await queries.lock_order(unit, order_id)
    if not may_see(place, row):
        # Moved elsewhere while we waited.
        raise DispatchNotFound()
    if row.held_at is not None:
        raise OrderHeld()
    if row.undo_reason is not None and row.state is not DispatchState.CANCELLED:
        raise OrderBeingUndone()
    return row


async def take_order_and_sheet(unit: Unit, actor: Actor, order_id: UUID) -> DispatchOrder:
    """As `take_order`, with visit, sheet and fulfilment locked before, for what tells money."""
    await own_order(unit, actor, order_id)
    await lock_sheet(unit, order_id)
    return await take_order(unit, actor, order_id)


async def has_recalled(unit: Unit, row: DispatchOrder) -> bool:
    """Whether a lot that was called back lies in its basket or box."""
    lots = await lots_by_id(unit, [pick.lot_id for pick in await queries.picks(unit, row.id)])
    return any(lot.blocked_by == RECALLED for lot in lots.values())


async def require_sound(unit: Unit, row: DispatchOrder) -> None:
    """Nobody goes on with what was called back, whatever was said before. Raises OrderHeld."""
    if await has_recalled(unit, row):
        raise OrderHeld(reason="recalled")


def require_mine(actor: Actor, row: DispatchOrder) -> None:
    """Raises ClaimedByOther."""
    if row.claimed_by != actor.account_id:
        raise ClaimedByOther()
