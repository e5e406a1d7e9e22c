"""The patient did not come (SJ07): the fee stays with the hospital, and it counts as a strike."""

from uuid import UUID

from telehealth.bookings.models import Booking
from telehealth.bookings.releasing import end
from telehealth.bookings.states import ABSENT, BookingEvent, BookingState
from telehealth.bookings.withdrawing import of_its_doctor, require_paid
from telehealth.core.unit import Unit
from telehealth.payments.charging import earn
from telehealth.strikes import Absence
from telehealth.strikes.giving import Missed, give_strike


async def mark_absent(unit: Unit, booking_id: UUID, absence: Absence) -> Booking:
    """`absence` is what the room saw; slot and payment are looked at here. Again changes nothing.

    The strike's notice tells the patient where to appeal.

    Raises BookingNotFound, NotWithdrawable, StrikeRefused with every reason against it.
    """
    booking = await of_its_doctor(unit, booking_id)
    if booking.state is BookingState.PATIENT_ABSENT:
        return booking
    require_paid(booking)
    missed = Missed(
        hospital_id=booking.hospital_id,
        person_id=booking.person_id,
        account_id=booking.account_id,
        booking_id=booking.id,
        booking_number=booking.number,
        on=booking.day,
    )
    await give_strike(unit, missed, absence)
    await end(unit, booking, BookingEvent.MARK_ABSENT, reason=ABSENT)
    if booking.charge_id is not None:
        await earn(unit, booking.charge_id)
    return booking
