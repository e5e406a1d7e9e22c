"""From "may the insurer pay a part" to four parts, or to none (XY07, XY10, GD01, BJ06, GS10)."""

import asyncio
from datetime import date, timedelta
from typing import Any
from uuid import uuid4

import pytest
import sqlalchemy as sa

from telehealth.bookings.states import BookingState
from telehealth.core.audit import AuditRecord
from telehealth.core.clock import FixedClock
from telehealth.core.errors import FieldsInvalid, TransitionRefused
from telehealth.core.ids import new_id
from telehealth.core.settings import Settings
from telehealth.core.unit import Units
from telehealth.family import PaymentCheckNeeded
from telehealth.family.ending import unbind
from telehealth.insurance import (
    AuthorisationLost,
    Category,
    CoverNotFound,
    CoverNotOffered,
    CoverState,
    CoverTaken,
    Fee,
    Giveup,
    InsurerDown,
    InsurerRefused,
    SplitUnsound,
    cover_of,
    cover_of_charge,
    last_refused,
)
from telehealth.insurance.covering import authorised, given_back, refused, ruling, settled
from telehealth.insurance.models import Cover
from telehealth.insurance.pricing import price
from telehealth.insurance.rules import BEIJING, ELSEWHERE, UNINSURED, NotOffered
from telehealth.insurance.sharing import payer_and_patient
from telehealth.patients import PersonNotFound
from telehealth.patients.rules import Relation
from telehealth.web.house import House as RunningHouse
from tests.support.factories.accounts import add_patient
from tests.support.factories.bookings import (
    House,
    Patient,
    add_booker,
    add_house,
    add_relative,
    audited,
    book,
)
from tests.support.factories.bookings import reread as reread_booking
from tests.support.factories.family import bind_payer, check_payer
from tests.support.factories.insurance import (
    ask_cover,
    authorise_cover,
    calls,
    cover_wish,
    held_by_insurer,
    insure,
    priced_cover,
    records,
    reread_cover,
    say_region,
    token_of,
)
from tests.support.factories.patients import add_person
from tests.support.factories.rulebook import publish_policy
from tests.support.factories.schedule import add_clinic
from tests.support.outside import clock_of_the_world, reach
from tests.support.sandbox import Sandbox


@pytest.fixture
def clock() -> FixedClock:
    return clock_of_the_world()


@pytest.fixture
def settings(settings: Settings, own_sandbox: Sandbox) -> Settings:
    return reach(settings, own_sandbox)


@pytest.fixture
def sandbox(own_sandbox: Sandbox) -> Sandbox:
    return own_sandbox


@pytest.fixture
async def place(units: Units) -> House:
    return await add_house(units)


@pytest.fixture
async def who(units: Units, place: House, sandbox: Sandbox) -> Patient:
    """Insured in Beijing, and has said so."""
    who = insure(sandbox, await add_booker(units, place))
    await say_region(units, place, who)
    sandbox.forget_requests()
    return who


async def ruled(units: Units, place: House, who: Patient, **changes: Any) -> NotOffered | None:
    facts: dict[str, Any] = {
        "hospital_id": place.hospital.id,
        "person_id": who.person.id,
        "line_kinds": ("consult_fee",),
        "in_wechat": True,
    }
    async with units.of(who.actor) as unit:
        return (await ruling(unit, **(facts | changes))).reason


# Who is offered a split.


async def test_XY07_a_person_who_says_beijing_is_offered_a_split(
    units: Units, place: House, who: Patient
) -> None:
    assert await ruled(units, place, who) is None
    assert await ruled(units, place, who, line_kinds=("drug",)) is NotOffered.LINE
    assert await ruled(units, place, who, in_wechat=False) is NotOffered.NOT_IN_WECHAT


async def test_XY07_a_person_who_said_nothing_is_asked_to(units: Units, place: House) -> None:
    who = await add_booker(units, place, "13800001235")
    assert await ruled(units, place, who) is NotOffered.UNDECLARED


