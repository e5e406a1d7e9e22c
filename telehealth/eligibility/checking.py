"""Ask the gate with what is known: early and often for the patient, finally for the seat.

`assess` may ask the hospital's system, so it takes `Units` and works in three steps: read, ask
with no unit open, store and decide. A system that is down never passes anybody silently: the
decision says `pending`. `decide_for_slot` asks nobody: it judges stored evidence for one slot.
"""

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any
from uuid import UUID

import structlog

from telehealth.core.access import Actor
from telehealth.core.clock import HospitalDay, add_months
from telehealth.core.hot import Together
from telehealth.core.unit import Unit, Units
from telehealth.directory import NOTICE_ACCEPTED, hospital, notice_accepted
from telehealth.eligibility import queries, rules
from telehealth.eligibility.errors import CheckOutdated, NotEligible
from telehealth.eligibility.facts import Decision, Facts, OfflineVisit, Stage, VisitStatus
from telehealth.eligibility.models import GateDecision
from telehealth.eligibility.recording import Question, keep, public_record
from telehealth.hospital import (
    FETCHED_AT,
    STORED_VISITS,
    FetchedVisits,
    HISRejected,
    HISUnavailable,
    VisitEvidence,
    fetch_visits,
    is_fresh,
    store_visits,
    stored_visits,
)
from telehealth.hospital import VisitKind as HISVisitKind
from telehealth.hospital import VisitStatus as HISVisitStatus
from telehealth.patients import (
    KNOWN_PATIENT,
    PERSON_FOR,
    DataRestricted,
    Person,
    known_patient,
    person,
    person_for,
)
from telehealth.rulebook import CURRENT_POLICY, PolicyVersion, current_policy
from telehealth.rulebook.rules import Channel, ClinicKind, VisitKind
from telehealth.strikes import ACTIVE_BANS, active_bans

__all__ = [
    "CHECK_LASTS", "VERIFICATION", "Assessment", "Question", "assess", "decide_again",
    "decide_at_admission", "decide_for_slot", "findings", "preview_for_slot", "stored_check",
]  # fmt: skip

log = structlog.get_logger(__name__)

#: An answer of the hospital's system this young is not asked for again while a patient browses.
ASK_AGAIN_AFTER = timedelta(minutes=10)
#: A check this old must be made again before it can carry a seat.
CHECK_LASTS = timedelta(hours=2)

VERIFICATION = "verification"


@dataclass(frozen=True, slots=True)
class Assessment:
    row: GateDecision
    decision: Decision


async def assess(units: Units, actor: Actor, question: Question) -> Assessment:
    """The gate as far as `question.stage`, stored. Asks the hospital's system unless it answered just now.

    Raises PersonNotFound for somebody else's person.
    """
    async with units.of(actor) as unit:
        errand = await _errand(unit, question)
    fetched, available = await _ask(units, errand)
    async with units.of(actor) as unit:
        if fetched is not None:
            await store_visits(unit, question.hospital_id, question.person_id, fetched)
        facts, evidence = await _facts(unit, question, his_available=available)
        policy = await current_policy(unit, question.hospital_id)
        decision = rules.decide_stage(facts, policy.policy, question.stage)
        row = await keep(unit, question, facts, decision, evidence, policy=policy)
        return Assessment(row, decision)


async def stored_check(unit: Unit, check_id: UUID, *, hospital_id: UUID, person_id: UUID) -> GateDecision:
    """An earlier check that may still carry a seat. Raises CheckNotFound, CheckOutdated."""
    check = await queries.decision(unit, check_id)
    same = (check.person_id, check.hospital_id) == (person_id, hospital_id)
    if not same or check.decided_at < unit.now - CHECK_LASTS:
        raise CheckOutdated()
    return check


async def decide_for_slot(unit: Unit, check_id: UUID | None, question: Question) -> GateDecision:
    """The final word for a slot, from an earlier check's declaration and stored evidence.

    A decision that lacks nothing but the hospital's system is returned with `pending` set. An
    offline registration asks nothing of the patient, so it needs no check (SJ01).

    Raises:
        NotEligible: with every finding. The caller's rollback takes the stored row with it.
        CheckOutdated, CheckNotFound.
    """
    row, _ = await rule_for_slot(unit, check_id, question)
    return row


