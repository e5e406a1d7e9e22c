"""The doctor or the hospital ends a paid visit: unsuitable online (XY11), or not eligible at admission."""

from uuid import UUID

from telehealth.accounts import member_of_account
from telehealth.bookings import queries
from telehealth.bookings.errors import BookingNotFound, NotWithdrawable
from telehealth.bookings.models import Booking
from telehealth.bookings.policy import may_see
from telehealth.bookings.releasing import leave, tell
from telehealth.bookings.returning import give_all_back
from telehealth.bookings.states import UNSUITABLE, BookingEvent, BookingState
from telehealth.core.access import Permission
from telehealth.core.unit import Unit
from telehealth.notifications import Notice
from telehealth.payments.states import RefundReason


async def withdraw(unit: Unit, booking_id: UUID, *, reason: str, advice: str) -> Booking:
    """Unsuitable online: all of the fee goes back, no strike, and the advice stays with the booking.

    Calling it again changes nothing. What is said here may name an illness, so notice, audit and
    `Booking.reason` hold a code only.

    Raises BookingNotFound, NotWithdrawable.
    """
    booking = await of_its_doctor(unit, booking_id)
    if booking.state is BookingState.WITHDRAWN:
        return booking
    require_paid(booking)
    booking.finding, booking.advice = reason, advice
    await leave(unit, booking, BookingEvent.WITHDRAW, reason=UNSUITABLE)
    unit.step("withdraw")
    await give_all_back(unit, booking, RefundReason.WITHDRAWN)
    await tell(unit, booking, Notice.BOOKING_WITHDRAWN)
    return booking


async def refuse_admission(unit: Unit, booking_id: UUID, reason: str) -> Booking:
    """The gate, asked again at the door, says no: all of the fee goes back, no strike.

    `reason` is shown to the patient and names no illness. Calling it again changes nothing.

    Raises BookingNotFound, NotWithdrawable.
    """
    booking = await of_its_doctor(unit, booking_id)
    if booking.state is BookingState.INELIGIBLE_AT_ADMISSION:
        return booking
    require_paid(booking)
    await leave(unit, booking, BookingEvent.REFUSE_ADMISSION, reason=reason)
    unit.step("refuse")
    await give_all_back(unit, booking, RefundReason.INELIGIBLE)
    await tell(unit, booking, Notice.BOOKING_INELIGIBLE)
    return booking


async def of_its_doctor(unit: Unit, booking_id: UUID) -> Booking:
    """Locked, for its own doctor, or the service desk at their word."""
    booking = await queries.lock_with_seat(unit, booking_id)
    if booking is None or not may_see(unit.actor, booking) or not await _may_end(unit, booking):
        raise BookingNotFound()
    return booking


async def _may_end(unit: Unit, booking: Booking) -> bool:
    if not unit.actor.is_staff:
        return False
    if unit.actor.may(Permission.BOOK_FOR_PATIENT):
        return True
    member = await member_of_account(unit, unit.actor.account, booking.hospital_id)
    return member is not None and member.doctor_id == booking.doctor_id


def require_paid(booking: Booking) -> None:
    if booking.state is not BookingState.PAID:
        raise NotWithdrawable(state=str(booking.state))
