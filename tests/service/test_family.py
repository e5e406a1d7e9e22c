"""Binding a relative: who may be asked for, what counts in a month, who ends it (GS02, GS06–GS08, GS12)."""

from datetime import UTC, date, datetime, timedelta

import pytest
import sqlalchemy as sa

from telehealth.core.clock import FixedClock, day_start
from telehealth.core.errors import FieldsInvalid
from telehealth.core.unit import Units
from telehealth.family import ending, requesting, viewing
from telehealth.family.errors import (
    AlreadyBound,
    AlreadyDecided,
    BindingNotFound,
    FamilyClosed,
    MemberMonthFull,
    MonthFull,
    NotARelative,
    PayerUnknown,
)
from telehealth.family.models import Place
from telehealth.family.placing import left_this_month
from telehealth.family.requesting import Wanted, request
from telehealth.family.states import BindingState, Side
from telehealth.notifications.notices import Notice
from telehealth.patients import LinkPending, PersonNotFound, link_for
from telehealth.patients.linking_family import end_link, withdraw_consent
from telehealth.patients.models import Consent
from telehealth.patients.rules import Relation
from telehealth.patients.states import LinkState, Purpose
from telehealth.rulebook import current_policy
from telehealth.web.house import House as RunningHouse
from tests.support.factories.accounts import add_patient, add_staff, patient, staff
from tests.support.factories.bookings import House, Patient, add_booker, add_house, told
from tests.support.factories.family import (
    add_member,
    ask_to_bind,
    bind_member,
    places,
    prove,
    reread_binding,
)
from tests.support.factories.patients import add_person
from tests.support.factories.rulebook import publish_policy

CHILD = date(2021, 5, 6)


@pytest.fixture
async def place(units: Units) -> House:
    return await add_house(units)


@pytest.fixture
async def payer(units: Units, place: House) -> Patient:
    return await add_booker(units, place)


async def bind_some(units: Units, place: House, payer: Patient, count: int) -> None:
    for number in range(count):
        person = await add_member(units, payer.account, name=f"样例{'甲乙丙丁戊己庚辛'[number]}")
        await bind_member(units, payer.actor, place.hospital, person)


async def left(units: Units, place: House, payer: Patient) -> int:
    async with units.of(payer.actor) as unit:
        policy = (await current_policy(unit, place.hospital.id)).policy
        return await left_this_month(unit, payer.account.id, policy)


# Five a month.


async def test_GS06_the_sixth_binding_of_a_month_is_refused_and_nothing_is_left_behind(
    units: Units, place: House, payer: Patient
) -> None:
    await bind_some(units, place, payer, 5)
    assert await left(units, place, payer) == 0
    sixth = await add_member(units, payer.account, name="样例己")
    with pytest.raises(MonthFull) as raised:
        await ask_to_bind(units, payer.actor, place.hospital, sixth)
    assert raised.value.facts == {"limit": 5, "resets_on": "2026-12-01"}
    assert len(await places(units, Side.USER, payer.account.id)) == 5
    assert await places(units, Side.MEMBER, sixth.id) == []


async def test_GS06_the_number_is_the_hospitals(units: Units, place: House, payer: Patient) -> None:
    await publish_policy(units, place.hospital.id, family={"max_bindings_per_user_per_month": 2})
    await bind_some(units, place, payer, 2)
    with pytest.raises(MonthFull):
        await bind_some(units, place, payer, 1)


async def test_GS06_unbinding_gives_no_place_back(units: Units, place: House, payer: Patient) -> None:
    person = await add_member(units, payer.account)
    await bind_some(units, place, payer, 4)
    bound = await bind_member(units, payer.actor, place.hospital, person)
    await ending.unbind(units, payer.actor, bound.id)
    assert await left(units, place, payer) == 0
    with pytest.raises(MonthFull):
        await ask_to_bind(units, payer.actor, place.hospital, person)


async def test_GS06_a_pending_request_reserves_a_place_and_gives_it_back_when_it_comes_to_nothing(
    units: Units, place: House, payer: Patient
) -> None:
    await bind_some(units, place, payer, 4)
    asked = await ask_to_bind(units, payer.actor, place.hospital, await add_member(units, payer.account))
    other = await add_member(units, payer.account, name="样例辛", born=date(1950, 1, 2))
    with pytest.raises(MonthFull):
        await ask_to_bind(units, payer.actor, place.hospital, other)
    await requesting.withdraw(units, payer.actor, asked.id)
    assert (await ask_to_bind(units, payer.actor, place.hospital, other)).state is BindingState.PROVING


