"""Rooms in which a visit is under way, and people signed in to sit in them: none of them exists.

One room comes about as rooms do, the others are copies of its rows with ids and numbers of their own.
"""

import secrets
from dataclasses import dataclass
from datetime import time, timedelta
from typing import Any
from uuid import UUID

import sqlalchemy as sa

import app
from telehealth.accounts.models import Account
from telehealth.bookings.models import Booking
from telehealth.consultations.models import Consultation
from telehealth.core.access import Actor
from telehealth.core.clock import FixedClock, SystemClock, at_local, hospital_day
from telehealth.core.ids import new_id
from telehealth.core.rooms import Role, Seat
from telehealth.core.settings import Settings
from telehealth.core.unit import Unit
from telehealth.web.house import House
from telehealth.web.sessions import Session, digest, open_session
from tests.support.factories.accounts import patient
from tests.support.factories.rooms import Visit, add_room
from tests.support.phones import fresh_number

#: Room n has this id plus n, so that pgbench can name one too.
FIRST_ROOM = UUID("01910000-0000-7000-8000-000000000000")
_BATCH = 250


@dataclass(frozen=True, slots=True)
class Talk:
    """One room, its patient, and the doctor, who is the same person in all of them."""

    room: UUID
    patient: Seat
    doctor: Seat
    patient_token: str
    doctor_token: str

    @property
    def sides(self) -> tuple[tuple[Actor, str], tuple[Actor, str]]:
        return (self.patient.actor, self.patient_token), (self.doctor.actor, self.doctor_token)


def room_id(number: int) -> UUID:
    return UUID(int=FIRST_ROOM.int + number)


async def open_talks(settings: Settings, *, count: int) -> list[Talk]:
    """As many admitted rooms of today, attended, with everybody signed in for half a day."""
    now = SystemClock().wall()
    clock = FixedClock(now)
    clock.move_business_to(at_local(hospital_day(now), time(10)))
    house = app.build_house(settings, clock=clock)
    try:
        visit = await add_room(house.units, admitted=True, consented=True)
        return await _copy_rooms(house, visit, count)
    finally:
        await house.close()


async def _copy_rooms(house: House, visit: Visit, count: int) -> list[Talk]:
    units = house.units
    async with units.system("sample") as unit:
        doctor_token = (await open_session(unit, visit.doctor, channel="app")).token
        await open_session(unit, visit.patient, channel="app")
    talks: list[Talk] = []
    while len(talks) < count:
        async with units.system("sample") as unit:
            numbers = range(len(talks), min(count, len(talks) + _BATCH))
            talks += await _add(unit, visit, doctor_token, numbers)
    async with units.engine.connect() as connection:
        await connection.execute(sa.text("analyze"))
        await connection.commit()
    return talks


async def _add(unit: Unit, visit: Visit, doctor_token: str, numbers: range) -> list[Talk]:
    find = sa.select(Session).where(Session.account_id == visit.who.account.id)
    session = (await unit.session.scalars(find)).first()
    booking = await unit.session.get(Booking, visit.room)
    consultation = await unit.session.get(Consultation, visit.room)
    lasts = {"expires_at": unit.wall + timedelta(hours=12), "refresh_by": unit.wall + timedelta(hours=12)}
    doctor_hash = digest(doctor_token)
    await unit.session.execute(sa.update(Session).where(Session.token_hash == doctor_hash).values(**lasts))
    rows: dict[type, list[dict[str, Any]]] = {Account: [], Session: [], Booking: [], Consultation: []}
    talks = []
    for number in numbers:
        account_id, token, id = new_id(), secrets.token_urlsafe(32), room_id(number)
        whose = {"account_id": account_id, "person_id": new_id()}
        mark = account_id.bytes
        rows[Account].append(_copy(visit.who.account, id=account_id, phone_index=mark, phone=fresh_number()))
        rows[Session].append(
            _copy(
                session,
                id=new_id(),
                account_id=account_id,
                token_hash=digest(token),
                refresh_hash=mark,
                **lasts,
            )
        )
        attended = {"attended_at": unit.now, "attended_by": "own_text", "attended_ref": "sample"}
        rows[Booking].append(
            _copy(booking, id=id, number=f"SAMPLE-{number}", charge_id=None, **whose, **attended)
        )
        rows[Consultation].append(_copy(consultation, id=id, last_seq=0, last_patient_seq=0, **whose))
        patient_actor = Actor.signed_in(account_id, patient(visit.who.account).roles)
        hospital_id = visit.house.hospital.id
        talks.append(
            Talk(
                id,
                Seat(id, Role.PATIENT, patient_actor, "样*", hospital_id, account_id),
                Seat(id, Role.DOCTOR, visit.doctor, visit.doctor.name, hospital_id, account_id),
                token,
                doctor_token,
            )
        )
    for kind, values in rows.items():
        await unit.session.execute(sa.insert(kind), values)
    return talks


def _copy(row: Any, **changes: Any) -> dict[str, Any]:
    return {column.key: getattr(row, column.key) for column in sa.inspect(type(row)).column_attrs} | changes
