"""Parcels with outside couriers: our words for them, the rules of their states, one adapter a courier.

`registry.Couriers` is what the house joins; features above take it as a port.
"""

from prescriptions.couriers.errors import (
    AddressNotServed,
    CourierNonsense,
    CourierNotOffered,
    CourierRefused,
    CourierUnavailable,
    ParcelMoving,
    PushInvalid,
    WaybillPending,
)
from prescriptions.couriers.ports import (
    Courier,
    Estimate,
    Party,
    Place,
    Push,
    Scan,
    Shipment,
    Tracker,
    Waybill,
)
from prescriptions.couriers.registry import Couriers
from prescriptions.couriers.rules import advance, in_order
from prescriptions.couriers.states import Carrier, ParcelState, Watch

__all__ = [
    "AddressNotServed", "Carrier", "Courier", "CourierNonsense", "CourierNotOffered", "CourierRefused",
    "CourierUnavailable", "Couriers", "Estimate", "ParcelMoving", "ParcelState", "Party", "Place", "Push",
    "PushInvalid", "Scan", "Shipment", "Tracker", "Watch", "Waybill", "WaybillPending", "advance", "in_order",
]  # fmt: skip