async def test_GS06_at_midnight_of_the_first_a_new_month_begins(
    units: Units, clock: FixedClock, place: House, payer: Patient
) -> None:
    midnight = day_start(date(2026, 12, 1))
    clock.move_business_to(midnight - timedelta(seconds=1))
    await bind_some(units, place, payer, 5)
    person = await add_member(units, payer.account, name="样例癸")
    with pytest.raises(MonthFull):
        await ask_to_bind(units, payer.actor, place.hospital, person)
    clock.move_business_to(midnight)
    assert await left(units, place, payer) == 5
    await bind_member(units, payer.actor, place.hospital, person)
    assert (await places(units, Side.USER, payer.account.id))[-1] == (date(2026, 12, 1), 1)


async def test_GS06_a_request_keeps_its_place_over_the_turn_of_the_month_and_counts_where_it_is_bound(
    units: Units, clock: FixedClock, place: House, payer: Patient
) -> None:
    clock.move_business_to(day_start(date(2026, 12, 1)) - timedelta(minutes=1))
    asked = await ask_to_bind(units, payer.actor, place.hospital, await add_member(units, payer.account))
    clock.move_business_to(day_start(date(2026, 12, 1)))
    assert await left(units, place, payer) == 4
    await bind_some(units, place, payer, 4)
    last = await add_member(units, payer.account, name="样例辛", born=date(1950, 1, 2))
    with pytest.raises(MonthFull):
        await ask_to_bind(units, payer.actor, place.hospital, last)
    await prove(units, asked)
    assert [month for month, _ in await places(units, Side.USER, payer.account.id)] == [date(2026, 12, 1)] * 5


async def test_GS06_a_request_nobody_proved_lapses_by_itself(
    units: Units, clock: FixedClock, place: House, payer: Patient, house: RunningHouse
) -> None:
    asked = await ask_to_bind(units, payer.actor, place.hospital, await add_member(units, payer.account))
    clock.move_business_to(asked.lapses_at - timedelta(seconds=1))
    await house.sweeper.sweep()
    assert (await reread_binding(units, asked.id)).state is BindingState.PROVING
    clock.move_business_to(asked.lapses_at)
    await house.sweeper.sweep()
    assert (await reread_binding(units, asked.id)).state is BindingState.LAPSED
    assert await places(units, Side.USER, payer.account.id) == []
    assert Notice.FAMILY_LAPSED in await told(units, payer.account)


# Two a member.


async def test_GS07_a_member_is_bound_twice_a_month_whoever_asks(units: Units, place: House) -> None:
    number = ""
    for turn, phone in enumerate(["13800001231", "13800001232", "13800001233"]):
        user = await add_booker(units, place, phone, name=f"样例{'甲乙丙'[turn]}")
        mother = await add_member(units, user.account, name="样例母", number=number)
        number = mother.document_number
        if turn < 2:
            await bind_member(units, user.actor, place.hospital, mother)
        else:
            with pytest.raises(MemberMonthFull) as raised:
                await ask_to_bind(units, user.actor, place.hospital, mother)
            assert raised.value.facts == {"limit": 2, "resets_on": "2026-12-01"}
            assert await places(units, Side.USER, user.account.id) == []
            assert await left(units, place, user) == 5


async def test_GS07_the_same_user_again_is_the_second_and_the_third_is_refused(
    units: Units, place: House, payer: Patient
) -> None:
    person = await add_member(units, payer.account)
    for _ in range(2):
        bound = await bind_member(units, payer.actor, place.hospital, person)
        await ending.unbind(units, payer.actor, bound.id)
    with pytest.raises(MemberMonthFull):
        await ask_to_bind(units, payer.actor, place.hospital, person)
    await publish_policy(units, place.hospital.id, family={"max_bindings_per_member_per_month": 3})
    await bind_member(units, payer.actor, place.hospital, person)


async def test_GS06_GS07_no_place_is_taken_twice_even_by_a_statement_of_its_own(
    units: Units, place: House, payer: Patient
) -> None:
    """The wall behind the lock: the key itself."""
    bound = await bind_member(units, payer.actor, place.hospital, await add_member(units, payer.account))
    with pytest.raises(sa.exc.IntegrityError):
        async with units.system("test") as unit:
            unit.session.add(
                Place(
                    side=Side.USER, holder_id=payer.account.id, month=date(2026, 11, 1), ordinal=1,
                    binding_id=bound.id, account_id=payer.account.id,
                )
            )  # fmt: skip


# Who may be asked for.


async def test_GS02_only_somebody_one_acts_for_can_be_bound(
    units: Units, place: House, payer: Patient
) -> None:
    with pytest.raises(NotARelative):
        await ask_to_bind(units, payer.actor, place.hospital, payer.person)
    stranger = await add_booker(units, place, "13800007777", name="样例壬")
    with pytest.raises(PersonNotFound):
        await ask_to_bind(units, payer.actor, place.hospital, stranger.person)
    waiting = await add_person(
        units, payer.account, name="样例戊", relation=Relation.PARENT, born=date(1950, 4, 4),
        state=LinkState.PENDING, missing=("adult",),
    )  # fmt: skip
    with pytest.raises(LinkPending):
        await ask_to_bind(units, payer.actor, place.hospital, waiting)