async def rule_for_slot(
    unit: Unit, check_id: UUID | None, question: Question
) -> tuple[GateDecision, PolicyVersion]:
    """`decide_for_slot`, with the policy it was decided by, for callers who go on by the same numbers."""
    ruling = await _judge(unit, check_id, question)
    decision = ruling.decision
    if not decision.allowed and not decision.pending_verification:
        raise NotEligible(findings=findings(decision))
    row = await keep(unit, ruling.question, ruling.facts, decision, ruling.evidence, policy=ruling.policy)
    return row, ruling.policy


async def preview_for_slot(unit: Unit, check_id: UUID | None, question: Question) -> Decision:
    """What `decide_for_slot` would say now, stored nowhere: asked before the long form (XY06).

    Raises CheckOutdated, CheckNotFound.
    """
    return (await _judge(unit, check_id, question)).decision


async def decide_again(units: Units, booked: GateDecision) -> Assessment | None:
    """The gate once more for a seat that only lacked the hospital's system (XY24).

    None while that system is still silent: nothing is stored then, and nobody passes.
    """
    question = _declared(
        Question(
            booked.hospital_id,
            booked.person_id,
            stage=Stage.FORM,
            kind=booked.clinic_kind,
            slot_date=booked.slot_date,
            channel=Channel(booked.inputs.get("channel", Channel.ONLINE)),
        ),
        booked,
    )
    async with units.system(VERIFICATION) as unit:
        errand = await _errand(unit, question)
    fetched, available = await _ask(units, errand)
    if not available:
        return None
    async with units.system(VERIFICATION) as unit:
        if fetched is not None:
            await store_visits(unit, question.hospital_id, question.person_id, fetched)
        facts, evidence = await _facts(unit, question, his_available=True)
        policy = await current_policy(unit, question.hospital_id)
        decision = rules.decide(facts, policy.policy)
        row = await keep(
            unit, question, facts, decision, evidence, policy=policy, account_id=booked.account_id
        )
        return Assessment(row, decision)


async def decide_at_admission(units: Units, actor: Actor, booked: GateDecision) -> Assessment:
    """The gate when the doctor opens the visit (XY01, XY02); stored evidence stands if the HIS is down."""
    question = _declared(
        Question(
            booked.hospital_id,
            booked.person_id,
            stage=Stage.FORM,
            kind=booked.clinic_kind,
            slot_date=booked.slot_date,
        ),
        booked,
    )
    async with units.system("admission") as unit:
        errand = await _errand(unit, question)
    fetched, available = await _ask(units, errand)
    async with units.system("admission", actor) as unit:
        if fetched is not None:
            await store_visits(unit, question.hospital_id, question.person_id, fetched)
        facts, evidence = await _facts(unit, question, his_available=available)
        facts = replace(facts, notice_accepted=True)
        policy = await current_policy(unit, question.hospital_id)
        decision = rules.decide_at_admission(facts, policy.policy)
        row = await keep(
            unit, question, facts, decision, evidence, policy=policy, account_id=booked.account_id
        )
        return Assessment(row, decision)


def findings(decision: Decision) -> list[dict[str, Any]]:
    """What a refused caller is told: code, what was seen, from when or by which step it would pass.

    How many red flags there were, not which: errors end up in logs.
    """
    failed = {str(check.code) for check in decision.findings}
    return [check for check in public_record(decision)["checks"] if check["code"] in failed]


def _declared(question: Question, said: GateDecision) -> Question:
    """With what the patient declared then."""
    return replace(question, stable=said.declared.stable, red_flags=said.declared.red_flags)


@dataclass(frozen=True, slots=True)
class _Ruling:
    question: Question
    facts: Facts
    evidence: tuple[VisitEvidence, ...]
    policy: PolicyVersion
    decision: Decision


#: All that the functions called by `_rule` will look at.
_BEFORE_A_SEAT = Together(
    queries.DECISION, PERSON_FOR, KNOWN_PATIENT, STORED_VISITS, FETCHED_AT, ACTIVE_BANS, NOTICE_ACCEPTED,
    CURRENT_POLICY,
)  # fmt: skip


async def _judge(unit: Unit, check_id: UUID | None, question: Question) -> _Ruling:
    if check_id is None or unit.actor.is_staff or unit.actor.account_id is None:
        return await _rule(unit, check_id, question)
    values = {
        "decision_id": check_id,
        "account_id": unit.actor.account_id,
        "person_id": question.person_id,
        "hospital_id": question.hospital_id,
        "today": unit.today,
    }
    async with _BEFORE_A_SEAT.ahead(unit, values):
        return await _rule(unit, check_id, question)


