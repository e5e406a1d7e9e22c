"""People and consents (XY17): who may be added, how, and what nobody is told about it."""

import asyncio
from collections.abc import Callable
from datetime import date, timedelta
from typing import Any
from uuid import UUID

import httpx2
import pytest
import sqlalchemy as sa

from telehealth.accounts import CodeExpired, CodeWrong
from telehealth.accounts.models import Account
from telehealth.core.access import Actor, Role
from telehealth.core.audit import AuditRecord
from telehealth.core.clock import FixedClock, hospital_day
from telehealth.core.errors import FieldsInvalid
from telehealth.core.settings import Settings
from telehealth.core.unit import Units
from telehealth.directory.models import Hospital
from telehealth.notifications.models import InboxMessage
from telehealth.notifications.notices import Notice
from telehealth.patients import LinkPending, PersonNotFound, people_of, person_for
from telehealth.patients.adding import NewPerson, add_person
from telehealth.patients.consent_texts import TEXTS
from telehealth.patients.consenting import ask_counter, give_by_code, request_code
from telehealth.patients.disclosing import disclosures_of
from telehealth.patients.errors import (
    FaceFailed,
    FacePending,
    IdentityMismatch,
    IdentityUnavailable,
    PersonAlreadyAdded,
    ReviewAlreadyDecided,
    ReviewNotFound,
    SelfAlreadyAdded,
)
from telehealth.patients.linking_family import end_link, end_representation, withdraw_consent
from telehealth.patients.models import Consent, PatientLink, Person
from telehealth.patients.queries import consents_of, representatives
from telehealth.patients.reviewing import approve, refuse
from telehealth.patients.rules import DocumentInvalid, DocumentKind, Relation, Sex
from telehealth.patients.states import LinkState, Purpose, Verifier
from telehealth.patients.verifying_identity import check_again, finish_face_check, start_face_check
from tests.support.factories.accounts import add_patient, add_staff, patient, staff
from tests.support.factories.directory import add_hospital
from tests.support.outside import Stranger, admit, clock_of_the_world, reach, register, stranger
from tests.support.phones import Phone
from tests.support.sandbox import Sandbox

ADULT = frozenset({Purpose.IDENTITY_CHECK})
CHILD = frozenset({Purpose.IDENTITY_CHECK, Purpose.GUARDIANSHIP, Purpose.CHILD_DATA})


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
    def make(*arguments: Any, **named: Any) -> Stranger:
        return register(sandbox, stranger(*arguments, **named))

    return make


def wish(person: Stranger, relation: Relation = Relation.SELF, **changes: Any) -> NewPerson:
    facts: dict[str, Any] = {
        "relation": relation,
        "name": person.name,
        "document_kind": DocumentKind.RESIDENT_ID,
        "document_number": person.number,
        "agreed": ADULT,
    }
    return NewPerson(**facts | changes)


async def somebody(units: Units, phone: str) -> tuple[Account, Actor]:
    account = await add_patient(units, phone)
    return account, patient(account)


async def rows(units: Units, table: type[Any]) -> list[Any]:
    async with units.system("test") as unit:
        return list(await unit.session.scalars(sa.select(table)))


async def told(units: Units, account: Account) -> list[Notice]:
    async with units.system("test") as unit:
        found = sa.select(InboxMessage.notice).where(InboxMessage.account_id == account.id)
        return [Notice(notice) for notice in await unit.session.scalars(found)]


async def test_XY17_adding_oneself_takes_birth_and_sex_from_the_number(
    units: Units, hospital: Hospital, known: Callable[..., Stranger]
) -> None:
    me = known(date(1979, 8, 9), sex="male")
    account, actor = await somebody(units, me.phone)
    link = await add_person(units, actor, wish(me, document_number=f" {me.number.lower()} "))
    assert (link.state, link.missing) == (LinkState.ACTIVE, [])
    async with units.account(account.id, actor) as unit:
        person = await person_for(unit, account.id, link.person_id)
    assert person.is_verified and person.verified_by is Verifier.AUTHORITY
    assert (person.name, person.birth_date, person.sex) == (me.name, me.born, Sex.MALE)


