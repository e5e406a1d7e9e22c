"""Every SELECT of bookings, and the one way to give a seat back."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from telehealth.bookings.errors import BookingNotFound
from telehealth.bookings.models import Booking
from telehealth.bookings.policy import visible_to
from telehealth.bookings.states import LIVE, BookingState
from telehealth.core.hot import Hot
from telehealth.core.unit import Unit
from telehealth.directory import Campus, Department, Doctor, Hospital
from telehealth.rulebook.rules import Channel, ClinicKind
from telehealth.schedule import Clinic, Slot
from telehealth.schedule.states import ClinicState


@dataclass(frozen=True, slots=True)
class SlotFacts:
    clinic_id: UUID
    starts_at: datetime
    ends_at: datetime
    state: str
    #: The clinic, or this channel's share of it, has no seat left.
    share_used: bool


@dataclass(frozen=True, slots=True)
class BookingPlace:
    """A booking with the names around it, in one read."""

    booking: Booking
    hospital: Hospital
    campus: Campus
    department: Department
    doctor: Doctor


async def lock_with_seat(unit: Unit, booking_id: UUID) -> Booking | None:
    """Lock slot, clinic, booking in the written order; the booking as it is once locked."""
    locked = (
        sa.select(Booking)
        .join(Slot, Slot.id == Booking.slot_id)
        .join(Clinic, Clinic.id == Booking.clinic_id)
        .where(Booking.id == booking_id)
        # The server locks them in the order they are named here.
        .with_for_update(of=[Slot, Clinic, Booking])
    )
    return (await unit.session.scalars(locked.execution_options(populate_existing=True))).first()


async def free_seat(unit: Unit, booking: Booking) -> None:
    """Give the seat of a locked booking back to its slot, clinic and channel."""
    await _move_seats(unit, booking, -1)


async def take_seat(unit: Unit, booking: Booking) -> None:
    """Take the seat of a locked booking again, when `seat_is_free`."""
    await _move_seats(unit, booking, 1)


async def _move_seats(unit: Unit, booking: Booking, by: int) -> None:
    taken, _ = _SHARES[booking.channel]
    await unit.session.execute(
        sa.update(Slot).where(Slot.id == booking.slot_id).values(taken=Slot.taken + by)
    )
    await unit.session.execute(
        sa.update(Clinic).where(Clinic.id == booking.clinic_id).values({taken: taken + by})
    )


_SHARES = {
    Channel.ONLINE: (Clinic.taken_online, Clinic.quota_online),
    Channel.DESK: (Clinic.taken_desk, Clinic.quota_desk),
    Channel.PHONE: (Clinic.taken_phone, Clinic.quota_phone),
}


async def seat_is_free(unit: Unit, booking: Booking) -> bool:
    """Whether a released booking could have its seat again, as a hold would judge it.

    Slot and clinic are locked, so what it finds stays true; whoever holds a seat of this clinic
    for the same person took it under the same lock.
    """
    taken, quota = _SHARES[booking.channel]
    total = Clinic.taken_online + Clinic.taken_desk + Clinic.taken_phone
    another = sa.exists().where(
        Booking.clinic_id == booking.clinic_id,
        Booking.person_id == booking.person_id,
        Booking.state.in_(LIVE),
    )
    found = (
        sa.select(Slot.id)
        .join(Clinic, Clinic.id == Slot.clinic_id)
        .where(Slot.id == booking.slot_id, Slot.taken < Slot.seats, Slot.ends_at > unit.now)
        .where(Clinic.state == ClinicState.OPEN, total < Clinic.capacity)
        .where(sa.or_(Clinic.released_at <= unit.now, taken < quota), ~another)
    )
    return await unit.session.scalar(found) is not None


async def slot_facts(unit: Unit, slot_id: UUID, channel: Channel) -> SlotFacts | None:
    rows = await unit.session.execute(
        sa.select(Slot, Clinic).join(Clinic, Clinic.id == Slot.clinic_id).where(Slot.id == slot_id)
    )
    found = rows.first()
    if found is None:
        return None
    slot, clinic = found
    total = clinic.taken_online + clinic.taken_desk + clinic.taken_phone
    quota, taken = {
        Channel.ONLINE: (clinic.quota_online, clinic.taken_online),
        Channel.DESK: (clinic.quota_desk, clinic.taken_desk),
        Channel.PHONE: (clinic.quota_phone, clinic.taken_phone),
    }[channel]
    released = clinic.released_at is not None and clinic.released_at <= unit.now
    used = total >= clinic.capacity or (not released and taken >= quota)
    return SlotFacts(clinic.id, slot.starts_at, slot.ends_at, clinic.state, used)


async def slots_near(
    unit: Unit, clinic_id: UUID, starts_at: datetime, channel: Channel
) -> list[dict[str, Any]]:
    """The three nearest slots of the same doctor and kind, within a week, that this channel may take."""
    other = sa.orm.aliased(Clinic)
    quota, taken = {
        Channel.ONLINE: (other.quota_online, other.taken_online),
        Channel.DESK: (other.quota_desk, other.taken_desk),
        Channel.PHONE: (other.quota_phone, other.taken_phone),
    }[channel]
    rows = await unit.session.execute(
        sa.select(Slot.id, Slot.starts_at)
        .join(other, other.id == Slot.clinic_id)
        .join(Clinic, sa.and_(Clinic.id == clinic_id, Clinic.doctor_id == other.doctor_id))
        .where(other.kind == Clinic.kind, other.state == "open", Slot.taken < Slot.seats)
        .where(other.taken_online + other.taken_desk + other.taken_phone < other.capacity)
        .where(sa.func.coalesce(other.released_at <= unit.now, False) | (taken < quota))
        .where(Slot.ends_at > unit.now, Slot.starts_at < starts_at + timedelta(days=7))
        .order_by(sa.func.abs(sa.extract("epoch", Slot.starts_at - starts_at)), Slot.id)
        .limit(3)
    )
    return [{"slot_id": str(row.id), "starts_at": row.starts_at.isoformat()} for row in rows]


async def booking_of(unit: Unit, booking_id: UUID) -> Booking:
    """One the actor may see. Raises BookingNotFound: somebody else's does not exist for them."""
    found = sa.select(Booking).where(Booking.id == booking_id, visible_to(unit.actor))
    row = (await unit.session.scalars(found)).first()
    if row is None:
        raise BookingNotFound()
    return row


