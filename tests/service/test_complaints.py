"""A complaint has a number, a promise, somebody who answers for it, and a way up (REG68, REG58)."""

import asyncio
from datetime import timedelta

import pytest
import sqlalchemy as sa

from telehealth.complaints import queries
from telehealth.complaints.ending import close, reopen, withdraw
from telehealth.complaints.errors import (
    ComplaintNotFound,
    ComplaintOver,
    NotAnsweredYet,
    OutcomeNeeded,
    ReopenedBefore,
    ReopenTooLate,
    TooManyOpen,
    TopicNotFound,
)
from telehealth.complaints.handling import answer, reply, take
from telehealth.complaints.making import add_words
from telehealth.complaints.models import Complaint, ComplaintStep
from telehealth.complaints.states import ComplaintKind, ComplaintState, ReviewOutcome, StepKind
from telehealth.core.access import Role
from telehealth.core.clock import FixedClock
from telehealth.core.deadlines import Deadline
from telehealth.core.errors import FieldsInvalid
from telehealth.core.ids import new_id
from telehealth.core.unit import Units
from telehealth.eligibility import Stage
from telehealth.eligibility.checking import Question, assess
from telehealth.rulebook.rules import ClinicKind
from telehealth.web.house import House as RunningHouse
from tests.support.factories.bookings import House, Patient, add_booker, add_house, audited, book, told
from tests.support.factories.complaints import WORDS, add_clerk, add_complaint, answered, reread
from tests.support.factories.rulebook import publish_policy
from tests.support.factories.schedule import add_clinic


@pytest.fixture
async def place(units: Units) -> House:
    return await add_house(units)


@pytest.fixture
async def who(units: Units, place: House) -> Patient:
    return await add_booker(units, place)


async def steps(units: Units, row: Complaint) -> list[StepKind]:
    async with units.system("test") as unit:
        return [step.kind for step in await queries.steps_of(unit, row.id)]


async def deadlines(units: Units, row: Complaint) -> set[str]:
    async with units.system("test") as unit:
        found = sa.select(Deadline.kind).where(Deadline.subject_id == row.id)
        return set(await unit.session.scalars(found))


async def test_REG68_a_complaint_gets_a_number_a_promise_and_a_clock(
    units: Units, place: House, who: Patient
) -> None:
    row = await add_complaint(units, place, who)
    assert row.number.startswith("CP-261121-") and row.state is ComplaintState.RECEIVED
    assert row.policy_number == 1 and row.reply_by < row.answer_by
    assert await deadlines(units, row) == {"complaints.reply_late", "complaints.answer_late"}
    assert await told(units, who.account) == ["complaint_received"]
    [facts] = await audited(units, "complaint.made")
    assert WORDS not in str(facts)


async def test_REG68_the_words_are_sealed_in_the_database(units: Units, place: House, who: Patient) -> None:
    row = await add_complaint(units, place, who)
    async with units.system("test") as unit:
        kept = await unit.session.execute(
            sa.text("select text from complaints where id = :id"), {"id": row.id}
        )
    assert WORDS.encode() not in bytes(kept.scalar_one())


async def test_REG68_the_same_page_sent_twice_at_once_is_one_complaint(
    units: Units, place: House, who: Patient
) -> None:
    draft = new_id()
    made = await asyncio.gather(*(add_complaint(units, place, who, draft=draft) for _ in range(4)))
    assert len({row.id for row in made}) == 1
    assert await steps(units, made[0]) == [StepKind.MADE]
    assert await told(units, who.account) == ["complaint_received"]


async def test_REG68_from_a_booking_of_ones_own_and_of_nobody_elses(
    units: Units, place: House, who: Patient
) -> None:
    planned = await add_clinic(units, place.doctor)
    booking = await book(units, place, who, planned.slot.id)
    row = await add_complaint(units, place, who, hospital_id=None, about="booking", about_id=booking.id)
    assert (row.about_number, row.hospital_id) == (booking.number, place.hospital.id)
    other = await add_booker(units, place, "13800005555")
    with pytest.raises(TopicNotFound):
        await add_complaint(units, place, other, hospital_id=None, about="booking", about_id=booking.id)
    with pytest.raises(TopicNotFound):
        await add_complaint(units, place, who, about="horoscope", about_id=booking.id)


async def test_REG68_oversize_is_refused_by_the_hospitals_number_and_nothing_is_made(
    units: Units, place: House, who: Patient
) -> None:
    with pytest.raises(FieldsInvalid) as refused:
        await add_complaint(units, place, who, text="字" * 2001)
    assert set(refused.value.fields) == {"text"}
    await publish_policy(units, place.hospital.id, complaints={"longest_text": 3000})
    assert (await add_complaint(units, place, who, text="字" * 2001)).state is ComplaintState.RECEIVED


