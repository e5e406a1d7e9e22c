"""What the API says and takes of condition forms. Sentences come in the language of the request."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from telehealth.core.i18n import N_
from telehealth.intake.content import FormContent
from telehealth.intake.models import IntakeAttachment
from telehealth.intake.red_flags import Question
from telehealth.intake.rules import Field as FormField
from telehealth.intake.rules import PhotoKind, Template
from telehealth.intake.sending import Overview
from telehealth.intake.states import AttachmentState, FormState
from telehealth.rulebook.rules import ClinicKind

PREFIX = "/api/v1"
Translate = Callable[[str], str]


class BeginForm(BaseModel):
    model_config = ConfigDict(extra="forbid")

    person_id: UUID
    department_id: UUID
    kind: ClinicKind = ClinicKind.INTERNET


class SubmitForm(BaseModel):
    """`version` is the one the patient last saw; another one stored since is a conflict."""

    model_config = ConfigDict(extra="forbid")

    version: int | None = Field(default=None, ge=1, le=2**31)


class ThumbnailWanted(BaseModel):
    model_config = ConfigDict(extra="forbid")

    thumbnail: bool = False


class AskedQuestion(BaseModel):
    id: str
    text: str
    answer: bool | None

    @classmethod
    def of(cls, question: Question, lang: str, answers: Mapping[str, bool]) -> "AskedQuestion":
        return cls(
            id=question.id,
            text=question.en if lang == "en" else question.zh,
            answer=answers.get(question.id),
        )


class AttachmentView(BaseModel):
    """`hints` advise to take the photo again; the file is kept either way."""

    id: UUID
    kind: PhotoKind
    state: AttachmentState
    filename: str
    content_type: str
    size: int
    pages: int | None
    hints: list[str]
    url: str | None
    thumbnail_url: str | None
    remove_url: str
    #: Why it was not kept, when it was not.
    problem: str | None = None

    @classmethod
    def of(cls, row: IntakeAttachment, _: Translate) -> "AttachmentView":
        here = f"{PREFIX}/attachments/{row.id}"
        is_ready = row.state is AttachmentState.READY
        return cls(
            id=row.id,
            kind=row.kind,
            state=row.state,
            filename=row.filename,
            content_type=row.content_type,
            size=row.size,
            pages=row.pages,
            hints=[_(text) for text in hints(row)],
            url=f"{here}/content" if is_ready else None,
            thumbnail_url=f"{here}/content?thumbnail=true" if is_ready and row.thumbnail_key else None,
            remove_url=here,
        )


def hints(row: IntakeAttachment) -> list[str]:
    return [
        *([N_("照片可能不清楚，建议重拍")] if row.looks_blurred else []),
        *([N_("照片偏暗，建议在亮处重拍")] if row.looks_dark else []),
    ]


class TemplateView(BaseModel):
    """What this department asks of this patient; `photos` says how many of a kind at least."""

    code: str
    name: str
    required: list[FormField]
    photos: dict[PhotoKind, int]

    @classmethod
    def of(cls, template: Template, lang: str) -> "TemplateView":
        name = template.name_en if lang == "en" else template.name_zh
        return cls(
            code=template.code, name=name, required=list(template.required), photos=dict(template.photos)
        )


class Lack(BaseModel):
    field: str
    detail: str


class IntakeFormView(BaseModel):
    """A form as it is stored. `lacking` is what keeps it from being sent."""

    id: UUID
    state: FormState
    version: int
    hospital_id: UUID
    person_id: UUID
    department_id: UUID
    kind: ClinicKind
    saved_at: datetime
    submitted_at: datetime | None
    content: FormContent
    template: TemplateView
    questions: list[AskedQuestion]
    attachments: list[AttachmentView]
    most_attachments: int
    max_bytes: int
    lacking: list[Lack]

    @classmethod
    def of(cls, found: Overview, lang: str, _: Translate) -> "IntakeFormView":
        row, content = found.sheet.row, found.sheet.content
        return cls(
            id=row.id,
            state=row.state,
            version=row.version,
            hospital_id=row.hospital_id,
            person_id=row.person_id,
            department_id=row.department_id,
            kind=row.kind,
            saved_at=row.saved_at,
            submitted_at=row.submitted_at,
            content=content,
            template=TemplateView.of(found.sheet.template, lang),
            questions=[AskedQuestion.of(item, lang, content.answers) for item in found.questions],
            attachments=[AttachmentView.of(item, _) for item in found.attachments],
            most_attachments=found.sheet.policy.intake.max_photos,
            max_bytes=found.max_bytes,
            lacking=[Lack(field=field, detail=_(text)) for field, text in found.lacking.items()],
        )


class SavedView(BaseModel):
    """What an autosave answers."""

    id: UUID
    version: int
    saved_at: datetime


def conflict(problem: Mapping[str, Any], stored: IntakeFormView) -> dict[str, Any]:
    """A refused save carries the copy we hold, so that a client can lay both side by side."""
    return {**problem, "current": stored.model_dump(mode="json")}