async def test_XY17_a_wrong_check_character_is_refused_before_anybody_is_asked(
    units: Units, hospital: Hospital, known: Callable[..., Stranger], sandbox: Sandbox
) -> None:
    me = known()
    _, actor = await somebody(units, me.phone)
    sandbox.forget_requests()
    wrong = me.number[:-1] + ("0" if me.number[-1] != "0" else "1")
    with pytest.raises(DocumentInvalid) as raised:
        await add_person(units, actor, wish(me, document_number=wrong))
    assert set(raised.value.fields) == {"document_number"} and me.number not in str(raised.value.fields)
    assert sandbox.requests("faceid") == []


async def test_XY17_a_mismatch_says_the_same_of_known_and_unknown_documents(
    units: Units, hospital: Hospital, known: Callable[..., Stranger]
) -> None:
    victim, other = known(), known()
    _, owner = await somebody(units, victim.phone)
    await add_person(units, owner, wish(victim))
    _, actor = await somebody(units, other.phone)
    said = []
    for number in (victim.number, known().number):
        with pytest.raises(IdentityMismatch) as raised:
            await add_person(units, actor, wish(other, document_number=number, name="样例丙"))
        said.append((raised.value.code, raised.value.detail, raised.value.facts))
    assert said[0] == said[1] and said[0][2] == {}
    assert len(await rows(units, PatientLink)) == 1


async def test_XY17_without_agreeing_to_the_check_nothing_leaves_the_house(
    units: Units, hospital: Hospital, known: Callable[..., Stranger], sandbox: Sandbox
) -> None:
    me = known()
    _, actor = await somebody(units, me.phone)
    sandbox.forget_requests()
    with pytest.raises(FieldsInvalid) as raised:
        await add_person(units, actor, wish(me, agreed=frozenset()))
    assert set(raised.value.fields) == {"agree_identity"} and sandbox.requests("faceid") == []


@pytest.mark.parametrize("mode", ["service_error", "upgrading", "down"])
async def test_XY17_while_the_authority_is_down_nothing_is_written(
    units: Units, hospital: Hospital, known: Callable[..., Stranger], sandbox: Sandbox, mode: str
) -> None:
    me = known()
    _, actor = await somebody(units, me.phone)
    with sandbox.faults(faceid={"mode": mode}), pytest.raises(IdentityUnavailable):
        await add_person(units, actor, wish(me))
    assert await rows(units, Person) == [] and await rows(units, Consent) == []
    assert (await add_person(units, actor, wish(me))).state is LinkState.ACTIVE


async def test_XY17_one_document_is_one_person_however_many_add_it(
    units: Units, hospital: Hospital, known: Callable[..., Stranger]
) -> None:
    me = known()
    _, first = await somebody(units, me.phone)
    _, second = await somebody(units, stranger().phone)
    added = await asyncio.gather(*(add_person(units, actor, wish(me)) for actor in (first, second)))
    assert len({link.person_id for link in added}) == 1
    assert len(await rows(units, Person)) == 1


async def test_XY17_the_same_form_sent_twice_at_once_adds_one(
    units: Units, hospital: Hospital, known: Callable[..., Stranger]
) -> None:
    me = known()
    _, actor = await somebody(units, me.phone)
    answers = await asyncio.gather(
        *(add_person(units, actor, wish(me)) for _ in range(3)), return_exceptions=True
    )
    assert sum(isinstance(answer, PatientLink) for answer in answers) == 1
    assert all(isinstance(answer, (PatientLink, PersonAlreadyAdded, SelfAlreadyAdded)) for answer in answers)


async def test_XY17_a_person_and_oneself_are_added_once(
    units: Units, hospital: Hospital, known: Callable[..., Stranger]
) -> None:
    me, wife = known(), known()
    _, actor = await somebody(units, me.phone)
    await add_person(units, actor, wish(me))
    with pytest.raises(PersonAlreadyAdded):
        await add_person(units, actor, wish(me, Relation.OTHER))
    with pytest.raises(SelfAlreadyAdded):
        await add_person(units, actor, wish(wife))