async def _rule(unit: Unit, check_id: UUID | None, question: Question) -> _Ruling:
    answered = True
    if check_id is not None:
        check = await stored_check(
            unit, check_id, hospital_id=question.hospital_id, person_id=question.person_id
        )
        question = _declared(question, check)
        answered = bool(check.inputs.get("his_available", True))
    elif question.kind is not ClinicKind.OFFLINE:
        raise CheckOutdated()
    question = replace(question, stage=Stage.FORM)
    facts, evidence = await _facts(unit, question, his_available=answered)
    policy = await current_policy(unit, question.hospital_id)
    return _Ruling(question, facts, evidence, policy, rules.decide(facts, policy.policy))


@dataclass(frozen=True, slots=True)
class _Errand:
    """What to ask the hospital's system, if anything."""

    hospital_code: str
    his_patient_id: str
    since: HospitalDay
    kinds: tuple[HISVisitKind, ...]


async def _errand(unit: Unit, question: Question) -> _Errand | None:
    await _person(unit, question.person_id)
    if question.kind is ClinicKind.OFFLINE or question.stage is Stage.CARD:
        return None
    patient = await known_patient(unit, question.hospital_id, question.person_id)
    if patient is None:
        return None
    if await is_fresh(unit, question.hospital_id, question.person_id, within=ASK_AGAIN_AFTER):
        return None
    numbers = (await current_policy(unit, question.hospital_id)).policy.eligibility
    place = await hospital(unit, question.hospital_id)
    # One month more than the window, so that a refusal can name the visit that is just too old.
    since = add_months(unit.today, -numbers.offline_visit_window_months - 1)
    kinds = tuple(HISVisitKind(kind.value) for kind in numbers.visit_kinds_that_count)
    return _Errand(place.code, patient.his_patient_id, since, kinds)


async def _ask(units: Units, errand: _Errand | None) -> tuple[FetchedVisits | None, bool]:
    if errand is None:
        return None, True
    try:
        fetched = await fetch_visits(
            units, errand.hospital_code, errand.his_patient_id, since=errand.since, kinds=errand.kinds
        )
    except (HISUnavailable, HISRejected) as error:
        log.warning("eligibility.his_unavailable", hospital=errand.hospital_code, error=error.code)
        return None, False
    return fetched, True


async def _person(unit: Unit, person_id: UUID) -> Person:
    """For an account: one it may act for. For staff and the house: one the unit may see."""
    if unit.actor.is_staff or unit.actor.account_id is None:
        return await person(unit, person_id)
    return await person_for(unit, unit.actor.account_id, person_id)


async def _facts(
    unit: Unit, question: Question, *, his_available: bool
) -> tuple[Facts, tuple[VisitEvidence, ...]]:
    patient_person = await _person(unit, question.person_id)
    patient = await known_patient(unit, question.hospital_id, question.person_id)
    asks_anew = not unit.actor.is_staff and unit.actor.is_known
    if patient is not None and patient.restricted_at is not None and asks_anew:
        # Care that has begun goes on, and the counter is open (REG59).
        raise DataRestricted()
    visits = await stored_visits(unit, question.hospital_id, question.person_id)
    answered = his_available and (
        patient is None or await is_fresh(unit, question.hospital_id, question.person_id, within=CHECK_LASTS)
    )
    facts = Facts(
        today=unit.today,
        slot_date=question.slot_date,
        birth_date=patient_person.birth_date,
        identity_verified=patient_person.verified_at is not None,
        card_bound=patient is not None and patient.is_bound,
        card_linked=patient is not None and patient.insurance_linked,
        # Without a card there is no record to look at: that is not asked yet, not "never here".
        visits=None if patient is None else tuple(_visit(visit) for visit in visits),
        his_available=answered or patient is None,
        stable=question.stable,
        red_flags=question.red_flags,
        bans=await active_bans(unit, question.person_id, question.hospital_id),
        notice_accepted=await _has_accepted(unit, question),
        clinic_kind=question.kind,
        channel=question.channel,
    )
    return facts, visits


async def _has_accepted(unit: Unit, question: Question) -> bool:
    """At the desk and by phone staff read the notice out (SJ11); online the account accepted it.

    The house only decides again about a seat whose holder accepted before.
    """
    if question.channel is not Channel.ONLINE or not unit.actor.is_known:
        return True
    return await notice_accepted(unit, unit.actor.account, question.hospital_id)


def _visit(visit: VisitEvidence) -> OfflineVisit:
    finished = visit.status is HISVisitStatus.FINISHED
    return OfflineVisit(
        visit.on,
        VisitKind(visit.kind.value),
        VisitStatus.FINISHED if finished else VisitStatus.OTHER,
        campus=visit.campus or None,
    )
