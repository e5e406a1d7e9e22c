"""The follow-up gate, rule by rule, on the days where it turns."""

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from telehealth.core.clock import add_months
from telehealth.eligibility.rules import (
    Decision,
    Facts,
    GateCode,
    OfflineVisit,
    Outcome,
    Stage,
    Step,
    VisitStatus,
    age_on,
    birthday,
    decide,
    decide_at_admission,
    decide_stage,
)
from telehealth.rulebook.rules import (
    Channel,
    ClinicKind,
    LeapBirthday,
    PolicySet,
    VisitKind,
    parse_policy,
    sample_policy,
)
from telehealth.strikes.rules import Ban

TODAY = date(2026, 11, 21)
POLICY = sample_policy()


def visit(on: date, kind: str = "outpatient", status: str = "finished", **where: Any) -> OfflineVisit:
    return OfflineVisit(on, VisitKind(kind), VisitStatus(status), **where)


WELCOME = Facts(
    today=TODAY,
    slot_date=TODAY,
    birth_date=date(1980, 1, 1),
    identity_verified=True,
    card_bound=True,
    visits=(visit(date(2026, 9, 30)),),
    stable=True,
    red_flags=(),
    notice_accepted=True,
)


def facts(**changes: Any) -> Facts:
    return replace(WELCOME, **changes)


def on_slot(slot_date: date, **changes: Any) -> Facts:
    return facts(today=slot_date, slot_date=slot_date, **changes)


def policy(section: str, **values: Any) -> PolicySet:
    return parse_policy({section: values})


def check(decision: Decision, code: GateCode) -> Any:
    return next(each for each in decision.checks if each.code is code)


def test_XY04_a_stable_follow_up_inside_every_rule_is_allowed() -> None:
    decision = decide(WELCOME, POLICY)
    assert decision.allowed
    assert decision.codes == ()
    assert {each.outcome for each in decision.checks} == {Outcome.PASSED}


REFUSED: dict[GateCode, Facts] = {
    GateCode.IDENTITY_UNVERIFIED: facts(identity_verified=False),
    GateCode.CARD_NOT_BOUND: facts(card_bound=False),
    GateCode.AGE_BELOW_MINIMUM: facts(birth_date=date(2021, 3, 3)),
    GateCode.HIS_UNAVAILABLE: facts(his_available=False, visits=None),
    GateCode.NO_RECENT_OFFLINE_VISIT: facts(visits=()),
    GateCode.BANNED: facts(bans=(Ban(Channel.ONLINE, date(2026, 8, 21), TODAY),)),
    GateCode.NOT_STABLE: facts(stable=False),
    GateCode.RED_FLAG: facts(red_flags=("chest_pain",)),
    GateCode.NOTICE_NOT_ACCEPTED: facts(notice_accepted=False),
}


@pytest.mark.parametrize("code", list(GateCode))
def test_XY06_every_code_is_reachable_and_comes_alone(code: GateCode) -> None:
    decision = decide(REFUSED[code], POLICY)
    assert not decision.allowed
    assert decision.codes == (code,)
    assert decision.findings[0].step is not None


def test_XY06_every_failed_rule_is_reported_in_the_order_of_the_path() -> None:
    decision = decide(
        Facts(
            today=TODAY, slot_date=TODAY, birth_date=date(2021, 3, 3), identity_verified=False,
            card_bound=False, visits=(), stable=False, red_flags=("syncope",), notice_accepted=False,
            bans=(Ban(Channel.ONLINE, None, TODAY),),
        ),
        POLICY,
    )  # fmt: skip
    assert decision.codes == tuple(code for code in GateCode if code is not GateCode.HIS_UNAVAILABLE)


def test_XY06_nothing_known_is_refused_not_allowed() -> None:
    decision = decide(Facts(today=TODAY, slot_date=TODAY), POLICY)
    assert decision.codes == (
        GateCode.IDENTITY_UNVERIFIED,
        GateCode.CARD_NOT_BOUND,
        GateCode.NO_RECENT_OFFLINE_VISIT,
        GateCode.NOT_STABLE,
        GateCode.NOTICE_NOT_ACCEPTED,
    )


