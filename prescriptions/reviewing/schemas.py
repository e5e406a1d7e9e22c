"""What the review API takes and answers."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from prescriptions.models import Prescription
from prescriptions.reviewing.models import PharmacistDuty
from telehealth.accounts import StaffMember
from telehealth.core.text import Paragraph

Issue = Annotated[int, Field(ge=1, le=1000)]


class Body(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class PassBody(Body):
    """`acknowledged` are positions of lines the doctor signed again (REG 29)."""

    issue: Issue
    acknowledged: Annotated[tuple[Annotated[int, Field(ge=1, le=100)], ...], Field(max_length=100)] = ()


class AnswerBody(Body):
    issue: Issue
    reason: Paragraph


class ReviewedView(BaseModel):
    id: UUID
    number: str
    state: str
    issue: int

    @classmethod
    def of(cls, rx: Prescription) -> "ReviewedView":
        return cls(id=rx.id, number=rx.number, state=str(rx.state), issue=rx.issue)


class WaitingView(BaseModel):
    """`answer_by` is what was promised; the oldest promise comes first."""

    id: UUID
    number: str
    kind: str
    issue: int
    signed_at: datetime
    answer_by: datetime

    @classmethod
    def of(cls, rx: Prescription) -> "WaitingView":
        return cls.model_validate(rx, from_attributes=True)


class PlanDuty(Body):
    """Whoever of `pharmacists` is there from when to when; at most a day long."""

    account_id: UUID
    starts_at: AwareDatetime
    ends_at: AwareDatetime


class PharmacistView(BaseModel):
    account_id: UUID
    name: str
    name_en: str

    @classmethod
    def of(cls, row: StaffMember) -> "PharmacistView":
        return cls(account_id=row.account_id, name=row.name, name_en=row.name_en or "")


class DutyView(BaseModel):
    id: UUID
    account_id: UUID
    starts_at: datetime
    ends_at: datetime

    @classmethod
    def of(cls, row: PharmacistDuty) -> "DutyView":
        return cls(id=row.id, account_id=row.account_id, starts_at=row.starts_at, ends_at=row.ends_at)


class RosterView(BaseModel):
    """Of the next two weeks, and who may be planned."""

    duties: list[DutyView]
    pharmacists: list[PharmacistView]


class FindingView(BaseModel):
    code: str
    severity: str
    title: str
    why: str
    lines: list[int]


class SheetView(BaseModel):
    id: UUID
    number: str
    issue: int
    state: str
    lines: list[dict[str, Any]]
    findings: list[FindingView]
    #: Medicines of other sheets still in use; of other hospitals, too, where the patient agreed.
    in_use: list[str]
    foreign_known: bool
