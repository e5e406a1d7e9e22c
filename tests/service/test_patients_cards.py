"""Cards (XY18): the hospital must know them, they must be the person's, and one person stays one patient."""

import asyncio
from collections.abc import Callable
from datetime import date
from typing import Any
from uuid import UUID

import pytest
import sqlalchemy as sa

from telehealth.accounts.models import Account
from telehealth.core.access import Actor, Role
from telehealth.core.clock import FixedClock
from telehealth.core.errors import FieldsInvalid
from telehealth.core.settings import Settings
from telehealth.core.unit import Units
from telehealth.directory.models import Hospital
from telehealth.hospital import DocumentSystem, HISUnavailable
from telehealth.hospital.models import VisitRecord
from telehealth.notifications.models import InboxMessage
from telehealth.notifications.notices import Notice
from telehealth.patients import (
    CardNotFound,
    LinkPending,
    PersonNotFound,
    hospital_patient,
    people_of,
    person_for,
)
from telehealth.patients.adding import NewPerson, add_person
from telehealth.patients.binding import approve_card, bind_card, unbind_card
from telehealth.patients.errors import CardMismatch, CardNeedsReview, CardUnknown, DocumentInDoubt
from telehealth.patients.linking_family import end_link
from telehealth.patients.models import HospitalPatient, PatientCard, Person
from telehealth.patients.queries import cards_of, review_queue
from telehealth.patients.registering import register_at_desk
from telehealth.patients.rules import DocumentKind, Relation, Sex
from telehealth.patients.states import CardKind, CardState, Purpose, ReviewKind, Verifier
from tests.support.factories.accounts import add_patient, add_staff, patient, staff
from tests.support.factories.directory import add_hospital
from tests.support.factories.patients import add_card, add_visit
from tests.support.factories.patients import add_person as put_person
from tests.support.outside import (
    Stranger,
    admit,
    clock_of_the_world,
    passport,
    reach,
    register,
    stranger,
)
from tests.support.phones import fresh_number
from tests.support.sandbox import Sandbox


@pytest.fixture
def clock() -> FixedClock:
    return clock_of_the_world()


@pytest.fixture
def settings(settings: Settings, sandbox: Sandbox) -> Settings:
    return reach(settings, sandbox)


@pytest.fixture
async def hospital(units: Units) -> Hospital:
    return await add_hospital(units, "yunan")


@pytest.fixture
def known(sandbox: Sandbox) -> Callable[..., Stranger]:
    return lambda *arguments, **named: register(sandbox, stranger(*arguments, **named))


async def self_of(units: Units, person: Stranger, phone: str = "") -> tuple[Account, Actor, UUID]:
    """An account that is this person."""
    account = await add_patient(units, phone or person.phone)
    actor = patient(account)
    wanted = NewPerson(
        relation=Relation.SELF,
        name=person.name,
        document_kind=DocumentKind.RESIDENT_ID,
        document_number=person.number,
        agreed=frozenset({Purpose.IDENTITY_CHECK}),
    )
    link = await add_person(units, actor, wanted)
    return account, actor, link.person_id


async def bind(units: Units, actor: Actor, person_id: UUID, number: str, **named: Any) -> PatientCard:
    return await bind_card(
        units, actor, "yunan", person_id, kind=named.pop("kind", CardKind.VISIT), number=number
    )


async def all_of(units: Units, table: type[Any]) -> list[Any]:
    async with units.system("test") as unit:
        return list(await unit.session.scalars(sa.select(table)))


async def test_XY18_a_card_the_hospital_knows_is_bound_with_its_evidence(
    units: Units, hospital: Hospital, known: Callable[..., Stranger], sandbox: Sandbox
) -> None:
    me = admit(sandbox, known())
    account, actor, person_id = await self_of(units, me)
    await bind(units, actor, person_id, f" {me.card.lower()} ")
    async with units.account(account.id, actor) as unit:
        found = await hospital_patient(unit, hospital.id, person_id)
    assert found is not None and found.is_bound and found.insurance_linked
    assert (found.his_patient_id, found.card_number) == (me.his_id, me.card)
    assert found.evidence["resource"] == f"Patient/{me.his_id}" and len(found.evidence["sha256"]) == 64


async def test_XY18_an_unknown_card_and_one_of_somebody_else_are_refused(
    units: Units, hospital: Hospital, known: Callable[..., Stranger], sandbox: Sandbox
) -> None:
    me, other = admit(sandbox, known()), admit(sandbox, known(name="样例丁"))
    _, actor, person_id = await self_of(units, me)
    with pytest.raises(CardUnknown):
        await bind(units, actor, person_id, "T9999999")
    with pytest.raises(CardMismatch) as raised:
        await bind(units, actor, person_id, other.card)
    assert raised.value.facts == {}
    with pytest.raises(FieldsInvalid):
        await bind(units, actor, person_id, "卡号")
    assert await all_of(units, HospitalPatient) == []


