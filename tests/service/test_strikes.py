"""No-shows: the third brings a ban of one channel, everybody may object, staff take it back (SJ07–SJ09)."""

import asyncio
from datetime import date, time
from typing import Any

import pytest
import sqlalchemy as sa

from telehealth.accounts.models import Account
from telehealth.core.access import Role
from telehealth.core.audit import AuditRecord
from telehealth.core.clock import FixedClock, at_local
from telehealth.core.ids import new_id
from telehealth.core.unit import Units
from telehealth.directory.models import Hospital
from telehealth.notifications.models import InboxMessage
from telehealth.notifications.notices import Notice
from telehealth.patients.models import Person
from telehealth.patients.rules import Relation
from telehealth.rulebook.rules import Channel
from telehealth.strikes import Ban, StrikeRefused, active_bans
from telehealth.strikes.appealing import appeal, decline, reverse_strike, uphold
from telehealth.strikes.errors import (
    AppealAlreadyAnswered,
    AppealAlreadyOpen,
    AppealNotFound,
    StrikeNotFound,
    StrikeReversed,
)
from telehealth.strikes.models import Appeal, BanRow, StrikeRow
from telehealth.strikes.states import APPEAL, AppealEvent, AppealState
from telehealth.strikes.viewing import records_of
from tests.support.factories.accounts import add_patient, add_staff, patient, staff
from tests.support.factories.directory import add_hospital
from tests.support.factories.patients import add_card, add_person
from tests.support.factories.rulebook import publish_policy
from tests.support.factories.strikes import add_strike

THREE = (date(2026, 9, 1), date(2026, 10, 1), date(2026, 11, 20))


@pytest.fixture
async def hospital(units: Units) -> Hospital:
    place = await add_hospital(units, "yunan")
    await publish_policy(units, place.id, strikes={"limit": 3})
    return place


@pytest.fixture
async def account(units: Units) -> Account:
    return await add_patient(units, "13900000001")


@pytest.fixture
async def person(units: Units, hospital: Hospital, account: Account) -> Person:
    found = await add_person(units, account)
    await add_card(units, hospital.id, account, found)
    return found


async def strikes(units: Units, hospital: Hospital, account: Account, person: Person) -> list[StrikeRow]:
    return [await add_strike(units, hospital.id, account, person, day) for day in THREE]


async def bans_seen_by(units: Units, account: Account, person: Person, hospital: Hospital) -> tuple[Ban, ...]:
    async with units.account(account.id, patient(account)) as unit:
        return await active_bans(unit, person.id, hospital.id)


async def all_of(units: Units, table: type[Any]) -> list[Any]:
    async with units.system("test") as unit:
        return list(await unit.session.scalars(sa.select(table)))


async def notices(units: Units, account: Account) -> list[Notice]:
    found = [row for row in await all_of(units, InboxMessage) if row.account_id == account.id]
    return [Notice(row.notice) for row in sorted(found, key=lambda row: row.id)]


async def test_SJ07_the_third_strike_bans_and_the_second_does_not(
    units: Units, hospital: Hospital, account: Account, person: Person
) -> None:
    for day in THREE[:2]:
        await add_strike(units, hospital.id, account, person, day)
    assert await bans_seen_by(units, account, person, hospital) == ()
    await add_strike(units, hospital.id, account, person, THREE[2])
    assert await bans_seen_by(units, account, person, hospital) == (
        Ban(Channel.ONLINE, date(2026, 11, 20), date(2027, 2, 20)),
    )
    assert await notices(units, account) == [Notice.STRIKE_GIVEN] * 3 + [Notice.BAN_STARTED]


async def test_SJ07_the_limit_is_the_hospitals(
    units: Units, hospital: Hospital, account: Account, person: Person
) -> None:
    await publish_policy(units, hospital.id, strikes={"limit": 2})
    for day in THREE[:2]:
        await add_strike(units, hospital.id, account, person, day)
    assert len(await all_of(units, BanRow)) == 1


async def test_SJ08_the_ban_closes_one_channel_and_ends_at_24_00(
    units: Units, hospital: Hospital, account: Account, person: Person, clock: FixedClock
) -> None:
    await strikes(units, hospital, account, person)
    [ban] = await bans_seen_by(units, account, person, hospital)
    assert ban.covers(date(2027, 2, 20), Channel.ONLINE) and not ban.covers(date(2027, 2, 21), Channel.ONLINE)
    assert not ban.covers(date(2026, 12, 1), Channel.DESK)
    clock.move_business_to(at_local(date(2027, 2, 20), time(23, 59)))
    assert len(await bans_seen_by(units, account, person, hospital)) == 1
    clock.move_business_to(at_local(date(2027, 2, 21), time(0, 0)))
    assert await bans_seen_by(units, account, person, hospital) == ()