async def test_XY17_a_passport_is_a_claim_until_somebody_vouches(units: Units, hospital: Hospital) -> None:
    account, actor = await somebody(units, stranger().phone)
    papers: dict[str, Any] = {
        "name": "Elena Sample",
        "document_kind": DocumentKind.PASSPORT,
        "document_number": "x12 345678",
        "country": "fra",
    }
    with pytest.raises(FieldsInvalid) as raised:
        await add_person(units, actor, wish(stranger(), **papers))
    assert set(raised.value.fields) == {"birth_date", "sex"}
    typed = papers | {"birth_date": date(1988, 7, 19), "sex": Sex.FEMALE}
    link = await add_person(units, actor, wish(stranger(), **typed))
    async with units.account(account.id, actor) as unit:
        person = await person_for(unit, account.id, link.person_id)
    assert (person.document_number, person.country, person.is_verified) == ("X12345678", "FRA", False)


async def test_XY17_somebody_elses_claim_is_neither_seen_nor_touched(
    units: Units, hospital: Hospital
) -> None:
    papers: dict[str, Any] = {
        "document_kind": DocumentKind.PASSPORT,
        "document_number": "X77700077",
        "country": "FRA",
        "birth_date": date(1990, 1, 1),
        "sex": Sex.FEMALE,
    }
    _, first = await somebody(units, stranger().phone)
    _, second = await somebody(units, stranger().phone)
    one = await add_person(units, first, wish(stranger(), name="Elena Sample", **papers))
    two = await add_person(units, second, wish(stranger(), name="Mallory Sample", **papers))
    assert one.person_id != two.person_id
    assert {person.name for person in await rows(units, Person)} == {"Elena Sample", "Mallory Sample"}


async def test_XY17_the_counter_makes_a_claim_the_person_and_joins_the_next(
    units: Units, hospital: Hospital
) -> None:
    papers: dict[str, Any] = {
        "name": "Elena Sample",
        "document_kind": DocumentKind.PASSPORT,
        "document_number": "X88800088",
        "country": "FRA",
        "birth_date": date(1990, 1, 1),
        "sex": Sex.FEMALE,
    }
    desk = staff(await add_staff(units, hospital.id, (Role.REVIEWER,)))
    seen: list[UUID] = []
    for _ in range(2):
        account, actor = await somebody(units, stranger().phone)
        link = await add_person(units, actor, wish(stranger(), **papers))
        review = await ask_counter(units, actor, link.person_id, "yunan")
        await approve(units, desk, review.id)
        async with units.account(account.id, actor) as unit:
            [(_link, person)] = await people_of(unit, account.id)
        assert person.is_verified and person.verified_by is Verifier.COUNTER
        seen.append(person.id)
    assert seen[0] == seen[1]


async def test_XY17_another_adult_stays_closed_until_they_agree(
    units: Units, hospital: Hospital, known: Callable[..., Stranger]
) -> None:
    mother = known(date(1955, 5, 5))
    account, actor = await somebody(units, stranger().phone)
    link = await add_person(units, actor, wish(mother, Relation.PARENT))
    assert (link.state, link.missing) == (LinkState.PENDING, ["adult"])
    async with units.account(account.id, actor) as unit:
        with pytest.raises(LinkPending):
            await person_for(unit, account.id, link.person_id)
        # Not even a query without a filter shows them.
        assert (await unit.session.scalars(sa.select(Person))).all() == []


