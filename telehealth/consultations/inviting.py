"""A second doctor of the same hospital in the room, asked by the first for a reason; until the visit ends."""

from collections.abc import Sequence
from uuid import UUID

import sqlalchemy as sa

from telehealth.accounts import MemberState, StaffMember, keep_step_up, staff_of
from telehealth.bookings import Booking
from telehealth.consultations.doctor_errors import ColleagueNotFound, ColleagueSeated, VisitOver
from telehealth.consultations.doctor_queries import lock_open_visit
from telehealth.consultations.errors import NotAdmitted
from telehealth.consultations.models import Consultation, RoomSeat
from telehealth.consultations.queries import seat
from telehealth.consultations.states import OPEN, ConsultationState, SeatEvent, SeatState
from telehealth.consultations.writing import announce
from telehealth.core.access import GRANTS, Permission, Role
from telehealth.core.rooms import Role as RoomRole
from telehealth.core.unit import Unit
from telehealth.directory import doctor
from telehealth.notifications import Notice, notify


async def invite(unit: Unit, room: UUID, *, doctor_id: UUID, reason: str) -> RoomSeat:
    """They may write, see and join calls from now on; the patient sees who came.

    Raises RoomNotFound, VisitOver, NotAdmitted, ColleagueNotFound, ColleagueSeated.
    """
    visit = await lock_open_visit(unit, room)
    if visit.state not in OPEN:
        raise VisitOver()
    if visit.state is not ConsultationState.ADMITTED:
        raise NotAdmitted()
    guest = await _colleague(unit, visit, doctor_id)
    taken = sa.select(RoomSeat.id).where(
        RoomSeat.room == room,
        RoomSeat.guest_account_id == guest.account_id,
        RoomSeat.state != SeatState.ENDED,
    )
    if await unit.session.scalar(taken) is not None:
        raise ColleagueSeated()
    await keep_step_up(unit)
    row = RoomSeat(
        hospital_id=visit.hospital_id,
        account_id=visit.account_id,
        room=room,
        role=str(RoomRole.COLLEAGUE),
        state=SeatState.INVITED,
        name=guest.name,
        guest_account_id=guest.account_id,
        invited_by=unit.actor.account,
        invited_at=unit.now,
        reason=reason,
    )
    # Staff of the house, bound by the same secrecy: their seat is ready when they come.
    row.apply(SeatEvent.TAKE, at=unit.now)
    unit.session.add(row)
    await unit.session.flush()
    unit.audit("seat.colleague_invited", row, doctor=doctor_id)
    await announce(unit, room, "colleague_joined", role=str(RoomRole.COLLEAGUE), seat=str(row.id))
    await _tell(unit, visit, guest.account_id)
    return row


async def dismiss(unit: Unit, room: UUID, seat_id: UUID) -> None:
    """Take the seat away. Raises RoomNotFound, VisitOver, SeatNotFound, TransitionRefused."""
    await lock_open_visit(unit, room)
    row = await seat(unit, room, seat_id, role=str(RoomRole.COLLEAGUE))
    row.apply(SeatEvent.END, at=unit.now)
    unit.audit("seat.colleague_dismissed", row)
    await announce(unit, room, "colleague_left", role=str(RoomRole.COLLEAGUE), seat=str(row.id))


async def colleagues(unit: Unit, visit: Consultation) -> Sequence[StaffMember]:
    """Doctors who could be asked in."""
    members = await staff_of(unit, visit.hospital_id)
    return [member for member in members if _may_come(visit, member)]


async def _colleague(unit: Unit, visit: Consultation, doctor_id: UUID) -> StaffMember:
    for member in await colleagues(unit, visit):
        if member.doctor_id == doctor_id:
            return member
    raise ColleagueNotFound()


def _may_come(visit: Consultation, member: StaffMember) -> bool:
    is_other = member.doctor_id is not None and member.doctor_id != visit.doctor_id
    consults = any(Permission.CONSULT in GRANTS[Role(role)] for role in member.roles)
    return is_other and consults and member.status is MemberState.ACTIVE


async def _tell(unit: Unit, visit: Consultation, account_id: UUID) -> None:
    asks = await doctor(unit, visit.doctor_id)
    booking = await unit.session.get(Booking, visit.id)
    name = {"zh": asks.name, "en": asks.name_en or asks.name}
    await notify(
        unit, Notice.COLLEAGUE_INVITED, account_id, hospital_id=visit.hospital_id,
        href=f"/staff/rooms/{visit.id}", doctor=name, number="" if booking is None else booking.number,
    )  # fmt: skip
