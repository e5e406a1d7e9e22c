"""The gate with a hospital's system behind it: what it asks, what it keeps, what it never lets pass."""

from datetime import timedelta
from uuid import UUID

import pytest
import sqlalchemy as sa

from telehealth.core.audit import AuditRecord
from telehealth.core.clock import FixedClock, add_months, hospital_day
from telehealth.core.settings import Settings
from telehealth.core.unit import Units
from telehealth.directory import NoticeChannel, accept_notice
from telehealth.directory.models import Hospital
from telehealth.eligibility import CheckNotFound, CheckOutdated, NotEligible
from telehealth.eligibility.checking import Question, assess, decide_at_admission, decide_for_slot
from telehealth.eligibility.facts import Decision, GateCode, Stage
from telehealth.eligibility.models import GateDecision
from telehealth.eligibility.queries import decision
from telehealth.patients.models import Person
from telehealth.patients.rules import Relation
from telehealth.rulebook.rules import ClinicKind
from tests.support.factories.accounts import add_patient, add_staff, patient, staff
from tests.support.factories.directory import add_hospital, add_notice
from tests.support.factories.eligibility import Follower, add_check, add_follower
from tests.support.factories.patients import add_card, add_person
from tests.support.factories.rulebook import publish_policy
from tests.support.outside import admit, clock_of_the_world, reach, stranger, visited
from tests.support.sandbox import Sandbox

pytestmark = pytest.mark.anyio

C = GateCode


@pytest.fixture
def clock() -> FixedClock:
    return clock_of_the_world()


@pytest.fixture
def settings(settings: Settings, sandbox: Sandbox) -> Settings:
    return reach(settings, sandbox)


@pytest.fixture
async def hospital(units: Units) -> Hospital:
    row = await add_hospital(units, "yunan")
    await publish_policy(units, row.id)
    return row


@pytest.fixture
async def known(units: Units, hospital: Hospital, sandbox: Sandbox) -> Follower:
    """Somebody whom the hospital's system knows, with a visit three weeks ago; nobody asked it yet."""
    outside = admit(sandbox, stranger())
    visited(sandbox, outside, days_ago=21)
    account = await add_patient(units)
    person = await add_person(units, account, born=outside.born, number=outside.number)
    await add_card(units, hospital.id, account, person, his_patient_id=outside.his_id)
    return Follower(account, person)


def basics(hospital: Hospital, person: Person) -> Question:
    return Question(hospital.id, person.id, Stage.BASICS)


async def test_XY02_a_visit_the_hospital_confirms_opens_the_gate_and_is_kept_as_evidence(
    units: Units, hospital: Hospital, known: Follower, clock: FixedClock
) -> None:
    made = await assess(units, known.actor, basics(hospital, known.person))
    assert made.decision.allowed
    day = hospital_day(clock.business()) - timedelta(days=21)
    assert made.decision.satisfied_until == add_months(day, 6)
    [kept] = made.row.evidence
    assert kept["resource"].endswith("-v1") and kept["version"] == "1" and len(kept["digest"]) == 64
    assert kept["fetched_at"] == clock.business().isoformat()
    assert made.row.policy_number == 1 and made.row.inputs["last_counting_visit"] == day.isoformat()


async def test_the_policy_version_that_decided_is_stored_and_a_new_one_decides_anew(
    units: Units, hospital: Hospital, known: Follower
) -> None:
    first = await assess(units, known.actor, basics(hospital, known.person))
    await publish_policy(units, hospital.id, eligibility={"min_age_years": 90})
    second = await assess(units, known.actor, basics(hospital, known.person))
    assert (first.row.policy_number, second.row.policy_number) == (1, 2)
    assert first.row.policy_id != second.row.policy_id
    assert first.row.allowed and second.decision.codes == (C.AGE_BELOW_MINIMUM,)


async def test_XY06_without_a_card_the_hospital_is_not_asked_and_its_visits_stay_open(
    units: Units, hospital: Hospital, sandbox: Sandbox
) -> None:
    nobody = await add_follower(units, hospital.id, card=False, days_ago=None)
    sandbox.forget_requests()
    made = await assess(units, nobody.actor, basics(hospital, nobody.person))
    assert sandbox.requests("his") == []
    assert made.decision.codes == (C.CARD_NOT_BOUND,)
    assert C.NO_RECENT_OFFLINE_VISIT in made.decision.not_asked


async def test_XY06_a_patient_who_browses_asks_the_hospital_once(
    units: Units, hospital: Hospital, known: Follower, sandbox: Sandbox, clock: FixedClock
) -> None:
    await assess(units, known.actor, basics(hospital, known.person))
    sandbox.forget_requests()
    await assess(units, known.actor, basics(hospital, known.person))
    assert sandbox.requests("his") == []
    clock.advance(timedelta(minutes=11))
    await assess(units, known.actor, basics(hospital, known.person))
    assert sandbox.requests("his") != []