def test_a_final_decision_without_a_slot_is_our_own_mistake() -> None:
    with pytest.raises(ValueError, match="slot"):
        decide(facts(slot_date=None), POLICY)


# --- XY01 age


def test_XY01_sixth_birthday_on_the_slot_date_is_allowed() -> None:
    assert decide(facts(birth_date=date(2020, 11, 21)), POLICY).allowed


def test_XY01_the_day_before_the_sixth_birthday_is_denied_with_the_day_it_passes() -> None:
    finding = decide(facts(birth_date=date(2020, 11, 22)), POLICY).findings[0]
    assert finding.code is GateCode.AGE_BELOW_MINIMUM
    assert finding.seen["age"] == 5
    assert finding.seen["minimum"] == 6
    assert finding.satisfied_from == date(2026, 11, 22)
    assert finding.step is Step.WAIT_UNTIL


def test_XY01_age_is_judged_on_the_slot_date_not_on_the_day_of_booking() -> None:
    child = facts(birth_date=date(2020, 11, 25), slot_date=date(2026, 11, 25))
    assert decide(child, POLICY).allowed
    assert not decide(replace(child, slot_date=date(2026, 11, 24)), POLICY).allowed


def test_XY01_born_on_29_february_six_is_reached_on_1_march() -> None:
    child = facts(birth_date=date(2020, 2, 29), visits=(visit(date(2026, 2, 1)),))
    denied = decide(replace(child, today=date(2026, 2, 20), slot_date=date(2026, 2, 28)), POLICY)
    assert denied.codes == (GateCode.AGE_BELOW_MINIMUM,)
    assert denied.findings[0].satisfied_from == date(2026, 3, 1)
    assert decide(replace(child, today=date(2026, 2, 20), slot_date=date(2026, 3, 1)), POLICY).allowed


def test_XY01_a_hospital_may_count_29_february_to_the_28th() -> None:
    child = on_slot(date(2026, 2, 28), birth_date=date(2020, 2, 29), visits=(visit(date(2026, 2, 1)),))
    assert decide(child, policy("eligibility", leap_birthday="feb_28")).allowed
    assert not decide(child, policy("eligibility", leap_birthday="mar_1")).allowed


def test_XY01_the_minimum_age_is_a_number_of_the_policy() -> None:
    seven = facts(birth_date=date(2019, 11, 21))
    assert decide(seven, policy("eligibility", min_age_years=7)).allowed
    refused = decide(seven, policy("eligibility", min_age_years=8))
    assert refused.findings[0].satisfied_from == date(2027, 11, 21)


def test_XY01_a_verified_identity_without_a_birth_date_is_not_enough() -> None:
    decision = decide(facts(birth_date=None), POLICY)
    assert decision.codes == (GateCode.IDENTITY_UNVERIFIED,)


@given(st.dates(date(1900, 1, 1), date(2100, 1, 1)), st.integers(0, 120), st.sampled_from(LeapBirthday))
def test_XY01_age_turns_on_the_birthday_and_not_before(born: date, years: int, leap: LeapBirthday) -> None:
    reached = birthday(born, years, leap)
    assert age_on(born, reached, leap) == years
    assert age_on(born, reached - timedelta(days=1), leap) == years - 1


# --- XY02 window


def test_XY02_the_last_day_of_the_window_is_allowed_and_shown() -> None:
    decision = decide(on_slot(date(2026, 11, 21), visits=(visit(date(2026, 5, 21)),)), POLICY)
    assert decision.allowed
    assert decision.satisfied_until == date(2026, 11, 21)


