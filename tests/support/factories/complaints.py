"""Somebody complains; somebody at the hospital answers."""

from typing import Any

from telehealth.complaints.handling import answer, take
from telehealth.complaints.making import Said, complain
from telehealth.complaints.models import Complaint
from telehealth.complaints.states import ComplaintKind
from telehealth.core.access import Actor, Role
from telehealth.core.ids import new_id
from telehealth.core.unit import Units
from tests.support.factories.accounts import add_staff, staff
from tests.support.factories.bookings import House, Patient

WORDS = "样例：等了两个小时没有人接诊"


async def add_complaint(units: Units, house: House, who: Patient, **facts: Any) -> Complaint:
    said: dict[str, Any] = {
        "kind": ComplaintKind.WAITING, "text": WORDS, "draft": new_id(), "hospital_id": house.hospital.id
    }  # fmt: skip
    async with units.of(who.actor) as unit:
        return await complain(unit, who.actor, Said(**(said | facts)))


async def answered(units: Units, row: Complaint, by: Actor) -> Complaint:
    async with units.of(by) as unit:
        await take(unit, by, row.id)
    async with units.of(by) as unit:
        return await answer(unit, by, row.id, "样例：已核实并改进，向您致歉")


async def add_clerk(units: Units, house: House, role: Role = Role.REVIEWER, login: str = "clerk") -> Actor:
    return staff(await add_staff(units, house.hospital.id, [role], login=login, name=f"样例{login}"))


async def reread(units: Units, row: Complaint) -> Complaint:
    async with units.system("test") as unit:
        return await unit.session.get_one(Complaint, row.id)
