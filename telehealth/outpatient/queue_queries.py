"""Every SELECT about queues. Lock order: booking, line, ticket."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from telehealth.bookings import Booking, BookingState
from telehealth.core.ids import share_token
from telehealth.core.unit import Unit
from telehealth.directory import Campus, Department, Doctor
from telehealth.outpatient.errors import ClinicHasNoQueue, TicketNotFound
from telehealth.outpatient.models import QueueLine, QueueTicket
from telehealth.outpatient.policy import visible_tickets
from telehealth.outpatient.states import TicketState
from telehealth.patients import Person
from telehealth.rulebook.rules import ClinicKind
from telehealth.schedule import Clinic, ClinicState


@dataclass(frozen=True, slots=True)
class ClinicPlace:
    """An offline clinic with the names around it."""

    clinic: Clinic
    campus: Campus
    department: Department
    doctor: Doctor


@dataclass(frozen=True, slots=True)
class Standing:
    """A ticket and whose it is."""

    ticket: QueueTicket
    person: Person


async def clinic_place(unit: Unit, clinic_id: UUID) -> ClinicPlace:
    """Raises ClinicHasNoQueue: there is none, it is no offline one, or it is another hospital's."""
    row = (await unit.session.execute(_placed().where(Clinic.id == clinic_id))).first()
    if row is None:
        raise ClinicHasNoQueue()
    return ClinicPlace(*row)


async def clinics_today(unit: Unit, hospital_id: UUID) -> list[ClinicPlace]:
    found = _placed().where(
        Clinic.hospital_id == hospital_id, Clinic.day == unit.today, Clinic.state == ClinicState.OPEN
    )
    rows = await unit.session.execute(found.order_by(Clinic.starts_at, Campus.order, Clinic.id))
    return [ClinicPlace(*row) for row in rows]


def _placed() -> sa.Select[Clinic, Campus, Department, Doctor]:
    return (
        sa.select(Clinic, Campus, Department, Doctor)
        .join(Campus, Campus.id == Clinic.campus_id)
        .join(Department, Department.id == Clinic.department_id)
        .join(Doctor, Doctor.id == Clinic.doctor_id)
        .where(Clinic.kind == ClinicKind.OFFLINE)
    )


async def lock_line(unit: Unit, clinic: Clinic) -> QueueLine:
    """The clinic's queue, locked; opened by whoever is first."""
    new = insert(QueueLine).values(
        clinic_id=clinic.id, hospital_id=clinic.hospital_id, room="", screen_token=share_token(),
        opened_at=unit.now,
    )  # fmt: skip
    await unit.session.execute(new.on_conflict_do_nothing(index_elements=["clinic_id"]))
    locked = sa.select(QueueLine).where(QueueLine.clinic_id == clinic.id).with_for_update()
    return (await unit.session.scalars(locked.execution_options(populate_existing=True))).one()


async def line_of(unit: Unit, clinic_id: UUID) -> QueueLine | None:
    return await unit.session.get(QueueLine, clinic_id)


async def line_of_screen(unit: Unit, token: str) -> QueueLine:
    """Raises ClinicHasNoQueue."""
    found = sa.select(QueueLine).where(QueueLine.screen_token == token)
    row = (await unit.session.scalars(found)).first()
    if row is None:
        raise ClinicHasNoQueue()
    return row


async def waiting(unit: Unit, clinic_id: UUID) -> list[QueueTicket]:
    """Who waits, in order; the line is locked, so it stays so."""
    found = (
        sa.select(QueueTicket)
        .where(QueueTicket.clinic_id == clinic_id, QueueTicket.state == TicketState.WAITING)
        .order_by(QueueTicket.place, QueueTicket.number)
        .execution_options(populate_existing=True)
    )
    return list(await unit.session.scalars(found))


async def standings(unit: Unit, clinic_id: UUID, states: Sequence[TicketState]) -> list[Standing]:
    """Those who wait first, in order; then by when they were called, the latest first."""
    rows = await unit.session.execute(
        sa.select(QueueTicket, Person)
        .join(Person, Person.id == QueueTicket.person_id)
        .where(QueueTicket.clinic_id == clinic_id, QueueTicket.state.in_(states))
        .order_by(QueueTicket.place.asc().nulls_last(), QueueTicket.called_at.desc(), QueueTicket.number)
    )
    return [Standing(*row) for row in rows]