@pytest.mark.parametrize(
    "fact",
    [
        {"rings": 1},
        {"reminders": 0},
        {"was_doctor_present": False},
        {"was_closed_by_hospital": True},
        {"had_technical_failure": True},
        {"patient_messages_that_day": 1},
        {"is_cancelled": True},
        {"has_slot_started": False},
    ],
)
async def test_SJ07_what_is_not_the_patients_fault_is_no_strike(
    units: Units, hospital: Hospital, account: Account, person: Person, fact: dict[str, Any]
) -> None:
    with pytest.raises(StrikeRefused) as raised:
        await add_strike(units, hospital.id, account, person, THREE[0], **fact)
    assert len(raised.value.facts["reasons"]) == 1
    assert await all_of(units, StrikeRow) == []


async def test_SJ07_one_absence_is_one_strike_however_often_it_is_reported(
    units: Units, hospital: Hospital, account: Account, person: Person
) -> None:
    booking = new_id()
    given = await asyncio.gather(
        *(add_strike(units, hospital.id, account, person, THREE[0], booking_id=booking) for _ in range(4))
    )
    assert len({strike.id for strike in given}) == 1
    assert len(await notices(units, account)) == 1


async def test_SJ07_strikes_given_at_once_bring_one_ban(
    units: Units, hospital: Hospital, account: Account, person: Person
) -> None:
    await asyncio.gather(*(add_strike(units, hospital.id, account, person, day) for day in THREE))
    [ban] = await all_of(units, BanRow)
    assert ban.from_on == THREE[-1]


async def test_SJ07_an_absence_reported_late_still_counts(
    units: Units, hospital: Hospital, account: Account, person: Person
) -> None:
    for day in reversed(THREE):
        assert await bans_seen_by(units, account, person, hospital) == ()
        await add_strike(units, hospital.id, account, person, day)
    [ban] = await bans_seen_by(units, account, person, hospital)
    assert (ban.from_on, ban.until_on) == (date(2026, 11, 20), date(2027, 2, 20))


async def test_SJ08_a_ban_that_would_be_over_is_not_started(
    units: Units, hospital: Hospital, account: Account, person: Person
) -> None:
    for day in (date(2026, 5, 1), date(2026, 5, 2), date(2026, 5, 3)):
        await add_strike(units, hospital.id, account, person, day)
    assert await all_of(units, BanRow) == []


async def test_SJ08_the_ban_meets_whoever_acts_for_the_person_and_no_other_hospital(
    units: Units, hospital: Hospital, account: Account, person: Person
) -> None:
    other = await add_hospital(units, "jiangbin", name="江滨医院")
    await strikes(units, hospital, account, person)
    father = await add_patient(units, "13900000002")
    async with units.system("test") as unit:
        number = (await unit.session.get(Person, person.id)).document_number  # type: ignore[union-attr]
    same = await add_person(units, father, relation=Relation.CHILD, number=number, born=person.birth_date)
    assert same.id == person.id
    assert len(await bans_seen_by(units, father, person, hospital)) == 1
    assert await bans_seen_by(units, father, person, other) == ()


async def test_SJ09_the_patient_sees_count_window_and_when_the_oldest_drops_out(
    units: Units, hospital: Hospital, account: Account, person: Person
) -> None:
    for day in THREE[:2]:
        await add_strike(units, hospital.id, account, person, day)
    async with units.account(account.id, patient(account)) as unit:
        [record] = await records_of(unit, patient(account))
    assert (record.standing.counted, record.standing.limit, record.window_months) == (2, 3, 12)
    assert record.standing.oldest_drops_on == date(2027, 9, 2)


