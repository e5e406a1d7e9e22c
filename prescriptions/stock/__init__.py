"""What lies on the shelves of each pharmacy, and what a sheet holds of it."""

from prescriptions.stock.availing import availability
from prescriptions.stock.errors import (
    EarlierLotFirst,
    LotNotFound,
    NoPharmacy,
    OutOfStock,
    PharmacyNotFound,
    ReservationGone,
    WrongLot,
)
from prescriptions.stock.models import Lot, Pharmacy, PharmacyMember, Reservation
from prescriptions.stock.naming import Drug, Names, drugs
from prescriptions.stock.queries import (
    count_low,
    lots_by_id,
    lots_by_number,
    lots_numbered,
    lots_of,
    members,
    pharmacies,
    pharmacy,
    reservations,
)
from prescriptions.stock.reserving import free, holds, put_back, reserve, take
from prescriptions.stock.rules import Pick, first_to_expire
from prescriptions.stock.staffing import assign, note_presence, others_on_duty, own_pharmacy

__all__ = [
    "Drug", "EarlierLotFirst", "Lot", "LotNotFound", "Names", "NoPharmacy", "OutOfStock", "Pharmacy",
    "PharmacyMember", "PharmacyNotFound", "Pick", "Reservation", "ReservationGone", "WrongLot", "assign",
    "availability", "count_low", "drugs", "first_to_expire", "free", "holds", "lots_by_id",
    "lots_by_number", "lots_numbered", "lots_of", "members", "note_presence", "others_on_duty",
    "own_pharmacy", "pharmacies", "pharmacy", "put_back", "reservations", "reserve", "take",
]  # fmt: skip
