"""A visit that was had: what was paid for it is the hospital's from now on."""

from uuid import UUID

from telehealth.bookings import queries
from telehealth.bookings.attending import record
from telehealth.bookings.errors import BookingNotFound, NotAttendable, VisitNotAttended
from telehealth.bookings.events import BookingCompleted
from telehealth.bookings.models import Booking
from telehealth.bookings.policy import may_see
from telehealth.bookings.states import BookingEvent, BookingState, Evidence
from telehealth.core.unit import Unit
from telehealth.payments.charging import earn
from telehealth.rulebook.rules import ClinicKind


async def complete(unit: Unit, booking_id: UUID) -> Booking:
    """The doctor signed and closed. Calling it again changes nothing.

    Raises BookingNotFound, VisitNotAttended, TransitionRefused for a visit that ended otherwise.
    """
    booking = await queries.lock_with_seat(unit, booking_id)
    if booking is None:
        raise BookingNotFound()
    if booking.state is BookingState.COMPLETED:
        return booking
    if booking.state is BookingState.PAID and booking.attended_at is None:
        raise VisitNotAttended()
    booking.apply(BookingEvent.COMPLETE, at=unit.now)
    unit.step("complete")
    unit.audit("booking.completed", booking, number=booking.number)
    if booking.charge_id is not None:
        await earn(unit, booking.charge_id)
    await unit.publish(BookingCompleted(booking.id))
    return booking


async def complete_in_person(unit: Unit, booking_id: UUID) -> Booking:
    """The desk saw that an offline registration was kept: the hospital's own record is the evidence.

    Calling it again changes nothing. Raises BookingNotFound, NotAttendable.
    """
    booking = await queries.lock_with_seat(unit, booking_id)
    if booking is None or not may_see(unit.actor, booking):
        raise BookingNotFound()
    if booking.state is BookingState.COMPLETED:
        return booking
    if not is_attendable(unit, booking):
        raise NotAttendable(state=str(booking.state))
    await record(unit, booking.id, Evidence.VISIT, f"desk:{unit.actor.account}", unit.now)
    return await complete(unit, booking.id)


def is_attendable(unit: Unit, booking: Booking) -> bool:
    """Paid, in person, and its day has come."""
    in_person = booking.kind is ClinicKind.OFFLINE and booking.day <= unit.today
    return in_person and booking.state is BookingState.PAID
