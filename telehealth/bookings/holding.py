"""Take a seat and keep it while the patient pays.

Holding is one data-modifying statement on the unit's own connection (HOUSE law, hot paths): it
takes the slot's seat, the clinic's seat and the channel's share, and writes the booking, its
deadline and its audit line, or nothing. Which condition failed is asked afterwards, when the
transaction is already lost. Locks are taken slot first, then clinic, then booking.
"""

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import psycopg
from psycopg.types.json import Jsonb
from sqlalchemy.orm import make_transient_to_detached
from sqlalchemy.orm.attributes import instance_dict

from telehealth.bookings import queries
from telehealth.bookings.errors import (
    AlreadyBooked,
    ChannelFull,
    ClinicNotOpen,
    FormMismatch,
    FormNeeded,
    ShareFull,
    SlotNotFound,
    SlotOver,
    SlotTaken,
    TooLateToVerify,
)
from telehealth.bookings.models import Booking
from telehealth.bookings.releasing import HOLD, tell
from telehealth.bookings.states import BookingState
from telehealth.bookings.verifying import verify_booking
from telehealth.core.hot import Together
from telehealth.core.ids import new_id
from telehealth.core.unit import Unit
from telehealth.directory import HospitalNotLive
from telehealth.eligibility import GateDecision
from telehealth.eligibility.checking import Question, rule_for_slot
from telehealth.intake import FORM, IntakeForm, ready_form, seen_form, use_form
from telehealth.notifications import Notice
from telehealth.rulebook.rules import Channel, ClinicKind, PolicySet
from telehealth.schedule import SLOT_PLACE, SlotPlace, offers_kind, slot_place
from telehealth.schedule.rules import hold_until, pending_until

__all__ = ["HOLD", "HOLD_STATEMENT", "Holding", "Wish", "hold", "hold_seat", "sellable"]


@dataclass(frozen=True, slots=True)
class Wish:
    """What a patient asks for. `check_id` is the gate's answer they brought, `form_id` what they wrote.

    An offline registration (SJ01) needs neither.
    """

    slot_id: UUID
    person_id: UUID
    check_id: UUID | None = None
    form_id: UUID | None = None
    #: Elder mode, or somebody helps: more time to pay (XY24).
    assisted: bool = False
    door: str = "browser"


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


async def hold(unit: Unit, wish: Wish) -> Booking:
    """Hold a seat for a person of this account: 15 minutes to pay, 30 with help, never past the slot.

    When the hospital's system cannot be asked the seat waits uncharged as pending verification.

    Raises:
        NotEligible, CheckOutdated, CheckNotFound: the gate, judged for the slot's date.
        PersonNotFound, LinkPending: not theirs, or not yet.
        FormNeeded, FormMismatch, FormNotFound, FormNotSubmitted: an internet clinic needs the form.
        HospitalNotLive, ClinicNotOpen, SlotNotFound, SlotOver, TooLateToVerify: no seat to be had.
        SlotTaken, ChannelFull: somebody was first; carries alternatives. AlreadyBooked.
    """
    async with _BEFORE_THE_GATE.ahead(unit, {"slot_id": wish.slot_id, "form_id": wish.form_id}):
        place = await sellable(unit, wish.slot_id)
        form = None if wish.form_id is None else await seen_form(unit, wish.form_id)
    clinic = place.clinic
    decision, version = await rule_for_slot(
        unit,
        wish.check_id,
        Question(clinic.hospital_id, wish.person_id, kind=clinic.kind, slot_date=clinic.day),
    )
    form_id = _form_for(wish, place, form)
    until = _until(unit, place, decision, version.policy, assisted=wish.assisted)
    booking = await hold_seat(
        unit,
        Holding(
            person_id=wish.person_id,
            slot_id=wish.slot_id,
            channel=Channel.ONLINE,
            door=wish.door,
            until=until,
            account_id=unit.actor.account,
            decision_id=decision.id,
            form_id=form_id,
            pending=decision.pending,
        ),
    )
    if wish.assisted:
        # Not part of the statement: it is asked for again only when a pending seat is verified.
        booking.assisted = True
        await unit.session.flush()
    if form_id is not None:
        # After the seat: whoever ends a booking locks the slot first and the form last, too.
        await use_form(unit, form_id)
    if decision.pending:
        await tell(unit, booking, Notice.BOOKING_PENDING)
        await unit.defer(verify_booking, booking_id=booking.id)
    return booking