async def test_XY17_a_code_to_the_phone_the_hospital_holds_is_the_adults_word(
    units: Units, hospital: Hospital, known: Callable[..., Stranger], sandbox: Sandbox
) -> None:
    mother = admit(sandbox, known(date(1955, 5, 5)))
    account, actor = await somebody(units, stranger().phone)
    link = await add_person(units, actor, wish(mother, Relation.PARENT))
    await request_code(units, actor, link.person_id, "yunan")
    phone = Phone(sandbox, mother.phone)
    with pytest.raises(CodeWrong):
        await give_by_code(units, actor, link.person_id, phone.wrong_code)
    opened = await give_by_code(units, actor, link.person_id, phone.code)
    assert opened.state is LinkState.ACTIVE
    async with units.account(account.id, actor) as unit:
        consent = (await consents_of(unit, link.id))[-1]
        assert (await person_for(unit, account.id, link.person_id)).name == mother.name
    text = TEXTS[Purpose.ACT_FOR_ADULT]
    assert (consent.purpose, consent.text_sha256) == (Purpose.ACT_FOR_ADULT, text.sha256)
    assert (consent.way, consent.given_by) == ("phone_code", "person")
    assert mother.phone not in str(consent.evidence)
    assert await told(units, account) == [Notice.CONSENT_GRANTED]


async def test_XY17_asking_for_a_code_never_tells_whether_the_hospital_knows_somebody(
    units: Units, hospital: Hospital, known: Callable[..., Stranger], sandbox: Sandbox
) -> None:
    father, nobody = admit(sandbox, known(date(1950, 1, 1))), known(date(1950, 1, 2))
    _, actor = await somebody(units, stranger().phone)
    for person in (father, nobody):
        link = await add_person(units, actor, wish(person, Relation.PARENT))
        assert await request_code(units, actor, link.person_id, "yunan") is None  # type: ignore[func-returns-value]
        # Too soon for another code, and still the same answer.
        assert await request_code(units, actor, link.person_id, "yunan") is None  # type: ignore[func-returns-value]
    with pytest.raises(CodeExpired):
        await give_by_code(units, actor, link.person_id, "123456")
    assert len(sandbox.messages(father.phone)) == 1 and sandbox.messages(nobody.phone) == []


async def test_XY17_REG63_a_face_of_the_adult_will_do_and_is_never_the_only_way(
    units: Units, hospital: Hospital, known: Callable[..., Stranger]
) -> None:
    wife = known()
    account, actor = await somebody(units, stranger().phone)
    link = await add_person(units, actor, wish(wife, Relation.SPOUSE))
    back = "http://testserver/people/1/face-checks/{id}"
    with pytest.raises(FieldsInvalid):
        await start_face_check(units, actor, link.person_id, return_url=back, agreed=False)
    check, url = await start_face_check(units, actor, link.person_id, return_url=back, agreed=True)
    with pytest.raises(FacePending):
        await finish_face_check(units, actor, link.person_id, check.id)
    assert (
        httpx2.post(url, data={"outcome": "pass"}).headers["location"].split("?")[0].endswith(str(check.id))
    )
    opened = await finish_face_check(units, actor, link.person_id, check.id)
    assert opened.state is LinkState.ACTIVE
    async with units.account(account.id, actor) as unit:
        given = {consent.purpose: consent.way for consent in await consents_of(unit, link.id)}
    assert given[Purpose.ACT_FOR_ADULT] == "face" and Purpose.FACE_CHECK in given


async def test_XY17_REG63_a_failed_face_leaves_the_other_ways_open(
    units: Units, hospital: Hospital, known: Callable[..., Stranger]
) -> None:
    wife = known()
    _, actor = await somebody(units, stranger().phone)
    link = await add_person(units, actor, wish(wife, Relation.SPOUSE))
    back = "http://testserver/people/1/face-checks/{id}"
    check, url = await start_face_check(units, actor, link.person_id, return_url=back, agreed=True)
    httpx2.post(url, data={"outcome": "fail"})
    with pytest.raises(FaceFailed):
        await finish_face_check(units, actor, link.person_id, check.id)
    assert (await ask_counter(units, actor, link.person_id, "yunan")).kind == "adult_consent"


