"""How a request is proved: papers below 16, the member from 16, no face alone (GS03–GS05, GS14)."""

from datetime import date, timedelta

import httpx2
import pytest

from telehealth.core.blobs import BlobStore
from telehealth.core.clock import FixedClock, day_end, hospital_day
from telehealth.core.errors import FieldsInvalid
from telehealth.core.settings import Settings
from telehealth.core.unit import Units
from telehealth.core.uploads import UploadRefused
from telehealth.family import attaching, proving, requesting, reviewing
from telehealth.family.errors import (
    AlreadyDecided,
    BankCardMismatch,
    BindingNotFound,
    PaperNotFound,
    PapersMissing,
    TooManyPapers,
    WayClosed,
)
from telehealth.family.models import Binding, Paper
from telehealth.family.states import BindingState, PaperState, Side, Way
from telehealth.notifications.notices import Notice
from telehealth.patients.disclosing import Recipient, disclosures_of
from telehealth.patients.errors import FaceFailed, FacePending, IdentityUnavailable
from telehealth.patients.rules import Relation
from telehealth.web.house import House as RunningHouse
from tests.support import uploads
from tests.support.factories.accounts import add_staff, staff
from tests.support.factories.bookings import House, Patient, add_booker, add_house, audited, told
from tests.support.factories.family import add_member, ask_to_bind, places, reread_binding
from tests.support.factories.rulebook import publish_policy
from tests.support.outside import Stranger, clock_of_the_world, reach, register, stranger
from tests.support.phones import Phone
from tests.support.sandbox import Sandbox

BACK = "http://testserver/family/1/face-checks/{id}"


@pytest.fixture
def clock() -> FixedClock:
    return clock_of_the_world()


@pytest.fixture
def settings(settings: Settings, own_sandbox: Sandbox) -> Settings:
    return reach(settings, own_sandbox)


@pytest.fixture
async def place(units: Units) -> House:
    return await add_house(units)


@pytest.fixture
async def payer(units: Units, place: House) -> Patient:
    return await add_booker(units, place)


@pytest.fixture
async def mother(own_sandbox: Sandbox) -> Stranger:
    return register(own_sandbox, stranger(date(1955, 6, 7), name="样例母"))


@pytest.fixture
async def asked(units: Units, place: House, payer: Patient, mother: Stranger) -> Binding:
    person = await add_member(units, payer.account, name=mother.name, born=mother.born, number=mother.number)
    return await ask_to_bind(units, payer.actor, place.hospital, person)


@pytest.fixture
async def child(units: Units, clock: FixedClock, place: House, payer: Patient) -> Binding:
    born = hospital_day(clock.business()) - timedelta(days=9 * 365)
    person = await add_member(units, payer.account, name="样例童", born=born, relation=Relation.CHILD)
    return await ask_to_bind(units, payer.actor, place.hospital, person)


def card_of(sandbox: Sandbox, number: str) -> str:
    people = httpx2.get(f"{sandbox.base_url}/faceid/people").json()["people"]
    return str(next(one["bank_card"] for one in people if one["id_card"] == number))


async def papers(units: Units, binding: Binding) -> list[Paper]:
    async with units.system("test") as unit:
        return list(await attaching.queries.papers_of(unit, binding.id))


# Papers.


async def test_GS03_papers_go_to_the_queue_with_a_promise_and_bind_when_they_are_accepted(
    units: Units, place: House, payer: Patient, child: Binding
) -> None:
    with pytest.raises(PapersMissing):
        async with units.of(payer.actor) as unit:
            await proving.submit_papers(unit, payer.actor, child.id)
    await attaching.attach(units, payer.actor, child.id, uploads.photo())
    async with units.of(payer.actor) as unit:
        sent = await proving.submit_papers(unit, payer.actor, child.id)
    assert (sent.state, sent.way) == (BindingState.REVIEWING, Way.PAPERS)
    assert sent.answer_by is not None and sent.answer_by > sent.requested_at + timedelta(days=1)
    reviewer = staff(await add_staff(units, place.hospital.id))
    await reviewing.approve(units, reviewer, child.id)
    bound = await reread_binding(units, child.id)
    assert bound.state is BindingState.BOUND and bound.decided_by == reviewer.account_id
    assert Notice.FAMILY_BOUND in await told(units, payer.account)
    with pytest.raises(AlreadyDecided):
        await reviewing.refuse(units, reviewer, child.id, "材料不清晰")


