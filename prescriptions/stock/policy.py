"""Whose shelf it is: each pharmacy sees its own."""

from uuid import UUID

from prescriptions.stock import queries
from prescriptions.stock.errors import LotNotFound
from prescriptions.stock.models import Lot, Pharmacy
from prescriptions.stock.staffing import own_pharmacy
from telehealth.core.access import Actor, Permission
from telehealth.core.unit import Unit


async def own_lot(unit: Unit, actor: Actor, lot_id: UUID) -> tuple[Pharmacy, Lot]:
    """Raises LotNotFound also for another pharmacy's, NoPharmacy."""
    actor.require(Permission.MANAGE_STOCK)
    place = await own_pharmacy(unit, actor)
    lot = await queries.lot(unit, lot_id)
    if lot.pharmacy_id != place.id:
        raise LotNotFound()
    return place, lot
