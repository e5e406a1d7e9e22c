"""A queue as those see it who wait, who call, and who look at the screen."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from telehealth.bookings import Booking, BookingState
from telehealth.bookings.errors import BookingNotFound
from telehealth.bookings.policy import may_see
from telehealth.core.access import Role
from telehealth.core.clock import hospital_day
from telehealth.core.unit import Unit, Units
from telehealth.directory import Campus
from telehealth.outpatient import queries as bills
from telehealth.outpatient import queue_queries as queries
from telehealth.outpatient.errors import ClinicHasNoQueue
from telehealth.outpatient.models import QueueLine, QueueTicket
from telehealth.outpatient.queue_queries import ClinicPlace, Standing
from telehealth.outpatient.rules import check_in_opens, number_shown
from telehealth.outpatient.states import TicketState
from telehealth.patients import Person
from telehealth.patients.masking import mask_name
from telehealth.rulebook import current_policy
from telehealth.rulebook.rules import ClinicKind

REASON = "queue screen"
#: What fits on a screen that is read from across a room.
_CALLED, _NEXT = 3, 6


@dataclass(frozen=True, slots=True)
class Mine:
    """One booking of the actor's and its place in the queue."""

    booking: Booking
    place: ClinicPlace
    ticket: QueueTicket | None
    room: str
    called_number: int | None
    opens_at: datetime
    #: They may check in now.
    is_open: bool
    is_over: bool
    #: Where they were before, when that was elsewhere (BJ05).
    last_campus: Campus | None


@dataclass(frozen=True, slots=True)
class Board:
    """What the desk works with."""

    place: ClinicPlace
    line: QueueLine | None
    called: tuple[Standing, ...]
    waiting: tuple[Standing, ...]
    missed: tuple[Standing, ...]
    seen: int
    expected: tuple[tuple[Booking, Person], ...]


@dataclass(frozen=True, slots=True)
class Today:
    """One of today's clinics, and how many stand where."""

    place: ClinicPlace
    waiting: int
    called: int
    seen: int


@dataclass(frozen=True, slots=True)
class Shown:
    """A number on the screen, and a masked name."""

    number: str
    name: str


@dataclass(frozen=True, slots=True)
class Screen:
    place: ClinicPlace
    room: str
    called: tuple[Shown, ...]
    coming: tuple[Shown, ...]
    waiting: int


async def today(unit: Unit) -> list[Today]:
    """Today's offline clinics, those first in which somebody is; a doctor sees their own."""
    found = await queries.clinics_today(unit, unit.actor.hospital)
    if Role.DESK not in unit.actor.roles:
        found = [place for place in found if place.doctor.account_id == unit.actor.account_id]
    counted = await queries.counts(unit, [place.clinic.id for place in found])
    rows = [_today(place, counted.get(place.clinic.id, {})) for place in found]
    return sorted(rows, key=lambda row: not (row.waiting or row.called))


def _today(place: ClinicPlace, counts: Mapping[TicketState, int]) -> Today:
    waiting, called, seen = (
        counts.get(state, 0) for state in (TicketState.WAITING, TicketState.CALLED, TicketState.SEEN)
    )
    return Today(place, waiting, called, seen)


async def mine(unit: Unit, booking_id: UUID) -> Mine:
    """Raises BookingNotFound, also for a visit online."""
    booking = await unit.session.get(Booking, booking_id)
    if booking is None or not may_see(unit.actor, booking) or booking.kind is not ClinicKind.OFFLINE:
        raise BookingNotFound()
    place = await queries.clinic_place(unit, booking.clinic_id)
    line = await queries.line_of(unit, booking.clinic_id)
    minutes = (await current_policy(unit, booking.hospital_id)).policy.queue.check_in_minutes
    opens_at = check_in_opens(booking.starts_at, minutes)
    last = await bills.last_visit_campus(
        unit, booking.hospital_id, booking.person_id, before=booking.starts_at
    )
    is_paid = booking.state is BookingState.PAID
    return Mine(
        booking=booking,
        place=place,
        ticket=await queries.ticket_of_booking(unit, booking_id),
        room=line.room if line else "",
        called_number=line.called_number if line else None,
        opens_at=opens_at,
        is_open=is_paid and opens_at <= unit.now < place.clinic.ends_at,
        is_over=not is_paid or unit.now >= place.clinic.ends_at,
        last_campus=last if last is not None and last.id != booking.campus_id else None,
    )


async def board(unit: Unit, clinic_id: UUID) -> Board:
    """Raises ClinicHasNoQueue."""
    place = await queries.clinic_place(unit, clinic_id)
    states = (TicketState.WAITING, TicketState.CALLED, TicketState.MISSED)
    found = await queries.standings(unit, clinic_id, states)

    def those(state: TicketState) -> tuple[Standing, ...]:
        return tuple(each for each in found if each.ticket.state is state)

    counted = (await queries.counts(unit, [clinic_id])).get(clinic_id, {})
    return Board(
        place=place,
        line=await queries.line_of(unit, clinic_id),
        called=those(TicketState.CALLED),
        waiting=those(TicketState.WAITING),
        missed=those(TicketState.MISSED),
        seen=counted.get(TicketState.SEEN, 0),
        expected=tuple(await queries.expected(unit, clinic_id)),
    )


async def screen(units: Units, token: str) -> Screen:
    """For whoever has its address, until the day of the clinic ends. Raises ClinicHasNoQueue."""
    async with units.system(REASON) as unit:
        line = await queries.line_of_screen(unit, token)
        place = await queries.clinic_place(unit, line.clinic_id)
        if hospital_day(place.clinic.ends_at) != unit.today:
            raise ClinicHasNoQueue()
        found = await queries.standings(unit, line.clinic_id, (TicketState.WAITING, TicketState.CALLED))
    called = [each for each in found if each.ticket.state is TicketState.CALLED]
    waiting = [each for each in found if each.ticket.state is TicketState.WAITING]
    return Screen(
        place=place,
        room=line.room,
        called=tuple(_shown(each) for each in called[:_CALLED]),
        coming=tuple(_shown(each) for each in waiting[:_NEXT]),
        waiting=len(waiting),
    )


async def open_line(unit: Unit, clinic_id: UUID) -> QueueLine:
    """So that there is a screen before the first patient comes. Raises ClinicHasNoQueue."""
    place = await queries.clinic_place(unit, clinic_id)
    return await queries.lock_line(unit, place.clinic)


def _shown(standing: Standing) -> Shown:
    return Shown(number_shown(standing.ticket.number), mask_name(standing.person.name))
