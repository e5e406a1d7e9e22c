from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints, model_validator

from telehealth.complaints.models import Complaint, ComplaintPhoto, ComplaintStep
from telehealth.complaints.rules import LONGEST
from telehealth.complaints.states import ComplaintKind, ComplaintState, ReviewOutcome, StepKind
from telehealth.core.i18n import N_
from telehealth.core.text import Paragraph, clean_paragraph
from telehealth.web.pagination import PageQuery

#: The hospital's own limit is told in its own words; this one only keeps books out.
Words = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=LONGEST),
    AfterValidator(clean_paragraph),
]
TopicKind = Annotated[str, Field(max_length=40, pattern=r"^[a-z_]*$")]


class Input(BaseModel):
    model_config = ConfigDict(extra="forbid")


class MakeComplaint(Input):
    """About something one was shown (`about`, `about_id`), or about a hospital at large (its code)."""

    kind: ComplaintKind
    text: Words
    hospital: Annotated[str, Field(max_length=40)] = ""
    about: TopicKind = ""
    about_id: UUID | None = None
    #: Made up by the client: sent twice, it is one complaint.
    draft: UUID | None = None

    @model_validator(mode="after")
    def _names_what_it_is_about(self) -> "MakeComplaint":
        if bool(self.about) != (self.about_id is not None):
            raise ValueError(N_("请选择医院或订单"))
        return self


class ComplaintWords(Input):
    text: Words


class AnswerComplaint(Input):
    text: Annotated[Paragraph, Field(max_length=4000)]
    #: Of a request for review, and only of one.
    outcome: ReviewOutcome | None = None


class ReplyToComplaint(Input):
    text: Annotated[Paragraph, Field(max_length=4000)]


class AnnouncedPhoto(Input):
    content_type: Annotated[str, Field(max_length=60, pattern=r"^(image/[a-z]+|application/octet-stream)$")]
    size: Annotated[int, Field(ge=1, le=2**40)]


class StepView(BaseModel):
    kind: StepKind
    at: datetime
    by: str
    text: str

    @classmethod
    def of(cls, row: ComplaintStep) -> "StepView":
        return cls(kind=row.kind, at=row.at, by=row.by_name, text=row.text)


class PhotoView(BaseModel):
    id: UUID
    state: str
    size: int

    @classmethod
    def of(cls, row: ComplaintPhoto) -> "PhotoView":
        return cls(id=row.id, state=row.state, size=row.size)


class ComplaintLineView(BaseModel):
    id: UUID
    number: str
    hospital_id: UUID
    kind: ComplaintKind
    state: ComplaintState
    about: str
    about_id: UUID | None
    about_number: str
    made_at: datetime
    #: Promises: taken up by, answered by.
    reply_by: datetime
    answer_by: datetime
    owner: str
    escalated: bool
    outcome: ReviewOutcome | None

    @classmethod
    def of(cls, row: Complaint) -> "ComplaintLineView":
        return cls(**_line(row))


class ComplaintView(ComplaintLineView):
    text: str
    #: Until when it may be reopened, where it may.
    reopen_until: datetime | None
    steps: list[StepView]
    photos: list[PhotoView]

    @classmethod
    def whole(
        cls, row: Complaint, steps: list[ComplaintStep], photos: list[ComplaintPhoto]
    ) -> "ComplaintView":
        return cls(
            **_line(row),
            text=row.text,
            reopen_until=row.reopen_until if row.reopened_at is None else None,
            steps=[StepView.of(step) for step in steps],
            photos=[PhotoView.of(photo) for photo in photos],
        )


class ComplaintQuery(PageQuery):
    pass


class OwedQuery(PageQuery):
    """Oldest promise first."""


class PhonesView(BaseModel):
    """Whom to call without an account."""

    hospital_id: UUID
    code: str
    name: str
    complaint_phone: str
    supervision_phone: str


def _line(row: Complaint) -> dict[str, object]:
    return {
        "id": row.id,
        "number": row.number,
        "hospital_id": row.hospital_id,
        "kind": row.kind,
        "state": row.state,
        "about": row.about,
        "about_id": row.about_id,
        "about_number": row.about_number,
        "made_at": row.made_at,
        "reply_by": row.reply_by,
        "answer_by": row.answer_by,
        "owner": row.owner_name,
        "escalated": row.escalated_at is not None,
        "outcome": row.outcome,
    }
