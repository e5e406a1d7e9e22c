"""A room with its people: a paid internet booking of today, its patient, its doctor, signed in."""

from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from telehealth.accounts.models import StaffMember
from telehealth.bookings.models import Booking
from telehealth.consultations.gate import find_seat, issue_ticket
from telehealth.consultations.models import Consultation, RecordingConsent, RoomMessage, RoomSeat
from telehealth.consultations.states import ConsultationEvent, SeatState
from telehealth.core.access import Actor, Role
from telehealth.core.ids import new_id
from telehealth.core.rooms import Role as RoomRole
from telehealth.core.rooms import RoomChannel, Seat, Stored
from telehealth.core.unit import Units
from tests.support.factories.accounts import add_patient, add_staff, patient, staff
from tests.support.factories.bookings import House, Patient, add_booker, add_house
from tests.support.factories.schedule import Planned
from tests.support.factories.visits import clinic_today, hold_in, hold_past_the_gate, pay_cash


@dataclass(frozen=True, slots=True)
class Visit:
    """A paid visit of today and everybody in it. The room's id is the booking's."""

    house: House
    who: Patient
    member: StaffMember
    booking: Booking
    clinic: Planned

    @property
    def room(self) -> UUID:
        return self.booking.id

    @property
    def patient(self) -> Actor:
        return self.who.actor

    @property
    def doctor(self) -> Actor:
        return staff(self.member)


async def add_room(
    units: Units, *, admitted: bool = False, consented: bool = False, code: str = "yunan", **policy: Any
) -> Visit:
    """From nothing: hospital, doctor, patient, seat, money. `consented`: both agreed to be recorded."""
    house = await add_house(units, code, **policy)
    who = await add_booker(units, house)
    member = await add_doctor_of(units, house)
    planned = await clinic_today(units, house, seats=(9,))
    booking = await pay_cash(units, house, await hold_in(units, house, who, planned))
    visit = Visit(house, who, member, booking, planned)
    if admitted:
        await admit(units, visit)
    if consented:
        await consent(units, visit)
    return visit


async def add_doctor_of(units: Units, house: House, *, login: str = "doctor") -> StaffMember:
    """The account the doctor of this house signs in with."""
    return await add_staff(
        units, house.hospital.id, [Role.DOCTOR], login=login, name=house.doctor.name,
        doctor_id=house.doctor.id,
    )  # fmt: skip


async def add_more(units: Units, visit: Visit, count: int) -> list[Visit]:
    """Further rooms of the same clinic, of other patients, past the gate: eight at most."""
    return [await add_next(units, visit, n) for n in range(count)]


async def add_next(units: Units, visit: Visit, n: int = 0) -> Visit:
    who = await add_booker(units, visit.house, f"1390000{n:04d}", name=f"样例{n}")
    held = await hold_past_the_gate(units, who, visit.clinic)
    return replace(visit, who=who, booking=await pay_cash(units, visit.house, held))


async def admit(units: Units, visit: Visit) -> None:
    """The doctor is in, past the step-up and the gate, where those are not what a test is about."""
    async with units.system("test") as unit:
        row = await unit.session.get(Consultation, visit.room)
        assert row is not None
        row.apply(ConsultationEvent.ADMIT, at=unit.now)
        row.admitted_at, row.admitted_by = unit.now, visit.member.account_id


async def consent(units: Units, visit: Visit, *, patient: bool = True, doctor: bool = True) -> None:
    async with units.system("test") as unit:
        for role, account_id, agreed in (
            (RoomRole.PATIENT, visit.who.account.id, patient),
            (RoomRole.DOCTOR, visit.member.account_id, doctor),
        ):
            unit.session.add(
                RecordingConsent(
                    hospital_id=visit.house.hospital.id, account_id=visit.who.account.id, room=visit.room,
                    person_account_id=account_id, role=str(role), agreed=agreed, at=unit.now,
                )
            )  # fmt: skip


async def add_helper(units: Units, visit: Visit, phone: str = "13700007777", name: str = "女儿") -> Actor:
    """Somebody who took the patient's invitation."""
    account = await add_patient(units, phone)
    await seat_guest(units, visit, account.id, RoomRole.HELPER, name)
    return patient(account)


async def seat_guest(units: Units, visit: Visit, account_id: UUID, role: RoomRole, name: str) -> UUID:
    async with units.system("test") as unit:
        row = RoomSeat(
            id=new_id(), hospital_id=visit.house.hospital.id, account_id=visit.who.account.id,
            room=visit.room, role=str(role), state=SeatState.TAKEN, name=name, guest_account_id=account_id,
            invited_by=visit.who.account.id, invited_at=unit.now, taken_at=unit.now, reason="",
        )  # fmt: skip
        unit.session.add(row)
    return row.id


async def seat(units: Units, visit: Visit, actor: Actor) -> Seat:
    return await find_seat(units, actor, visit.room)


async def ticket(units: Units, visit: Visit, actor: Actor) -> str:
    return (await issue_ticket(units, actor, visit.room)).ticket


async def say(
    units: Units,
    visit: Visit,
    actor: Actor,
    text: str = "您最近血压怎么样",
    *,
    kind: str = "text",
    client_id: UUID | None = None,
    file: UUID | None = None,
) -> Stored:
    channel = units.port(RoomChannel)  # type: ignore[type-abstract]
    return await channel.say(
        await seat(units, visit, actor), client_id=client_id or new_id(), kind=kind, text=text, file=file
    )


async def reread(units: Units, visit: Visit) -> Consultation:
    async with units.system("test") as unit:
        row = await unit.session.get(Consultation, visit.room)
    assert row is not None
    return row


async def messages(units: Units, visit: Visit) -> list[RoomMessage]:
    async with units.system("test") as unit:
        found = sa.select(RoomMessage).where(RoomMessage.room == visit.room).order_by(RoomMessage.seq)
        return list(await unit.session.scalars(found))


async def events(units: Units, visit: Visit) -> list[dict[str, Any]]:
    """What the room said of itself."""
    return [row.facts for row in await messages(units, visit) if row.kind == "system"]