async def test_XY18_the_same_name_with_another_document_is_somebody_else(
    units: Units, hospital: Hospital, known: Callable[..., Stranger], sandbox: Sandbox
) -> None:
    me, namesake = admit(sandbox, known()), admit(sandbox, known())
    _, actor, person_id = await self_of(units, me)
    with pytest.raises(CardMismatch):
        await bind(units, actor, person_id, namesake.card)


async def test_XY18_without_a_document_on_record_name_and_birth_date_decide(
    units: Units, hospital: Hospital, known: Callable[..., Stranger], sandbox: Sandbox
) -> None:
    me, younger = admit(sandbox, known(), document=False), known()
    admit(sandbox, younger, document=False, birth_date=date(1999, 9, 9))
    _, actor, person_id = await self_of(units, me)
    await bind(units, actor, person_id, me.card)
    _, actor, person_id = await self_of(units, younger)
    with pytest.raises(CardMismatch):
        await bind(units, actor, person_id, younger.card)


@pytest.mark.parametrize("mode", ["down", "timeout", "throttled"])
async def test_XY18_while_the_hospital_is_down_nothing_is_lost_and_the_next_try_binds(
    units: Units, hospital: Hospital, known: Callable[..., Stranger], sandbox: Sandbox, mode: str
) -> None:
    me = admit(sandbox, known())
    account, actor, person_id = await self_of(units, me)
    with sandbox.faults(his={"mode": mode, "seconds": 5}), pytest.raises(HISUnavailable):
        await bind(units, actor, person_id, me.card)
    async with units.account(account.id, actor) as unit:
        assert await cards_of(unit, account.id) == []
    assert (await bind(units, actor, person_id, me.card)).state is CardState.BOUND


async def test_XY18_several_records_under_one_card_go_to_a_person(
    units: Units, hospital: Hospital, known: Callable[..., Stranger], sandbox: Sandbox
) -> None:
    me = known()
    for suffix in ("a", "b"):
        admit(sandbox, me, his_id=me.his_id + suffix)
    account, actor, person_id = await self_of(units, me)
    with pytest.raises(CardNeedsReview):
        await bind(units, actor, person_id, me.card)
    desk = staff(await add_staff(units, hospital.id, (Role.DESK,)))
    async with units.hospital(hospital.id, desk) as unit:
        [review] = await review_queue(unit, hospital.id)
    assert review.kind is ReviewKind.CARD and set(review.candidates) == {me.his_id + "a", me.his_id + "b"}
    with pytest.raises(FieldsInvalid):
        await approve_card(units, desk, review.id, "yn01")
    await approve_card(units, desk, review.id, me.his_id + "b")
    async with units.account(account.id, actor) as unit:
        found = await hospital_patient(unit, hospital.id, person_id)
    assert found is not None and found.his_patient_id == me.his_id + "b"


async def test_XY18_a_new_card_replaces_the_lost_one_and_stays_one_patient(
    units: Units, hospital: Hospital, known: Callable[..., Stranger], sandbox: Sandbox
) -> None:
    me = admit(sandbox, known())
    account, actor, person_id = await self_of(units, me)
    await bind(units, actor, person_id, me.card)
    lost, me.card = me.card, "N" + me.card
    admit(sandbox, me)
    await bind(units, actor, person_id, me.card)
    async with units.account(account.id, actor) as unit:
        assert [card.number for card in await cards_of(unit, account.id)] == [me.card]
    assert len(await all_of(units, HospitalPatient)) == 1
    assert {card.number: card.state for card in await all_of(units, PatientCard)} == {
        lost: CardState.UNBOUND,
        me.card: CardState.BOUND,
    }


async def test_XY18_a_record_merged_at_the_hospital_is_followed(
    units: Units, hospital: Hospital, sandbox: Sandbox
) -> None:
    sample = sandbox.samples()["yn20"]
    account = await add_patient(units, fresh_number())
    actor = patient(account)
    person = await put_person(
        units,
        account,
        name=sample["name"],
        number=sample["number"],
        born=date.fromisoformat(sample["birth_date"]),
    )
    await bind(units, actor, person.id, "YA00000920")
    await bind(units, actor, person.id, sample["card"])
    [row] = await all_of(units, HospitalPatient)
    assert (row.his_patient_id, row.card_number) == ("yn20", sample["card"])