async def counts(unit: Unit, clinic_ids: Sequence[UUID]) -> dict[UUID, dict[TicketState, int]]:
    rows = await unit.session.execute(
        sa.select(QueueTicket.clinic_id, QueueTicket.state, sa.func.count())
        .where(QueueTicket.clinic_id.in_(clinic_ids))
        .group_by(QueueTicket.clinic_id, QueueTicket.state)
    )
    found: dict[UUID, dict[TicketState, int]] = {}
    for clinic_id, state, count in rows:
        found.setdefault(clinic_id, {})[state] = count
    return found


async def expected(unit: Unit, clinic_id: UUID) -> list[tuple[Booking, Person]]:
    """Paid bookings nobody checked in for yet, by time."""
    rows = await unit.session.execute(
        sa.select(Booking, Person)
        .join(Person, Person.id == Booking.person_id)
        .outerjoin(QueueTicket, QueueTicket.booking_id == Booking.id)
        .where(Booking.clinic_id == clinic_id, Booking.state == BookingState.PAID, QueueTicket.id.is_(None))
        .order_by(Booking.starts_at, Booking.number)
    )
    return [(booking, person) for booking, person in rows]


async def lock_ticket(unit: Unit, ticket_id: UUID, *, lock: bool = True) -> QueueTicket:
    """As it is, its line being locked; without `lock`, to find its line. Raises TicketNotFound."""
    found = sa.select(QueueTicket).where(QueueTicket.id == ticket_id)
    found = found.with_for_update() if lock else found
    row = (await unit.session.scalars(found.execution_options(populate_existing=True))).first()
    if row is None:
        raise TicketNotFound()
    return row


async def ticket_of(unit: Unit, ticket_id: UUID) -> QueueTicket:
    """One the actor may see. Raises TicketNotFound."""
    found = sa.select(QueueTicket).where(QueueTicket.id == ticket_id, visible_tickets(unit.actor))
    row = (await unit.session.scalars(found)).first()
    if row is None:
        raise TicketNotFound()
    return row


async def ticket_of_booking(unit: Unit, booking_id: UUID) -> QueueTicket | None:
    found = sa.select(QueueTicket).where(QueueTicket.booking_id == booking_id)
    return (await unit.session.scalars(found)).first()


async def tickets_of(unit: Unit, booking_ids: Sequence[UUID]) -> list[QueueTicket]:
    """Those that still count, by clinic: their lines are locked in this order."""
    found = sa.select(QueueTicket).where(
        QueueTicket.booking_id.in_(booking_ids),
        QueueTicket.state.in_([TicketState.WAITING, TicketState.CALLED, TicketState.MISSED]),
    )
    return list(await unit.session.scalars(found.order_by(QueueTicket.clinic_id, QueueTicket.id)))


async def lock_booking(unit: Unit, booking_id: UUID) -> Booking:
    found = sa.select(Booking).where(Booking.id == booking_id).with_for_update()
    return (await unit.session.scalars(found.execution_options(populate_existing=True))).one()


async def live_tickets(unit: Unit, account_id: UUID) -> list[QueueTicket]:
    """Of today's clinics, for the account's home."""
    found = (
        sa.select(QueueTicket)
        .join(Clinic, Clinic.id == QueueTicket.clinic_id)
        .where(QueueTicket.account_id == account_id, Clinic.day == unit.today)
        .where(QueueTicket.state.in_([TicketState.WAITING, TicketState.CALLED, TicketState.MISSED]))
        .order_by(QueueTicket.checked_in_at)
    )
    return list(await unit.session.scalars(found))


async def to_check_in(unit: Unit, account_id: UUID) -> list[Booking]:
    """Today's paid offline bookings of the account without a ticket."""
    found = (
        sa.select(Booking)
        .outerjoin(QueueTicket, QueueTicket.booking_id == Booking.id)
        .where(Booking.account_id == account_id, Booking.kind == ClinicKind.OFFLINE)
        .where(Booking.state == BookingState.PAID, Booking.day == unit.today, QueueTicket.id.is_(None))
        .order_by(Booking.starts_at)
    )
    return list(await unit.session.scalars(found))
