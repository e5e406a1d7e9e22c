"""Somebody attended, but no note was ever signed (XY13): all of the fee goes back, with an apology."""

from uuid import UUID

from telehealth.bookings import queries
from telehealth.bookings.models import Booking
from telehealth.bookings.releasing import end, tell
from telehealth.bookings.returning import give_all_back
from telehealth.bookings.states import NO_NOTE, BookingEvent, BookingState
from telehealth.core.unit import Unit
from telehealth.notifications import Notice
from telehealth.payments.states import RefundReason


async def end_unfinished(unit: Unit, booking: Booking) -> bool:
    """`booking` is locked. False when it ended meanwhile; whether a note was signed, the caller knows."""
    if booking.state is not BookingState.PAID or booking.attended_at is None:
        return False
    await end(unit, booking, BookingEvent.FIND_UNFINISHED, reason=NO_NOTE)
    await give_all_back(unit, booking, RefundReason.UNFINISHED)
    await tell(unit, booking, Notice.VISIT_UNFINISHED)
    return True


async def lock_visit(unit: Unit, booking_id: UUID) -> Booking | None:
    """Locked with its seat, before the consultation and the charge, for verbs above."""
    return await queries.lock_with_seat(unit, booking_id)
