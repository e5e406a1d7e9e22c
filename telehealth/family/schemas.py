"""What clients of the family account send and read. No view carries a whole name of somebody else's payer,
a document number or a bank card."""

from datetime import date, datetime
from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from telehealth.core.text import Line, Paragraph
from telehealth.family.listing import Family, Seen
from telehealth.family.models import Binding, Paper
from telehealth.family.requesting import Wanted
from telehealth.family.states import BindingState, PaperState, Way
from telehealth.patients.masking import mask_name
from telehealth.patients.rules import Relation
from telehealth.patients.states import Purpose

Code = Annotated[str, StringConstraints(strip_whitespace=True, pattern=r"^[0-9]{6}$")]
HospitalCode = Annotated[str, StringConstraints(strip_whitespace=True, pattern=r"^[a-z][a-z0-9-]{1,30}$")]
BankCard = Annotated[str, StringConstraints(strip_whitespace=True, pattern=r"^[0-9][0-9 ]{10,24}[0-9]$")]


class Input(BaseModel):
    model_config = ConfigDict(extra="forbid")


class RequestBinding(Input):
    """`agree_paying`, `agree_child`: a guardian's, for a child. An adult's word comes with the proof."""

    person_id: UUID
    hospital: HospitalCode
    agree_paying: bool = False
    agree_child: bool = False

    def wanted(self) -> Wanted:
        ticked = {Purpose.FAMILY_PAYING: self.agree_paying, Purpose.FAMILY_CHILD: self.agree_child}
        return Wanted(
            self.person_id, self.hospital, frozenset(purpose for purpose, yes in ticked.items() if yes)
        )


class StartMemberFace(Input):
    agree_face: bool


class CheckBankCard(Input):
    card: BankCard
    phone: Annotated[Line, Field(max_length=20)]

    @property
    def digits(self) -> str:
        return self.card.replace(" ", "")


class GiveMemberCode(Input):
    code: Code


class AgreeDetails(Input):
    agreed: bool


class RefuseBinding(Input):
    reason: Annotated[Paragraph, Field(max_length=300)]


class PaperView(BaseModel):
    """`problem` says why a file was not taken."""

    id: UUID
    state: PaperState
    content_type: str
    size: int
    thumbnail_url: str | None
    remove_url: str | None
    looks_blurred: bool
    looks_dark: bool
    problem: str | None = None

    @classmethod
    def of(cls, row: Paper, prefix: str) -> "PaperView":
        is_ready = row.state is PaperState.READY
        here = f"{prefix}/family/papers/{row.id}"
        return cls(
            id=row.id,
            state=row.state,
            content_type=row.content_type,
            size=row.size,
            thumbnail_url=f"{here}/content?thumbnail=true" if is_ready and row.thumbnail_key else None,
            remove_url=here if is_ready else None,
            looks_blurred=row.looks_blurred,
            looks_dark=row.looks_dark,
        )


class BindingView(BaseModel):
    """`ways` are those by which a waiting request may be proved; `answer_by` is the hospital's promise."""

    id: UUID
    number: str
    person_id: UUID
    hospital_id: UUID
    relation: Relation
    name_masked: str
    state: BindingState
    way: Way | None
    ways: list[Way]
    papers: list[UUID]
    age_when_asked: int
    requested_at: datetime
    answer_by: datetime | None
    lapses_at: datetime
    bound_at: datetime | None
    ended_at: datetime | None
    reason: str
    details_agreed: bool

    @classmethod
    def of(cls, seen: Seen) -> "BindingView":
        row = seen.binding
        return cls(
            id=row.id,
            number=row.number,
            person_id=row.person_id,
            hospital_id=row.hospital_id,
            relation=row.relation,
            name_masked=mask_name(row.member_name),
            state=row.state,
            way=row.way,
            ways=list(seen.ways),
            papers=[paper.id for paper in seen.papers],
            age_when_asked=row.age,
            requested_at=row.requested_at,
            answer_by=row.answer_by,
            lapses_at=row.lapses_at,
            bound_at=row.bound_at,
            ended_at=row.ended_at,
            reason=row.reason,
            details_agreed=seen.is_details_agreed,
        )


class PayerView(BaseModel):
    """Somebody who may pay for the reader, or asks to."""

    id: UUID
    name_masked: str
    state: BindingState
    since: datetime
    details_agreed: bool

    @classmethod
    def of(cls, row: Binding, *, details_agreed: bool) -> "PayerView":
        return cls(
            id=row.id,
            name_masked=mask_name(row.payer_name),
            state=row.state,
            since=row.bound_at or row.requested_at,
            details_agreed=details_agreed,
        )


class FamilyView(BaseModel):
    """`left` of `limit` bindings this month; on `resets_on`, 00:00 in Shanghai, the count begins anew."""

    offered_at: list[str]
    opens_on: date | None
    limit: int
    left: int
    resets_on: date
    members: list[BindingView]
    payers: list[PayerView]

    @classmethod
    def of(cls, found: Family, members: list[BindingView], payers: list[PayerView]) -> "FamilyView":
        return cls(
            offered_at=[offer.hospital.code for offer in found.offers],
            opens_on=found.opens_on,
            limit=found.limit,
            left=found.left,
            resets_on=found.resets_on,
            members=members,
            payers=payers,
        )


class FaceStartView(BaseModel):
    """`url` is the vendor's page, opened on the member's phone; afterwards POST to `finish_url`."""

    id: UUID
    url: str
    finish_url: str


class CodeSentView(BaseModel):
    phone_masked: str


class ThumbnailWanted(BaseModel):
    thumbnail: bool = False


class BindingReviewView(BaseModel):
    """A request as it was made, for whoever checks it."""

    id: UUID
    number: str
    way: Way | None
    relation: Relation
    name: str
    payer_name: str
    birth_date: date
    age_when_asked: int
    requested_at: datetime
    answer_by: datetime | None
    papers: list[UUID]

    @classmethod
    def of(cls, row: Binding, papers: list[UUID]) -> "BindingReviewView":
        return cls(
            id=row.id,
            number=row.number,
            way=row.way,
            relation=row.relation,
            name=row.member_name,
            payer_name=row.payer_name,
            birth_date=row.birth_date,
            age_when_asked=row.age,
            requested_at=row.requested_at,
            answer_by=row.answer_by,
            papers=papers,
        )
