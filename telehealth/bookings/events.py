"""What bookings tell those above."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from telehealth.core.events import Event


@dataclass(frozen=True, slots=True)
class BookingPaid(Event):
    """The seat is theirs."""

    booking_id: UUID


@dataclass(frozen=True, slots=True)
class BookingCompleted(Event):
    """The visit was had, and what was paid for it is earned."""

    booking_id: UUID


@dataclass(frozen=True, slots=True)
class BookingsLeft(Event):
    """They will not be had any more: released, cancelled, withdrawn, closed, unattended, absent."""

    booking_ids: Sequence[UUID]