async def test_GS03_a_refusal_says_why_and_gives_the_place_back(
    units: Units, place: House, payer: Patient, child: Binding
) -> None:
    await attaching.attach(units, payer.actor, child.id, uploads.photo())
    async with units.of(payer.actor) as unit:
        await proving.submit_papers(unit, payer.actor, child.id)
    reviewer = staff(await add_staff(units, place.hospital.id))
    await reviewing.refuse(units, reviewer, child.id, "看不清出生日期，请重拍")
    refused = await reread_binding(units, child.id)
    assert (refused.state, refused.reason) == (BindingState.REFUSED, "看不清出生日期，请重拍")
    assert await places(units, Side.USER, payer.account.id) == []
    assert Notice.FAMILY_REFUSED in await told(units, payer.account)


@pytest.mark.parametrize("days", [31, 3])
async def test_GS03_papers_are_deleted_after_the_decision_period_and_not_before(
    units: Units, clock: FixedClock, place: House, payer: Patient, child: Binding, house: RunningHouse,
    days: int,
) -> None:  # fmt: skip
    await publish_policy(units, place.hospital.id, family={"papers_kept_days": days})
    paper = await attaching.attach(units, payer.actor, child.id, uploads.photo())
    assert paper.key is not None
    async with units.of(payer.actor) as unit:
        await proving.submit_papers(unit, payer.actor, child.id)
        decided_on = unit.today
    await reviewing.approve(units, staff(await add_staff(units, place.hospital.id)), child.id)
    gone_at = day_end(decided_on + timedelta(days=days))
    store = units.port(BlobStore)  # type: ignore[type-abstract]

    clock.move_business_to(gone_at - timedelta(seconds=1))
    await house.sweeper.sweep()
    await house.jobs.work(until_idle=True)
    assert await store.head(paper.key) is not None

    clock.move_business_to(gone_at)
    await house.sweeper.sweep()
    await house.jobs.work(until_idle=True)
    assert await store.head(paper.key) is None
    assert await papers(units, child) == []
    async with units.system("test") as unit:
        kept = await unit.session.get(Paper, paper.id)
    assert kept is not None and kept.state is PaperState.DELETED and kept.sha256 == paper.sha256


async def test_GS03_a_request_given_up_takes_its_papers_along(
    units: Units, payer: Patient, child: Binding, house: RunningHouse
) -> None:
    paper = await attaching.attach(units, payer.actor, child.id, uploads.photo())
    await requesting.withdraw(units, payer.actor, child.id)
    await house.jobs.work(until_idle=True)
    assert paper.key and await units.port(BlobStore).head(paper.key) is None  # type: ignore[type-abstract]


async def test_GS03_a_promise_that_is_broken_is_told_and_the_request_stays(
    units: Units, clock: FixedClock, payer: Patient, child: Binding, house: RunningHouse
) -> None:
    await attaching.attach(units, payer.actor, child.id, uploads.photo())
    async with units.of(payer.actor) as unit:
        sent = await proving.submit_papers(unit, payer.actor, child.id)
    assert sent.answer_by is not None
    clock.move_business_to(max(sent.answer_by, sent.lapses_at))
    await house.sweeper.sweep()
    assert (await told(units, payer.account)).count(Notice.FAMILY_LATE) == 1
    assert (await reread_binding(units, child.id)).state is BindingState.REVIEWING


async def test_GS03_hostile_and_too_many_papers_are_refused_and_nothing_is_lost(
    units: Units, payer: Patient, child: Binding
) -> None:
    await attaching.attach(units, payer.actor, child.id, uploads.photo())
    with pytest.raises(UploadRefused):
        await attaching.attach(units, payer.actor, child.id, uploads.pdf_with_script())
    for _ in range(attaching.MOST_PAPERS - 1):
        await attaching.attach(units, payer.actor, child.id, uploads.pdf())
    with pytest.raises(TooManyPapers):
        await attaching.attach(units, payer.actor, child.id, uploads.photo())
    assert len(await papers(units, child)) == attaching.MOST_PAPERS