async def test_REG68_one_account_cannot_bury_the_hospital(units: Units, place: House, who: Patient) -> None:
    await publish_policy(units, place.hospital.id, complaints={"most_open": 2})
    rows = [await add_complaint(units, place, who) for _ in range(2)]
    with pytest.raises(TooManyOpen):
        await add_complaint(units, place, who)
    async with units.of(who.actor) as unit:
        await withdraw(unit, rows[0].id)
    assert (await add_complaint(units, place, who)).state is ComplaintState.RECEIVED


async def test_REG68_taken_up_replied_to_answered_and_closed(
    units: Units, place: House, who: Patient
) -> None:
    clerk = await add_clerk(units, place)
    row = await add_complaint(units, place, who)
    async with units.of(clerk) as unit:
        await take(unit, clerk, row.id)
    async with units.of(clerk) as unit:
        await take(unit, clerk, row.id)
        await reply(unit, clerk, row.id, "样例：正在核实")
    row = await reread(units, row)
    assert (row.state, row.owner_name) == (ComplaintState.IN_HAND, clerk.name)
    assert await deadlines(units, row) == {"complaints.answer_late"}
    async with units.of(clerk) as unit:
        await answer(unit, clerk, row.id, "样例：已改进")
    assert await deadlines(units, row) == {"complaints.lapse"}
    async with units.of(who.actor) as unit:
        await close(unit, row.id)
        await close(unit, row.id)
    assert (await reread(units, row)).state is ComplaintState.CLOSED
    assert await deadlines(units, row) == set()
    assert await steps(units, row) == [
        StepKind.MADE, StepKind.TAKEN, StepKind.REPLIED, StepKind.ANSWERED, StepKind.CLOSED
    ]  # fmt: skip
    assert await told(units, who.account) == [
        "complaint_received", "complaint_taken", "complaint_replied", "complaint_answered"
    ]  # fmt: skip
    async with units.of(clerk) as unit:
        with pytest.raises(ComplaintOver):
            await reply(unit, clerk, row.id, "样例：再说一句")


async def test_REG68_a_colleague_takes_over_and_the_patient_sees_who(
    units: Units, place: House, who: Patient
) -> None:
    first, second = await add_clerk(units, place), await add_clerk(units, place, Role.DESK, "second")
    row = await add_complaint(units, place, who)
    for clerk in (first, second):
        async with units.of(clerk) as unit:
            await take(unit, clerk, row.id)
    assert (await reread(units, row)).owner_name == second.name
    assert (await steps(units, row))[1:] == [StepKind.TAKEN, StepKind.HANDED_ON]


async def test_REG68_late_goes_to_the_head_of_the_hospital_by_itself(
    units: Units, house: RunningHouse, place: House, who: Patient, clock: FixedClock
) -> None:
    head = await add_clerk(units, place, Role.HEAD, "head")
    clerk = await add_clerk(units, place)
    row = await add_complaint(units, place, who)
    clock.move_business_to(row.reply_by - timedelta(seconds=1))
    await house.sweeper.sweep()
    assert (await reread(units, row)).escalated_at is None
    clock.move_business_to(row.reply_by)
    await house.sweeper.sweep()
    assert (await reread(units, row)).escalated_at is not None
    async with units.of(clerk) as unit:
        await take(unit, clerk, row.id)
    clock.move_business_to(row.answer_by)
    await house.sweeper.sweep()
    await house.sweeper.sweep()
    assert [facts["late"] for facts in await audited(units, "complaint.escalated")] == ["reply", "answer"]
    async with units.system("test") as unit:
        heads = await unit.session.scalars(
            sa.text("select notice from inbox_messages where account_id = :id"), {"id": head.account_id}
        )
        assert list(heads) == ["complaint_late"] * 2


async def test_REG68_an_answer_in_time_is_never_escalated(
    units: Units, house: RunningHouse, place: House, who: Patient, clock: FixedClock
) -> None:
    row = await answered(units, await add_complaint(units, place, who), await add_clerk(units, place))
    clock.move_business_to(row.answer_by + timedelta(days=1))
    await house.sweeper.sweep()
    assert await audited(units, "complaint.escalated") == []


async def test_REG68_reopened_once_with_a_new_promise(
    units: Units, place: House, who: Patient, clock: FixedClock
) -> None:
    clerk = await add_clerk(units, place)
    row = await answered(units, await add_complaint(units, place, who), clerk)
    promised = row.answer_by
    clock.advance(timedelta(days=3))
    async with units.of(who.actor) as unit:
        await reopen(unit, row.id, "样例：答复没有回答我的问题")
    row = await reread(units, row)
    assert row.state is ComplaintState.REOPENED and row.answer_by > promised and row.taken_at is None
    assert await deadlines(units, row) == {"complaints.reply_late", "complaints.answer_late"}
    row = await answered(units, row, clerk)
    async with units.of(who.actor) as unit:
        with pytest.raises(ReopenedBefore):
            await reopen(unit, row.id, "样例：仍不满意")


