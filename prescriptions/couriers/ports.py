"""Couriers in our words. The adapters know forms, digests and codes; here a parcel is a parcel.

A courier learns whom to visit and how heavy the parcel is, never what medicine is inside: there is
no field for it (PIPL article 23, fewest fields). Freight is always collected at the door (XY31), so
no price appears here but as an estimate.

Calls raise `CourierUnavailable` when nothing is known of the outcome. `CourierNonsense` and
`WaybillPending` are kinds of it; `AddressNotServed` and `ParcelMoving` are kinds of `CourierRefused`.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from prescriptions.couriers.states import Carrier, ParcelState, Watch
from telehealth.core.money import Fen

#: What every parcel is declared as.
CARGO = "药品"


@dataclass(frozen=True, slots=True)
class Place:
    """`county` is the district or county; `address` is street and door."""

    province: str
    city: str
    county: str
    address: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class Party:
    """Who sends or receives."""

    name: str = field(repr=False)
    phone: str = field(repr=False)
    province: str
    city: str
    county: str
    address: str = field(repr=False)

    @property
    def place(self) -> Place:
        return Place(self.province, self.city, self.county, self.address)

    @property
    def phone_last4(self) -> str:
        return self.phone[-4:]


@dataclass(frozen=True, slots=True)
class Shipment:
    """One parcel to be collected. `order_no` is ours, at most 64 characters, and never used twice.

    `cold_chain` asks for the chilled service (REGULATION 45). `pickup_from` is when the courier may
    come; None is at once.
    """

    order_no: str
    sender: Party
    receiver: Party
    weight_g: int
    cold_chain: bool = False
    pickup_from: datetime | None = None


@dataclass(frozen=True, slots=True)
class Waybill:
    """What the courier made of an order. `route_label` is its sorting mark for the label, or ""."""

    carrier: Carrier
    number: str
    order_no: str
    route_label: str = ""
    is_cancelled: bool = False


@dataclass(frozen=True, slots=True)
class Scan:
    """One line of a parcel's journey. `id` is stable: the same scan told twice has the same one.

    `state` is None for a code we do not know; it then changes nothing, but is kept and shown.
    `remark` is the courier's own sentence and may name its driver.
    """

    id: str
    at: datetime
    place: str
    remark: str
    raw_code: str
    state: ParcelState | None


@dataclass(frozen=True, slots=True)
class Push:
    """What a courier told us unasked about one parcel. `order_no` is "" where the courier knows none.

    A parcel we do not know changes nothing, whatever its scans say.
    """

    carrier: Carrier
    waybill: str
    order_no: str
    scans: tuple[Scan, ...]
    watch: Watch = Watch.GOES_ON


@dataclass(frozen=True, slots=True)
class Estimate:
    """Freight as the courier would ask at the door, in fen, from the cheapest to the dearest service.

    An estimate only: the tariff at the door decides (XY31). Without `is_served` the rest is empty.
    """

    is_served: bool
    lowest: Fen | None = None
    highest: Fen | None = None
    arrives_by: datetime | None = None


class Tracker(Protocol):
    """Follows parcels, also those booked elsewhere."""

    async def watch(self, carrier: Carrier, waybill: str, *, phone_last4: str) -> None:
        """Ask for pushes about a parcel; repeating it changes nothing. Raises CourierUnavailable,
        CourierRefused."""
        ...

    async def routes(self, carrier: Carrier, waybill: str, *, phone_last4: str) -> tuple[Scan, ...]:
        """All scans, oldest first; none for a parcel nobody has seen yet. The truth, where a push is a hint.

        Raises CourierUnavailable, CourierRefused.
        """
        ...

    def read_push(self, body: bytes, *, token: str) -> Sequence[Push]:
        """The pushed scans, once `token` (from the address that was called) and signature prove them.

        Raises PushInvalid.
        """
        ...

    def answer(self) -> bytes:
        """What the courier wants to hear (JSON) once a push is kept; anything else, and it comes again."""
        ...


class Courier(Tracker, Protocol):
    """One hospital's account at a courier."""

    async def create(self, order: Shipment) -> Waybill:
        """Book a parcel, freight collect. The same `order_no` books once: repeating it finds the first.

        A time-out is followed by a question, then by at most one repetition.

        Raises CourierUnavailable, WaybillPending, AddressNotServed, CourierRefused.
        """
        ...

    async def find(self, order_no: str) -> Waybill | None:
        """What became of an order; None if it never arrived. Raises like `create`."""
        ...

    async def cancel(self, order_no: str) -> None:
        """Afterwards no such order stands; repeating it changes nothing, nor does an unknown number.

        Raises CourierUnavailable, ParcelMoving (it has been picked up).
        """
        ...

    async def print(self, waybill: Waybill) -> bytes:
        """The label as PDF. Raises CourierUnavailable, CourierRefused."""
        ...

    async def estimate(
        self, origin: Place, destination: Place, *, weight_g: int, cold_chain: bool = False
    ) -> Estimate:
        """Raises CourierUnavailable, CourierRefused."""
        ...

    async def serves(self, origin: Place, destination: Place, *, cold_chain: bool = False) -> bool:
        """Whether the courier goes there. Raises CourierUnavailable, CourierRefused."""
        ...
