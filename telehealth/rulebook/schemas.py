from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from telehealth.core.text import OptionalLine
from telehealth.rulebook.models import PolicyVersionRow
from telehealth.rulebook.rehearsing import Outcome
from telehealth.rulebook.rules import Change
from telehealth.rulebook.states import PolicyState


class Input(BaseModel):
    model_config = ConfigDict(extra="forbid")


class DraftPolicy(Input):
    note: OptionalLine = ""


class SavePolicy(Input):
    """The whole set: what is absent takes its sample value. `revision` is the one you read."""

    body: dict[str, Any]
    note: OptionalLine = ""
    revision: int = Field(ge=1, le=1_000_000)


class AtRevision(Input):
    revision: int = Field(ge=1, le=1_000_000)


class RehearsePolicy(Input):
    """`cases` is the text of a case file."""

    cases: Annotated[str, Field(min_length=2, max_length=800_000)]


class PolicySummary(BaseModel):
    id: UUID
    hospital_id: UUID
    number: int
    state: PolicyState
    note: str
    based_on: int
    revision: int
    digest: str
    created_at: datetime
    published_at: datetime | None

    @classmethod
    def of(cls, row: PolicyVersionRow) -> "PolicySummary":
        return cls.model_validate(row, from_attributes=True)


class PolicyView(PolicySummary):
    body: dict[str, Any]

    @classmethod
    def of(cls, row: PolicyVersionRow) -> "PolicyView":
        return cls.model_validate(row, from_attributes=True)


class ChangeView(BaseModel):
    path: str
    label: str
    label_en: str
    unit: str
    source: str
    old: Any
    new: Any

    @classmethod
    def of(cls, change: Change) -> "ChangeView":
        return cls(
            path=change.path,
            label=change.label_zh,
            label_en=change.label_en,
            unit=change.unit,
            source=change.source,
            old=change.old,
            new=change.new,
        )


class OutcomeView(BaseModel):
    id: str
    allowed: bool
    codes: list[str]
    satisfied_from: dict[str, str]
    ok: bool

    @classmethod
    def of(cls, outcome: Outcome) -> "OutcomeView":
        return cls(
            id=outcome.case_id,
            allowed=outcome.is_allowed,
            codes=list(outcome.codes),
            satisfied_from=dict(outcome.satisfied_from),
            ok=outcome.ok,
        )


class RehearsalView(BaseModel):
    ok: bool
    outcomes: list[OutcomeView]
