"""What the gate is asked and what it answers."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from typing import Any

from telehealth.core.clock import HospitalDay
from telehealth.rulebook.rules import Channel, ClinicKind, VisitKind
from telehealth.strikes.rules import Ban


class GateCode(StrEnum):
    """In the order in which a patient meets the rules (XY06)."""

    IDENTITY_UNVERIFIED = "IDENTITY_UNVERIFIED"
    CARD_NOT_BOUND = "CARD_NOT_BOUND"
    AGE_BELOW_MINIMUM = "AGE_BELOW_MINIMUM"
    HIS_UNAVAILABLE = "HIS_UNAVAILABLE"
    NO_RECENT_OFFLINE_VISIT = "NO_RECENT_OFFLINE_VISIT"
    BANNED = "BANNED"
    NOT_STABLE = "NOT_STABLE"
    RED_FLAG = "RED_FLAG"
    NOTICE_NOT_ACCEPTED = "NOTICE_NOT_ACCEPTED"


class Stage(StrEnum):
    CARD = "card"
    BASICS = "basics"
    RED_FLAGS = "red_flags"
    FORM = "form"


class Outcome(StrEnum):
    PASSED = "passed"
    FAILED = "failed"
    NOT_ASKED = "not_asked"
    #: Another rule of the same decision already speaks for this one.
    COVERED = "covered"


class Step(StrEnum):
    VERIFY_IDENTITY = "verify_identity"
    BIND_CARD = "bind_card"
    LINK_CARD = "link_card"
    WAIT_UNTIL = "wait_until"
    SEE_A_DOCTOR_HERE = "see_a_doctor_here"
    CHOOSE_AN_EARLIER_SLOT = "choose_an_earlier_slot"
    WE_CHECK_AGAIN = "we_check_again"
    BOOK_ANOTHER_WAY = "book_another_way"
    ANSWER_QUESTIONS = "answer_questions"
    SEEK_EMERGENCY_CARE = "seek_emergency_care"
    ACCEPT_NOTICE = "accept_notice"


class VisitStatus(StrEnum):
    FINISHED = "finished"
    CANCELLED = "cancelled"
    REFUNDED = "refunded"
    OTHER = "other"


THIS_HOSPITAL = "this"


@dataclass(frozen=True)
class OfflineVisit:
    """A visit as the hospital's system tells it. `hospital` compares with `Facts.hospital`."""

    visited_on: HospitalDay
    kind: VisitKind
    status: VisitStatus
    hospital: str = THIS_HOSPITAL
    campus: str | None = None


@dataclass(frozen=True)
class Facts:
    """All the gate knows. None means "not asked yet"; without `slot_date` any open day may come.

    `birth_date` comes from the verified document, never from a typed field. `visits` is what the
    hospital's system answered; when `his_available` is false it is only stored evidence.
    """

    today: HospitalDay
    slot_date: HospitalDay | None = None
    birth_date: date | None = None
    identity_verified: bool | None = None
    card_bound: bool | None = None
    card_linked: bool | None = None
    visits: tuple[OfflineVisit, ...] | None = None
    his_available: bool = True
    stable: bool | None = None
    red_flags: tuple[str, ...] | None = None
    bans: tuple[Ban, ...] = ()
    notice_accepted: bool | None = None
    clinic_kind: ClinicKind = ClinicKind.INTERNET
    channel: Channel = Channel.ONLINE
    hospital: str = THIS_HOSPITAL
    campus: str | None = None


@dataclass(frozen=True)
class Check:
    """One rule's answer. `seen` holds what it looked at, safe to show to the patient.

    `satisfied_from` is the first date on which this rule alone would pass, where a date can cure
    it; `satisfied_until` the last slot date it passes for (inclusive).
    """

    code: GateCode
    outcome: Outcome
    seen: Mapping[str, object] = field(default_factory=dict)
    satisfied_from: HospitalDay | None = None
    satisfied_until: HospitalDay | None = None
    step: Step | None = None


@dataclass(frozen=True)
class Decision:
    checks: tuple[Check, ...]

    @property
    def allowed(self) -> bool:
        return not self.findings

    @property
    def findings(self) -> tuple[Check, ...]:
        return tuple(check for check in self.checks if check.outcome is Outcome.FAILED)

    @property
    def not_asked(self) -> tuple[GateCode, ...]:
        return tuple(check.code for check in self.checks if check.outcome is Outcome.NOT_ASKED)

    @property
    def codes(self) -> tuple[GateCode, ...]:
        return tuple(check.code for check in self.findings)

    @property
    def pending_verification(self) -> bool:
        """Nothing but the hospital's system stands in the way: the seat is kept, uncharged."""
        return self.codes == (GateCode.HIS_UNAVAILABLE,)

    @property
    def offer_offline_registration(self) -> bool:
        """SJ01: whom the gate refuses for lack of a recent visit may register to come in person."""
        return GateCode.NO_RECENT_OFFLINE_VISIT in self.codes

    @property
    def satisfied_until(self) -> HospitalDay | None:
        """The last slot date the visit window reaches."""
        return next((c.satisfied_until for c in self.checks if c.satisfied_until is not None), None)

    @classmethod
    def of_record(cls, record: Mapping[str, Any]) -> "Decision":
        """A stored decision, to be explained again."""
        return cls(tuple(_check(check) for check in record["checks"]))

    def as_record(self) -> dict[str, Any]:
        """JSON of the decision, kept beside the policy version and the facts."""
        return {
            "allowed": self.allowed,
            "pending_verification": self.pending_verification,
            "checks": [_record(check) for check in self.checks],
        }


def _check(record: Mapping[str, Any]) -> Check:
    return Check(
        GateCode(record["code"]),
        Outcome(record["outcome"]),
        {key: _day(value) if key in _DAYS else value for key, value in record["seen"].items()},
        satisfied_from=_day(record["satisfied_from"]),
        satisfied_until=_day(record["satisfied_until"]),
        step=None if record["step"] is None else Step(record["step"]),
    )


def _day(text: str | None) -> HospitalDay | None:
    return None if text is None else date.fromisoformat(text)


#: What `seen` holds as a day.
_DAYS = frozenset({"last_visit", "judged_on", "until"})


def _record(check: Check) -> dict[str, object]:
    return {
        "code": str(check.code),
        "outcome": str(check.outcome),
        "seen": {key: _plain(value) for key, value in check.seen.items()},
        "satisfied_from": _plain(check.satisfied_from),
        "satisfied_until": _plain(check.satisfied_until),
        "step": check.step and str(check.step),
    }


def _plain(value: object) -> object:
    if isinstance(value, date):
        return value.isoformat()
    return list(value) if isinstance(value, tuple) else value
