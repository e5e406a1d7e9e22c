"""The patient does not come (SJ07): remind them, and mark them absent only as the rule allows.

What counts is what the room itself wrote down: rings nobody answered and reminders sent since the slot
began, words of the patient's side of that day. Refusing to be recorded, or a call that broke, is never
a strike.
"""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any
from uuid import UUID

from telehealth.accounts import keep_step_up
from telehealth.bookings import Booking, BookingState
from telehealth.bookings.absenting import mark_absent
from telehealth.bookings.unfinishing import lock_visit
from telehealth.consultations.doctor_errors import AbsenceRefused, NotToday, RemindedJustNow, VisitOver
from telehealth.consultations.doctor_queries import lock_open_visit, own_visit
from telehealth.consultations.journal import CONNECTED, ENDED, RANG
from telehealth.consultations.models import Consultation
from telehealth.consultations.queries import fetch
from telehealth.consultations.states import OPEN
from telehealth.consultations.telling import tell_patient
from telehealth.consultations.writing import announce
from telehealth.core.clock import day_start
from telehealth.core.unit import Unit
from telehealth.notifications import Notice
from telehealth.rulebook import current_policy
from telehealth.strikes import Absence
from telehealth.strikes.rules import why_no_strike

REMINDED = "reminded"
REMIND_AGAIN_AFTER = timedelta(minutes=3)


async def remind(unit: Unit, room: UUID) -> None:
    """Tell the patient, on their phone too, that the doctor waits.

    Raises RoomNotFound, VisitOver, NotToday, RemindedJustNow.
    """
    visit = await lock_open_visit(unit, room)
    booking = await unit.session.get(Booking, room)
    if booking is None or visit.state not in OPEN:
        raise VisitOver()
    if visit.day != unit.today:
        raise NotToday(day=visit.day)
    said = await _seen(unit, visit)
    if said["reminded_at"] is not None and said["reminded_at"] > unit.now - REMIND_AGAIN_AFTER:
        raise RemindedJustNow()
    await announce(unit, room, REMINDED)
    await tell_patient(unit, booking, Notice.PATIENT_REMINDED)
    unit.audit("consultation.patient_reminded", visit)


async def mark(unit: Unit, room: UUID) -> Booking:
    """The fee stays with the hospital, a strike is given, with the way to appeal. Again changes nothing.

    Raises RoomNotFound, VisitOver, AbsenceRefused with every reason against it.
    """
    await own_visit(unit, room)
    booking = await lock_visit(unit, room)
    if booking is not None and booking.state is BookingState.PATIENT_ABSENT:
        return booking
    visit = await lock_open_visit(unit, room)
    if booking is None or booking.state is not BookingState.PAID:
        raise VisitOver()
    absence, reasons = await standing(unit, visit)
    if reasons:
        raise AbsenceRefused(reasons=reasons)
    await keep_step_up(unit)
    unit.audit("consultation.patient_absent", visit, rings=absence.rings, reminders=absence.reminders)
    return await mark_absent(unit, room, absence)


async def standing(unit: Unit, visit: Consultation) -> tuple[Absence, list[str]]:
    """What is known of an absence now, and why it may not be marked yet; empty: it may."""
    said = await _seen(unit, visit)
    absence = Absence(
        is_paid_or_confirmed=True,
        has_slot_started=unit.now >= visit.starts_at,
        rings=said["rings"],
        reminders=said["reminders"],
        patient_messages_that_day=said["words"],
        did_patient_come=bool(said["came"]),
        is_cancelled=visit.state not in OPEN,
        had_technical_failure=bool(said["broke"]),
    )
    policy = (await current_policy(unit, visit.hospital_id)).policy
    reasons = [str(reason) for reason in why_no_strike(absence, policy)]
    if said["recording_refused"]:
        reasons.append("recording_refused")
    if visit.day != unit.today:
        reasons.append("not_today")
    return absence, reasons


async def _seen(unit: Unit, visit: Consultation) -> Mapping[str, Any]:
    rows = await fetch(
        unit, _SEEN, room=visit.id, since=day_start(visit.day), begun=visit.starts_at, rang=RANG,
        connected=CONNECTED, ended=ENDED, reminded=REMINDED,
    )  # fmt: skip
    return rows[0]


_SEEN = """
select
    count(*) filter (where m.facts->>'event' = %(ended)s and m.facts->>'code' = 'unanswered'
        and m.facts->>'role' in ('doctor', 'colleague') and m.at >= %(begun)s) as rings,
    count(*) filter (where m.facts->>'event' = %(reminded)s and m.at >= %(begun)s) as reminders,
    max(m.at) filter (where m.facts->>'event' = %(reminded)s) as reminded_at,
    count(*) filter (where m.role in ('patient', 'helper')) as words,
    count(*) filter (where m.facts->>'event' = %(connected)s
        or (m.facts->>'event' = %(ended)s and m.facts->>'code' = 'declined')
        or (m.facts->>'event' = %(rang)s and m.facts->>'role' in ('patient', 'helper'))) as came,
    count(*) filter (where m.facts->>'event' = %(ended)s and m.facts->>'code' in ('lost', 'not_recorded'))
        as broke,
    coalesce((
        select not r.agreed from recording_consents r where r.room = %(room)s and r.role = 'patient'
        order by r.at desc, r.id desc limit 1), false) as recording_refused
from room_messages m
where m.room = %(room)s and m.at >= %(since)s
"""