def test_XY02_one_day_past_the_window_is_denied_and_no_date_cures_it() -> None:
    decision = decide(on_slot(date(2026, 11, 22), visits=(visit(date(2026, 5, 21)),)), POLICY)
    finding = decision.findings[0]
    assert decision.codes == (GateCode.NO_RECENT_OFFLINE_VISIT,)
    assert finding.satisfied_from is None
    assert finding.satisfied_until == date(2026, 11, 21)
    assert finding.seen["last_visit"] == date(2026, 5, 21)
    assert finding.step is Step.SEE_A_DOCTOR_HERE


def test_XY02_31_august_reaches_28_february() -> None:
    reached = facts(visits=(visit(date(2026, 8, 31)),), today=date(2027, 2, 20))
    assert decide(replace(reached, slot_date=date(2027, 2, 28)), POLICY).allowed
    assert not decide(replace(reached, slot_date=date(2027, 3, 1)), POLICY).allowed


def test_XY02_180_days_are_not_six_months() -> None:
    seen = visit(date(2026, 5, 21))
    day_184 = date(2026, 5, 21) + timedelta(days=184)
    assert decide(on_slot(day_184, visits=(seen,)), POLICY).allowed


def test_XY02_booking_inside_the_window_for_a_slot_outside_it_is_denied() -> None:
    decision = decide(facts(visits=(visit(date(2026, 5, 21)),), slot_date=date(2026, 11, 22)), POLICY)
    assert decision.codes == (GateCode.NO_RECENT_OFFLINE_VISIT,)
    assert decision.findings[0].step is Step.CHOOSE_AN_EARLIER_SLOT


def test_XY02_the_latest_counting_visit_decides() -> None:
    visits = (visit(date(2026, 10, 1), "emergency"), visit(date(2026, 6, 1)), visit(date(2025, 1, 1)))
    decision = decide(facts(visits=visits), POLICY)
    assert decision.allowed
    assert decision.satisfied_until == date(2026, 12, 1)


def test_XY02_a_visit_dated_after_today_does_not_count() -> None:
    tomorrow = TODAY + timedelta(days=1)
    ahead = facts(visits=(visit(tomorrow),), slot_date=date(2026, 11, 28))
    assert decide(ahead, POLICY).codes == (GateCode.NO_RECENT_OFFLINE_VISIT,)
    assert decide(facts(visits=(visit(TODAY),)), POLICY).allowed


def test_XY02_the_window_is_a_number_of_the_policy() -> None:
    three_months = policy("eligibility", offline_visit_window_months=3)
    assert decide(on_slot(date(2026, 11, 21), visits=(visit(date(2026, 8, 21)),)), three_months).allowed
    assert not decide(on_slot(date(2026, 11, 22), visits=(visit(date(2026, 8, 21)),)), three_months).allowed


@given(st.dates(date(2000, 1, 1), date(2090, 12, 31)), st.integers(0, 400))
def test_XY02_the_window_closes_once_and_exactly_at_its_end(seen_on: date, later: int) -> None:
    slot = seen_on + timedelta(days=later)
    decision = decide(on_slot(slot, visits=(visit(seen_on),), birth_date=date(1950, 1, 1)), POLICY)
    assert decision.allowed is (slot <= add_months(seen_on, 6))


# --- XY03 which visits count


@pytest.mark.parametrize("kind", ["online", "inpatient", "emergency", "other"])
def test_XY03_only_outpatient_visits_count(kind: str) -> None:
    assert decide(facts(visits=(visit(TODAY, kind),)), POLICY).codes == (GateCode.NO_RECENT_OFFLINE_VISIT,)


@pytest.mark.parametrize("status", ["cancelled", "refunded", "other"])
def test_XY03_only_completed_visits_count(status: str) -> None:
    seen = visit(TODAY, status=status)
    assert decide(facts(visits=(seen,)), POLICY).codes == (GateCode.NO_RECENT_OFFLINE_VISIT,)


def test_XY03_another_hospitals_visit_does_not_count() -> None:
    elsewhere = facts(visits=(visit(TODAY, hospital="other"),))
    assert decide(elsewhere, POLICY).codes == (GateCode.NO_RECENT_OFFLINE_VISIT,)
    assert decide(elsewhere, policy("eligibility", same_hospital_only=False)).allowed