@pytest.mark.parametrize("fault", [{"mode": "down"}, {"mode": "slow", "seconds": 3}, {"mode": "throttled"}])
async def test_XY24_a_system_that_does_not_answer_passes_nobody_and_refuses_nobody(
    units: Units, hospital: Hospital, known: Follower, sandbox: Sandbox, fault: dict[str, object]
) -> None:
    with sandbox.faults(his=fault):
        made = await assess(units, known.actor, basics(hospital, known.person))
    assert not made.row.allowed and made.row.pending
    assert made.decision.codes == (C.HIS_UNAVAILABLE,)
    assert made.row.inputs["his_available"] is False


async def test_XY24_a_refusal_by_another_rule_is_no_pending_seat(
    units: Units, hospital: Hospital, known: Follower, sandbox: Sandbox
) -> None:
    await publish_policy(units, hospital.id, eligibility={"min_age_years": 90})
    with sandbox.faults(his={"mode": "down"}):
        made = await assess(units, known.actor, basics(hospital, known.person))
    assert set(made.decision.codes) == {C.AGE_BELOW_MINIMUM, C.HIS_UNAVAILABLE} and not made.row.pending


async def test_XY03_records_nobody_asked_for_open_nothing(
    units: Units, hospital: Hospital, sandbox: Sandbox
) -> None:
    """A system that ignores our parameters answers with cancelled visits, strangers' and other hospitals'."""
    outside = admit(sandbox, stranger())
    visited(sandbox, outside, days_ago=10, status="cancelled")
    account = await add_patient(units)
    person = await add_person(units, account, born=outside.born, number=outside.number)
    await add_card(units, hospital.id, account, person, his_patient_id=outside.his_id)
    with sandbox.faults(his={"mode": "ignored_parameter"}):
        made = await assess(units, patient(account), basics(hospital, person))
    assert made.decision.codes == (C.NO_RECENT_OFFLINE_VISIT,)
    assert made.decision.offer_offline_registration


async def test_XY03_which_visits_count_is_the_hospitals_own_number(
    units: Units, hospital: Hospital, known: Follower, sandbox: Sandbox
) -> None:
    await publish_policy(units, hospital.id, eligibility={"visit_kinds_that_count": ["inpatient"]})
    made = await assess(units, known.actor, basics(hospital, known.person))
    assert made.decision.codes == (C.NO_RECENT_OFFLINE_VISIT,)


async def test_XY02_the_slot_is_judged_on_its_own_day(
    units: Units, hospital: Hospital, known: Follower, clock: FixedClock
) -> None:
    check = await add_check(units, known, hospital.id)
    until = add_months(hospital_day(clock.business()) - timedelta(days=21), 6)
    await accept(units, hospital, known)
    async with units.of(known.actor) as unit:
        last = Question(hospital.id, known.person.id, slot_date=until)
        assert (await decide_for_slot(unit, check.id, last)).allowed
    with pytest.raises(NotEligible) as refused:
        async with units.of(known.actor) as unit:
            await decide_for_slot(
                unit, check.id, Question(hospital.id, known.person.id, slot_date=until + timedelta(days=1))
            )
    [finding] = refused.value.facts["findings"]
    assert finding["code"] == "NO_RECENT_OFFLINE_VISIT" and finding["satisfied_until"] == until.isoformat()


async def test_XY21_no_seat_without_the_current_notice(
    units: Units, hospital: Hospital, known: Follower, clock: FixedClock
) -> None:
    check = await add_check(units, known, hospital.id)
    await add_notice(units, hospital.id)
    with pytest.raises(NotEligible) as refused:
        async with units.of(known.actor) as unit:
            tomorrow = unit.today + timedelta(days=1)
            await decide_for_slot(unit, check.id, Question(hospital.id, known.person.id, slot_date=tomorrow))
    assert [found["code"] for found in refused.value.facts["findings"]] == ["NOTICE_NOT_ACCEPTED"]


async def test_a_check_is_good_for_its_person_its_hospital_and_two_hours(
    units: Units, hospital: Hospital, known: Follower, clock: FixedClock
) -> None:
    check = await add_check(units, known, hospital.id)
    other = await add_person(
        units, known.account, born=known.person.birth_date, name="样例丙", relation=Relation.SPOUSE
    )
    async with units.of(known.actor) as unit:
        with pytest.raises(CheckOutdated):
            await decide_for_slot(unit, check.id, Question(hospital.id, other.id, slot_date=unit.today))
    clock.advance(timedelta(hours=2, seconds=1))
    async with units.of(known.actor) as unit:
        with pytest.raises(CheckOutdated):
            await decide_for_slot(
                unit, check.id, Question(hospital.id, known.person.id, slot_date=unit.today)
            )