async def test_GS02_who_never_showed_who_they_are_pays_for_nobody(units: Units, place: House) -> None:
    account = await add_patient(units, "13800004444")
    person = await add_member(units, account)
    with pytest.raises(PayerUnknown):
        await ask_to_bind(units, patient(account), place.hospital, person)


async def test_GS02_a_relative_is_bound_once(units: Units, place: House, payer: Patient) -> None:
    person = await add_member(units, payer.account)
    await ask_to_bind(units, payer.actor, place.hospital, person)
    with pytest.raises(AlreadyBound):
        await ask_to_bind(units, payer.actor, place.hospital, person)


async def test_REG63_below_fourteen_nothing_begins_without_the_guardians_separate_word(
    units: Units, place: House, payer: Patient
) -> None:
    child = await add_member(units, payer.account, name="样例童", born=CHILD, relation=Relation.CHILD)
    with pytest.raises(FieldsInvalid) as raised:
        await request(units, payer.actor, Wanted(child.id, place.hospital.code))
    assert set(raised.value.fields) == {"agree_paying", "agree_child"}
    with pytest.raises(FieldsInvalid) as raised:
        await request(
            units, payer.actor, Wanted(child.id, place.hospital.code, frozenset({Purpose.FAMILY_PAYING}))
        )
    assert set(raised.value.fields) == {"agree_child"}
    await ask_to_bind(units, payer.actor, place.hospital, child)


async def test_GS12_a_hospital_that_does_not_offer_it_yet_takes_no_request(
    units: Units, clock: FixedClock, payer: Patient, place: House
) -> None:
    person = await add_member(units, payer.account)
    await publish_policy(units, place.hospital.id, family={"opens_on": "2026-12-01"})
    with pytest.raises(FamilyClosed):
        await ask_to_bind(units, payer.actor, place.hospital, person)
    clock.move_business_to(day_start(date(2026, 12, 1)))
    await ask_to_bind(units, payer.actor, place.hospital, person)
    await publish_policy(units, place.hospital.id, family={"enabled": False})
    with pytest.raises(FamilyClosed):
        await ask_to_bind(
            units, payer.actor, place.hospital, await add_member(units, payer.account, name="样例庚")
        )


# Either side ends it.


async def test_GS08_the_user_unbinds_and_the_member_is_told(units: Units, place: House) -> None:
    payer = await add_booker(units, place)
    mother = await add_booker(units, place, "13800005555", name="样例母", born=date(1955, 2, 3))
    person = await add_member(
        units, payer.account, name="样例母", born=date(1955, 2, 3), number=mother.person.document_number
    )
    assert person.id == mother.person.id
    bound = await bind_member(units, payer.actor, place.hospital, person)
    assert Notice.FAMILY_PAYER_BOUND in await told(units, mother.account)
    await ending.unbind(units, payer.actor, bound.id)
    assert (await reread_binding(units, bound.id)).state is BindingState.ENDED
    assert Notice.FAMILY_PAYER_ENDED in await told(units, mother.account)
    assert Notice.FAMILY_ENDED not in await told(units, payer.account)
    with pytest.raises(AlreadyDecided):
        await ending.unbind(units, payer.actor, bound.id)


async def test_GS08_the_member_unbinds_alone_and_the_user_is_told(units: Units, place: House) -> None:
    payer = await add_booker(units, place)
    mother = await add_booker(units, place, "13800005555", name="样例母", born=date(1955, 2, 3))
    person = await add_member(units, payer.account, name="样例母", number=mother.person.document_number)
    bound = await bind_member(units, payer.actor, place.hospital, person)
    done = await ending.unbind(units, mother.actor, bound.id)
    assert (done.state, done.ended_by) == (BindingState.ENDED, "member")
    assert Notice.FAMILY_ENDED in await told(units, payer.account)
    async with units.system("test") as unit:
        standing = await unit.session.scalars(
            sa.select(Consent.purpose).where(Consent.person_id == person.id, Consent.withdrawn_at.is_(None))
        )
        assert Purpose.FAMILY_PAYING not in set(standing)


async def test_GS08_nobody_else_unbinds_it(units: Units, place: House, payer: Patient) -> None:
    bound = await bind_member(units, payer.actor, place.hospital, await add_member(units, payer.account))
    other = await add_booker(units, place, "13800006666", name="样例壬")
    with pytest.raises(BindingNotFound):
        await ending.unbind(units, other.actor, bound.id)


