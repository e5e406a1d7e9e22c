"""A hospital where somebody can book, and the steps they take before they do."""

from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from telehealth.accounts.models import Account
from telehealth.bookings.holding import Wish, hold
from telehealth.bookings.models import Booking
from telehealth.core.access import Actor
from telehealth.core.audit import AuditRecord
from telehealth.core.unit import Units
from telehealth.directory import NoticeChannel, accept_notice
from telehealth.directory.models import Campus, Department, Doctor, Hospital, ServiceNotice
from telehealth.eligibility import Stage
from telehealth.eligibility.checking import Question, assess
from telehealth.intake.content import FormContent
from telehealth.intake.models import IntakeForm
from telehealth.intake.states import FormState
from telehealth.notifications.models import InboxMessage
from telehealth.patients.models import Person
from telehealth.patients.rules import Relation
from telehealth.rulebook.rules import ClinicKind
from tests.support.factories.accounts import add_patient, patient
from tests.support.factories.directory import add_campus, add_department, add_doctor, add_hospital, add_notice
from tests.support.factories.patients import add_card, add_person, add_visit
from tests.support.factories.rulebook import publish_policy


@dataclass(frozen=True, slots=True)
class House:
    """A live hospital with one campus, one department, one doctor who sits online, a notice and a policy."""

    hospital: Hospital
    campus: Campus
    department: Department
    doctor: Doctor
    notice: ServiceNotice


@dataclass(frozen=True, slots=True)
class Patient:
    """An account with a verified person who holds a card here and was seen three weeks ago."""

    account: Account
    person: Person

    @property
    def actor(self) -> Actor:
        return patient(self.account)


async def add_house(units: Units, code: str = "yunan", **policy: dict[str, Any]) -> House:
    hospital = await add_hospital(units, code)
    campus = await add_campus(units, hospital.id)
    department = await add_department(units, hospital.id, [campus.id])
    doctor = await add_doctor(units, department)
    await publish_policy(units, hospital.id, **policy)
    return House(hospital, campus, department, doctor, await add_notice(units, hospital.id))


async def add_booker(
    units: Units,
    house: House,
    phone: str = "13800001234",
    *,
    name: str = "样例乙",
    born: date = date(1980, 3, 4),
    visited: bool = True,
    insurance_linked: bool = True,
) -> Patient:
    account = await add_patient(units, phone, name=name)
    person = await add_person(units, account, name=name, born=born)
    return await admit(
        units, house, Patient(account, person), visited=visited, insurance_linked=insurance_linked
    )


async def add_relative(units: Units, house: House, holder: Patient, name: str = "样例丙") -> Patient:
    """Somebody else the same account may act for."""
    person = await add_person(
        units, holder.account, name=name, relation=Relation.SPOUSE, born=date(1979, 1, 5)
    )
    return await admit(units, house, Patient(holder.account, person))


async def admit(
    units: Units, house: House, who: Patient, *, visited: bool = True, insurance_linked: bool = True
) -> Patient:
    """What stands between a verified person and the gate: card, visit, notice."""
    await add_card(units, house.hospital.id, who.account, who.person, insurance_linked=insurance_linked)
    if visited:
        await add_visit(units, house.hospital.id, who.person)
    async with units.of(who.actor) as unit:
        await accept_notice(
            unit,
            house.hospital.id,
            house.notice.sha256,
            account_id=who.account.id,
            channel=NoticeChannel.BROWSER,
        )
    return who


async def add_check(
    units: Units, house: House, who: Patient, *, kind: ClinicKind = ClinicKind.INTERNET
) -> UUID:
    """The gate's answer to somebody stable who named nothing urgent."""
    question = Question(house.hospital.id, who.person.id, Stage.RED_FLAGS, kind, stable=True, red_flags=())
    return (await assess(units, who.actor, question)).row.id


async def add_form(units: Units, house: House, who: Patient, *, department_id: UUID | None = None) -> UUID:
    """A condition form that is sent."""
    async with units.of(who.actor) as unit:
        form = IntakeForm(
            hospital_id=house.hospital.id,
            account_id=who.account.id,
            person_id=who.person.id,
            department_id=department_id or house.department.id,
            kind=ClinicKind.INTERNET,
            state=FormState.SUBMITTED,
            template="western",
            body=FormContent(complaint="复诊配药").model_dump_json(),
            version=1,
            saved_by="",
            started_at=unit.now,
            saved_at=unit.now,
            submitted_at=unit.now,
        )
        unit.session.add(form)
        await unit.session.flush()
        return form.id


async def wish_for(units: Units, house: House, who: Patient, slot_id: UUID, **changes: Any) -> Wish:
    """Everything an internet clinic asks for."""
    facts: dict[str, Any] = {
        "check_id": await add_check(units, house, who),
        "form_id": await add_form(units, house, who),
    }
    return Wish(slot_id, who.person.id, **(facts | changes))


async def book(units: Units, house: House, who: Patient, slot_id: UUID, **changes: Any) -> Booking:
    return await take(units, who, await wish_for(units, house, who, slot_id, **changes))


async def take(units: Units, who: Patient, wish: Wish) -> Booking:
    async with units.of(who.actor) as unit:
        return await hold(unit, wish)


async def reread(units: Units, booking: Booking) -> Booking:
    async with units.system("test") as unit:
        row = await unit.session.get(Booking, booking.id)
    assert row is not None
    return row


async def audited(units: Units, name: str) -> list[dict[str, Any]]:
    """The facts of every audit record of this name, oldest first."""
    async with units.system("test") as unit:
        found = sa.select(AuditRecord.facts).where(AuditRecord.name == name).order_by(AuditRecord.position)
        return list(await unit.session.scalars(found))


async def told(units: Units, account: Account) -> list[str]:
    """The notices in an inbox, oldest first."""
    async with units.system("test") as unit:
        found = sa.select(InboxMessage.notice).where(InboxMessage.account_id == account.id)
        return [str(row) for row in await unit.session.scalars(found.order_by(InboxMessage.id))]