async def test_XY17_the_counter_takes_an_adults_word_and_refuses_with_a_reason(
    units: Units, hospital: Hospital, known: Callable[..., Stranger]
) -> None:
    father = known(date(1950, 1, 1))
    account, actor = await somebody(units, stranger().phone)
    link = await add_person(units, actor, wish(father, Relation.PARENT))
    desk = staff(await add_staff(units, hospital.id, (Role.DESK,)))
    first = await ask_counter(units, actor, link.person_id, "yunan")
    assert (await ask_counter(units, actor, link.person_id, "yunan")).id == first.id
    assert (await refuse(units, desk, first.id, "本人未到场")).reason == "本人未到场"
    with pytest.raises(ReviewAlreadyDecided):
        await approve(units, desk, first.id)
    second = await ask_counter(units, actor, link.person_id, "yunan")
    await approve(units, desk, second.id)
    async with units.account(account.id, actor) as unit:
        await person_for(unit, account.id, link.person_id)
    assert await told(units, account) == [Notice.IDENTITY_REFUSED, Notice.CONSENT_GRANTED]
    # What the desk typed is read on the page, never in a message.
    assert "本人未到场" not in str([message.variables for message in await rows(units, InboxMessage)])


async def test_REG5_a_review_of_another_hospital_does_not_exist(
    units: Units, hospital: Hospital, known: Callable[..., Stranger]
) -> None:
    other = await add_hospital(units, "jiangbin", name="江滨医院")
    _, actor = await somebody(units, stranger().phone)
    link = await add_person(units, actor, wish(known(), Relation.SPOUSE))
    review = await ask_counter(units, actor, link.person_id, "yunan")
    elsewhere = staff(await add_staff(units, other.id, (Role.REVIEWER,), login="elsewhere"))
    with pytest.raises(ReviewNotFound):
        await approve(units, elsewhere, review.id)


def age(years: int, units: Units) -> date:
    today = hospital_day(units.clock.business())
    return today - timedelta(days=366 * years)


@pytest.mark.parametrize(
    ("years", "agreed", "missing"),
    [
        (8, {Purpose.IDENTITY_CHECK}, {"agree_guardianship", "agree_child_data"}),
        (8, {Purpose.IDENTITY_CHECK, Purpose.GUARDIANSHIP}, {"agree_child_data"}),
        (15, {Purpose.IDENTITY_CHECK}, {"agree_guardianship"}),
    ],
)
async def test_XY17_REG56_a_child_needs_a_guardian_and_under_14_a_consent_of_its_own(
    units: Units,
    hospital: Hospital,
    known: Callable[..., Stranger],
    years: int,
    agreed: set[Purpose],
    missing: set[str],
) -> None:
    _, actor = await somebody(units, stranger().phone)
    with pytest.raises(FieldsInvalid) as raised:
        await add_person(
            units, actor, wish(known(age(years, units)), Relation.CHILD, agreed=frozenset(agreed))
        )
    assert set(raised.value.fields) == missing


async def test_XY17_guardianship_is_shown_at_the_counter(
    units: Units, hospital: Hospital, known: Callable[..., Stranger]
) -> None:
    account, actor = await somebody(units, stranger().phone)
    link = await add_person(units, actor, wish(known(age(8, units)), Relation.CHILD, agreed=CHILD))
    assert (link.state, link.missing) == (LinkState.PENDING, ["guardianship_proof"])
    desk = staff(await add_staff(units, hospital.id, (Role.DESK,)))
    review = await ask_counter(units, actor, link.person_id, "yunan")
    await approve(units, desk, review.id)
    async with units.account(account.id, actor) as unit:
        await person_for(unit, account.id, link.person_id)
        purposes = {consent.purpose for consent in await consents_of(unit, link.id)}
    assert purposes == CHILD
    assert await told(units, account) == [Notice.GUARDIANSHIP_ACCEPTED]