def test_XY03_campuses_share_records_unless_the_hospital_says_otherwise() -> None:
    west = facts(visits=(visit(TODAY, campus="west"),), campus="east")
    apart = policy("eligibility", campuses_share_records=False)
    assert decide(west, POLICY).allowed
    assert decide(west, apart).codes == (GateCode.NO_RECENT_OFFLINE_VISIT,)
    assert decide(replace(west, campus="west"), apart).allowed
    assert not decide(facts(visits=(visit(TODAY),)), apart).allowed


def test_XY03_a_hospital_may_let_discharges_count() -> None:
    discharged = facts(visits=(visit(TODAY, "inpatient"),))
    both = policy("eligibility", visit_kinds_that_count=["outpatient", "inpatient"])
    assert decide(discharged, both).allowed


# --- XY04 stable


def test_XY04_red_flags_name_what_was_answered() -> None:
    finding = decide(facts(red_flags=("chest_pain", "syncope")), POLICY).findings[0]
    assert finding.seen["flags"] == ("chest_pain", "syncope")
    assert finding.step is Step.SEEK_EMERGENCY_CARE


def test_XY04_unanswered_questions_are_an_incomplete_declaration() -> None:
    decision = decide(facts(red_flags=None), POLICY)
    assert decision.codes == (GateCode.NOT_STABLE,)
    assert decision.findings[0].step is Step.ANSWER_QUESTIONS


def test_XY04_without_a_required_declaration_a_plain_no_still_refuses() -> None:
    relaxed = policy("eligibility", require_stable_declaration=False)
    assert decide(facts(stable=None), relaxed).allowed
    assert decide(facts(stable=False), relaxed).codes == (GateCode.NOT_STABLE,)
    assert decide(facts(stable=None), POLICY).codes == (GateCode.NOT_STABLE,)


# --- XY24 the hospital's system is down


def test_XY24_a_silent_hospital_system_is_pending_never_a_pass() -> None:
    decision = decide(facts(his_available=False, visits=None), POLICY)
    assert not decision.allowed
    assert decision.pending_verification
    assert check(decision, GateCode.NO_RECENT_OFFLINE_VISIT).outcome is Outcome.COVERED


def test_XY24_pending_only_when_nothing_else_is_wrong() -> None:
    decision = decide(facts(his_available=False, visits=None, card_bound=False), POLICY)
    assert decision.codes == (GateCode.CARD_NOT_BOUND, GateCode.HIS_UNAVAILABLE)
    assert not decision.pending_verification
    assert not decide(WELCOME, POLICY).pending_verification


def test_XY24_stored_visits_do_not_stand_in_at_booking() -> None:
    assert decide(facts(his_available=False), POLICY).codes == (GateCode.HIS_UNAVAILABLE,)


# --- SJ08 bans


def test_SJ08_a_ban_ends_at_24_00_of_its_last_day() -> None:
    banned = facts(bans=(Ban(Channel.ONLINE, date(2026, 8, 21), date(2026, 11, 21)),))
    finding = decide(banned, POLICY).findings[0]
    assert finding.satisfied_from == date(2026, 11, 22)
    assert finding.seen["until"] == date(2026, 11, 21)
    assert decide(replace(banned, today=date(2026, 11, 22), slot_date=date(2026, 11, 22)), POLICY).allowed


def test_SJ08_a_ban_is_judged_on_the_day_of_booking_not_on_the_slot() -> None:
    running = (Ban(Channel.ONLINE, date(2026, 8, 21), date(2026, 11, 21)),)
    assert decide(facts(bans=running, slot_date=date(2026, 11, 28)), POLICY).codes == (GateCode.BANNED,)
    ahead = (Ban(Channel.ONLINE, date(2026, 11, 25), date(2027, 2, 25)),)
    assert decide(facts(bans=ahead, slot_date=date(2026, 11, 28)), POLICY).allowed