async def bookings_of(
    unit: Unit,
    *,
    states: Sequence[BookingState] | None = None,
    person_id: UUID | None = None,
    before: tuple[datetime, UUID] | None = None,
    limit: int = 20,
) -> list[BookingPlace]:
    """Those the actor may see, latest visit first, one more than `limit` if there are more."""
    found = with_place().where(visible_to(unit.actor))
    if states is not None:
        found = found.where(Booking.state.in_(states))
    if person_id is not None:
        found = found.where(Booking.person_id == person_id)
    if before is not None:
        found = found.where(sa.tuple_(Booking.starts_at, Booking.id) < sa.tuple_(*before))
    rows = await unit.session.execute(
        found.order_by(Booking.starts_at.desc(), Booking.id.desc()).limit(limit + 1)
    )
    return [placed(row) for row in rows]


async def place_of(unit: Unit, booking_id: UUID) -> BookingPlace:
    """A booking with all that its ticket shows. Raises BookingNotFound."""
    found = with_place().where(Booking.id == booking_id, visible_to(unit.actor))
    row = (await unit.session.execute(found)).first()
    if row is None:
        raise BookingNotFound()
    return placed(row)


async def named(unit: Unit, booking_id: UUID) -> BookingPlace | None:
    """The same for whoever may open the unit: the payment page and the house's own notices."""
    row = (await unit.session.execute(with_place().where(Booking.id == booking_id))).first()
    return None if row is None else placed(row)


async def said_place(unit: Unit, booking_id: UUID) -> dict[str, str]:
    """Hospital and campus in each language, for a notice."""
    row = await _PLACE.first(unit, booking_id=booking_id)
    if row is None:
        raise BookingNotFound()
    hospital, hospital_en, campus, campus_en = row
    return {"zh": f"{hospital}{campus}", "en": f"{hospital_en}, {campus_en}"}


_PLACE = Hot(
    sa.select(Hospital.name, Hospital.name_en, Campus.name, Campus.name_en)
    .join(Booking, Booking.hospital_id == Hospital.id)
    .join(Campus, Campus.id == Booking.campus_id)
    .where(Booking.id == sa.bindparam("booking_id"))
)


async def coming(unit: Unit, *, limit: int = 3) -> list[BookingPlace]:
    """Live bookings that are not over, soonest first."""
    found = with_place().where(visible_to(unit.actor), Booking.state.in_(LIVE), Booking.ends_at > unit.now)
    rows = await unit.session.execute(found.order_by(Booking.starts_at, Booking.id).limit(limit))
    return [placed(row) for row in rows]


async def live_booking(unit: Unit, clinic_id: UUID, person_id: UUID) -> Booking | None:
    """The one that stands in the way of another in the same clinic, if the actor may see it."""
    found = sa.select(Booking).where(
        visible_to(unit.actor),
        Booking.clinic_id == clinic_id,
        Booking.person_id == person_id,
        Booking.state.in_(LIVE),
    )
    return (await unit.session.scalars(found)).first()


async def last_campus(unit: Unit, hospital_id: UUID, person_id: UUID) -> Campus | None:
    """Where this person was booked last at this hospital (BJ05)."""
    found = (
        sa.select(Campus)
        .join(Booking, Booking.campus_id == Campus.id)
        .where(visible_to(unit.actor), Booking.hospital_id == hospital_id, Booking.person_id == person_id)
        .where(Booking.state.in_([*LIVE, BookingState.COMPLETED]))
        .order_by(Booking.created_at.desc())
        .limit(1)
    )
    return (await unit.session.scalars(found)).first()


async def in_clinic(unit: Unit, clinic_id: UUID) -> Sequence[Booking]:
    """Everybody who ever held a seat of it, live ones first, by time."""
    found = sa.select(Booking).where(Booking.clinic_id == clinic_id, visible_to(unit.actor))
    ordered = found.order_by(Booking.state.not_in(LIVE), Booking.starts_at, Booking.created_at)
    return (await unit.session.scalars(ordered)).all()


