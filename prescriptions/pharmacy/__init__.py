"""The pharmacy's work on a paid sheet: what others may read of it."""

from prescriptions.pharmacy.models import DispatchOrder, Dispense, Parcel, PickedLot
from prescriptions.pharmacy.queries import dispense, find_order, live_parcel, parcels_of, scans, undecided

__all__ = [
    "DispatchOrder",
    "Dispense",
    "Parcel",
    "PickedLot",
    "dispense",
    "find_order",
    "live_parcel",
    "parcels_of",
    "scans",
    "undecided",
]  # fmt: skip