@pytest.mark.parametrize(
    ("region", "reason"), [(ELSEWHERE, NotOffered.REGION), (UNINSURED, NotOffered.UNINSURED)]
)
async def test_XY10_who_is_insured_elsewhere_is_never_asked_about(
    units: Units, place: House, who: Patient, sandbox: Sandbox, region: str, reason: NotOffered
) -> None:
    await say_region(units, place, who, region)
    with pytest.raises(CoverNotOffered) as raised:
        await ask_cover(units, place, who)
    assert raised.value.facts["reason"] == reason
    assert sandbox.requests("nhsa") == []


async def test_XY10_the_insurers_word_stands_over_what_somebody_says(
    units: Units, place: House, sandbox: Sandbox, clock: FixedClock
) -> None:
    who = insure(sandbox, await add_booker(units, place), region="130100")
    await say_region(units, place, who, BEIJING)
    with pytest.raises(CoverNotOffered) as raised:
        await ask_cover(units, place, who)
    assert raised.value.facts["reason"] == NotOffered.REGION
    sandbox.forget_requests()

    record = await say_region(units, place, who, BEIJING)
    assert (record.region, record.division) == (ELSEWHERE, "130100")
    with pytest.raises(CoverNotOffered):
        await ask_cover(units, place, who)
    assert sandbox.requests("nhsa") == []

    clock.move_business_to(clock.business() + timedelta(days=31))
    assert (await say_region(units, place, who, BEIJING)).verified_at is None


@pytest.mark.parametrize(
    ("med_types", "category"),
    [(["14"], Category.CHRONIC), (["51"], Category.MATERNITY), (["61"], Category.WORK_INJURY)],
)
async def test_GS10_other_categories_hear_it_before_they_authorise_or_pay(
    units: Units, place: House, who: Patient, sandbox: Sandbox, med_types: list[str], category: Category
) -> None:
    insure(sandbox, who, med_types=med_types)
    with pytest.raises(CoverNotOffered) as raised:
        await ask_cover(units, place, who)
    assert raised.value.facts["reason"] == NotOffered.CATEGORY
    assert "自费" in raised.value.facts["sentence"]
    assert [record.category for record in await records(units)] == [category]
    assert await ruled(units, place, who) is NotOffered.CATEGORY
    async with units.system("test") as unit:
        assert (await unit.session.scalars(sa.select(Cover))).all() == []


async def test_GS09_somebody_with_both_settles_as_ordinary(
    units: Units, place: House, who: Patient, sandbox: Sandbox
) -> None:
    insure(sandbox, who, med_types=["14", "11"])
    cover = await priced_cover(units, sandbox, place, who)
    assert (cover.state, cover.category) == (CoverState.PRICED, Category.ORDINARY)


async def test_somebody_the_insurer_never_met_is_uninsured(units: Units, place: House) -> None:
    who = await add_booker(units, place)
    await say_region(units, place, who)
    with pytest.raises(CoverNotOffered) as raised:
        await ask_cover(units, place, who)
    assert raised.value.facts["reason"] == NotOffered.UNINSURED


async def test_a_region_is_one_of_three_and_a_person_ones_own(
    units: Units, place: House, who: Patient
) -> None:
    with pytest.raises(FieldsInvalid):
        await say_region(units, place, who, "atlantis")
    stranger = Patient(await add_patient(units, "13800009999"), who.person)
    with pytest.raises(PersonNotFound):
        await say_region(units, place, stranger)
    with pytest.raises(PersonNotFound):
        await ask_cover(units, place, stranger)


async def test_GS01_without_knowing_the_payer_there_is_no_split(
    units: Units, place: House, sandbox: Sandbox
) -> None:
    account = await add_patient(units, "13800001236")
    child = await add_person(units, account, relation=Relation.CHILD, born=date(2012, 5, 6))
    who = insure(sandbox, Patient(account, child))
    await say_region(units, place, who)
    assert await ruled(units, place, who) is NotOffered.PAYER


# The four parts.


async def test_GD01_a_priced_cover_holds_four_parts_and_the_insurers_own_answer(
    units: Units, place: House, who: Patient, sandbox: Sandbox
) -> None:
    insure(sandbox, who, balance=333, other_rate_bp=1000)
    cover = await priced_cover(units, sandbox, place, who, total=4999)
    assert cover.state is CoverState.PRICED
    assert (cover.fund, cover.personal, cover.other, cover.cash) == (3499, 333, 500, 667)
    assert cover.raw["answer"]["fundPay"] == "34.99"
    assert (cover.region, cover.division) == (BEIJING, "110100")
    assert held_by_insurer(sandbox, cover) == ["priced"]
    async with units.of(who.actor) as unit:
        found = await cover_of_charge(unit, cover.charge_id)
    assert found is not None and found.id == cover.id