@pytest.mark.parametrize("channel", [Channel.DESK, Channel.PHONE])
def test_SJ08_desk_and_phone_stay_open(channel: Channel) -> None:
    online_ban = (Ban(Channel.ONLINE, None, date(2027, 1, 1)),)
    assert decide(facts(bans=online_ban, channel=channel), POLICY).allowed
    assert decide(facts(bans=(Ban(channel, None, date(2027, 1, 1)),)), POLICY).allowed


def test_SJ08_the_longest_of_several_bans_and_one_that_follows_on_decide() -> None:
    bans = (
        Ban(Channel.ONLINE, date(2026, 9, 1), date(2026, 12, 1)),
        Ban(Channel.ONLINE, date(2026, 8, 21), date(2026, 11, 21)),
        Ban(Channel.ONLINE, date(2026, 12, 2), date(2027, 3, 2)),
        Ban(Channel.ONLINE, date(2027, 3, 4), date(2027, 6, 4)),
    )
    assert decide(facts(bans=bans), POLICY).findings[0].satisfied_from == date(2027, 3, 3)


def test_SJ08_a_ban_without_an_end_has_no_date_that_cures_it() -> None:
    finding = decide(facts(bans=(Ban(Channel.ONLINE, None, None),)), POLICY).findings[0]
    assert finding.satisfied_from is None


def test_SJ09_a_lifted_ban_is_none() -> None:
    lifted = (Ban(Channel.ONLINE, date(2026, 8, 21), date(2027, 8, 21), is_lifted=True),)
    assert decide(facts(bans=lifted), POLICY).allowed


# --- SJ01 offline registration


def test_SJ01_offline_registration_has_no_follow_up_gate() -> None:
    newborn = Facts(
        today=TODAY, slot_date=TODAY, birth_date=date(2026, 11, 1), identity_verified=True,
        visits=(), his_available=False, notice_accepted=True, clinic_kind=ClinicKind.OFFLINE,
    )  # fmt: skip
    assert decide(newborn, POLICY).allowed


def test_SJ01_offline_registration_keeps_identity_ban_and_notice() -> None:
    nobody = Facts(
        today=TODAY, slot_date=TODAY, identity_verified=False, notice_accepted=False,
        clinic_kind=ClinicKind.OFFLINE, bans=(Ban(Channel.ONLINE, None, TODAY),),
    )  # fmt: skip
    assert decide(nobody, POLICY).codes == (
        GateCode.IDENTITY_UNVERIFIED,
        GateCode.BANNED,
        GateCode.NOTICE_NOT_ACCEPTED,
    )


def test_SJ01_whoever_lacks_a_recent_visit_is_offered_offline_registration() -> None:
    assert decide(facts(visits=()), POLICY).offer_offline_registration
    assert not decide(facts(stable=False), POLICY).offer_offline_registration


def test_SJ02_the_card_link_is_asked_only_where_the_hospital_wants_it() -> None:
    offline = facts(clinic_kind=ClinicKind.OFFLINE, card_bound=False, card_linked=False)
    strict = policy("booking", card_link_required_offline=True)
    assert decide(offline, POLICY).allowed
    assert decide(offline, strict).codes == (GateCode.CARD_NOT_BOUND,)
    assert decide(replace(offline, card_linked=True), strict).allowed


def test_GD04_who_pays_is_no_question_of_the_gate() -> None:
    assert not any("insur" in name for name in Facts.__dataclass_fields__)


# --- XY06 stages


def test_XY06_an_early_page_refuses_by_what_is_known_and_leaves_the_rest_open() -> None:
    early = Facts(today=TODAY, identity_verified=True, card_bound=True, birth_date=date(1980, 1, 1))
    card = decide_stage(early, POLICY, Stage.CARD)
    assert card.allowed and card.not_asked == ()
    basics = decide_stage(early, POLICY, Stage.BASICS)
    assert basics.allowed
    assert basics.not_asked == (GateCode.NO_RECENT_OFFLINE_VISIT,)
    form = decide_stage(early, POLICY, Stage.FORM)
    assert form.not_asked == (
        GateCode.NO_RECENT_OFFLINE_VISIT,
        GateCode.NOT_STABLE,
        GateCode.NOTICE_NOT_ACCEPTED,
    )


