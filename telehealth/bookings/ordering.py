"""Bookings as the one list of orders asks for them: by what they want of their patient (XY26)."""

from collections.abc import Mapping, Sequence
from uuid import UUID

import sqlalchemy as sa

from telehealth.bookings.capabilities import capability_of
from telehealth.bookings.models import Booking
from telehealth.bookings.policy import visible_to
from telehealth.bookings.queries import BookingPlace, placed, with_place
from telehealth.bookings.states import LIVE, BookingState
from telehealth.core.orders import Group, Wanted
from telehealth.core.unit import Unit
from telehealth.payments import Refund, RefundState
from telehealth.rulebook.rules import Channel


async def ordered(unit: Unit, wanted: Wanted) -> list[BookingPlace]:
    """Those the actor may see, the latest made first, one more than asked for if there are more."""
    found = with_place().where(visible_to(unit.actor))
    if wanted.group is not None:
        found = found.where(_conditions(unit)[wanted.group])
    if wanted.person_id is not None:
        found = found.where(Booking.person_id == wanted.person_id)
    if wanted.before is not None:
        found = found.where(sa.tuple_(Booking.created_at, Booking.id) < sa.tuple_(*wanted.before))
    newest = found.order_by(Booking.created_at.desc(), Booking.id.desc()).limit(wanted.limit + 1)
    return [placed(row) for row in await unit.session.execute(newest)]


def group_of(unit: Unit, booking: Booking, refunds: Mapping[UUID, Refund]) -> Group:
    """The same for one row: `refunds` are those on their way, by charge."""
    can = capability_of(booking, now=unit.now)
    if can.can_pay:
        return Group.TODO
    if can.is_live:
        return Group.COMING
    return Group.ON_THE_WAY if booking.charge_id in refunds else Group.OVER


async def last_seen(unit: Unit, *, limit: int = 12) -> Sequence[BookingPlace]:
    """Visits that took place, the latest first: with whom one may want to go on."""
    found = with_place().where(visible_to(unit.actor), Booking.state == BookingState.COMPLETED)
    newest = found.order_by(Booking.ended_at.desc(), Booking.id.desc()).limit(limit)
    return [placed(row) for row in await unit.session.execute(newest)]


async def live_with(unit: Unit, doctor_ids: Sequence[UUID]) -> set[tuple[UUID, UUID]]:
    """(person, doctor) pairs that have a visit to come."""
    rows = await unit.session.execute(
        sa.select(Booking.person_id, Booking.doctor_id).where(
            visible_to(unit.actor),
            Booking.doctor_id.in_(doctor_ids),
            Booking.state.in_(LIVE),
            Booking.ends_at > unit.now,
        )
    )
    return {(row.person_id, row.doctor_id) for row in rows}


async def clinics_taken(unit: Unit, person_id: UUID, clinic_ids: Sequence[UUID]) -> set[UUID]:
    """Of these, the clinics in which this person has a seat already, for whomever it was booked with us."""
    found = sa.select(Booking.clinic_id).where(
        visible_to(unit.actor),
        Booking.person_id == person_id,
        Booking.clinic_id.in_(clinic_ids),
        Booking.state.in_(LIVE),
    )
    return set(await unit.session.scalars(found))


async def next_visit(unit: Unit, *, first: UUID | None = None) -> BookingPlace | None:
    """The visit to come; `first` is one that cannot wait. An unpaid seat is something to pay first."""
    found = with_place().where(
        visible_to(unit.actor),
        Booking.state.in_(LIVE),
        ~_conditions(unit)[Group.TODO],
        # A doctor may still come after the slot, until the day ends.
        sa.or_(
            Booking.ends_at > unit.now,
            sa.and_(Booking.state == BookingState.PAID, Booking.day == unit.today),
        ),
    )
    soonest = found.order_by(Booking.id != first, Booking.starts_at, Booking.id).limit(1)
    row = (await unit.session.execute(soonest)).first()
    return None if row is None else placed(row)


def _conditions(unit: Unit) -> Mapping[Group, sa.ColumnElement[bool]]:
    """`group_of`, as SQL; they must agree."""
    held = Booking.state == BookingState.HELD
    payable = sa.and_(
        held,
        ~Booking.pending_verification,
        Booking.channel == Channel.ONLINE,
        Booking.hold_until > unit.now,
    )
    ended = Booking.state.not_in(LIVE)
    returning = sa.exists().where(Refund.charge_id == Booking.charge_id, Refund.state != RefundState.SETTLED)
    return {
        Group.TODO: payable,
        Group.COMING: sa.and_(Booking.state.in_(LIVE), ~payable),
        Group.ON_THE_WAY: sa.and_(ended, returning),
        Group.OVER: sa.and_(ended, ~returning),
    }