async def test_XY01_XY02_are_asked_again_at_admission(
    units: Units, hospital: Hospital, known: Follower, sandbox: Sandbox, clock: FixedClock
) -> None:
    booked = await booked_decision(units, hospital, known)
    clock.advance(timedelta(hours=3))
    admitted = await decide_at_admission(units, known.actor, booked)
    assert admitted.row.allowed and admitted.row.id != booked.id
    await publish_policy(units, hospital.id, eligibility={"min_age_years": 90})
    refused = await decide_at_admission(units, known.actor, booked)
    assert refused.decision.codes == (C.AGE_BELOW_MINIMUM,)


async def test_XY02_stored_evidence_stands_at_admission_when_the_system_is_down(
    units: Units, hospital: Hospital, known: Follower, sandbox: Sandbox, clock: FixedClock
) -> None:
    booked = await booked_decision(units, hospital, known)
    clock.advance(timedelta(hours=3))
    with sandbox.faults(his={"mode": "down"}):
        admitted = await decide_at_admission(units, known.actor, booked)
    assert admitted.row.allowed
    assert admitted.row.evidence == booked.evidence


async def test_XY04_what_was_declared_is_sealed_and_a_red_flag_is_not_named_in_the_open(
    units: Units, hospital: Hospital, known: Follower
) -> None:
    row = await add_check(units, known, hospital.id, red_flags=("chest_pain",))
    assert Decision.of_record(row.result).codes == (C.RED_FLAG,)
    async with units.system("test") as unit:
        raw = (
            await unit.session.execute(
                sa.text("select to_jsonb(g)::text from gate_decisions g where id = :id"), {"id": row.id}
            )
        ).scalar_one()
        audit = await unit.session.scalars(
            sa.select(AuditRecord).where(AuditRecord.subject_id == str(row.id))
        )
        facts = [record.facts for record in audit]
    assert "chest_pain" not in raw and "chest_pain" not in str(facts)
    assert row.declared.red_flags == ("chest_pain",)


async def test_a_decision_is_never_changed_nor_removed(
    units: Units, hospital: Hospital, known: Follower
) -> None:
    row = await add_check(units, known, hospital.id, stage=Stage.BASICS, stable=None, red_flags=None)
    async with units.system("test") as unit:
        changed = await unit.session.execute(sa.update(GateDecision).values(allowed=False))
        removed = await unit.session.execute(sa.delete(GateDecision))
        assert (changed.rowcount, removed.rowcount) == (0, 0)  # type: ignore[attr-defined]
    async with units.of(known.actor) as unit:
        assert (await decision(unit, row.id)).allowed


async def test_SJ01_an_offline_registration_passes_without_visit_or_declaration(
    units: Units, hospital: Hospital
) -> None:
    newcomer = await add_follower(units, hospital.id, card=False, days_ago=None)
    row = await add_check(units, newcomer, hospital.id, kind=ClinicKind.OFFLINE, stable=None, red_flags=None)
    assert row.allowed and Decision.of_record(row.result).not_asked == ()


async def test_row_level_security_shows_a_decision_to_its_account_and_its_hospital_only(
    units: Units, hospital: Hospital, known: Follower
) -> None:
    row = await add_check(units, known, hospital.id)
    other = await add_hospital(units, "jiangbin", name="江滨医院")
    here = staff(await add_staff(units, hospital.id, login="here"))
    there = staff(await add_staff(units, other.id, login="there", phone="13800009999"))
    stranger_account = patient(await add_patient(units, "13800007777"))
    for actor, seen in ((known.actor, 1), (here, 1), (there, 0), (stranger_account, 0)):
        async with units.of(actor) as unit:
            assert await unit.session.scalar(sa.select(sa.func.count()).select_from(GateDecision)) == seen
    async with units.of(there) as unit:
        with pytest.raises(CheckNotFound):
            await decision(unit, row.id)


async def accept(units: Units, hospital: Hospital, who: Follower) -> None:
    notice = await add_notice(units, hospital.id)
    async with units.of(who.actor) as unit:
        await accept_notice(
            unit, hospital.id, notice.sha256, account_id=who.account.id, channel=NoticeChannel.BROWSER
        )


async def booked_decision(units: Units, hospital: Hospital, who: Follower) -> GateDecision:
    check: UUID = (await add_check(units, who, hospital.id)).id
    await accept(units, hospital, who)
    async with units.of(who.actor) as unit:
        return await decide_for_slot(
            unit, check, Question(hospital.id, who.person.id, slot_date=unit.today + timedelta(days=1))
        )
