"""Give a seat back: nobody paid in time, or something ended the booking; and tell whoever held it."""

from typing import Any
from uuid import UUID

from telehealth.bookings import queries
from telehealth.bookings.models import Booking
from telehealth.bookings.states import BookingEvent, BookingState, Ending
from telehealth.core.deadlines import clear_deadline
from telehealth.core.unit import Unit
from telehealth.intake import release_form
from telehealth.notifications import Notice, notify
from telehealth.schedule.rules import CancelReason

#: The deadline at which an unpaid seat lapses.
HOLD = "bookings.hold"

_CODES = frozenset({*Ending, *CancelReason})
_SILENT = {
    "zh": "医院系统一直没有恢复，未能核验就诊记录",
    "en": "the hospital's system did not come back in time to check the earlier visit",
}


async def lapse_hold(unit: Unit, booking_id: UUID) -> Booking | None:
    """Deadline `bookings.hold`: give an unpaid seat back. Calling it again changes nothing."""
    booking = await queries.lock_with_seat(unit, booking_id)
    if booking is None or booking.state is not BookingState.HELD or booking.hold_until > unit.now:
        return booking
    if booking.pending_verification:
        await leave(unit, booking, BookingEvent.LAPSE, reason=Ending.UNVERIFIED)
        await tell(unit, booking, Notice.BOOKING_REFUSED, reason=_SILENT)
    else:
        await leave(unit, booking, BookingEvent.LAPSE, reason=Ending.UNPAID)
        await tell(unit, booking, Notice.BOOKING_RELEASED)
    return booking


async def leave(unit: Unit, booking: Booking, event: BookingEvent, *, reason: str) -> None:
    """Apply an event that ends the booking and give its seat back. The slot is locked already."""
    booking.apply(event, at=unit.now, reason=reason)
    await queries.free_seat(unit, booking)
    await clear_deadline(unit, HOLD, booking.id)
    if booking.form_id is not None:
        await release_form(unit, booking.form_id)
    # What people typed stays with the booking: the audit keeps codes.
    code = reason if reason in _CODES else "stated"
    unit.audit(f"booking.{booking.state}", booking, number=booking.number, reason=code)


async def tell(unit: Unit, booking: Booking, notice: Notice, **more: Any) -> None:
    """Desk bookings of people without an account are told at the desk or by phone."""
    if booking.account_id is not None:
        await notify(
            unit, notice, booking.account_id, hospital_id=booking.hospital_id,
            href=f"/bookings/{booking.id}", number=booking.number, starts_at=booking.starts_at, **more,
        )  # fmt: skip