async def test_BJ06_the_authorisation_is_kept_as_a_consent_and_its_number_goes_once_it_is_used(
    units: Units, place: House, who: Patient, sandbox: Sandbox
) -> None:
    cover = await priced_cover(units, sandbox, place, who)
    assert cover.authorised_at is not None and cover.auth_number
    async with units.system("test") as unit:
        await settled(unit, cover.id)
        await settled(unit, cover.id)
    kept = await reread_cover(units, cover.id)
    assert (kept.state, kept.auth_number) == (CoverState.SETTLED, None)
    assert (kept.account_id, kept.person_id) == (who.account.id, who.person.id)
    consents = await audited(units, "cover.authorised")
    assert [fact["single_use"] for fact in consents] == [True]
    assert len(await audited(units, "cover.settled")) == 1


async def test_BJ06_no_number_and_no_name_is_in_what_is_recorded(
    units: Units, place: House, who: Patient, sandbox: Sandbox
) -> None:
    cover = await priced_cover(units, sandbox, place, who)
    async with units.system("test") as unit:
        facts = str([row.facts for row in await unit.session.scalars(sa.select(AuditRecord))])
        stored = (await unit.session.execute(sa.text("select to_jsonb(covers)::text from covers"))).scalar()
    for secret in (cover.auth_number, cover.pay_token, who.person.document_number, who.person.name):
        assert secret and secret not in facts and secret not in str(stored)


async def test_pricing_twice_asks_once(units: Units, place: House, who: Patient, sandbox: Sandbox) -> None:
    cover = await priced_cover(units, sandbox, place, who)
    sandbox.forget_requests()
    again = await price(units, who.actor, cover.id)
    assert (again.id, again.fund) == (cover.id, cover.fund)
    assert calls(sandbox) == 0


async def test_two_taps_at_once_are_one_order(
    units: Units, place: House, who: Patient, sandbox: Sandbox
) -> None:
    cover = await authorise_cover(units, sandbox, place, who)
    both = await asyncio.gather(*(price(units, who.actor, cover.id) for _ in range(2)))
    assert [(one.state, one.cash) for one in both] == [(CoverState.PRICED, 1500)] * 2
    assert held_by_insurer(sandbox, cover) == ["priced"]
    assert len(await audited(units, "cover.priced")) == 1


async def test_GD01_sums_that_disagree_end_the_cover_and_the_upload(
    units: Units, place: House, who: Patient, sandbox: Sandbox
) -> None:
    cover = await authorise_cover(units, sandbox, place, who)
    sandbox.faults(nhsa={"mode": "wrong_split"})
    with pytest.raises(SplitUnsound):
        await price(units, who.actor, cover.id)
    kept = await reread_cover(units, cover.id)
    assert (kept.state, kept.reason, kept.auth_number) == (CoverState.REFUSED, Giveup.IDENTITY, None)
    assert held_by_insurer(sandbox, cover) == ["revoked"]


@pytest.mark.parametrize(
    ("fault", "kind"),
    [
        ({"mode": "fund_includes_account"}, SplitUnsound),
        ({"mode": "refused", "infno": "6202"}, InsurerRefused),
    ],
)
async def test_GD01_what_the_insurer_says_wrongly_or_refuses_is_not_paid(
    units: Units, place: House, who: Patient, sandbox: Sandbox, fault: dict[str, Any], kind: type[Exception]
) -> None:
    insure(sandbox, who, balance=1000)
    cover = await authorise_cover(units, sandbox, place, who)
    sandbox.faults(nhsa=fault)
    with pytest.raises(kind):
        await price(units, who.actor, cover.id)
    sandbox.clear()
    assert (await reread_cover(units, cover.id)).state is CoverState.REFUSED
    assert held_by_insurer(sandbox, cover) == ["revoked"]


