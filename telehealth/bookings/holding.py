"""Take a seat and keep it while the patient pays; give it back when nobody does.

Holding is one data-modifying statement on the unit's own connection (HOUSE law, hot paths): it
takes the slot's seat, the clinic's seat and the channel's share, and writes the booking, its
deadline and its audit line, or nothing. Which condition failed is asked afterwards, when the
transaction is already lost. Locks are taken slot first, then clinic, then booking.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import psycopg
from psycopg.rows import dict_row
from psycopg.types.json import Jsonb
from sqlalchemy.orm import make_transient_to_detached

from telehealth.bookings import queries
from telehealth.bookings.errors import (
    AlreadyBooked,
    ChannelFull,
    ClinicNotOpen,
    SlotNotFound,
    SlotOver,
    SlotTaken,
)
from telehealth.bookings.models import Booking
from telehealth.bookings.states import BookingEvent, BookingState
from telehealth.core.deadlines import clear_deadline
from telehealth.core.ids import new_id
from telehealth.core.unit import Unit
from telehealth.rulebook.rules import Channel, ClinicKind

HOLD = "bookings.hold"


@dataclass(frozen=True, slots=True)
class Holding:
    """What a hold needs to know beyond the slot. The gate has spoken before (`decision_id`)."""

    person_id: UUID
    slot_id: UUID
    channel: Channel
    door: str
    #: When the seat lapses unless paid, or unless verified when `pending`.
    until: datetime
    account_id: UUID | None = None
    decision_id: UUID | None = None
    form_id: UUID | None = None
    booked_by: UUID | None = None
    pending: bool = False


_HOLD = """
with seat as (
    update slots set taken = taken + 1
    where id = %(slot_id)s and taken < seats and ends_at > %(now)s
    returning id, clinic_id, starts_at, ends_at
), room as (
    update clinics c set
        taken_online = taken_online + (%(channel)s = 'online')::int,
        taken_desk = taken_desk + (%(channel)s = 'desk')::int,
        taken_phone = taken_phone + (%(channel)s = 'phone')::int
    from seat
    where c.id = seat.clinic_id and c.state = 'open'
        and c.taken_online + c.taken_desk + c.taken_phone < c.capacity
        and (
            coalesce(c.released_at <= %(now)s, false)
            or case %(channel)s
                when 'online' then c.taken_online < c.quota_online
                when 'desk' then c.taken_desk < c.quota_desk
                else c.taken_phone < c.quota_phone end
        )
    returning c.id, c.hospital_id, c.campus_id, c.department_id, c.doctor_id, c.kind, c.day, c.fee,
        seat.id as slot_id, seat.starts_at, seat.ends_at
), booked as (
    insert into bookings (
        id, number, hospital_id, account_id, person_id, clinic_id, slot_id, campus_id, department_id,
        doctor_id, kind, channel, door, state, pending_verification, day, starts_at, ends_at,
        hold_until, fee, decision_id, form_id, booked_by, created_at
    )
    select %(id)s,
        'BK-' || to_char(%(now)s at time zone 'Asia/Shanghai', 'YYMMDD') || '-'
            || lpad((nextval('booking_numbers') %% 1000000)::text, 6, '0'),
        hospital_id, %(account_id)s, %(person_id)s, id, slot_id, campus_id, department_id,
        doctor_id, kind, %(channel)s, %(door)s, 'held', %(pending)s, day, starts_at, ends_at,
        least(%(until)s, ends_at), fee, %(decision_id)s, %(form_id)s, %(booked_by)s, %(now)s
    from room
    returning *
), due as (
    insert into deadlines (kind, subject_id, hospital_id, account_id, due_at)
    select 'bookings.hold', id, hospital_id, account_id, hold_until from booked
), trail as (
    insert into audit_records (
        id, hospital_id, account_id, at, wall_at, actor_id, actor_name, scope, name,
        subject_kind, subject_id, facts, request_id
    )
    select %(audit_id)s, hospital_id, account_id, %(now)s, %(wall)s, %(actor_id)s, %(actor_name)s,
        %(scope)s, 'booking.held', 'bookings', id::text,
        %(facts)s || jsonb_build_object('number', number, 'hold_until', hold_until), %(request_id)s
    from booked
)
select * from booked
"""


async def hold_seat(unit: Unit, holding: Holding) -> Booking:
    """Hold one seat, or raise and leave the unit to be rolled back.

    Raises:
        SlotTaken, ChannelFull: somebody was first.
        AlreadyBooked: this person holds or owns a seat in this clinic.
        SlotOver, ClinicNotOpen, SlotNotFound: the seat cannot be had at all.
    """
    connection = await unit.connection()
    arguments = {
        "id": new_id(),
        "audit_id": new_id(),
        "slot_id": holding.slot_id,
        "person_id": holding.person_id,
        "account_id": holding.account_id,
        "channel": str(holding.channel),
        "door": holding.door,
        "until": holding.until,
        "pending": holding.pending,
        "decision_id": holding.decision_id,
        "form_id": holding.form_id,
        "booked_by": holding.booked_by,
        "now": unit.now,
        "wall": unit.wall,
        "actor_id": unit.actor.account_id,
        "actor_name": unit.actor.name,
        "scope": unit.scope,
        "facts": Jsonb({"channel": str(holding.channel), "door": holding.door}),
        "request_id": unit.request_id,
    }
    try:
        async with connection.cursor(row_factory=dict_row) as cursor:
            await cursor.execute(_HOLD, arguments, prepare=True)
            row = await cursor.fetchone()
    except psycopg.errors.UniqueViolation as error:
        if error.diag.constraint_name != "uq_bookings_live_clinic_person":
            raise
        raise AlreadyBooked() from None
    if row is None:
        raise await _why_not(unit, holding)
    return _adopt(unit, row)


async def lapse_hold(unit: Unit, booking_id: UUID) -> Booking | None:
    """Deadline `bookings.hold`: give an unpaid seat back. Calling it again changes nothing."""
    booking = await queries.lock_with_seat(unit, booking_id)
    if booking is None or booking.state is not BookingState.HELD or booking.hold_until > unit.now:
        return booking
    await leave(unit, booking, BookingEvent.LAPSE)
    return booking


async def leave(unit: Unit, booking: Booking, event: BookingEvent, *, reason: str | None = None) -> None:
    """Apply an event that ends the booking and give its seat back. The slot is locked already."""
    booking.apply(event, at=unit.now, reason=reason)
    await queries.free_seat(unit, booking)
    await clear_deadline(unit, HOLD, booking.id)
    unit.audit(f"booking.{booking.state}", booking, number=booking.number, reason=reason or "")


async def _why_not(unit: Unit, holding: Holding) -> Exception:
    """The statement found no seat and changed only what the rollback undoes: say why."""
    slot = await queries.slot_facts(unit, holding.slot_id, holding.channel)
    if slot is None:
        return SlotNotFound()
    if slot.ends_at <= unit.now:
        return SlotOver()
    if slot.state != "open":
        return ClinicNotOpen()
    near = await queries.slots_near(unit, slot.clinic_id, slot.starts_at)
    error = ChannelFull if slot.share_used else SlotTaken
    return error(alternatives=near)


def _adopt(unit: Unit, row: dict[str, Any]) -> Booking:
    """The row as the ORM's own object, without reading it again."""
    typed = {"state": BookingState, "channel": Channel, "kind": ClinicKind}
    booking = Booking(**{name: typed[name](value) if name in typed else value for name, value in row.items()})
    make_transient_to_detached(booking)
    unit.session.add(booking)
    return booking