async def test_XY18_an_insurance_card_that_is_only_the_id_number_needs_a_phone_the_hospital_knows(
    units: Units, hospital: Hospital, known: Callable[..., Stranger], sandbox: Sandbox
) -> None:
    me = admit(sandbox, known())
    _, thief, stolen = await self_of(units, me, fresh_number())
    with pytest.raises(CardNeedsReview):
        await bind(units, thief, stolen, me.number, kind=CardKind.INSURANCE)
    account, actor, person_id = await self_of(units, me)
    await bind(units, actor, person_id, me.number, kind=CardKind.INSURANCE)
    async with units.account(account.id, actor) as unit:
        assert await hospital_patient(unit, hospital.id, person_id) is not None


async def test_XY18_a_name_and_a_number_alone_show_nothing_of_a_hospital(
    units: Units, hospital: Hospital, known: Callable[..., Stranger], sandbox: Sandbox
) -> None:
    """A second account that verified the same person sees no card, no visit, until it holds a card."""
    me = admit(sandbox, known())
    _, owner, person_id = await self_of(units, me)
    await bind(units, owner, person_id, me.card)
    async with units.system("test") as unit:
        person = await unit.session.get(Person, person_id)
    assert person is not None
    await add_visit(units, hospital.id, person)
    other, actor, same = await self_of(units, me, fresh_number())
    assert same == person_id
    async with units.account(other.id, actor) as unit:
        assert await hospital_patient(unit, hospital.id, person_id) is None
        assert (await unit.session.scalars(sa.select(VisitRecord))).all() == []
        assert (await unit.session.scalars(sa.select(PatientCard))).all() == []


async def test_XY17_GD04_a_passport_is_verified_by_the_card_that_carries_it(
    units: Units, hospital: Hospital, sandbox: Sandbox
) -> None:
    """Self-paying and with a passport: the same doors."""
    elena = stranger(date(1988, 7, 19), name="Elena Sample")
    number = f"X{elena.card[1:]}"
    admit(sandbox, elena, document=passport(number))
    account = await add_patient(units, elena.phone)
    actor = patient(account)
    wanted = NewPerson(
        relation=Relation.SELF,
        name="elena  sample",
        document_kind=DocumentKind.PASSPORT,
        document_number=number,
        country="FRA",
        birth_date=elena.born,
        sex=Sex.FEMALE,
        agreed=frozenset({Purpose.IDENTITY_CHECK}),
    )
    link = await add_person(units, actor, wanted)
    await bind(units, actor, link.person_id, elena.card)
    async with units.account(account.id, actor) as unit:
        person = await person_for(unit, account.id, link.person_id)
        found = await hospital_patient(unit, hospital.id, link.person_id)
    assert person.is_verified and person.verified_by is Verifier.HIS
    assert found is not None and not found.insurance_linked


async def test_XY18_a_waiting_person_binds_no_card_and_a_strangers_person_is_unknown(
    units: Units, hospital: Hospital, known: Callable[..., Stranger], sandbox: Sandbox
) -> None:
    me, wife = admit(sandbox, known()), admit(sandbox, known())
    _, actor, _ = await self_of(units, me)
    wanted = NewPerson(
        relation=Relation.SPOUSE,
        name=wife.name,
        document_kind=DocumentKind.RESIDENT_ID,
        document_number=wife.number,
        agreed=frozenset({Purpose.IDENTITY_CHECK}),
    )
    link = await add_person(units, actor, wanted)
    with pytest.raises(LinkPending):
        await bind(units, actor, link.person_id, wife.card)
    stranger_ = patient(await add_patient(units, fresh_number()))
    with pytest.raises(PersonNotFound):
        await bind(units, stranger_, link.person_id, wife.card)


async def test_XY18_unbinding_is_the_holders_alone_and_ends_with_the_link(
    units: Units, hospital: Hospital, known: Callable[..., Stranger], sandbox: Sandbox
) -> None:
    me = admit(sandbox, known())
    account, actor, person_id = await self_of(units, me)
    card = await bind(units, actor, person_id, me.card)
    stranger_ = patient(await add_patient(units, fresh_number()))
    with pytest.raises(CardNotFound):
        await unbind_card(units, stranger_, "yunan", card.id)
    await unbind_card(units, actor, "yunan", card.id)
    async with units.account(account.id, actor) as unit:
        assert await hospital_patient(unit, hospital.id, person_id) is None
    [row] = await all_of(units, HospitalPatient)
    assert row.state is CardState.UNBOUND
    await bind(units, actor, person_id, me.card)
    await end_link(units, actor, person_id)
    assert [card.state for card in await all_of(units, PatientCard)] == [CardState.UNBOUND] * 2