# What is refused leaves the seat.


async def test_BJ06_a_refusal_keeps_the_seat_and_leaves_self_pay(
    units: Units, place: House, who: Patient, sandbox: Sandbox
) -> None:
    planned = await add_clinic(units, place.doctor)
    booking = await book(units, place, who, planned.slot.id)
    asked = await ask_cover(units, place, who, charge_id=booking.id)
    async with units.of(who.actor) as unit:
        cover = await refused(unit, token_of(asked))
        assert await cover_of_charge(unit, booking.id) is None
        last = await last_refused(unit, booking.id)
    assert (cover.state, cover.reason) == (CoverState.REFUSED, Giveup.PATIENT)
    assert last is not None and last.id == cover.id
    held = await reread_booking(units, booking)
    assert (held.state, held.hold_until) == (BookingState.HELD, booking.hold_until)
    assert await ask_cover(units, place, who, charge_id=booking.id)


async def test_BJ06_an_authorisation_is_for_one_payment(
    units: Units, place: House, who: Patient, sandbox: Sandbox
) -> None:
    first = await ask_cover(units, place, who)
    number = sandbox.authorise_insurance(who.person.document_number)
    cover = await authorised(units, who.actor, token_of(first), number)
    assert (await authorised(units, who.actor, token_of(first), number)).id == cover.id
    with pytest.raises(CoverTaken):
        await authorised(units, who.actor, token_of(first), "another")
    await price(units, who.actor, cover.id)

    second = await ask_cover(units, place, who)
    reused = await authorised(units, who.actor, token_of(second), number)
    with pytest.raises(InsurerRefused):
        await price(units, who.actor, reused.id)
    kept = await reread_cover(units, reused.id)
    assert (kept.state, kept.reason) == (CoverState.REFUSED, Giveup.EXPIRED)
    assert held_by_insurer(sandbox, reused) == []
    with pytest.raises(AuthorisationLost):
        await price(units, who.actor, reused.id)


@pytest.mark.parametrize("number", ["", "x" * 41, "号码"])
async def test_BJ06_a_return_without_a_number_is_a_refusal(
    units: Units, place: House, who: Patient, number: str
) -> None:
    asked = await ask_cover(units, place, who)
    with pytest.raises(AuthorisationLost):
        await authorised(units, who.actor, token_of(asked), number)
    assert (await reread_cover(units, asked.cover_id)).state is CoverState.REFUSED


async def test_BJ06_who_stays_away_too_long_asks_again(
    units: Units, place: House, who: Patient, sandbox: Sandbox, clock: FixedClock
) -> None:
    asked = await ask_cover(units, place, who)
    clock.move_business_to(clock.business() + timedelta(minutes=30))
    number = sandbox.authorise_insurance(who.person.document_number)
    with pytest.raises(AuthorisationLost):
        await authorised(units, who.actor, token_of(asked), number)
    kept = await reread_cover(units, asked.cover_id)
    assert (kept.state, kept.reason) == (CoverState.REFUSED, Giveup.EXPIRED)


async def test_BJ06_nobody_uses_another_accounts_cover(
    units: Units, place: House, who: Patient, sandbox: Sandbox
) -> None:
    other = await add_booker(units, place, "13800001237", name="样例丁")
    asked = await ask_cover(units, place, who)
    with pytest.raises(CoverNotFound):
        await authorised(units, other.actor, token_of(asked), "number")
    with pytest.raises(CoverNotFound):
        await price(units, other.actor, asked.cover_id)
    async with units.of(other.actor) as unit:
        with pytest.raises(CoverNotFound):
            await cover_of(unit, asked.cover_id)


async def test_asking_again_gives_up_what_was_begun_but_never_what_is_ready_to_pay(
    units: Units, place: House, who: Patient, sandbox: Sandbox, clock: FixedClock
) -> None:
    charge_id = uuid4()
    first = await ask_cover(units, place, who, charge_id=charge_id)
    cover = await priced_cover(units, sandbox, place, who, charge_id=charge_id)
    assert (await reread_cover(units, first.cover_id)).reason == Giveup.ABANDONED
    with pytest.raises(CoverTaken):
        await ask_cover(units, place, who, charge_id=charge_id)
    clock.move_business_to(clock.business() + timedelta(minutes=10))
    await ask_cover(units, place, who, charge_id=charge_id)
    assert (await reread_cover(units, cover.id)).reason == Giveup.ABANDONED