_BEFORE_THE_GATE = Together(SLOT_PLACE, FORM)


async def sellable(unit: Unit, slot_id: UUID) -> SlotPlace:
    """A slot that may be sold today at all (SJ12, XY20), however full it is.

    Raises SlotNotFound, SlotOver, HospitalNotLive, ClinicNotOpen.
    """
    place = await slot_place(unit, slot_id)
    if place is None:
        raise SlotNotFound()
    if place.slot.ends_at <= unit.now:
        raise SlotOver()
    if not offers_kind(place.hospital, place.clinic.kind, unit.today):
        raise HospitalNotLive(live_from=place.hospital.live_from and place.hospital.live_from.isoformat())
    if not place.sells(unit.today):
        raise ClinicNotOpen()
    return place


HOLD_STATEMENT = """
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


_NAMES = tuple(dict.fromkeys(re.findall(r"%\((\w+)\)s", HOLD_STATEMENT)))
#: The same as the driver sends it, so that its cursor may be kept.
_HOLD = (HOLD_STATEMENT % {name: f"${number}" for number, name in enumerate(_NAMES, start=1)}).encode()


async def hold_seat(unit: Unit, holding: Holding) -> Booking:
    """Hold one seat, or raise and leave the unit to be rolled back.

    Raises:
        SlotTaken, ChannelFull: somebody was first.
        AlreadyBooked: this person holds or owns a seat in this clinic.
        SlotOver, ClinicNotOpen, SlotNotFound: the seat cannot be had at all.
    """
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
        # What waits to be written goes with the records: the statement looks at none of it.
        unit.ahead.clear()
        await unit.settle()
        cursor = unit.cursor_for(_HOLD)
        await cursor.execute(_HOLD, [arguments[name] for name in _NAMES], prepare=True)
        row = await cursor.fetchone()
    except psycopg.errors.UniqueViolation as error:
        if error.diag.constraint_name != "uq_bookings_live_clinic_person":
            raise
        raise AlreadyBooked() from None
    if row is None:
        raise await _why_not(unit, holding)
    unit.step("hold")
    return _adopt(unit, dict(zip([column.name for column in cursor.description or ()], row, strict=True)))


def _form_for(wish: Wish, place: SlotPlace, seen: IntakeForm | None) -> UUID | None:
    """XY22: nobody sees a doctor online without having said why, for this person and department."""
    if place.clinic.kind is ClinicKind.OFFLINE:
        return None
    if wish.form_id is None:
        raise FormNeeded()
    form = ready_form(seen)
    if (form.person_id, form.department_id) != (wish.person_id, place.clinic.department_id):
        raise FormMismatch()
    return form.id


def _until(
    unit: Unit, place: SlotPlace, decision: GateDecision, policy: PolicySet, *, assisted: bool
) -> datetime:
    if not decision.pending:
        return hold_until(unit.now, place.slot.ends_at, assisted=assisted, policy=policy)
    waits_until = pending_until(unit.now, place.slot.starts_at, policy)
    if waits_until is None:
        raise TooLateToVerify()
    return waits_until


async def _why_not(unit: Unit, holding: Holding) -> Exception:
    """The statement found no seat and changed only what the rollback undoes: say why."""
    slot = await queries.slot_facts(unit, holding.slot_id, holding.channel)
    if slot is None:
        return SlotNotFound()
    if slot.ends_at <= unit.now:
        return SlotOver()
    if slot.state != "open":
        return ClinicNotOpen()
    near = await queries.slots_near(unit, slot.clinic_id, slot.starts_at, holding.channel)
    if not slot.share_used:
        return SlotTaken(alternatives=near)
    return (ChannelFull if holding.channel is Channel.ONLINE else ShareFull)(alternatives=near)


def _adopt(unit: Unit, row: dict[str, Any]) -> Booking:
    """The row as the ORM's own object, without reading it again."""
    for name, kind in _ENUMS.items():
        row[name] = kind(row[name])
    booking = Booking()
    # Not attribute by attribute: the ORM would keep a history of each, only to forget it.
    instance_dict(booking).update(row)
    make_transient_to_detached(booking)
    unit.adopt(booking)
    return booking


_ENUMS = {"state": BookingState, "channel": Channel, "kind": ClinicKind}
