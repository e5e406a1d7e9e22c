"""Ways a booking ends before the visit: the patient cancels, the hospital closes the clinic."""

from uuid import UUID

from telehealth.bookings import queries
from telehealth.bookings.errors import BookingNotFound, NotCancellable
from telehealth.bookings.models import Booking
from telehealth.bookings.policy import may_see
from telehealth.bookings.releasing import leave, tell
from telehealth.bookings.returning import NOTHING_PAID, give_all_back, give_share_back, stop_paying
from telehealth.bookings.states import LIVE, BookingEvent, BookingState
from telehealth.core.unit import Unit
from telehealth.notifications import Notice
from telehealth.payments.states import RefundReason
from telehealth.rulebook import current_policy
from telehealth.schedule.events import ClinicClosed
from telehealth.schedule.rules import CancelRuling, may_cancel


async def ruling(unit: Unit, booking: Booking) -> CancelRuling:
    """What cancelling now would mean (SJ06), for the button and for the verb."""
    policy = (await current_policy(unit, booking.hospital_id)).policy
    return may_cancel(
        unit.now,
        slot_date=booking.day,
        slot_start=booking.starts_at,
        slot_end=booking.ends_at,
        policy=policy,
        is_paid=booking.state is BookingState.PAID,
        is_attended=booking.attended_at is not None,
    )


async def cancel(unit: Unit, booking_id: UUID, *, reason: str = "") -> Booking:
    """The patient, or staff for them, gives the seat back. Calling it again changes nothing.

    The seat is free at once. Of what was paid so much goes back as the ruling says (SJ06); what is
    paid later, because somebody was paying meanwhile, goes back by itself.

    Raises BookingNotFound, NotCancellable.
    """
    booking = await queries.lock_with_seat(unit, booking_id)
    if booking is None or not may_see(unit.actor, booking):
        raise BookingNotFound()
    if booking.state is BookingState.CANCELLED:
        return booking
    said = await ruling(unit, booking)
    if booking.state not in LIVE or not said.allowed:
        raise NotCancellable(reason=str(said.reason))
    was_paid = booking.state is BookingState.PAID
    await leave(unit, booking, BookingEvent.CANCEL, reason=reason or str(said.reason))
    unit.step("cancel")
    if was_paid:
        money = await give_share_back(unit, booking, said.refund_bp)
    else:
        await stop_paying(unit, booking)
        money = NOTHING_PAID
    await tell(unit, booking, Notice.BOOKING_CANCELLED, money=money)
    return booking


async def on_clinic_closed(unit: Unit, event: ClinicClosed) -> None:
    """Everybody in a closed clinic loses the seat through no fault of theirs, and is told."""
    unit.step("clinic_closed")
    for booking_id in await queries.live_in_clinic(unit, event.clinic_id):
        booking = await queries.lock_with_seat(unit, booking_id)
        if booking is None or booking.state not in LIVE:
            continue
        was_paid = booking.state is BookingState.PAID
        await leave(unit, booking, BookingEvent.CLOSE_CLINIC, reason=event.reason)
        if was_paid:
            await give_all_back(unit, booking, RefundReason.CLINIC_CLOSED)
        else:
            await stop_paying(unit, booking)
        await tell(unit, booking, Notice.CLINIC_CLOSED)