async def test_GS03_papers_are_seen_by_their_user_and_the_hospital_that_checks_and_looking_is_recorded(
    units: Units, place: House, payer: Patient, child: Binding
) -> None:
    paper = await attaching.attach(units, payer.actor, child.id, uploads.photo())
    assert await attaching.link_to(units, payer.actor, paper.id)
    here = staff(await add_staff(units, place.hospital.id))
    assert await attaching.link_to(units, here, paper.id)
    assert len(await audited(units, "family.paper_opened")) == 1
    other = await add_house(units, "jiangbin")
    there = staff(await add_staff(units, other.hospital.id, login="desk.there"))
    stranger_ = await add_booker(units, place, "13800006666", name="样例壬")
    for actor in (there, stranger_.actor):
        with pytest.raises(PaperNotFound):
            await attaching.link_to(units, actor, paper.id)


async def test_GS03_below_sixteen_no_face_is_asked_for(
    units: Units, payer: Patient, child: Binding, own_sandbox: Sandbox
) -> None:
    own_sandbox.forget_requests()
    with pytest.raises(WayClosed) as raised:
        await proving.start_face(units, payer.actor, child.id, return_url=BACK, agreed=True)
    assert raised.value.facts["ways"] == ["papers", "counter"]
    assert own_sandbox.requests("faceid") == []


# Face.


async def test_GS04_from_sixteen_the_member_is_checked_by_face_and_bound(
    units: Units, payer: Patient, asked: Binding
) -> None:
    with pytest.raises(FieldsInvalid):
        await proving.start_face(units, payer.actor, asked.id, return_url=BACK, agreed=False)
    check_id, url = await proving.start_face(units, payer.actor, asked.id, return_url=BACK, agreed=True)
    with pytest.raises(FacePending):
        await proving.finish_face(units, payer.actor, asked.id, check_id)
    httpx2.post(url, data={"outcome": "pass"})
    bound = await proving.finish_face(units, payer.actor, asked.id, check_id)
    assert (bound.state, bound.way) == (BindingState.BOUND, Way.FACE)
    assert (await proving.finish_face(units, payer.actor, asked.id, check_id)).state is BindingState.BOUND


async def test_GS04_REG63_no_picture_is_fetched_or_kept(
    units: Units, payer: Patient, asked: Binding, own_sandbox: Sandbox
) -> None:
    check_id, url = await proving.start_face(units, payer.actor, asked.id, return_url=BACK, agreed=True)
    httpx2.post(url, data={"outcome": "pass"})
    bound = await proving.finish_face(units, payer.actor, asked.id, check_id)
    assert bound.evidence == {"face_check": str(check_id)}
    async with units.system("test") as unit:
        assert list(await attaching.queries.papers_of(unit, asked.id)) == []


async def test_GS05_a_failed_face_leaves_the_other_ways_open(
    units: Units, payer: Patient, asked: Binding
) -> None:
    check_id, url = await proving.start_face(units, payer.actor, asked.id, return_url=BACK, agreed=True)
    httpx2.post(url, data={"outcome": "fail"})
    with pytest.raises(FaceFailed):
        await proving.finish_face(units, payer.actor, asked.id, check_id)
    async with units.of(payer.actor) as unit:
        assert await proving.ways_of(unit, asked) == (Way.FACE, Way.BANK_CARD, Way.COUNTER)
        assert (await proving.choose_counter(unit, payer.actor, asked.id)).way is Way.COUNTER


async def test_GS04_a_check_passed_for_another_request_binds_nobody(
    units: Units, place: House, payer: Patient, asked: Binding, own_sandbox: Sandbox
) -> None:
    check_id, url = await proving.start_face(units, payer.actor, asked.id, return_url=BACK, agreed=True)
    httpx2.post(url, data={"outcome": "pass"})
    await proving.finish_face(units, payer.actor, asked.id, check_id)
    father = register(own_sandbox, stranger(date(1954, 1, 2), name="样例父", sex="male"))
    person = await add_member(units, payer.account, name=father.name, born=father.born, number=father.number)
    other = await ask_to_bind(units, payer.actor, place.hospital, person)
    with pytest.raises(WayClosed):
        await proving.finish_face(units, payer.actor, other.id, check_id)


# Bank card.