async def test_an_insurer_that_is_silent_ends_nothing(
    units: Units, place: House, who: Patient, sandbox: Sandbox
) -> None:
    sandbox.faults(nhsa={"mode": "down"})
    with pytest.raises(InsurerDown):
        await ask_cover(units, place, who)
    sandbox.clear()
    cover = await authorise_cover(units, sandbox, place, who)
    with sandbox.faults(nhsa={"mode": "down"}), pytest.raises(InsurerDown):
        await price(units, who.actor, cover.id)
    assert (await reread_cover(units, cover.id)).state is CoverState.AUTHORISED
    assert (await price(units, who.actor, cover.id)).state is CoverState.PRICED


@pytest.mark.parametrize("infno", ["6201", "6202"])
async def test_GD02_a_lost_answer_is_asked_for_again_under_the_same_number(
    units: Units, place: House, who: Patient, sandbox: Sandbox, infno: str
) -> None:
    cover = await authorise_cover(units, sandbox, place, who)
    sandbox.faults(nhsa={"mode": "lost_answer", "times": 1, "infno": infno})
    with pytest.raises(InsurerDown):
        await price(units, who.actor, cover.id)
    priced = await price(units, who.actor, cover.id)
    assert (priced.state, priced.cash) == (CoverState.PRICED, 1500)
    assert held_by_insurer(sandbox, cover) == ["priced"]


async def test_a_line_that_is_not_split_online_begins_nothing(
    units: Units, place: House, who: Patient, sandbox: Sandbox
) -> None:
    with pytest.raises(CoverNotOffered) as raised:
        await ask_cover(units, place, who, lines=(Fee("drug", "药品", 4300),))
    assert raised.value.facts["reason"] == NotOffered.LINE
    assert sandbox.requests("nhsa") == []


async def test_a_region_that_changed_since_is_not_uploaded(
    units: Units, place: House, who: Patient, sandbox: Sandbox, clock: FixedClock
) -> None:
    cover = await authorise_cover(units, sandbox, place, who)
    async with units.system("test") as unit:
        await unit.session.execute(sa.text("update insurance_records set region = 'elsewhere'"))
    sandbox.forget_requests()
    with pytest.raises(CoverNotOffered):
        await price(units, who.actor, cover.id)
    assert calls(sandbox) == 0
    kept = await reread_cover(units, cover.id)
    assert (kept.state, kept.reason) == (CoverState.REFUSED, Giveup.REGION)


# Money came, and went back.


async def test_only_what_was_split_settles_and_only_what_settled_is_given_back(
    units: Units, place: House, who: Patient, sandbox: Sandbox
) -> None:
    asked = await ask_cover(units, place, who)
    async with units.system("test") as unit:
        with pytest.raises(TransitionRefused):
            await settled(unit, asked.cover_id)
    cover = await priced_cover(units, sandbox, place, who)
    async with units.system("test") as unit:
        await settled(unit, cover.id)
    async with units.system("test") as unit:
        await given_back(unit, cover.id)
        await given_back(unit, cover.id)
    kept = await reread_cover(units, cover.id)
    assert (kept.state, kept.pay_token) == (CoverState.REVERSED, None)
    assert kept.reversed_at is not None


async def test_GS01_payer_and_patient_are_two_people(
    units: Units, place: House, who: Patient, sandbox: Sandbox
) -> None:
    relative = insure(sandbox, await add_relative(units, place, who))
    await say_region(units, place, relative)
    bound = await bind_payer(units, place.hospital, who.account, relative.person)
    charge_id = new_id()
    await check_payer(units, who.account.id, charge_id)
    cover = await priced_cover(units, sandbox, place, relative, charge_id=charge_id)
    own = await priced_cover(units, sandbox, place, who)
    async with units.of(who.actor) as unit:
        both = await payer_and_patient(unit, cover)
        alone = await payer_and_patient(unit, await cover_of(unit, own.id))
    assert both.is_relative and not alone.is_relative
    assert both.payer.document_number == who.person.document_number
    assert both.patient.document_number == relative.person.document_number
    assert cover.account_id == who.account.id and cover.person_id == relative.person.id
    assert (cover.payer_id, cover.binding_id) == (who.person.id, bound.id)
    assert (own.payer_id, own.binding_id) == (who.person.id, None)