async def test_SJ09_an_upheld_appeal_lifts_the_ban_at_once_and_is_audited(
    units: Units, hospital: Hospital, account: Account, person: Person
) -> None:
    third = (await strikes(units, hospital, account, person))[-1]
    async with units.account(account.id, patient(account)) as unit:
        made = await appeal(unit, patient(account), third.id, "当时在急诊，有病历为证")
    reviewer = staff(await add_staff(units, hospital.id, (Role.REVIEWER,)))
    async with units.hospital(hospital.id, reviewer) as unit:
        await uphold(unit, reviewer, made.id, "情况属实")
    assert await bans_seen_by(units, account, person, hospital) == ()
    names = [record.name for record in await all_of(units, AuditRecord)]
    assert {"appeal.made", "appeal.answered", "strike.reversed", "ban.lifted"} <= set(names)
    assert Notice.STRIKE_LIFTED in await notices(units, account)
    with pytest.raises(AppealAlreadyAnswered):
        async with units.hospital(hospital.id, reviewer) as unit:
            await decline(unit, reviewer, made.id, "再看一次")
    with pytest.raises(StrikeReversed):
        async with units.account(account.id, patient(account)) as unit:
            await appeal(unit, patient(account), third.id, "再说一次")


async def test_SJ09_taking_back_any_of_the_three_lifts_the_ban(
    units: Units, hospital: Hospital, account: Account, person: Person
) -> None:
    first = (await strikes(units, hospital, account, person))[0]
    admin = staff(await add_staff(units, hospital.id, (Role.ADMIN,)))
    async with units.hospital(hospital.id, admin) as unit:
        await reverse_strike(unit, admin, first.id, "当日停电")
    assert await bans_seen_by(units, account, person, hospital) == ()
    await add_strike(units, hospital.id, account, person, date(2026, 11, 21))
    assert len(await bans_seen_by(units, account, person, hospital)) == 1


async def test_SJ09_REG58_a_declined_appeal_is_answered_and_may_be_made_again(
    units: Units, hospital: Hospital, account: Account, person: Person
) -> None:
    strike = await add_strike(units, hospital.id, account, person, THREE[0])
    actor = patient(account)
    async with units.account(account.id, actor) as unit:
        made = await appeal(unit, actor, strike.id, "路上堵车")
    with pytest.raises(AppealAlreadyOpen):
        async with units.account(account.id, actor) as unit:
            await appeal(unit, actor, strike.id, "路上堵车")
    reviewer = staff(await add_staff(units, hospital.id, (Role.REVIEWER,)))
    async with units.hospital(hospital.id, reviewer) as unit:
        answered = await decline(unit, reviewer, made.id, "线上就诊无须出行")
    assert answered.answer == "线上就诊无须出行"
    assert (await notices(units, account))[-1] is Notice.APPEAL_DECLINED
    async with units.account(account.id, actor) as unit:
        await appeal(unit, actor, strike.id, "当时手机没电，有维修单")


async def test_SJ09_somebody_elses_strike_and_another_hospitals_appeal_do_not_exist(
    units: Units, hospital: Hospital, account: Account, person: Person
) -> None:
    strike = await add_strike(units, hospital.id, account, person, THREE[0])
    other = await add_patient(units, "13900000003")
    with pytest.raises(StrikeNotFound):
        async with units.account(other.id, patient(other)) as unit:
            await appeal(unit, patient(other), strike.id, "不是我")
    async with units.account(account.id, patient(account)) as unit:
        made = await appeal(unit, patient(account), strike.id, "说明")
    elsewhere = await add_hospital(units, "jiangbin", name="江滨医院")
    reviewer = staff(await add_staff(units, elsewhere.id, (Role.REVIEWER,)))
    with pytest.raises(AppealNotFound):
        async with units.hospital(elsewhere.id, reviewer) as unit:
            await uphold(unit, reviewer, made.id, "好")


async def test_a_query_without_a_filter_shows_no_strike_of_others(
    units: Units, hospital: Hospital, account: Account, person: Person
) -> None:
    await strikes(units, hospital, account, person)
    other = await add_patient(units, "13900000004")
    elsewhere = await add_hospital(units, "jiangbin", name="江滨医院")
    desk = staff(await add_staff(units, elsewhere.id, (Role.REVIEWER,)))
    for opening in (units.account(other.id, patient(other)), units.hospital(elsewhere.id, desk)):
        async with opening as unit:
            for table in (StrikeRow, BanRow, Appeal):
                assert (await unit.session.scalars(sa.select(table))).all() == []


def test_every_appeal_state_is_reachable_and_answers_are_final() -> None:
    assert APPEAL.reachable == frozenset(AppealState)
    assert APPEAL.terminal == {AppealState.UPHELD, AppealState.DECLINED}
    assert not any(APPEAL.allows(state, event) for state in APPEAL.terminal for event in AppealEvent)
