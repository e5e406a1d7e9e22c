"""Was an offline registration kept? The hospital's own record says so, before midnight's sweep may refund.

An internet visit leaves its evidence with us; whoever came in person left it in the hospital's system.
While that is silent the booking stays as it is: neither taken for attended nor given back.
"""

from uuid import UUID

import structlog

from telehealth.bookings import queries
from telehealth.bookings.attending import record
from telehealth.bookings.models import Booking
from telehealth.bookings.states import Evidence
from telehealth.core.clock import day_end
from telehealth.core.unit import Unit, Units
from telehealth.directory import hospital
from telehealth.hospital import HISRejected, HISUnavailable, VisitEvidence, fetch_patient, fetch_visits
from telehealth.patients import known_patient, person
from telehealth.patients.matching import system_of

log = structlog.get_logger(__name__)

REASON = "offline visits"


async def ask_about_visits(units: Units) -> int:
    """Ask about every offline registration of a day gone by; how many were answered.

    A hospital whose system is silent is left alone until the next round after its first booking.
    """
    async with units.system(REASON) as unit:
        waiting = await queries.offline_and_unasked(unit)
    silent: set[UUID] = set()
    answered = 0
    for hospital_id, booking_id in waiting:
        if hospital_id in silent:
            continue
        try:
            answered += await _ask(units, booking_id)
        except (HISUnavailable, HISRejected) as error:
            log.warning("visit.not_asked", hospital=str(hospital_id), error=error.code)
            silent.add(hospital_id)
    return answered


async def _ask(units: Units, booking_id: UUID) -> bool:
    async with units.system(REASON) as unit:
        booking = await unit.session.get(Booking, booking_id)
        if booking is None:
            return False
        code = (await hospital(unit, booking.hospital_id)).code
        known = await known_patient(unit, booking.hospital_id, booking.person_id)
        who = await person(unit, booking.person_id)
    records = [known.his_patient_id] if known is not None else []
    if not records:
        # Never bound a card: at the counter they showed the document itself.
        found = await fetch_patient(units, code, system_of(who.document_kind), who.document_number)
        records = [match.his_patient_id for match in found.matches]
    visits: list[VisitEvidence] = []
    for his_patient_id in records:
        fetched = await fetch_visits(units, code, his_patient_id, since=booking.day)
        visits += [visit for visit in fetched.visits if visit.on == booking.day]
    async with units.system(REASON) as unit:
        return await _write(unit, booking_id, visits)


async def _write(unit: Unit, booking_id: UUID, visits: list[VisitEvidence]) -> bool:
    if visits:
        booking = await queries.booking_by_id(unit, booking_id)
        seen_at = min(visits[0].fetched_at, day_end(booking.day))
        return await record(unit, booking_id, Evidence.VISIT, f"his:{visits[0].resource_id}", seen_at)
    is_marked = await queries.mark_asked(unit, booking_id)
    if is_marked:
        unit.audit("booking.no_visit", f"bookings:{booking_id}")
    return is_marked
