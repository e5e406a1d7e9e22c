"""The end of a visit: a signed note, what the patient should do, and when somebody looks again (GD11)."""

from datetime import timedelta
from uuid import UUID

import sqlalchemy as sa

from telehealth.accounts import keep_step_up
from telehealth.bookings.completing import complete
from telehealth.bookings.unfinishing import lock_visit
from telehealth.consultations.doctor_errors import NoteNotSigned, VisitOver
from telehealth.consultations.doctor_queries import lock_open_visit, note_of, own_visit
from telehealth.consultations.errors import NotAdmitted
from telehealth.consultations.following_up import plan_follow_up
from telehealth.consultations.models import Consultation, RoomSeat
from telehealth.consultations.states import ConsultationEvent, ConsultationState, NoteState, SeatState
from telehealth.consultations.telling import tell_patient
from telehealth.consultations.writing import announce
from telehealth.core.clock import HospitalDay
from telehealth.core.errors import FieldsInvalid
from telehealth.core.i18n import N_
from telehealth.core.unit import Unit
from telehealth.notifications import Notice

#: Nobody plans further ahead.
FOLLOW_UP_WITHIN = timedelta(days=366)


async def conclude(
    unit: Unit,
    room: UUID,
    *,
    advice: str,
    follow_up_on: HospitalDay | None = None,
    follow_up_reason: str = "",
) -> Consultation:
    """Close a visit whose note is signed; its fee is earned. Calling it again changes nothing.

    Raises RoomNotFound, VisitOver, NotAdmitted, NoteNotSigned, FieldsInvalid.
    """
    await own_visit(unit, room)
    booking = await lock_visit(unit, room)
    visit = await lock_open_visit(unit, room)
    if visit.state is ConsultationState.CONCLUDED:
        return visit
    if booking is None:
        raise VisitOver()
    if visit.state is not ConsultationState.ADMITTED:
        raise NotAdmitted()
    note = await note_of(unit, room, lock=True)
    if note is None or note.state is not NoteState.SIGNED:
        raise NoteNotSigned()
    _check(unit, advice, follow_up_on)
    await keep_step_up(unit)
    await close_visit(unit, visit, advice=advice)
    if follow_up_on is not None:
        await plan_follow_up(unit, visit, due_day=follow_up_on, reason=follow_up_reason)
    day = follow_up_on.isoformat() if follow_up_on else None
    await announce(unit, room, "concluded", follow_up_on=day)
    await tell_patient(unit, booking, Notice.VISIT_CONCLUDED)
    return visit


async def close_visit(unit: Unit, visit: Consultation, *, advice: str) -> None:
    """Booking and consultation are locked, and the note is signed."""
    await complete(unit, visit.id)
    visit.apply(ConsultationEvent.CONCLUDE, at=unit.now)
    visit.concluded_at, visit.advice = unit.now, advice
    visit.urgent_at = visit.urgent_by = None
    await unit.session.execute(
        sa.update(RoomSeat)
        .where(RoomSeat.room == visit.id, RoomSeat.state.in_([SeatState.INVITED, SeatState.TAKEN]))
        .values(state=SeatState.ENDED, ended_at=unit.now)
    )
    unit.audit("consultation.concluded", visit)


def _check(unit: Unit, advice: str, follow_up_on: HospitalDay | None) -> None:
    """Raises FieldsInvalid."""
    if len("".join(advice.split())) < 2:
        raise FieldsInvalid({"advice": N_("请写下给患者的建议")})
    if follow_up_on is None:
        return
    if not unit.today < follow_up_on <= unit.today + FOLLOW_UP_WITHIN:
        raise FieldsInvalid({"follow_up_day": N_("请选择明天以后、一年以内的日期")})
