"""A helper's seat: a son or daughter elsewhere, invited by the patient, let in by their own consent (XY25).

The link carries a secret that we keep as a digest only. Whoever takes it signs in by phone first. The seat
ends with the visit, or when either of the two ends it.
"""

from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from uuid import UUID

import sqlalchemy as sa

from telehealth.consultations.errors import (
    HelpersFull,
    InvitationNotFound,
    OwnInvitation,
    RoomClosed,
    SeatNotFound,
)
from telehealth.consultations.gate import find_seat
from telehealth.consultations.models import Consultation, RoomSeat
from telehealth.consultations.policy import acting
from telehealth.consultations.queries import consultation, invitation, lock_consultation, seat, seats_of
from telehealth.consultations.states import OPEN, SEAT, SeatEvent, SeatState
from telehealth.consultations.writing import announce
from telehealth.core.access import Actor, Permission
from telehealth.core.errors import Forbidden
from telehealth.core.ids import share_token
from telehealth.core.rooms import Role
from telehealth.core.unit import Unit, Units
from telehealth.directory import Doctor, Hospital, doctor, hospital
from telehealth.patients import LinkEnded, people_by_id
from telehealth.patients.masking import mask_name
from telehealth.rulebook import current_policy

HELPERS = "room helper"


@dataclass(frozen=True, slots=True)
class Invited:
    seat: RoomSeat
    #: Where the invited person goes; its secret is not kept.
    link: str


@dataclass(frozen=True, slots=True)
class Invitation:
    """What a link shows before anybody signed in: as little as lets a family know it is theirs."""

    patient: str
    hospital: Hospital
    doctor: Doctor
    starts_at: datetime
    state: SeatState


async def invite(units: Units, actor: Actor, room: UUID, *, name: str) -> Invited:
    """The patient's act is their consent. Raises RoomNotFound, Forbidden, RoomClosed, HelpersFull."""
    place = await find_seat(units, actor, room)
    if place.role is not Role.PATIENT:
        raise Forbidden()
    async with acting(units, place) as unit:
        row = await lock_consultation(unit, room)
        if row.state not in OPEN:
            raise RoomClosed(state=str(row.state))
        most = (await current_policy(unit, row.hospital_id)).policy.room.helpers_most
        if len([one for one in await seats_of(unit, room) if one.role == Role.HELPER]) >= most:
            raise HelpersFull(most=most)
        token = share_token()
        made = RoomSeat(
            hospital_id=row.hospital_id, account_id=row.account_id, room=room, role=str(Role.HELPER),
            state=SEAT.initial, token_digest=digest_of(token), name=name, invited_by=actor.account,
            invited_at=unit.now, reason="",
        )  # fmt: skip
        unit.session.add(made)
        await unit.session.flush()
        unit.audit("room.helper_invited", made, room=room)
    return Invited(made, f"/help-seat/{token}")


async def invitation_of(units: Units, token: str) -> Invitation:
    """Raises InvitationNotFound: unknown, ended, or the visit is over."""
    async with units.system(HELPERS) as unit:
        row = await invitation(unit, digest_of(token))
        visit = await consultation(unit, row.room)
        if visit.state not in OPEN:
            raise InvitationNotFound()
        person = (await people_by_id(unit, [visit.person_id])).get(visit.person_id)
        return Invitation(
            mask_name(person.name) if person is not None else "*",
            await hospital(unit, visit.hospital_id),
            await doctor(unit, visit.doctor_id),
            visit.starts_at,
            row.state,
        )


async def accept(units: Units, actor: Actor, token: str) -> UUID:
    """Take the seat: the helper's own consent, to being there and to being recorded. The room.

    Taking it again changes nothing. Raises InvitationNotFound, OwnInvitation, Forbidden.
    """
    async with units.system(HELPERS, actor) as unit:
        room = (await invitation(unit, digest_of(token))).room
        if actor.is_staff or not actor.may(Permission.BOOK):
            raise Forbidden()
        visit = await lock_consultation(unit, room)
        row = await invitation(unit, digest_of(token), lock=True)
        if visit.state not in OPEN:
            raise InvitationNotFound()
        if visit.account_id == actor.account:
            raise OwnInvitation()
        if row.state is SeatState.TAKEN:
            if row.guest_account_id != actor.account:
                raise InvitationNotFound()
            return room
        row.apply(SeatEvent.TAKE, at=unit.now)
        row.guest_account_id = actor.account
        unit.audit("room.helper_joined", row, room=room)
        await unit.session.flush()
        await announce(unit, room, "helper_joined", seat=str(row.id))
        return room


async def end(units: Units, actor: Actor, room: UUID, seat_id: UUID) -> None:
    """By the patient, or by the helper themself; their socket is closed. Ending again changes nothing.

    Raises RoomNotFound, SeatNotFound.
    """
    place = await find_seat(units, actor, room)
    async with acting(units, place) as unit:
        await lock_consultation(unit, room)
        row = await seat(unit, room, seat_id, role=str(Role.HELPER))
        if place.role is not Role.PATIENT and row.guest_account_id != actor.account:
            raise SeatNotFound()
        if row.state is not SeatState.ENDED:
            await _end(unit, row)


async def on_link_ended(unit: Unit, event: LinkEnded) -> None:
    """Who may no longer act for the patient leaves their rooms, as does whoever they had invited.

    Called by `LinkEnded`, before the room goes to whoever takes over; open sockets ask again and are closed.
    """
    if not event.acted:
        return
    found = sa.select(Consultation.id).where(
        Consultation.person_id == event.person_id, Consultation.state.in_(OPEN)
    )
    for room in (await unit.session.scalars(found.order_by(Consultation.id))).all():
        visit = await lock_consultation(unit, room)
        theirs = event.account_id
        for row in await helpers_of(unit, room):
            if theirs in (row.guest_account_id, row.invited_by):
                await _end(unit, row)
        if visit.account_id == theirs:
            unit.hint(f"room:{room}")


async def helpers_of(unit: Unit, room: UUID) -> list[RoomSeat]:
    """Invited and present, oldest first."""
    return [row for row in await seats_of(unit, room) if row.role == Role.HELPER]


async def _end(unit: Unit, row: RoomSeat) -> None:
    was_here = row.state is SeatState.TAKEN
    row.apply(SeatEvent.END, at=unit.now)
    unit.audit("room.helper_left", row, room=row.room)
    await unit.session.flush()
    if was_here:
        await announce(unit, row.room, "helper_left", seat=str(row.id))
    else:
        unit.hint(f"room:{row.room}")


def digest_of(token: str) -> str:
    return sha256(token.encode()).hexdigest()
