"""Tell a patient what their doctor did; the notice leads into the room."""

from typing import Any
from uuid import UUID

from telehealth.bookings import Booking
from telehealth.core.unit import Unit
from telehealth.notifications import Notice, notify


async def tell_patient(unit: Unit, booking: Booking, notice: Notice, **more: Any) -> None:
    """Whoever has no account is told by phone."""
    if booking.account_id is not None:
        await notify(
            unit, notice, booking.account_id, hospital_id=booking.hospital_id, href=room_href(booking.id),
            number=booking.number, starts_at=booking.starts_at, **more,
        )  # fmt: skip


def room_href(room: UUID) -> str:
    return f"/rooms/{room}"
