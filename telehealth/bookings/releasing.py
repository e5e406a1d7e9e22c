"""Give a seat back: nobody paid in time, or something ended the booking; and tell whoever held it."""

from typing import Any
from uuid import UUID

from telehealth.bookings import queries
from telehealth.bookings.events import BookingsLeft
from telehealth.bookings.models import Booking
from telehealth.bookings.states import ABSENT, NO_NOTE, UNSUITABLE, BookingEvent, BookingState, Ending
from telehealth.core.deadlines import clear_deadline
from telehealth.core.unit import Unit
from telehealth.intake import release_form
from telehealth.notifications import Notice, notify
from telehealth.payments.settling import close_charge
from telehealth.schedule.rules import CancelReason

#: The deadline at which an unpaid seat lapses.
HOLD = "bookings.hold"

_CODES = frozenset({*Ending, *CancelReason, UNSUITABLE, ABSENT, NO_NOTE})
_SILENT = {
    "zh": "医院系统一直没有恢复，未能核验就诊记录",
    "en": "the hospital's system did not come back in time to check the earlier visit",
}


async def lapse_hold(unit: Unit, booking_id: UUID) -> Booking | None:
    """Deadline `bookings.hold`: give an unpaid seat back. Calling it again changes nothing.

    A patient who went off to pay may have paid: the provider is asked first and takes no money any
    more, and only then does the seat go (`lapse`, told by payments). As long as it is silent the
    seat stays held (XY24).
    """
    booking = await queries.lock_with_seat(unit, booking_id)
    if booking is None or not is_due(unit, booking):
        return booking
    unit.step("lapse")
    if booking.charge_id is None or await close_charge(unit, booking.charge_id):
        await lapse(unit, booking)
    return booking


def is_due(unit: Unit, booking: Booking) -> bool:
    return booking.state is BookingState.HELD and booking.hold_until <= unit.now


async def lapse(unit: Unit, booking: Booking) -> None:
    """Release a locked seat whose hold ran out, and for which no money can come in any more."""
    if not is_due(unit, booking):
        return
    if booking.pending_verification:
        await leave(unit, booking, BookingEvent.LAPSE, reason=Ending.UNVERIFIED)
        await tell(unit, booking, Notice.BOOKING_REFUSED, reason=_SILENT)
    else:
        await leave(unit, booking, BookingEvent.LAPSE, reason=Ending.UNPAID)
        await tell(unit, booking, Notice.BOOKING_RELEASED)


async def leave(unit: Unit, booking: Booking, event: BookingEvent, *, reason: str) -> None:
    """Apply an event that ends the booking and give its seat back. The slot is locked already."""
    await queries.free_seat(unit, booking)
    await end(unit, booking, event, reason=reason)


async def end(unit: Unit, booking: Booking, event: BookingEvent, *, reason: str) -> None:
    """The same for a visit whose time was used: its seat stays taken."""
    booking.apply(event, at=unit.now, reason=reason)
    await clear_deadline(unit, HOLD, booking.id)
    if booking.form_id is not None:
        await release_form(unit, booking.form_id)
    # What people typed stays with the booking: the audit keeps codes.
    code = reason if reason in _CODES else "stated"
    unit.audit(f"booking.{booking.state}", booking, number=booking.number, reason=code)
    await unit.publish(BookingsLeft([booking.id]))


async def tell(unit: Unit, booking: Booking, notice: Notice, **more: Any) -> None:
    """Desk bookings of people without an account are told at the desk or by phone."""
    if booking.account_id is not None:
        await notify(
            unit, notice, booking.account_id, hospital_id=booking.hospital_id,
            href=href(booking.id), number=booking.number, starts_at=booking.starts_at, **more,
        )  # fmt: skip


def href(booking_id: UUID) -> str:
    return f"/bookings/{booking_id}"