async def test_GS08_GS14_a_member_without_a_phone_unbinds_at_the_desk_of_their_hospital(
    units: Units, place: House, payer: Patient
) -> None:
    bound = await bind_member(units, payer.actor, place.hospital, await add_member(units, payer.account))
    there = await add_house(units, "jiangbin")
    stranger = staff(await add_staff(units, there.hospital.id, login="desk.there"))
    with pytest.raises(BindingNotFound):
        await ending.unbind_at_desk(units, stranger, bound.id)
    desk = staff(await add_staff(units, place.hospital.id, login="desk.here"))
    assert (await ending.unbind_at_desk(units, desk, bound.id)).ended_by == "desk"
    assert Notice.FAMILY_ENDED in await told(units, payer.account)


async def test_GS08_who_may_no_longer_act_for_somebody_no_longer_pays_for_them(
    units: Units, place: House, payer: Patient
) -> None:
    person = await add_member(units, payer.account)
    bound = await bind_member(units, payer.actor, place.hospital, person)
    await end_link(units, payer.actor, person.id)
    assert (await reread_binding(units, bound.id)).state is BindingState.ENDED


async def test_GS03_a_consent_taken_back_in_mid_flow_ends_the_request(
    units: Units, place: House, payer: Patient
) -> None:
    child = await add_member(units, payer.account, name="样例童", born=CHILD, relation=Relation.CHILD)
    asked = await ask_to_bind(units, payer.actor, place.hospital, child)
    async with units.of(payer.actor) as unit:
        consent = await unit.session.scalar(
            sa.select(Consent.id).where(Consent.purpose == Purpose.FAMILY_CHILD)
        )
    assert consent is not None
    assert not await withdraw_consent(units, payer.actor, child.id, consent)
    assert (await reread_binding(units, asked.id)).state is BindingState.WITHDRAWN
    assert await places(units, Side.USER, payer.account.id) == []
    async with units.of(payer.actor) as unit:
        assert (await link_for(unit, payer.account.id, child.id)).state is LinkState.ACTIVE


# What the payer may read.


async def test_GS01_the_names_on_the_bills_are_the_members_to_show_and_to_hide_again(
    units: Units, place: House
) -> None:
    payer = await add_booker(units, place)
    mother = await add_booker(units, place, "13800005555", name="样例母", born=date(1955, 2, 3))
    person = await add_member(units, payer.account, name="样例母", number=mother.person.document_number)

    async def sees() -> bool:
        async with units.of(payer.actor) as unit:
            return await viewing.sees_details(unit, payer.account.id, person.id)

    assert await sees()
    bound = await bind_member(units, payer.actor, place.hospital, person)
    assert not await sees()
    with pytest.raises(BindingNotFound):
        await viewing.agree_details(units, payer.actor, bound.id, agreed=True)
    await viewing.agree_details(units, mother.actor, bound.id, agreed=True)
    assert await sees()
    await viewing.agree_details(units, mother.actor, bound.id, agreed=False)
    assert not await sees()
    await viewing.agree_details(units, mother.actor, bound.id, agreed=True)
    await ending.unbind(units, mother.actor, bound.id)
    assert not await sees()
    async with units.of(payer.actor) as unit:
        assert await viewing.sees_details(unit, payer.account.id, payer.person.id)


async def test_GS01_a_guardian_says_yes_for_a_child_until_its_sixteenth_birthday(
    units: Units, clock: FixedClock, place: House, payer: Patient
) -> None:
    clock.move_business_to(datetime(2026, 12, 31, 15, 59, 59, tzinfo=UTC))
    child = await add_member(
        units, payer.account, name="样例童", born=date(2011, 1, 1), relation=Relation.CHILD
    )
    bound = await bind_member(units, payer.actor, place.hospital, child)
    await viewing.agree_details(units, payer.actor, bound.id, agreed=True)
    await viewing.agree_details(units, payer.actor, bound.id, agreed=False)
    clock.move_business_to(datetime(2026, 12, 31, 16, 0, 0, tzinfo=UTC))
    with pytest.raises(BindingNotFound):
        await viewing.agree_details(units, payer.actor, bound.id, agreed=True)
    async with units.of(payer.actor) as unit:
        assert not await viewing.sees_details(unit, payer.account.id, child.id)


async def test_GS06_the_end_of_a_31_day_month_is_counted_in_shanghai(
    units: Units, clock: FixedClock, place: House, payer: Patient
) -> None:
    clock.move_business_to(datetime(2026, 12, 31, 15, 59, 59, tzinfo=UTC))
    await bind_some(units, place, payer, 1)
    clock.move_business_to(datetime(2026, 12, 31, 16, 0, 0, tzinfo=UTC))
    person = await add_member(units, payer.account, name="样例癸", born=date(1949, 1, 1))
    await bind_member(units, payer.actor, place.hospital, person)
    assert [month for month, _ in await places(units, Side.USER, payer.account.id)] == [
        date(2026, 12, 1), date(2027, 1, 1),
    ]  # fmt: skip
