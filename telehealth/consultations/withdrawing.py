"""Unsuitable online (XY11), said from the room: reason and advice, all of the fee back, no strike."""

from uuid import UUID

from telehealth.accounts import keep_step_up
from telehealth.bookings import Booking
from telehealth.bookings.unfinishing import lock_visit
from telehealth.bookings.withdrawing import withdraw
from telehealth.consultations.doctor_queries import own_visit
from telehealth.consultations.events import WithdrawalAsked
from telehealth.core.unit import Unit


async def find_unsuitable(unit: Unit, room: UUID, *, reason: str, advice: str) -> Booking:
    """The room closes with the booking. Again changes nothing.

    Whoever hears `WithdrawalAsked` may refuse: a signed prescription is voided first.

    Raises RoomNotFound, NotWithdrawable: had, swept, cancelled; its `state` says which.
    """
    visit = await own_visit(unit, room)
    await lock_visit(unit, room)
    await unit.publish(WithdrawalAsked(room))
    await keep_step_up(unit)
    booking = await withdraw(unit, room, reason=reason, advice=advice)
    unit.audit("consultation.unsuitable", visit)
    return booking
