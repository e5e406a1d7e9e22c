"""Keep every decision with what it was made from: policy version, inputs, evidence, result."""

import json
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from telehealth.core.clock import HospitalDay
from telehealth.core.hot import append_later
from telehealth.core.unit import Unit
from telehealth.eligibility import rules
from telehealth.eligibility.facts import Decision, Facts, Stage
from telehealth.eligibility.models import GateDecision
from telehealth.hospital import VisitEvidence
from telehealth.rulebook import PolicyVersion
from telehealth.rulebook.rules import Channel, ClinicKind, PolicySet


@dataclass(frozen=True, slots=True)
class Question:
    """Whom, where, for what; None means "not asked yet"."""

    hospital_id: UUID
    person_id: UUID
    stage: Stage = Stage.BASICS
    kind: ClinicKind = ClinicKind.INTERNET
    slot_date: HospitalDay | None = None
    stable: bool | None = None
    red_flags: tuple[str, ...] | None = None
    channel: Channel = Channel.ONLINE


async def keep(
    unit: Unit,
    question: Question,
    facts: Facts,
    decision: Decision,
    evidence: tuple[VisitEvidence, ...],
    *,
    policy: PolicyVersion,
    account_id: UUID | None = None,
) -> GateDecision:
    declared = None
    if question.stable is not None or question.red_flags is not None:
        declared = json.dumps({"stable": question.stable, "red_flags": question.red_flags})
    row = GateDecision(
        hospital_id=question.hospital_id,
        account_id=account_id or unit.owner,
        person_id=question.person_id,
        policy_id=policy.id,
        policy_number=policy.number,
        stage=question.stage,
        clinic_kind=question.kind,
        slot_date=question.slot_date,
        declaration=declared,
        inputs=_inputs(facts, policy.policy),
        allowed=decision.allowed,
        pending=decision.pending_verification,
        result=public_record(decision),
        evidence=[
            {
                "resource": visit.resource_id,
                "version": visit.version_id,
                "fetched_at": visit.fetched_at.isoformat(),
                "digest": visit.digest,
            }
            for visit in evidence
        ],
        decided_at=unit.now,
    )
    append_later(unit, row)
    unit.audit(
        "eligibility.decided", row, stage=question.stage, allowed=row.allowed, pending=row.pending,
        policy=policy.number, codes=decision.codes,
    )  # fmt: skip
    return row


def _inputs(facts: Facts, policy: PolicySet) -> dict[str, object]:
    """The facts a reviewer needs to repeat the decision; the birth date stays with the person."""
    last = rules.last_counting_visit(facts, policy)
    age_on = facts.slot_date or facts.today
    return {
        "today": facts.today.isoformat(),
        "slot_date": facts.slot_date and facts.slot_date.isoformat(),
        "age": facts.birth_date and rules.age_on(facts.birth_date, age_on, policy.eligibility.leap_birthday),
        "identity_verified": facts.identity_verified,
        "card_bound": facts.card_bound,
        "visits": len(facts.visits or ()),
        "last_counting_visit": last and last.visited_on.isoformat(),
        "his_available": facts.his_available,
        "bans": len(facts.bans),
        "notice_accepted": facts.notice_accepted,
        "clinic_kind": str(facts.clinic_kind),
        "channel": str(facts.channel),
    }


def public_record(decision: Decision) -> dict[str, Any]:
    """The result without which red flags were named: those are sealed with the declaration."""
    record = decision.as_record()
    for check in record["checks"]:
        flags = check["seen"].pop("flags", None)
        if flags is not None:
            check["seen"]["count"] = len(flags)
    return record