async def test_GS05_a_bank_card_and_a_code_do_what_a_face_does(
    units: Units, payer: Patient, asked: Binding, mother: Stranger, own_sandbox: Sandbox
) -> None:
    card = card_of(own_sandbox, mother.number)
    masked = await proving.check_bank_card(units, payer.actor, asked.id, card=card, phone=mother.phone)
    assert masked.endswith(mother.phone[-4:]) and "****" in masked
    async with units.system("test") as unit:
        [told] = await disclosures_of(unit, [asked.person_id])
        assert (told.recipient, told.hospital_id) == (Recipient.BANK_CHECKER, None)
        assert card not in str(told.kinds) + told.subject + told.name
    phone = Phone(own_sandbox, mother.phone)
    assert "医保账户" in phone.texts[0]
    bound = await proving.give_code(units, payer.actor, asked.id, phone.code)
    assert (bound.state, bound.way) == (BindingState.BOUND, Way.BANK_CARD)
    assert bound.consent_phone is None and card not in str(bound.evidence)


async def test_GS05_a_card_that_is_not_the_members_gets_no_code(
    units: Units, payer: Patient, asked: Binding, mother: Stranger, own_sandbox: Sandbox
) -> None:
    wrong = card_of(own_sandbox, mother.number)[:-1] + "1"
    before = len(Phone(own_sandbox, mother.phone).texts)
    for card, phone in [(wrong, mother.phone), (card_of(own_sandbox, mother.number), "13800009999")]:
        with pytest.raises(BankCardMismatch):
            await proving.check_bank_card(units, payer.actor, asked.id, card=card, phone=phone)
    assert len(Phone(own_sandbox, mother.phone).texts) == before
    with own_sandbox.faults(faceid={"mode": "service_error"}), pytest.raises(IdentityUnavailable):
        await proving.check_bank_card(units, payer.actor, asked.id, card=wrong, phone=mother.phone)


# The desk.


async def test_GS05_GS14_whoever_comes_to_the_desk_is_bound_there(
    units: Units, place: House, payer: Patient, asked: Binding
) -> None:
    desk = staff(await add_staff(units, place.hospital.id))
    with pytest.raises(AlreadyDecided):
        await reviewing.approve(units, desk, asked.id)
    async with units.of(payer.actor) as unit:
        await proving.choose_counter(unit, payer.actor, asked.id)
        await proving.choose_counter(unit, payer.actor, asked.id)
    there = staff(await add_staff(units, (await add_house(units, "jiangbin")).hospital.id, login="there"))
    with pytest.raises(BindingNotFound):
        await reviewing.approve(units, there, asked.id)
    bound = await reviewing.approve(units, desk, asked.id)
    assert (bound.state, bound.way) == (BindingState.BOUND, Way.COUNTER)


async def test_GS14_nobody_who_meant_to_come_to_the_desk_is_held_to_it(
    units: Units, clock: FixedClock, payer: Patient, asked: Binding, house: RunningHouse
) -> None:
    async with units.of(payer.actor) as unit:
        await proving.choose_counter(unit, payer.actor, asked.id)
    check_id, url = await proving.start_face(units, payer.actor, asked.id, return_url=BACK, agreed=True)
    httpx2.post(url, data={"outcome": "pass"})
    assert (await proving.finish_face(units, payer.actor, asked.id, check_id)).state is BindingState.BOUND
    clock.move_business_to(asked.lapses_at)
    await house.sweeper.sweep()
    assert (await reread_binding(units, asked.id)).state is BindingState.BOUND


async def test_GS04_the_sixteenth_birthday_itself_goes_by_face(
    units: Units, clock: FixedClock, place: House, payer: Patient
) -> None:
    today = hospital_day(clock.business())
    for days, ways in [(0, (Way.FACE, Way.BANK_CARD, Way.COUNTER)), (1, (Way.PAPERS, Way.COUNTER))]:
        day = today + timedelta(days=days)
        born = day.replace(year=day.year - 16)
        person = await add_member(units, payer.account, name="样例少", born=born, relation=Relation.CHILD)
        request = await ask_to_bind(units, payer.actor, place.hospital, person)
        async with units.of(payer.actor) as unit:
            assert await proving.ways_of(unit, request) == ways
