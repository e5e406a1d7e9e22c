"""Open a visit (XY01, XY02, REG 3). Admission is not attendance: midnight still looks for evidence (XY13).

The gate is asked again at the door, and it may ask the hospital's system: so three steps, none of which
holds a unit open over the network.
"""

from uuid import UUID

from telehealth.accounts import require_step_up
from telehealth.bookings import Booking, BookingState
from telehealth.bookings.unfinishing import lock_visit
from telehealth.bookings.withdrawing import refuse_admission
from telehealth.consultations.doctor_errors import (
    AdmissionRefused,
    AdmissionUnverified,
    ConsentMissing,
    FitnessNotConfirmed,
    NotToday,
    VisitOver,
)
from telehealth.consultations.doctor_queries import lock_open_visit, own_visit
from telehealth.consultations.models import Consultation
from telehealth.consultations.opening import ensure_open
from telehealth.consultations.states import ConsultationEvent, ConsultationState
from telehealth.consultations.telling import tell_patient
from telehealth.consultations.writing import announce
from telehealth.core.access import Actor
from telehealth.core.unit import Unit, Units
from telehealth.eligibility import GateDecision, gate_decision
from telehealth.eligibility.checking import Assessment, decide_at_admission, findings
from telehealth.eligibility.explaining import explain
from telehealth.eligibility.facts import GateCode
from telehealth.notifications import Notice

_SILENT = GateCode.HIS_UNAVAILABLE


async def admit(units: Units, actor: Actor, room: UUID, *, fit: bool) -> Consultation:
    """The doctor saw the evidence and says the patient is fit for a follow-up online. Again changes nothing.

    Raises StepUpNeeded, RoomNotFound, NotToday, VisitOver, FitnessNotConfirmed, ConsentMissing,
    AdmissionUnverified, and AdmissionRefused once the booking was ended and refunded.
    """
    async with units.of(actor) as unit:
        visit, booked = await _at_the_door(unit, room, fit=fit)
    if visit.state is not ConsultationState.WAITING:
        return visit
    again = await decide_at_admission(units, actor, booked)
    if not again.decision.allowed:
        await _turn_away(units, actor, room, again)
    async with units.of(actor) as unit:
        return await _open(unit, room, again.row)


async def _at_the_door(unit: Unit, room: UUID, *, fit: bool) -> tuple[Consultation, GateDecision]:
    await require_step_up(unit)
    await ensure_open(unit, room)
    visit = await own_visit(unit, room)
    booking = await unit.session.get(Booking, room)
    if booking is None or booking.state is not BookingState.PAID:
        raise VisitOver()
    _require_today(unit, booking)
    if not fit:
        raise FitnessNotConfirmed()
    if booking.decision_id is None:
        raise ConsentMissing()
    booked = await gate_decision(unit, booking.decision_id)
    # XY21: what was accepted then counts, also when the notice changed since.
    if not booked.inputs.get("notice_accepted"):
        raise ConsentMissing()
    return visit, booked


def _require_today(unit: Unit, booking: Booking) -> None:
    """On its day; afterwards only what somebody attended, or a call that midnight still waits for."""
    if booking.day == unit.today:
        return
    still_open = booking.attended_at is not None or booking.call_since is not None
    if booking.day > unit.today or not still_open:
        raise NotToday(day=booking.day)


async def _turn_away(units: Units, actor: Actor, room: UUID, again: Assessment) -> None:
    """Raises AdmissionUnverified, AdmissionRefused, VisitOver."""
    if again.decision.codes == (_SILENT,):
        raise AdmissionUnverified(retry_after_s=60)
    spoke = next(check for check in again.decision.findings if check.code is not _SILENT)
    async with units.of(actor) as unit:
        booking = await lock_visit(unit, room)
        if booking is None or booking.state is not BookingState.PAID:
            raise VisitOver()
        await refuse_admission(unit, room, explain(spoke).title.said())
    raise AdmissionRefused(findings=findings(again.decision))


async def _open(unit: Unit, room: UUID, decision: GateDecision) -> Consultation:
    booking = await lock_visit(unit, room)
    if booking is None or booking.state is not BookingState.PAID:
        # Midnight, a cancellation or a closed clinic committed first (XY14).
        raise VisitOver()
    visit = await lock_open_visit(unit, room)
    if visit.state is not ConsultationState.WAITING:
        return visit
    visit.apply(ConsultationEvent.ADMIT, at=unit.now)
    visit.admitted_at, visit.admitted_by = unit.now, unit.actor.account
    seen = [item["resource"] for item in decision.evidence]
    visit.admission = {"decision": str(decision.id), "evidence": seen, "fit": True}
    unit.audit("consultation.admitted", visit, decision=decision.id, evidence=seen, fit=True)
    await announce(unit, room, "admitted")
    await tell_patient(unit, booking, Notice.DOCTOR_ADMITTED)
    return visit
