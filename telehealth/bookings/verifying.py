"""Seats that wait for the hospital's system (XY24): ask again until it answers or time is up.

Allowed, the hold begins anew and can be paid; refused, the seat goes back with a reason; silent,
it stays uncharged until the deadline an hour before the slot. Never a silent pass.
"""

from uuid import UUID

from telehealth.bookings import queries
from telehealth.bookings.models import Booking
from telehealth.bookings.releasing import HOLD, leave, tell
from telehealth.bookings.states import BookingEvent, BookingState, Ending
from telehealth.core.deadlines import set_deadline
from telehealth.core.i18n import translator
from telehealth.core.jobs import Work, task
from telehealth.core.unit import Unit, Units
from telehealth.eligibility import gate_decision
from telehealth.eligibility.checking import VERIFICATION, Assessment, decide_again
from telehealth.eligibility.explaining import explain
from telehealth.hospital import HISUnavailable
from telehealth.notifications import Notice
from telehealth.rulebook import current_policy
from telehealth.schedule.rules import hold_until


async def verify(units: Units, booking_id: UUID) -> bool:
    """Ask about one seat; False while the hospital's system is silent. Safe to call again."""
    async with units.system(VERIFICATION) as unit:
        booking = await unit.session.get(Booking, booking_id)
        if booking is None or not _waits(booking) or booking.decision_id is None:
            return True
        booked = await gate_decision(unit, booking.decision_id)
    again = await decide_again(units, booked)
    if again is None or again.decision.pending_verification:
        return False
    async with units.system(VERIFICATION) as unit:
        locked = await queries.lock_with_seat(unit, booking_id)
        # At the deadline the lapse has the last word, so that nobody is told two things.
        if locked is not None and _waits(locked) and locked.hold_until > unit.now:
            locked.decision_id = again.row.id
            await (_allow(unit, locked) if again.decision.allowed else _refuse(unit, locked, again))
    return True


async def verify_pending(units: Units) -> int:
    """Housekeeping: ask about every waiting seat, and say how many were settled.

    A hospital whose system is silent is left alone until the next round after its first seat.
    """
    async with units.system(VERIFICATION) as unit:
        waiting = await queries.waiting_for_verification(unit)
    silent: set[UUID] = set()
    settled = 0
    for hospital_id, booking_id in waiting:
        if hospital_id in silent:
            continue
        if await verify(units, booking_id):
            settled += 1
        else:
            silent.add(hospital_id)
    return settled


@task("bookings.verify", retry_s=(10, 30))
async def verify_booking(work: Work, *, booking_id: str) -> None:
    """Soon after the hold: most outages are hiccups. `verify_pending` goes on after the last try."""
    if not await verify(work.units, UUID(booking_id)) and work.attempt < 2:
        raise HISUnavailable(reason="unreachable")


def _waits(booking: Booking) -> bool:
    return booking.pending_verification and booking.state is BookingState.HELD


async def _allow(unit: Unit, booking: Booking) -> None:
    policy = (await current_policy(unit, booking.hospital_id)).policy
    booking.pending_verification = False
    booking.hold_until = hold_until(unit.now, booking.ends_at, assisted=booking.assisted, policy=policy)
    await set_deadline(
        unit, HOLD, booking.id, booking.hold_until,
        hospital_id=booking.hospital_id, account_id=booking.account_id,
    )  # fmt: skip
    unit.audit("booking.verified", booking, number=booking.number, hold_until=booking.hold_until)
    await tell(unit, booking, Notice.BOOKING_VERIFIED, pay_by=booking.hold_until)


async def _refuse(unit: Unit, booking: Booking, again: Assessment) -> None:
    await leave(unit, booking, BookingEvent.LAPSE, reason=Ending.NOT_ELIGIBLE)
    title = explain(again.decision.findings[0]).title
    reason = {"zh": title.said(), "en": title.said(translator("en"))}
    await tell(unit, booking, Notice.BOOKING_REFUSED, reason=reason)
