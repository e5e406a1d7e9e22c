"""What the API says and takes of the gate. Sentences come in the language of the request."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from telehealth.core.i18n import format_day
from telehealth.core.text import Day, OptionalParagraph
from telehealth.directory import EmergencyAdvice, said
from telehealth.eligibility.explaining import Explanation, explain, window_notice
from telehealth.eligibility.facts import Check, Decision, GateCode, Stage, Step
from telehealth.eligibility.models import GateDecision
from telehealth.eligibility.ports import RedFlagAdvice, RedFlagQuestion
from telehealth.rulebook.rules import ClinicKind

FlagId = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z_]{1,39}$")]
Complaint = Annotated[OptionalParagraph, StringConstraints(max_length=1000)]
#: Any day somebody would book for.
SlotDay = Annotated[Day, Field(ge=date(2000, 1, 1), le=date(2199, 12, 31))]


Answers = Annotated[dict[FlagId, bool], Field(max_length=60)]


@dataclass(frozen=True, slots=True)
class Reader:
    """Who reads: their language, and the translator into it."""

    lang: str
    translate: Callable[[str], str]

    def day(self, day: date) -> str:
        return format_day(day, self.lang)


class CheckEligibility(BaseModel):
    """Answers may be left out until they are asked for; what is open is named in the answer."""

    model_config = ConfigDict(extra="forbid")

    person_id: UUID
    stage: Stage = Stage.BASICS
    kind: ClinicKind = ClinicKind.INTERNET
    slot_date: SlotDay | None = None
    stable: bool | None = None
    complaint: Complaint = ""
    answers: Answers = {}


class QuestionsWanted(BaseModel):
    """With a person, also what their known diagnoses call for."""

    model_config = ConfigDict(extra="forbid")

    complaint: Complaint = ""
    person: UUID | None = None


class RedFlagQuestionView(BaseModel):
    id: str
    text: str

    @classmethod
    def of(cls, question: RedFlagQuestion, lang: str) -> "RedFlagQuestionView":
        return cls(id=question.id, text=question.en if lang == "en" else question.zh)


class FindingView(BaseModel):
    """A rule that says no: what it saw, what would satisfy it, from when or by which step."""

    code: GateCode
    title: str
    seen: str
    remedy: str
    until: str | None
    satisfied_from: date | None
    satisfied_until: date | None
    step: Step | None

    @classmethod
    def of(cls, check: Check, reader: Reader) -> "FindingView":
        words: Explanation = explain(check)
        return cls(
            code=check.code,
            title=words.title.said(reader.translate, reader.day),
            seen=words.seen.said(reader.translate, reader.day),
            remedy=words.remedy.said(reader.translate, reader.day),
            until=words.until.said(reader.translate, reader.day) if words.until else None,
            satisfied_from=check.satisfied_from,
            satisfied_until=check.satisfied_until,
            step=check.step,
        )


class PlaceView(BaseModel):
    name: str
    address: str
    phone: str


class EmergencyView(BaseModel):
    """Shown instead of a booking. `places` are emergency departments one can walk into."""

    level: str
    sentence: str
    numbers: list[str]
    text: str
    places: list[PlaceView]

    @classmethod
    def of(cls, advice: RedFlagAdvice, here: EmergencyAdvice, reader: Reader) -> "EmergencyView":
        return cls(
            level=str(advice.level),
            sentence=reader.translate(advice.sentence),
            numbers=list(advice.numbers),
            text=said(here, "text", reader.lang),
            places=[
                PlaceView(
                    name=said(place, "name", reader.lang),
                    address=said(place, "address", reader.lang),
                    phone=place.phone,
                )
                for place in here.places
            ],
        )


class EligibilityCheckView(BaseModel):
    """`allowed`: nothing known speaks against it; what nobody asked yet is in `not_asked`.

    `pending`: only the hospital's system has not answered; a seat can be kept, uncharged. Explanations
    follow the law on automated decisions: a person at the hospital looks at it again on request.
    """

    id: UUID
    hospital_id: UUID
    person_id: UUID
    stage: Stage
    kind: ClinicKind
    slot_date: date | None
    decided_at: datetime
    policy_number: int
    allowed: bool
    pending: bool
    findings: list[FindingView]
    not_asked: list[GateCode]
    unanswered: list[str] = Field(description="questions of this very request that are still open")
    offer_offline_registration: bool
    satisfied_until: date | None
    window: str | None = Field(description="until when the last visit here covers a follow-up")
    emergency: EmergencyView | None
    human_review_phone: str

    @classmethod
    def of(
        cls,
        row: GateDecision,
        reader: Reader,
        *,
        emergency: EmergencyView | None,
        review_phone: str,
        unanswered: Sequence[str] = (),
    ) -> "EligibilityCheckView":
        decision = Decision.of_record(row.result)
        window = window_notice(decision)
        return cls(
            id=row.id,
            hospital_id=row.hospital_id,
            person_id=row.person_id,
            stage=row.stage,
            kind=row.clinic_kind,
            slot_date=row.slot_date,
            decided_at=row.decided_at,
            policy_number=row.policy_number,
            allowed=row.allowed,
            pending=row.pending,
            findings=[FindingView.of(check, reader) for check in decision.findings],
            not_asked=list(decision.not_asked),
            unanswered=list(unanswered),
            offer_offline_registration=decision.offer_offline_registration,
            satisfied_until=decision.satisfied_until,
            window=window.said(reader.translate, reader.day) if window else None,
            emergency=emergency,
            human_review_phone=review_phone,
        )