async def test_XY18_two_accounts_that_bind_at_once_share_one_patient(
    units: Units, hospital: Hospital, known: Callable[..., Stranger], sandbox: Sandbox
) -> None:
    me = admit(sandbox, known())
    _, first, person_id = await self_of(units, me)
    _, second, _ = await self_of(units, me, fresh_number())
    actors = (first, second, first, second)
    cards = await asyncio.gather(*(bind(units, actor, person_id, me.card) for actor in actors))
    assert len({card.hospital_patient_id for card in cards}) == 1
    live = [card.account_id for card in await all_of(units, PatientCard) if card.state is CardState.BOUND]
    assert sorted(live) == sorted({first.account, second.account})


async def test_XY18_one_record_is_never_two_people(
    units: Units, hospital: Hospital, known: Callable[..., Stranger], sandbox: Sandbox
) -> None:
    me, twin = known(), known()
    admit(sandbox, me, document=False)
    _, actor, person_id = await self_of(units, me)
    await bind(units, actor, person_id, me.card)
    _, second, other_id = await self_of(units, twin)
    with pytest.raises(CardNeedsReview):
        await bind(units, second, other_id, me.card)


async def test_XY18_a_bound_card_is_told(
    units: Units, hospital: Hospital, known: Callable[..., Stranger], sandbox: Sandbox
) -> None:
    me = admit(sandbox, known())
    account, actor, person_id = await self_of(units, me)
    await bind(units, actor, person_id, me.card)
    [message] = [row for row in await all_of(units, InboxMessage) if row.account_id == account.id]
    assert message.notice == Notice.CARD_BOUND and me.name not in str(message.variables)


async def test_SJ11_the_desk_knows_a_patient_by_card_and_finds_the_same_one_again(
    units: Units, hospital: Hospital, known: Callable[..., Stranger], sandbox: Sandbox
) -> None:
    me = admit(sandbox, stranger())
    desk = staff(await add_staff(units, hospital.id, (Role.DESK,)))
    first = await register_at_desk(units, desk, me.card)
    again = await register_at_desk(units, desk, me.number, system=DocumentSystem.RESIDENT_ID)
    assert first.id == again.id
    async with units.hospital(hospital.id, desk) as unit:
        [person] = (await unit.session.scalars(sa.select(Person))).all()
    assert (person.name, person.birth_date, person.verified_by) == (me.name, me.born, Verifier.HIS)
    with pytest.raises(CardUnknown):
        await register_at_desk(units, desk, "T9999999")
    # Whoever adds themselves later is the same person.
    register(sandbox, me)
    _, _, person_id = await self_of(units, me)
    assert person_id == person.id


async def test_SJ11_a_record_without_a_document_is_not_registered_at_the_desk(
    units: Units, hospital: Hospital, sandbox: Sandbox
) -> None:
    me = admit(sandbox, stranger(), document=False)
    desk = staff(await add_staff(units, hospital.id, (Role.DESK,)))
    with pytest.raises(DocumentInDoubt):
        await register_at_desk(units, desk, me.card)


async def test_a_hospital_sees_its_own_patients_and_no_others(units: Units, hospital: Hospital) -> None:
    other = await add_hospital(units, "jiangbin", name="江滨医院")
    account = await add_patient(units, fresh_number())
    here, there = [await put_person(units, account, relation=Relation.OTHER) for _ in range(2)]
    await add_card(units, hospital.id, account, here)
    await add_card(units, other.id, account, there)
    desk = staff(await add_staff(units, hospital.id, (Role.DESK,)))
    async with units.hospital(hospital.id, desk) as unit:
        # Queries that forgot their filter.
        assert [row.id for row in await unit.session.scalars(sa.select(Person))] == [here.id]
        assert [row.person_id for row in await unit.session.scalars(sa.select(HospitalPatient))] == [here.id]
        assert [row.person_id for row in await unit.session.scalars(sa.select(PatientCard))] == [here.id]


async def test_an_account_sees_its_own_people_and_no_others(units: Units, hospital: Hospital) -> None:
    mine, theirs = await add_patient(units, fresh_number()), await add_patient(units, fresh_number())
    me, they = await put_person(units, mine), await put_person(units, theirs)
    await add_card(units, hospital.id, theirs, they)
    async with units.account(mine.id, patient(mine)) as unit:
        assert [row.id for row in await unit.session.scalars(sa.select(Person))] == [me.id]
        assert (await unit.session.scalars(sa.select(HospitalPatient))).all() == []
        assert [person.id for _, person in await people_of(unit, mine.id)] == [me.id]
        assert await people_of(unit, theirs.id) == []