async def test_GS01_a_relative_who_is_not_bound_is_refused_with_a_way_out(
    units: Units, place: House, who: Patient, sandbox: Sandbox
) -> None:
    relative = insure(sandbox, await add_relative(units, place, who))
    await say_region(units, place, relative)
    assert await ruled(units, place, relative) is NotOffered.NOT_BOUND
    with pytest.raises(CoverNotOffered) as raised:
        await ask_cover(units, place, relative)
    assert raised.value.facts["reason"] == NotOffered.NOT_BOUND
    assert "自费支付" in raised.value.facts["sentence"] and "绑定" in raised.value.facts["sentence"]
    await bind_payer(units, place.hospital, who.account, relative.person)
    assert await ruled(units, place, relative) is None


async def test_GS12_a_relative_where_the_family_account_is_not_open_is_paid_for_by_oneself(
    units: Units, place: House, who: Patient
) -> None:
    relative = await add_relative(units, place, who)
    await say_region(units, place, relative)
    await bind_payer(units, place.hospital, who.account, relative.person)
    await publish_policy(units, place.hospital.id, family={"opens_on": "2199-01-01"})
    assert await ruled(units, place, relative) is NotOffered.FAMILY_CLOSED
    assert await ruled(units, place, who) is None


async def test_GS02_each_payment_for_a_relative_asks_the_payer_again(
    units: Units, place: House, who: Patient, sandbox: Sandbox
) -> None:
    relative = insure(sandbox, await add_relative(units, place, who))
    await say_region(units, place, relative)
    await bind_payer(units, place.hospital, who.account, relative.person)
    first, second = new_id(), new_id()
    with pytest.raises(PaymentCheckNeeded):
        await ask_cover(units, place, relative, charge_id=first)
    await check_payer(units, who.account.id, first)
    await ask_cover(units, place, relative, charge_id=first)
    # Spent: neither another try nor another payment goes by the same word.
    for charge_id in (first, second):
        with pytest.raises(PaymentCheckNeeded):
            await ask_cover(units, place, relative, charge_id=charge_id)
    assert (await ask_cover(units, place, who)).url


async def test_GS08_unbinding_revokes_what_is_not_captured_and_leaves_what_is(
    units: Units, place: House, who: Patient, sandbox: Sandbox, house: RunningHouse
) -> None:
    relative = insure(sandbox, await add_relative(units, place, who))
    await say_region(units, place, relative)
    bound = await bind_payer(units, place.hospital, who.account, relative.person)
    covers = []
    for _ in range(2):
        charge_id = new_id()
        await check_payer(units, who.account.id, charge_id)
        covers.append(await priced_cover(units, sandbox, place, relative, charge_id=charge_id))
    captured, open_one = covers
    async with units.system("test") as unit:
        await settled(unit, captured.id)
    own = await priced_cover(units, sandbox, place, who)

    await unbind(units, who.actor, bound.id)

    assert (await reread_cover(units, captured.id)).state is CoverState.SETTLED
    assert (await reread_cover(units, own.id)).reason is None
    given_up = await reread_cover(units, open_one.id)
    assert given_up.reason == Giveup.UNBOUND
    async with units.of(who.actor) as unit:
        with pytest.raises(CoverNotOffered):
            await payer_and_patient(unit, given_up)
    await house.jobs.work(until_idle=True)
    assert (await reread_cover(units, open_one.id)).state is CoverState.REVERSED
    assert held_by_insurer(sandbox, open_one) == ["revoked"]
    assert await ruled(units, place, relative) is NotOffered.NOT_BOUND


async def test_the_wish_of_a_charge_is_the_sum_of_its_lines(place: House, who: Patient) -> None:
    lines = (Fee("consult_fee", "诊查费", 3000), Fee("consult_fee", "加号", 2000))
    assert cover_wish(place, who, lines=lines).total == 5000