def test_XY06_a_stage_does_not_look_ahead() -> None:
    unstable = facts(stable=False, notice_accepted=False)
    assert decide_stage(unstable, POLICY, Stage.BASICS).allowed
    assert decide_stage(unstable, POLICY, Stage.RED_FLAGS).codes == (GateCode.NOT_STABLE,)


def test_XY06_the_order_of_the_stages_is_card_basics_red_flags_form() -> None:
    assert list(Stage) == [Stage.CARD, Stage.BASICS, Stage.RED_FLAGS, Stage.FORM]
    codes = [each.code for each in decide_stage(WELCOME, POLICY, Stage.FORM).checks]
    assert codes == list(GateCode)


def test_XY06_before_a_slot_is_chosen_the_window_shows_until_when_one_may_be() -> None:
    early = facts(slot_date=None, visits=(visit(date(2026, 5, 25)),))
    decision = decide_stage(early, POLICY, Stage.BASICS)
    assert decision.allowed
    assert decision.satisfied_until == date(2026, 11, 25)


def test_XY06_a_child_who_turns_six_while_slots_are_open_is_not_refused_early() -> None:
    def at_basics(born: date) -> Decision:
        return decide_stage(facts(slot_date=None, birth_date=born), POLICY, Stage.BASICS)

    assert at_basics(date(2020, 12, 5)).allowed
    assert check(at_basics(date(2020, 12, 5)), GateCode.AGE_BELOW_MINIMUM).satisfied_from == date(2026, 12, 5)
    assert at_basics(date(2020, 12, 6)).codes == (GateCode.AGE_BELOW_MINIMUM,)


# --- admission


def test_XY02_the_window_is_checked_again_at_admission() -> None:
    late = on_slot(date(2026, 11, 22), visits=(visit(date(2026, 5, 21)),))
    assert decide_at_admission(late, POLICY).codes == (GateCode.NO_RECENT_OFFLINE_VISIT,)


def test_XY01_age_is_checked_again_at_admission() -> None:
    child = facts(birth_date=date(2020, 11, 22))
    assert decide_at_admission(child, POLICY).codes == (GateCode.AGE_BELOW_MINIMUM,)


def test_XY24_at_admission_the_stored_evidence_stands_when_the_system_is_down() -> None:
    assert decide_at_admission(facts(his_available=False), POLICY).allowed
    never_checked = decide_at_admission(facts(his_available=False, visits=None), POLICY)
    assert never_checked.pending_verification


def test_SJ08_a_booking_made_before_the_ban_is_honoured_at_admission() -> None:
    banned = facts(bans=(Ban(Channel.ONLINE, None, None),), notice_accepted=False)
    assert decide_at_admission(banned, POLICY).allowed


# --- the record


def test_a_decision_is_kept_as_plain_json() -> None:
    record = decide(facts(birth_date=date(2020, 11, 22), red_flags=("syncope",)), POLICY).as_record()
    assert record["allowed"] is False
    by_code = {each["code"]: each for each in record["checks"]}  # type: ignore[attr-defined]
    assert by_code["AGE_BELOW_MINIMUM"]["satisfied_from"] == "2026-11-22"
    assert by_code["RED_FLAG"]["seen"] == {"flags": ["syncope"]}
    assert by_code["NO_RECENT_OFFLINE_VISIT"]["satisfied_until"] == "2027-03-30"
    assert by_code["CARD_NOT_BOUND"] == {
        "code": "CARD_NOT_BOUND", "outcome": "passed", "seen": {},
        "satisfied_from": None, "satisfied_until": None, "step": None,
    }  # fmt: skip
