"""The follow-up gate: who may book which clinic, every rule that says no, and what would satisfy it.

Age and the visit window are judged on the slot date, a ban on today. A fact that nobody has asked
for yet is told apart from one that fails, so a page can refuse early without asking everything.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import date, timedelta

from telehealth.core.clock import HospitalDay, add_months
from telehealth.eligibility.facts import (
    THIS_HOSPITAL,
    Check,
    Decision,
    Facts,
    GateCode,
    OfflineVisit,
    Outcome,
    Stage,
    Step,
    VisitStatus,
)
from telehealth.rulebook.rules import ClinicKind, LeapBirthday, PolicySet

__all__ = [
    "THIS_HOSPITAL", "Check", "Decision", "Facts", "GateCode", "OfflineVisit", "Outcome", "Stage", "Step",
    "VisitStatus", "age_on", "birthday", "decide", "decide_at_admission", "decide_stage",
    "last_counting_visit",
]  # fmt: skip


def decide(facts: Facts, policy: PolicySet) -> Decision:
    """The gate at booking. Whatever was not asked counts as failed. Raises ValueError without a slot."""
    return _final(facts, policy, _codes_for(facts, tuple(Stage)))


def decide_at_admission(facts: Facts, policy: PolicySet) -> Decision:
    """The same again when the doctor opens the visit.

    A ban that began since is not looked at (SJ08: existing bookings are honoured), nor a notice
    that changed since. When the hospital's system is down, the evidence stored at booking stands.
    """
    if not facts.his_available and facts.visits:
        facts = replace(facts, his_available=True)
    passed_over = {GateCode.BANNED, GateCode.NOTICE_NOT_ACCEPTED}
    return _final(facts, policy, [c for c in _codes_for(facts, tuple(Stage)) if c not in passed_over])


def decide_stage(facts: Facts, policy: PolicySet, stage: Stage) -> Decision:
    """The gate as far as `stage`, earlier stages included. Only known facts can fail."""
    stages = tuple(Stage)
    codes = _codes_for(facts, stages[: stages.index(stage) + 1])
    return Decision(tuple(_RULES[code](facts, policy) for code in codes))


def birthday(born: date, years: int, leap: LeapBirthday) -> date:
    """The day on which somebody born on `born` completes `years`. Raises ValueError past year 9999."""
    try:
        return born.replace(year=born.year + years)
    except ValueError:
        if (born.month, born.day) != (2, 29):
            raise
        day = (2, 28) if leap is LeapBirthday.FEBRUARY_28 else (3, 1)
        return date(born.year + years, *day)


def age_on(born: date, on: date, leap: LeapBirthday = LeapBirthday.MARCH_1) -> int:
    years = on.year - born.year
    return years if birthday(born, years, leap) <= on else years - 1


def last_counting_visit(facts: Facts, policy: PolicySet) -> OfflineVisit | None:
    """The latest finished visit that opens the window; nothing dated after today or the slot counts."""
    latest = min(facts.today, facts.slot_date or facts.today)
    counting = [visit for visit in facts.visits or () if _counts(visit, facts, policy, latest)]
    return max(counting, key=lambda visit: visit.visited_on, default=None)


def _counts(visit: OfflineVisit, facts: Facts, policy: PolicySet, latest: HospitalDay) -> bool:
    numbers = policy.eligibility
    is_here = visit.hospital == facts.hospital or not numbers.same_hospital_only
    is_campus = numbers.campuses_share_records or (visit.campus is not None and visit.campus == facts.campus)
    return (
        visit.kind in numbers.visit_kinds_that_count
        and visit.status is VisitStatus.FINISHED
        and visit.visited_on <= latest
        and is_here
        and is_campus
    )


def _final(facts: Facts, policy: PolicySet, codes: list[GateCode]) -> Decision:
    if facts.slot_date is None:
        raise ValueError("a final decision needs a slot date")
    checks = (_RULES[code](facts, policy) for code in codes)
    return Decision(tuple(_failed_closed(check) for check in checks))


def _failed_closed(check: Check) -> Check:
    return replace(check, outcome=Outcome.FAILED) if check.outcome is Outcome.NOT_ASKED else check


def _codes_for(facts: Facts, stages: tuple[Stage, ...]) -> list[GateCode]:
    skipped = _FOLLOW_UP_ONLY if facts.clinic_kind is ClinicKind.OFFLINE else frozenset()
    return [code for stage in stages for code in _STAGES[stage] if code not in skipped]


def _asked(code: GateCode, answer: bool | None, step: Step, **seen: object) -> Check:
    """A yes-or-no fact: yes passes, no fails, unknown is still to be asked."""
    if answer is None:
        return Check(code, Outcome.NOT_ASKED, step=step)
    if answer:
        return Check(code, Outcome.PASSED)
    return Check(code, Outcome.FAILED, seen, step=step)


def _identity(facts: Facts, policy: PolicySet) -> Check:
    code, step = GateCode.IDENTITY_UNVERIFIED, Step.VERIFY_IDENTITY
    is_dated = facts.birth_date is not None or facts.clinic_kind is ClinicKind.OFFLINE
    if facts.identity_verified and not is_dated:
        return Check(code, Outcome.FAILED, {"birth_date": None}, step=step)
    return _asked(code, facts.identity_verified, step)


def _card(facts: Facts, policy: PolicySet) -> Check:
    if facts.clinic_kind is ClinicKind.INTERNET:
        return _asked(GateCode.CARD_NOT_BOUND, facts.card_bound, Step.BIND_CARD)
    if not policy.booking.card_link_required_offline:
        return Check(GateCode.CARD_NOT_BOUND, Outcome.PASSED)
    return _asked(GateCode.CARD_NOT_BOUND, facts.card_linked, Step.LINK_CARD)


def _age(facts: Facts, policy: PolicySet) -> Check:
    """Without a slot the latest bookable day counts, so nobody is refused who may book for later."""
    code = GateCode.AGE_BELOW_MINIMUM
    if facts.birth_date is None:
        return Check(code, Outcome.COVERED)
    numbers = policy.eligibility
    judged_on = facts.slot_date or facts.today + timedelta(days=policy.schedule.horizon_days)
    age = age_on(facts.birth_date, judged_on, numbers.leap_birthday)
    seen = {"age": max(age, 0), "minimum": numbers.min_age_years, "judged_on": judged_on}
    if facts.birth_date.year + numbers.min_age_years > date.max.year:
        return Check(code, Outcome.FAILED, seen, step=Step.BOOK_ANOTHER_WAY)
    reached_on = birthday(facts.birth_date, numbers.min_age_years, numbers.leap_birthday)
    outcome = Outcome.PASSED if reached_on <= judged_on else Outcome.FAILED
    return Check(code, outcome, seen, satisfied_from=reached_on, step=Step.WAIT_UNTIL)


def _his(facts: Facts, policy: PolicySet) -> Check:
    """Without a card there was nothing to ask the system about; its silence still counts."""
    if facts.card_bound is False and facts.his_available:
        return Check(GateCode.HIS_UNAVAILABLE, Outcome.COVERED)
    return _asked(GateCode.HIS_UNAVAILABLE, facts.his_available, Step.WE_CHECK_AGAIN)


def _visit(facts: Facts, policy: PolicySet) -> Check:
    code, months = GateCode.NO_RECENT_OFFLINE_VISIT, policy.eligibility.offline_visit_window_months
    if not facts.his_available:
        return Check(code, Outcome.COVERED)
    if facts.visits is None:
        return Check(code, Outcome.NOT_ASKED, step=Step.SEE_A_DOCTOR_HERE)
    last = last_counting_visit(facts, policy)
    if last is None:
        seen: dict[str, object] = {"last_visit": None, "months": months}
        return Check(code, Outcome.FAILED, seen, step=Step.SEE_A_DOCTOR_HERE)
    until = add_months(last.visited_on, months)
    seen = {"last_visit": last.visited_on, "months": months}
    if (facts.slot_date or facts.today) <= until:
        return Check(code, Outcome.PASSED, seen, satisfied_until=until)
    is_open_today = facts.today <= until
    step = Step.CHOOSE_AN_EARLIER_SLOT if is_open_today else Step.SEE_A_DOCTOR_HERE
    return Check(code, Outcome.FAILED, seen, satisfied_until=until, step=step)


def _ban(facts: Facts, policy: PolicySet) -> Check:
    """A ban that follows on another without a gap postpones the date further."""
    free_on: HospitalDay | None = facts.today
    while free_on is not None:
        running = [ban for ban in facts.bans if ban.covers(free_on, facts.channel)]
        if not running:
            break
        ends = [ban.until_on for ban in running]
        free_on = None if None in ends else max(end for end in ends if end) + timedelta(days=1)
    if free_on == facts.today:
        return Check(GateCode.BANNED, Outcome.PASSED)
    seen = {"channel": str(facts.channel), "until": free_on and free_on - timedelta(days=1)}
    return Check(GateCode.BANNED, Outcome.FAILED, seen, satisfied_from=free_on, step=Step.BOOK_ANOTHER_WAY)


def _stable(facts: Facts, policy: PolicySet) -> Check:
    """Also speaks for red-flag questions that are still open: they are part of the declaration."""
    code = GateCode.NOT_STABLE
    if facts.stable is False:
        return Check(code, Outcome.FAILED, {"stable": False}, step=Step.BOOK_ANOTHER_WAY)
    is_missing = facts.stable is None and policy.eligibility.require_stable_declaration
    if is_missing or facts.red_flags is None:
        return Check(code, Outcome.NOT_ASKED, step=Step.ANSWER_QUESTIONS)
    return Check(code, Outcome.PASSED)


def _red_flags(facts: Facts, policy: PolicySet) -> Check:
    if facts.red_flags is None:
        return Check(GateCode.RED_FLAG, Outcome.COVERED)
    seen = {"flags": facts.red_flags}
    return _asked(GateCode.RED_FLAG, not facts.red_flags, Step.SEEK_EMERGENCY_CARE, **seen)


def _notice(facts: Facts, policy: PolicySet) -> Check:
    return _asked(GateCode.NOTICE_NOT_ACCEPTED, facts.notice_accepted, Step.ACCEPT_NOTICE)


_RULES: Mapping[GateCode, Callable[[Facts, PolicySet], Check]] = {
    GateCode.IDENTITY_UNVERIFIED: _identity,
    GateCode.CARD_NOT_BOUND: _card,
    GateCode.AGE_BELOW_MINIMUM: _age,
    GateCode.HIS_UNAVAILABLE: _his,
    GateCode.NO_RECENT_OFFLINE_VISIT: _visit,
    GateCode.BANNED: _ban,
    GateCode.NOT_STABLE: _stable,
    GateCode.RED_FLAG: _red_flags,
    GateCode.NOTICE_NOT_ACCEPTED: _notice,
}

_STAGES: Mapping[Stage, tuple[GateCode, ...]] = {
    Stage.CARD: (GateCode.IDENTITY_UNVERIFIED, GateCode.CARD_NOT_BOUND),
    Stage.BASICS: (
        GateCode.AGE_BELOW_MINIMUM, GateCode.HIS_UNAVAILABLE,
        GateCode.NO_RECENT_OFFLINE_VISIT, GateCode.BANNED,
    ),
    Stage.RED_FLAGS: (GateCode.NOT_STABLE, GateCode.RED_FLAG),
    Stage.FORM: (GateCode.NOTICE_NOT_ACCEPTED,),
}  # fmt: skip

#: Offline registration is an ordinary visit to the hospital: the follow-up rules do not apply (SJ01).
_FOLLOW_UP_ONLY = frozenset({
    GateCode.AGE_BELOW_MINIMUM, GateCode.HIS_UNAVAILABLE, GateCode.NO_RECENT_OFFLINE_VISIT,
    GateCode.NOT_STABLE, GateCode.RED_FLAG,
})  # fmt: skip
