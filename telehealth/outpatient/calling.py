"""The desk or the doctor calls: next, seen, not there, back in line (GD07)."""

from uuid import UUID

from telehealth.bookings import attending
from telehealth.bookings.states import Evidence
from telehealth.core.access import Permission, Role
from telehealth.core.ids import share_token
from telehealth.core.unit import Unit
from telehealth.notifications import Notice
from telehealth.outpatient import queue_queries as queries
from telehealth.outpatient.errors import ClinicHasNoQueue, QueueEmpty, TicketMoved
from telehealth.outpatient.lining_up import ahead_words, settle, tell
from telehealth.outpatient.models import QueueLine, QueueTicket
from telehealth.outpatient.queue_queries import ClinicPlace
from telehealth.outpatient.rules import is_forgiven, place_after_missing
from telehealth.outpatient.states import TICKET, TicketEvent
from telehealth.rulebook import current_policy


async def call_next(unit: Unit, clinic_id: UUID) -> QueueTicket:
    """Whoever waits longest; two desks at once call two people. Raises ClinicHasNoQueue, QueueEmpty."""
    place = await own_clinic(unit, clinic_id)
    line = await queries.lock_line(unit, place.clinic)
    order = await queries.waiting(unit, clinic_id)
    if not order:
        raise QueueEmpty()
    ticket, rest = order[0], order[1:]
    ticket.apply(TicketEvent.CALL, at=unit.now)
    ticket.called_at, ticket.called_by = unit.now, unit.actor.account_id
    line.called_number = ticket.number
    unit.audit("queue.called", ticket, number=ticket.number)
    await tell(unit, place, line, ticket, Notice.QUEUE_CALLED)
    await settle(unit, place, line, rest)
    return ticket


async def see(unit: Unit, ticket_id: UUID) -> QueueTicket:
    """They came in: the visit took place, so midnight gives nothing back. Raises as `miss`."""
    found = await queries.ticket_of(unit, ticket_id)
    await own_clinic(unit, found.clinic_id)
    # The booking's row before the line's, as whoever cancels does it.
    await attending.record(unit, found.booking_id, Evidence.VISIT, f"queue:{found.id}", unit.now)
    _, line, ticket = await _locked(unit, ticket_id, TicketEvent.SEE)
    ticket.apply(TicketEvent.SEE, at=unit.now)
    unit.audit("queue.seen", ticket, number=ticket.number)
    await unit.session.flush()
    unit.hint(f"queue:{line.clinic_id}")
    return ticket


async def miss(unit: Unit, ticket_id: UUID) -> QueueTicket:
    """Called, and nobody came: a few places later as often as the policy forgives, then out of the queue.

    Raises TicketNotFound, ClinicHasNoQueue, TicketMoved.
    """
    found = await queries.ticket_of(unit, ticket_id)
    policy = (await current_policy(unit, found.hospital_id)).policy.queue
    place, line, ticket = await _locked(unit, ticket_id, TicketEvent.MISS)
    ticket.missed_calls += 1
    if not is_forgiven(ticket.missed_calls, forgiven=policy.missed_calls_forgiven):
        ticket.apply(TicketEvent.MISS, at=unit.now)
        unit.audit("queue.missed", ticket, number=ticket.number, missed=ticket.missed_calls)
        await tell(unit, place, line, ticket, Notice.QUEUE_MISSED)
        await unit.session.flush()
        unit.hint(f"queue:{line.clinic_id}")
        return ticket
    index = await _back_in(unit, place, line, ticket, TicketEvent.REQUEUE, policy.requeue_after_patients)
    unit.audit("queue.requeued", ticket, number=ticket.number, place=ticket.place)
    await tell(unit, place, line, ticket, Notice.QUEUE_REQUEUED, ahead=ahead_words(index))
    return ticket


async def rejoin(unit: Unit, ticket_id: UUID) -> QueueTicket:
    """The desk lets somebody back in who had missed their calls: at the end. Raises as `miss`."""
    place, line, ticket = await _locked(unit, ticket_id, TicketEvent.REJOIN)
    await _back_in(unit, place, line, ticket, TicketEvent.REJOIN, None)
    unit.audit("queue.rejoined", ticket, number=ticket.number, place=ticket.place)
    return ticket


async def name_room(unit: Unit, clinic_id: UUID, room: str) -> QueueLine:
    """As it stands on the door; shown on tickets, notices and the screen. Raises ClinicHasNoQueue."""
    place = await own_clinic(unit, clinic_id)
    line = await queries.lock_line(unit, place.clinic)
    line.room = room
    unit.audit("queue.room_named", f"queue_lines:{clinic_id}", room=room)
    return line


async def renew_screen(unit: Unit, clinic_id: UUID) -> QueueLine:
    """The screen gets another address, and the one before opens nothing. Raises ClinicHasNoQueue."""
    place = await own_clinic(unit, clinic_id)
    line = await queries.lock_line(unit, place.clinic)
    line.screen_token = share_token()
    unit.audit("queue.screen_renewed", f"queue_lines:{clinic_id}")
    await unit.session.flush()
    return line


async def own_clinic(unit: Unit, clinic_id: UUID) -> ClinicPlace:
    """One of this hospital; to a doctor, one of their own. Raises ClinicHasNoQueue."""
    place = await queries.clinic_place(unit, clinic_id)
    actor = unit.actor
    actor.require(Permission.CALL_QUEUE)
    is_theirs = Role.DOCTOR not in actor.roles or place.doctor.account_id == actor.account_id
    if place.clinic.hospital_id != actor.hospital or not (is_theirs or Role.DESK in actor.roles):
        raise ClinicHasNoQueue()
    return place


async def _locked(
    unit: Unit, ticket_id: UUID, event: TicketEvent
) -> tuple[ClinicPlace, QueueLine, QueueTicket]:
    found = await queries.ticket_of(unit, ticket_id)
    place = await own_clinic(unit, found.clinic_id)
    line = await queries.lock_line(unit, place.clinic)
    ticket = await queries.lock_ticket(unit, ticket_id)
    if not TICKET.allows(ticket.state, event):
        raise TicketMoved(state=str(ticket.state))
    return place, line, ticket


async def _back_in(
    unit: Unit,
    place: ClinicPlace,
    line: QueueLine,
    ticket: QueueTicket,
    event: TicketEvent,
    after: int | None,
) -> int:
    """Behind `after` others, or at the end; how many stand before them now."""
    order = await queries.waiting(unit, line.clinic_id)
    index = len(order) if after is None else place_after_missing(len(order), after=after)
    ticket.apply(event, at=unit.now)
    ticket.place, ticket.is_late, ticket.reminded_at = index + 1, True, None
    await settle(unit, place, line, [*order[:index], ticket, *order[index:]], quiet=ticket)
    return index
