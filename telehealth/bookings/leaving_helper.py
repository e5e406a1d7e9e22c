"""What a helper booked, once they may no longer act for the patient (docs/family.md).

Called by `LinkEnded`, in its system unit, before the rows go to whoever takes over. What is paid goes along
with them; what nobody could come to is given back by the rules, and a seat nobody paid is free at once.
"""

import sqlalchemy as sa

from telehealth.bookings import queries
from telehealth.bookings.cancelling import ruling
from telehealth.bookings.models import Booking
from telehealth.bookings.releasing import leave, tell
from telehealth.bookings.returning import NOTHING_PAID, give_share_back, stop_paying
from telehealth.bookings.states import LIVE, BookingEvent, BookingState, Ending
from telehealth.core.unit import Unit
from telehealth.notifications import Notice
from telehealth.patients import LinkEnded
from telehealth.rulebook.rules import ClinicKind


async def on_link_ended(unit: Unit, event: LinkEnded) -> None:
    if not event.acted:
        return
    found = (
        sa.select(Booking.id)
        .where(Booking.account_id == event.account_id, Booking.person_id == event.person_id)
        .where(Booking.state.in_(LIVE))
        # In the order in which their seats are locked everywhere.
        .order_by(Booking.slot_id, Booking.id)
    )
    for booking_id in (await unit.session.scalars(found)).all():
        booking = await queries.lock_with_seat(unit, booking_id)
        if booking is not None and booking.state is BookingState.HELD:
            await leave(unit, booking, BookingEvent.CANCEL, reason=Ending.HELPER_LEFT)
            await stop_paying(unit, booking)
            await tell(unit, booking, Notice.BOOKING_CANCELLED, money=NOTHING_PAID)
        elif booking is not None and booking.state is BookingState.PAID and event.taker is None:
            await _give_up(unit, booking)


async def _give_up(unit: Unit, booking: Booking) -> None:
    """Online there is nobody left to come; to the hospital's door the patient can still walk.

    Where the rules no longer let it be cancelled, the doctor decides, or midnight gives it back.
    """
    said = await ruling(unit, booking)
    if booking.kind is not ClinicKind.INTERNET or not said.allowed:
        return
    await leave(unit, booking, BookingEvent.CANCEL, reason=Ending.HELPER_LEFT)
    money = await give_share_back(unit, booking, said.refund_bp)
    await tell(unit, booking, Notice.BOOKING_CANCELLED, money=money)
