"""Whose visit is it, on the doctor's side? For anybody else there is no such room."""

from collections.abc import Sequence
from uuid import UUID

import sqlalchemy as sa

from telehealth.accounts import MemberState, StaffMember
from telehealth.consultations.doctor_errors import VisitOver
from telehealth.consultations.errors import RoomNotFound
from telehealth.consultations.models import Consultation, FollowUp, RoomSeat, VisitNote
from telehealth.consultations.states import ConsultationState, SeatState
from telehealth.core.access import Actor, Permission
from telehealth.core.unit import Unit

#: Not a visit that is to come, nor one that was had.
CLOSED = ConsultationState.CLOSED


async def own_visit(unit: Unit, room: UUID, *, lock: bool = False) -> Consultation:
    """The visit of the doctor who asks. Raises RoomNotFound."""
    found = sa.select(Consultation).where(Consultation.id == room, _is_theirs(unit.actor))
    if lock:
        found = found.with_for_update().execution_options(populate_existing=True)
    row = (await unit.session.scalars(found)).one_or_none()
    if row is None:
        raise RoomNotFound()
    return row


async def readable_visit(unit: Unit, room: UUID) -> tuple[Consultation, str]:
    """One that may be read by staff, and as what: "doctor", "colleague", "head". Raises RoomNotFound."""
    actor = unit.actor
    found = sa.select(Consultation, _is_theirs(actor), _is_guest(actor)).where(
        Consultation.id == room, Consultation.hospital_id == actor.hospital
    )
    row = (await unit.session.execute(found)).one_or_none()
    if row is None:
        raise RoomNotFound()
    visit, is_theirs, is_guest = row
    for may, role in ((is_theirs, "doctor"), (is_guest, "colleague"), (_reads_all(actor), "head")):
        if may:
            return visit, role
    raise RoomNotFound()


async def lock_open_visit(unit: Unit, room: UUID) -> Consultation:
    """Of the doctor who asks, still open. Raises RoomNotFound, VisitOver."""
    visit = await own_visit(unit, room, lock=True)
    if visit.state is CLOSED:
        raise VisitOver()
    return visit


async def note_of(unit: Unit, room: UUID, *, lock: bool = False) -> VisitNote | None:
    found = sa.select(VisitNote).where(VisitNote.id == room)
    if lock:
        found = found.with_for_update().execution_options(populate_existing=True)
    return (await unit.session.scalars(found)).one_or_none()


async def notes_of(unit: Unit, rooms: Sequence[UUID]) -> dict[UUID, VisitNote]:
    found = await unit.session.scalars(sa.select(VisitNote).where(VisitNote.id.in_(rooms)))
    return {row.id: row for row in found}


async def follow_up_of(unit: Unit, room: UUID) -> FollowUp | None:
    return (await unit.session.scalars(sa.select(FollowUp).where(FollowUp.room == room))).one_or_none()


async def earlier_visits(unit: Unit, visit: Consultation, *, limit: int = 20) -> Sequence[Consultation]:
    """Of the same person at this hospital, latest first."""
    found = sa.select(Consultation).where(
        Consultation.hospital_id == visit.hospital_id,
        Consultation.person_id == visit.person_id,
        Consultation.id != visit.id,
        Consultation.state == ConsultationState.CONCLUDED,
    )
    return (await unit.session.scalars(found.order_by(Consultation.starts_at.desc()).limit(limit))).all()


def _is_theirs(actor: Actor) -> sa.ColumnElement[bool]:
    """Working here as the doctor of this visit."""
    if not actor.is_staff or not actor.may(Permission.CONSULT):
        return sa.false()
    return sa.exists().where(
        StaffMember.account_id == actor.account,
        StaffMember.hospital_id == actor.hospital,
        StaffMember.hospital_id == Consultation.hospital_id,
        StaffMember.doctor_id == Consultation.doctor_id,
        StaffMember.status == MemberState.ACTIVE,
    )


def _is_guest(actor: Actor) -> sa.ColumnElement[bool]:
    """Asked in by the doctor; with the visit's end the seat ends, and so does reading."""
    return sa.exists().where(
        RoomSeat.room == Consultation.id,
        RoomSeat.guest_account_id == actor.account,
        RoomSeat.role == "colleague",
        RoomSeat.state == SeatState.TAKEN,
    )


def _reads_all(actor: Actor) -> bool:
    return actor.may(Permission.SEE_RECORDS)
