from collections.abc import Mapping
from datetime import date, datetime
from typing import Annotated, ClassVar
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from telehealth.core.i18n import LANGUAGES, translator
from telehealth.core.text import Line, OptionalLine, Paragraph
from telehealth.hospital import VisitKind
from telehealth.hospital.reports import DiagnosticReport, Flag, ReportKind, ReportStatus
from telehealth.records.models import Paper, Report, Share, ShareView
from telehealth.records.papers import Item
from telehealth.records.showing import Visit
from telehealth.records.states import PaperKind
from telehealth.web.pagination import PageQuery


class Input(BaseModel):
    model_config = ConfigDict(extra="forbid")


class MakeShare(Input):
    """`papers` are "kind:id" of documents of one person."""

    person_id: UUID
    papers: Annotated[list[Annotated[str, Field(max_length=80)]], Field(max_length=50)]
    days: Annotated[int, Field(ge=1, le=99)]
    label: Annotated[OptionalLine, Field(max_length=40)] = ""
    with_code: bool = False


class MakeShareForm(MakeShare):
    model_config = ConfigDict(extra="ignore")


class AskAsHeir(Input):
    hospital: Annotated[Line, Field(max_length=40)]
    name: Annotated[Line, Field(max_length=40)]
    document_number: Annotated[Line, Field(max_length=30)]
    relation: Annotated[Line, Field(max_length=20)]
    wish: Annotated[Paragraph, Field(max_length=500)]


class AskAsHeirForm(AskAsHeir):
    model_config = ConfigDict(extra="ignore")


class AnswerHeir(Input):
    FORM_VALUES: ClassVar[bool] = True

    granted: bool
    answer: Annotated[Paragraph, Field(max_length=500)]


class AskExport(Input):
    person_id: UUID


class UnlockExport(Input):
    code: Annotated[Line, Field(max_length=10)]


class RestrictData(Input):
    person_id: UUID
    hospital_id: UUID


class ListDocuments(PageQuery):
    model_config = ConfigDict(extra="forbid")

    kind: PaperKind | None = None


class DocumentView(BaseModel):
    """One thing of a record; `title` and `sub` by language."""

    kind: PaperKind
    id: UUID
    person_id: UUID
    hospital_id: UUID
    at: datetime
    title: dict[str, str]
    sub: dict[str, str]

    @classmethod
    def of(cls, item: Item) -> "DocumentView":
        return cls(
            kind=item.kind,
            id=item.id,
            person_id=item.person_id,
            hospital_id=item.hospital_id,
            at=item.at,
            title=_spoken(item.title),
            sub=_spoken(item.sub),
        )


class ReportLineView(BaseModel):
    name: str
    value: str
    unit: str
    reference: str
    flag: Flag


class ReportView(BaseModel):
    """As the hospital's system told it; a flag is the laboratory's own word."""

    id: UUID
    person_id: UUID
    hospital_id: UUID
    kind: ReportKind
    status: ReportStatus
    title: str
    performer: str
    taken_at: datetime
    reported_at: datetime
    lines: list[ReportLineView]
    conclusion: str
    digest: str

    @classmethod
    def of(cls, row: Report, told: DiagnosticReport) -> "ReportView":
        return cls(
            id=row.id,
            person_id=row.person_id,
            hospital_id=row.hospital_id,
            kind=told.kind,
            status=told.status,
            title=told.title,
            performer=told.performer,
            taken_at=told.taken_at,
            reported_at=told.reported_at,
            lines=[ReportLineView.model_validate(line, from_attributes=True) for line in told.lines],
            conclusion=told.conclusion,
            digest=told.digest,
        )


class HospitalVisitView(BaseModel):
    hospital_id: UUID
    kind: VisitKind
    on: date
    diagnoses: list[str]

    @classmethod
    def of(cls, visit: Visit) -> "HospitalVisitView":
        return cls(
            hospital_id=visit.hospital.id,
            kind=visit.evidence.kind,
            on=visit.evidence.on,
            diagnoses=[each.text for each in visit.evidence.diagnoses],
        )


class PaperView(BaseModel):
    """A PDF that was handed out; `code` opens the public check page, `sha256` is of the file."""

    id: UUID
    kind: PaperKind
    person_id: UUID
    on: date
    code: str
    sha256: str
    content_digest: str
    size: int
    is_sealed: bool
    issued_at: datetime

    @classmethod
    def of(cls, row: Paper) -> "PaperView":
        return cls.model_validate(row, from_attributes=True)


class FileLink(BaseModel):
    """Good for a few minutes; the file has this hash."""

    url: str
    sha256: str


class ShareViewed(BaseModel):
    """`paper_id` is None when the list was opened."""

    at: datetime
    device: str
    paper_id: UUID | None

    @classmethod
    def of(cls, row: ShareView) -> "ShareViewed":
        return cls.model_validate(row, from_attributes=True)


class SharePageView(BaseModel):
    """`path` is the link without the host; `view_code` is told apart from it."""

    id: UUID
    person_id: UUID
    label: str
    path: str
    view_code: str | None
    paper_ids: list[UUID]
    made_at: datetime
    expires_at: datetime
    revoked_at: datetime | None
    views: int

    @classmethod
    def of(cls, row: Share, views: int) -> "SharePageView":
        return cls(
            id=row.id,
            person_id=row.person_id,
            label=row.label,
            path=f"/shared/{row.token}",
            view_code=row.view_code,
            paper_ids=row.paper_ids,
            made_at=row.made_at,
            expires_at=row.expires_at,
            revoked_at=row.revoked_at,
            views=views,
        )


def _spoken(text: str | Mapping[str, str]) -> dict[str, str]:
    if isinstance(text, str):
        return {lang: translator(lang)(text) for lang in LANGUAGES}
    return dict(text)