async def by_number(unit: Unit, number: str) -> list[BookingPlace]:
    """The end of a number is enough at the desk: "004217"."""
    found = with_place().where(visible_to(unit.actor), Booking.number.iendswith(number, autoescape=True))
    rows = await unit.session.execute(found.order_by(Booking.starts_at.desc(), Booking.id).limit(20))
    return [placed(row) for row in rows]


async def recent(unit: Unit, *, pending: bool = False, limit: int = 50) -> list[BookingPlace]:
    """The latest made; or those that wait for the hospital's system, the longest waiting first."""
    found = with_place().where(visible_to(unit.actor))
    order = Booking.created_at.desc()
    if pending:
        found = found.where(Booking.pending_verification, Booking.state == BookingState.HELD)
        order = Booking.hold_until.asc()
    rows = await unit.session.execute(found.order_by(order, Booking.id).limit(limit))
    return [placed(row) for row in rows]


async def live_of_person(unit: Unit, person_id: UUID) -> list[BookingPlace]:
    found = with_place().where(
        visible_to(unit.actor), Booking.person_id == person_id, Booking.state.in_(LIVE)
    )
    rows = await unit.session.execute(found.order_by(Booking.starts_at, Booking.id).limit(20))
    return [placed(row) for row in rows]


async def demand(unit: Unit, clinic_ids: Sequence[UUID]) -> dict[UUID, int]:
    """How many people ever asked for a seat of each clinic, whatever became of it (SJ10)."""
    rows = await unit.session.execute(
        sa.select(Booking.clinic_id, sa.func.count(sa.distinct(Booking.person_id)))
        .where(Booking.clinic_id.in_(clinic_ids), visible_to(unit.actor))
        .group_by(Booking.clinic_id)
    )
    return {row[0]: row[1] for row in rows}


async def waiting_for_verification(unit: Unit, *, limit: int = 200) -> Sequence[tuple[UUID, UUID]]:
    """(hospital, booking), oldest first. Call in a system unit."""
    found = (
        sa.select(Booking.hospital_id, Booking.id)
        .where(Booking.pending_verification, Booking.state == BookingState.HELD)
        .order_by(Booking.hospital_id, Booking.created_at)
        .limit(limit)
    )
    return [(row.hospital_id, row.id) for row in await unit.session.execute(found)]


async def offline_and_unasked(unit: Unit, *, limit: int = 500) -> Sequence[tuple[UUID, UUID]]:
    """(hospital, booking) of offline registrations of days gone by that nobody vouched for. System unit."""
    found = (
        sa.select(Booking.hospital_id, Booking.id)
        .where(Booking.state == BookingState.PAID, Booking.attended_at.is_(None))
        .where(Booking.kind == ClinicKind.OFFLINE, Booking.day < unit.today, Booking.no_visit_at.is_(None))
        .order_by(Booking.hospital_id, Booking.day, Booking.id)
        .limit(limit)
    )
    return [(row.hospital_id, row.id) for row in await unit.session.execute(found)]


async def mark_asked(unit: Unit, booking_id: UUID) -> bool:
    """The hospital knows of no visit; False when evidence came, or the booking ended, meanwhile."""
    marked = await unit.session.execute(
        sa.update(Booking)
        .where(Booking.id == booking_id, Booking.state == BookingState.PAID, Booking.attended_at.is_(None))
        .values(no_visit_at=unit.now)
        .returning(Booking.id)
    )
    return marked.first() is not None


async def booking_by_id(unit: Unit, booking_id: UUID) -> Booking:
    """For sweeps and jobs, whoever's it is."""
    return (await unit.session.scalars(sa.select(Booking).where(Booking.id == booking_id))).one()


async def count_pending(unit: Unit) -> int:
    found = sa.select(sa.func.count()).where(
        visible_to(unit.actor), Booking.pending_verification, Booking.state == BookingState.HELD
    )
    return await unit.session.scalar(found) or 0


async def live_in_clinic(unit: Unit, clinic_id: UUID) -> list[UUID]:
    """In the order in which their rows are locked."""
    live = sa.select(Booking.id).where(Booking.clinic_id == clinic_id, Booking.state.in_(LIVE))
    return list(await unit.session.scalars(live.order_by(Booking.slot_id, Booking.id)))


def with_place() -> sa.Select[Booking, Hospital, Campus, Department, Doctor]:
    return (
        sa.select(Booking, Hospital, Campus, Department, Doctor)
        .join(Hospital, Hospital.id == Booking.hospital_id)
        .join(Campus, Campus.id == Booking.campus_id)
        .join(Department, Department.id == Booking.department_id)
        .join(Doctor, Doctor.id == Booking.doctor_id)
    )


def placed(row: sa.Row[Booking, Hospital, Campus, Department, Doctor]) -> BookingPlace:
    booking, hospital, campus, department, doctor = row
    return BookingPlace(booking, hospital, campus, department, doctor)