async def test_REG68_an_objection_comes_in_time_or_the_answer_stands(
    units: Units, house: RunningHouse, place: House, who: Patient, clock: FixedClock
) -> None:
    row = await answered(units, await add_complaint(units, place, who), await add_clerk(units, place))
    assert row.reopen_until is not None
    clock.move_business_to(row.reopen_until)
    async with units.of(who.actor) as unit:
        with pytest.raises(ReopenTooLate):
            await reopen(unit, row.id, "样例：不满意")
    await house.sweeper.sweep()
    row = await reread(units, row)
    assert row.state is ComplaintState.CLOSED
    assert (await steps(units, row))[-1] is StepKind.LAPSED


async def test_REG68_the_patient_adds_words_while_it_is_open(
    units: Units, place: House, who: Patient
) -> None:
    row = await add_complaint(units, place, who)
    async with units.of(who.actor) as unit:
        with pytest.raises(NotAnsweredYet):
            await close(unit, row.id)
        await add_words(unit, row.id, "样例：补充一张收据号")
    async with units.system("test") as unit:
        found = await unit.session.scalars(
            sa.select(ComplaintStep).where(ComplaintStep.kind == StepKind.ADDED)
        )
        assert [step.text for step in found] == ["样例：补充一张收据号"]
    await answered(units, row, await add_clerk(units, place))
    async with units.of(who.actor) as unit:
        with pytest.raises(ComplaintOver):
            await add_words(unit, row.id, "样例：太晚了")


async def test_REG68_the_queue_shows_the_oldest_promise_first_and_one_hospital_only(
    units: Units, place: House, who: Patient, clock: FixedClock
) -> None:
    clerk = await add_clerk(units, place)
    first = await add_complaint(units, place, who)
    clock.advance(timedelta(hours=1))
    second = await add_complaint(units, place, who)
    async with units.of(clerk) as unit:
        await take(unit, clerk, first.id)
    async with units.of(clerk) as unit:
        # Taken up, the first owes its answer, which is later than the second's first word.
        assert [row.id for row in await queries.owed(unit)] == [second.id, first.id]
        assert (await queries.count_owed(unit))[:2] == (2, 0)
    elsewhere = await add_house(units, "jiangbin")
    stranger = await add_clerk(units, elsewhere, login="stranger")
    async with units.of(stranger) as unit:
        assert list(await queries.owed(unit)) == []
        with pytest.raises(ComplaintNotFound):
            await take(unit, stranger, first.id)


async def refused_check(units: Units, place: House) -> tuple[Patient, object]:
    who = await add_booker(units, place, "13800007777", visited=False)
    question = Question(
        place.hospital.id, who.person.id, Stage.RED_FLAGS, ClinicKind.INTERNET, stable=False, red_flags=()
    )
    return who, (await assess(units, who.actor, question)).row


async def test_REG58_a_person_looks_at_a_refused_gate_decision_and_says_what_they_found(
    units: Units, place: House
) -> None:
    who, check = await refused_check(units, place)
    review = {"kind": ComplaintKind.REVIEW, "hospital_id": None, "about": "gate_check", "about_id": check.id}  # type: ignore[attr-defined]
    row = await add_complaint(units, place, who, **review)
    clerk = await add_clerk(units, place)
    async with units.of(clerk) as unit:
        with pytest.raises(OutcomeNeeded):
            await answer(unit, clerk, row.id, "样例：已核对")
        await answer(unit, clerk, row.id, "样例：已补录就诊记录", outcome=ReviewOutcome.CORRECTED)
    assert (await reread(units, row)).outcome is ReviewOutcome.CORRECTED
    # The decision itself stays as it was: no hand lifts it, the rules are asked again.
    async with units.system("test") as unit:
        kept = await unit.session.scalar(
            sa.text("select allowed from gate_decisions where id = :id"),
            {"id": check.id},  # type: ignore[attr-defined]
        )
    assert kept is False


async def test_REG58_only_decisions_against_somebody_are_reviewed(
    units: Units, place: House, who: Patient
) -> None:
    with pytest.raises(FieldsInvalid) as refused:
        await add_complaint(units, place, who, kind=ComplaintKind.REVIEW)
    assert set(refused.value.fields) == {"kind"}
    clerk = await add_clerk(units, place)
    row = await add_complaint(units, place, who)
    async with units.of(clerk) as unit:
        with pytest.raises(OutcomeNeeded):
            await answer(unit, clerk, row.id, "样例", outcome=ReviewOutcome.UPHELD)