async def test_XY17_a_child_whose_hospital_names_the_account_holder_needs_no_walk(
    units: Units, hospital: Hospital, known: Callable[..., Stranger], sandbox: Sandbox
) -> None:
    mother, child = known(name="样例母"), known(age(8, units))
    admit(sandbox, child, guardian=mother)
    _, actor = await somebody(units, mother.phone)
    await add_person(units, actor, wish(mother))
    link = await add_person(units, actor, wish(child, Relation.CHILD, agreed=CHILD))
    assert link.state is LinkState.ACTIVE


async def test_XY17_a_contact_of_the_same_phone_but_another_name_proves_nothing(
    units: Units, hospital: Hospital, known: Callable[..., Stranger], sandbox: Sandbox
) -> None:
    aunt, child = known(name="样例姨"), known(age(8, units))
    guardian = stranger(name="样例母")
    guardian.phone = aunt.phone
    admit(sandbox, child, guardian=guardian)
    _, actor = await somebody(units, aunt.phone)
    await add_person(units, actor, wish(aunt))
    link = await add_person(units, actor, wish(child, Relation.CHILD, agreed=CHILD))
    assert link.state is LinkState.PENDING


async def test_XY17_the_hospital_being_down_only_leaves_the_counter(
    units: Units, hospital: Hospital, known: Callable[..., Stranger], sandbox: Sandbox
) -> None:
    mother, child = known(name="样例母"), known(age(8, units))
    admit(sandbox, child, guardian=mother)
    _, actor = await somebody(units, mother.phone)
    await add_person(units, actor, wish(mother))
    with sandbox.faults(his={"mode": "down"}):
        link = await add_person(units, actor, wish(child, Relation.CHILD, agreed=CHILD))
    assert link.missing == ["guardianship_proof"]


async def test_XY17_REG56_either_side_withdraws_and_the_link_ends_at_once(
    units: Units, hospital: Hospital, known: Callable[..., Stranger], sandbox: Sandbox
) -> None:
    wife = admit(sandbox, known())
    hers, she = await somebody(units, wife.phone)
    await add_person(units, she, wish(wife))
    his, he = await somebody(units, stranger().phone)
    link = await add_person(units, he, wish(wife, Relation.SPOUSE))
    assert await told(units, hers) == [Notice.CONSENT_ASKED]
    await request_code(units, he, link.person_id, "yunan")
    await give_by_code(units, he, link.person_id, Phone(sandbox, wife.phone).code)

    async with units.account(hers.id, she) as unit:
        [seen] = await representatives(unit, hers.id)
    await end_representation(units, she, seen.id)
    async with units.account(his.id, he) as unit:
        with pytest.raises(PersonNotFound):
            await person_for(unit, his.id, link.person_id)
        assert (await unit.session.scalars(sa.select(Person))).all() == []
        assert all(consent.withdrawn_at for consent in await consents_of(unit, link.id))
    assert (await told(units, his))[-1] is Notice.CONSENT_WITHDRAWN

    again = await add_person(units, he, wish(wife, Relation.SPOUSE))
    await end_link(units, he, again.person_id)
    assert (await told(units, hers))[-1] is Notice.LINK_ENDED


async def test_XY17_GD10_whoever_is_added_is_asked_in_their_own_inbox_by_a_masked_name(
    units: Units, hospital: Hospital, known: Callable[..., Stranger]
) -> None:
    wife, husband = known(), known(name="样例夫")
    hers, she = await somebody(units, wife.phone)
    await add_person(units, she, wish(wife))
    _, he = await somebody(units, husband.phone)
    await add_person(units, he, wish(husband))
    link = await add_person(units, he, wish(wife, Relation.SPOUSE))
    assert link.state is LinkState.PENDING
    [asked] = await rows(units, InboxMessage)
    assert (asked.account_id, asked.notice, asked.href) == (hers.id, Notice.CONSENT_ASKED, "/people")
    assert asked.variables == {"requester": "样**"}
    async with units.account(hers.id, she) as unit:
        [seen] = await representatives(unit, hers.id)
    await end_representation(units, she, seen.id)
    with pytest.raises(PersonNotFound):
        await ask_counter(units, he, link.person_id, "yunan")


