"""Relatives whose fees an account may pay, and requests that are as far along as told."""

from datetime import date
from uuid import UUID

import sqlalchemy as sa

from telehealth.accounts.models import Account
from telehealth.core.access import Actor
from telehealth.core.unit import Units
from telehealth.directory.models import Hospital
from telehealth.family.binding import bind
from telehealth.family.models import Binding, Paper, Place
from telehealth.family.paying import PaymentCheck
from telehealth.family.queries import any_binding
from telehealth.family.requesting import Wanted, request
from telehealth.family.states import BindingEvent, PaperState, Side, Way
from telehealth.patients.models import Person
from telehealth.patients.rules import Relation
from telehealth.patients.states import Purpose
from tests.support.factories.accounts import patient
from tests.support.factories.patients import add_person

GUARDIAN = frozenset({Purpose.FAMILY_PAYING, Purpose.FAMILY_CHILD})


async def add_member(
    units: Units,
    account: Account,
    *,
    name: str = "样例丁",
    born: date = date(1955, 6, 7),
    relation: Relation = Relation.PARENT,
    number: str = "",
) -> Person:
    """Somebody this account may act for, and may ask to bind."""
    return await add_person(units, account, name=name, relation=relation, born=born, number=number)


async def ask_to_bind(units: Units, actor: Actor, hospital: Hospital, person: Person) -> Binding:
    return await request(units, actor, Wanted(person.id, hospital.code, GUARDIAN))


async def bind_member(units: Units, actor: Actor, hospital: Hospital, person: Person) -> Binding:
    """Asked for and proved, by whatever way a test is not about."""
    asked = await ask_to_bind(units, actor, hospital, person)
    return await prove(units, asked)


async def prove(units: Units, asked: Binding) -> Binding:
    async with units.system("test") as unit:
        binding = await any_binding(unit, asked.id, lock=True)
        await bind(unit, binding, BindingEvent.PROVE, way=Way.COUNTER)
        return binding


async def bind_payer(units: Units, hospital: Hospital, account: Account, person: Person) -> Binding:
    return await bind_member(units, patient(account), hospital, person)


async def add_paper(units: Units, asked: Binding) -> Paper:
    """As if one had been sent and looked at."""
    async with units.system("test") as unit:
        row = Paper(
            hospital_id=asked.hospital_id,
            account_id=asked.account_id,
            binding_id=asked.id,
            state=PaperState.READY,
            content_type="image/jpeg",
            size=1000,
            key=f"family/{asked.id}.jpg",
            sha256="0" * 64,
            looks_blurred=False,
            looks_dark=False,
            refusal="",
            offered_at=unit.wall,
            finished_at=unit.wall,
        )
        unit.session.add(row)
        await unit.session.flush()
        return row


async def check_payer(units: Units, account_id: UUID, subject_id: UUID) -> None:
    """The payer typed their code for this payment (GS02)."""
    async with units.system("test") as unit:
        unit.session.add(
            PaymentCheck(
                account_id=account_id,
                subject_id=subject_id,
                passed_at=unit.wall,
                good_until=unit.wall.replace(year=unit.wall.year + 1),
            )
        )


async def reread_binding(units: Units, binding_id: UUID) -> Binding:
    async with units.system("test") as unit:
        return await any_binding(unit, binding_id)


async def places(units: Units, side: Side, holder_id: UUID) -> list[tuple[date, int]]:
    async with units.system("test") as unit:
        found = sa.select(Place.month, Place.ordinal).where(Place.side == side, Place.holder_id == holder_id)
        return [
            (month, ordinal)
            for month, ordinal in await unit.session.execute(found.order_by(Place.month, Place.ordinal))
        ]
