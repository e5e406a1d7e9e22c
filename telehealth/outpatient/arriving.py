"""Somebody has come: from their phone near their time, or at the desk (GD07)."""

from uuid import UUID

from telehealth.bookings import Booking, BookingState
from telehealth.bookings.errors import BookingNotFound
from telehealth.bookings.events import BookingsLeft
from telehealth.bookings.policy import may_see
from telehealth.core.access import Actor
from telehealth.core.ids import new_id
from telehealth.core.jobs import Work, task
from telehealth.core.unit import Unit, Units
from telehealth.outpatient import queue_queries as queries
from telehealth.outpatient.calling import own_clinic
from telehealth.outpatient.errors import CheckInNotPossible, CheckInOver, CheckInTooEarly, ClinicHasNoQueue
from telehealth.outpatient.lining_up import settle
from telehealth.outpatient.models import QueueTicket
from telehealth.outpatient.queue_queries import ClinicPlace
from telehealth.outpatient.rules import Standing, check_in_opens, place_on_arrival
from telehealth.outpatient.states import TICKET, TicketEvent, TicketState
from telehealth.rulebook import current_policy
from telehealth.rulebook.rules import ClinicKind

REASON = "queue"


async def check_in(units: Units, actor: Actor, booking_id: UUID) -> QueueTicket:
    """A number and a place in the queue; the same ones when asked again.

    Raises BookingNotFound, CheckInNotPossible, CheckInTooEarly, CheckInOver.
    """
    async with units.of(actor) as unit:
        booking = await unit.session.get(Booking, booking_id)
        if booking is None or not may_see(actor, booking):
            raise BookingNotFound()
        if actor.is_staff and booking.kind is ClinicKind.OFFLINE:
            await _require_own_clinic(unit, booking)
    # An account may not see the others in the queue, among whom its place is.
    async with units.system(REASON, actor) as unit:
        return await _check_in(unit, booking_id)


async def _require_own_clinic(unit: Unit, booking: Booking) -> None:
    """A doctor without the desk's work lets in only who comes to their own clinic. Raises BookingNotFound."""
    try:
        await own_clinic(unit, booking.clinic_id)
    except ClinicHasNoQueue:
        raise BookingNotFound() from None


async def on_bookings_left(unit: Unit, event: BookingsLeft) -> None:
    """Cancelled, withdrawn or over. In a job: whoever cancels may not move the others up."""
    for ticket in await queries.tickets_of(unit, event.booking_ids):
        await unit.defer(leave_queue, ticket_id=ticket.id)


@task("outpatient.leave_queue")
async def leave_queue(work: Work, *, ticket_id: str) -> None:
    """Nobody waits for them any more, and those behind move up. Again changes nothing."""
    async with work.units.system(REASON) as unit:
        found = await queries.lock_ticket(unit, UUID(ticket_id), lock=False)
        place = await queries.clinic_place(unit, found.clinic_id)
        line = await queries.lock_line(unit, place.clinic)
        ticket = await queries.lock_ticket(unit, found.id)
        if not TICKET.allows(ticket.state, TicketEvent.LEAVE):
            return
        ticket.apply(TicketEvent.LEAVE, at=unit.now)
        unit.audit("queue.left", ticket, number=ticket.number)
        await unit.session.flush()
        await settle(unit, place, line, await queries.waiting(unit, line.clinic_id))


async def _check_in(unit: Unit, booking_id: UUID) -> QueueTicket:
    booking = await queries.lock_booking(unit, booking_id)
    ticket = await queries.ticket_of_booking(unit, booking_id)
    if ticket is not None and ticket.state is not TicketState.LEFT:
        return ticket
    if ticket is not None or booking.kind is not ClinicKind.OFFLINE or booking.state is not BookingState.PAID:
        raise CheckInNotPossible(state=str(booking.state))
    place = await queries.clinic_place(unit, booking.clinic_id)
    await _require_time(unit, place, booking)
    line = await queries.lock_line(unit, place.clinic)
    waiting = await queries.waiting(unit, line.clinic_id)
    mine = Standing(booking.starts_at, is_late=booking.ends_at <= unit.now)
    index = place_on_arrival([Standing(each.starts_at, each.is_late) for each in waiting], mine)
    line.last_number += 1
    ticket = QueueTicket(
        id=new_id(), hospital_id=booking.hospital_id, account_id=booking.account_id,
        person_id=booking.person_id, booking_id=booking.id, clinic_id=booking.clinic_id,
        number=line.last_number, state=TicketState.WAITING, place=index + 1, starts_at=booking.starts_at,
        is_late=mine.is_late, missed_calls=0, reminded_at=None, checked_in_at=unit.now,
        checked_in_by=unit.actor.account_id if unit.actor.is_staff else None,
    )  # fmt: skip
    unit.session.add(ticket)
    await unit.session.flush()
    unit.audit("queue.checked_in", ticket, number=ticket.number, place=ticket.place, late=ticket.is_late)
    await settle(unit, place, line, [*waiting[:index], ticket, *waiting[index:]], quiet=ticket)
    return ticket


async def _require_time(unit: Unit, place: ClinicPlace, booking: Booking) -> None:
    minutes = (await current_policy(unit, booking.hospital_id)).policy.queue.check_in_minutes
    opens_at = check_in_opens(booking.starts_at, minutes)
    if unit.now < opens_at:
        raise CheckInTooEarly(opens_at=opens_at.isoformat())
    if unit.now >= place.clinic.ends_at:
        raise CheckInOver()