async def test_XY17_withdrawing_the_guardians_consent_ends_the_link(
    units: Units, hospital: Hospital, known: Callable[..., Stranger]
) -> None:
    account, actor = await somebody(units, stranger().phone)
    link = await add_person(units, actor, wish(known(age(8, units)), Relation.CHILD, agreed=CHILD))
    async with units.account(account.id, actor) as unit:
        by_purpose = {consent.purpose: consent for consent in await consents_of(unit, link.id)}
    kept = by_purpose[Purpose.IDENTITY_CHECK]
    assert await withdraw_consent(units, actor, link.person_id, kept.id) is False
    child_data = by_purpose[Purpose.CHILD_DATA]
    assert await withdraw_consent(units, actor, link.person_id, child_data.id) is True
    async with units.account(account.id, actor) as unit:
        assert await people_of(unit, account.id) == []


async def test_XY17_nobody_ends_a_link_that_is_not_theirs(
    units: Units, hospital: Hospital, known: Callable[..., Stranger]
) -> None:
    me = known()
    _, actor = await somebody(units, me.phone)
    link = await add_person(units, actor, wish(me))
    _, stranger_ = await somebody(units, stranger().phone)
    with pytest.raises(PersonNotFound):
        await end_representation(units, stranger_, link.id)
    with pytest.raises(PersonNotFound):
        await end_link(units, stranger_, link.person_id)


async def test_XY17_a_number_the_register_lacked_is_verified_once_it_has_it(
    units: Units, hospital: Hospital, sandbox: Sandbox
) -> None:
    me = stranger()
    account, actor = await somebody(units, me.phone)
    link = await add_person(units, actor, wish(me))
    async with units.account(account.id, actor) as unit:
        assert not (await person_for(unit, account.id, link.person_id)).is_verified
    register(sandbox, me)
    await check_again(units, actor, link.person_id)
    async with units.account(account.id, actor) as unit:
        assert (await person_for(unit, account.id, link.person_id)).is_verified


async def test_audit_and_rows_hold_no_name_number_or_phone_in_the_clear(
    units: Units, hospital: Hospital, known: Callable[..., Stranger], sandbox: Sandbox
) -> None:
    mother = admit(sandbox, known(date(1955, 5, 5), name="样例独特名"))
    _, actor = await somebody(units, stranger().phone)
    link = await add_person(units, actor, wish(mother, Relation.PARENT))
    await request_code(units, actor, link.person_id, "yunan")
    secrets = (mother.name, mother.number, mother.phone)
    for record in await rows(units, AuditRecord):
        assert not any(secret in str(record.facts) for secret in secrets)
    async with units.system("test") as unit:
        for table in ("persons", "patient_links", "consents", "identity_reviews", "phone_codes"):
            found = await unit.session.execute(sa.text(f"select t::text from {table} t"))  # noqa: S608
            dumped = "".join(found.scalars())
            assert not any(secret in dumped for secret in secrets)


async def told_outside(units: Units, person_id: UUID) -> list[str]:
    async with units.system("test") as unit:
        return sorted(str(row.recipient) for row in await disclosures_of(unit, [person_id]))


async def test_REG57_the_identity_checker_stands_in_the_list_of_who_was_told(
    units: Units, hospital: Hospital, known: Callable[..., Stranger]
) -> None:
    me = known()
    _, actor = await somebody(units, me.phone)
    link = await add_person(units, actor, wish(me))
    assert await told_outside(units, link.person_id) == ["identity_checker"]
    await check_again(units, actor, link.person_id)
    await start_face_check(units, actor, link.person_id, return_url="http://testserver/{id}", agreed=True)
    assert await told_outside(units, link.person_id) == [
        "face_checker", "identity_checker", "identity_checker",
    ]  # fmt: skip
    async with units.of(actor) as unit:
        # The person reads it, in their own unit.
        mine = await disclosures_of(unit, [link.person_id])
        assert len(mine) == 3
        assert not [row for row in mine if me.number in row.subject or me.name in row.subject]
