"""What the API says of a drug book's versions and of the files that go into them."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from prescriptions.formulary.models import FormularyImport, FormularyVersion
from prescriptions.states import BookState, SheetKind
from telehealth.core.i18n import translator
from telehealth.core.progress import Progress, ProgressView


class VersionView(BaseModel):
    id: UUID
    number: int
    state: BookState
    note: str
    digest: str = Field(description="SHA-256 of all of it, once published")
    created_at: datetime
    published_at: datetime | None
    medicines: int
    herbs: int

    @classmethod
    def of(cls, row: FormularyVersion, counts: dict[SheetKind, int]) -> "VersionView":
        return cls(
            id=row.id, number=row.number, state=row.state, note=row.note, digest=row.digest,
            created_at=row.created_at, published_at=row.published_at,
            medicines=counts.get(SheetKind.WESTERN, 0), herbs=counts.get(SheetKind.HERB, 0),
        )  # fmt: skip


class AnnouncedFile(BaseModel):
    """CSV with a head line or JSON for the tables of drugs, JSON for the others."""

    model_config = ConfigDict(extra="forbid")

    table: Literal[
        "medicines", "herbs", "interactions", "tcm_rules",
        "allergy_classes", "diagnoses_icd10", "diagnoses_tcm", "frequencies",
    ]  # fmt: skip
    size: Annotated[int, Field(ge=1, le=2**40)]
    replaces: bool = Field(default=False, description="drugs that the file does not name leave the draft")


class BadRowView(BaseModel):
    """`row` counts from 1; 0 is the table as a whole."""

    row: int
    field: str
    kind: str
    said: str


class ImportReport(BaseModel):
    """`bad` lists the first thousand places; `bad_rows` counts every row that was not taken."""

    taken: int
    added: int
    removed: int
    bad_rows: int
    bad: list[BadRowView]


class ImportView(BaseModel):
    """`progress` is null until the file was sent and started; `report` grows while it is read."""

    id: UUID
    version_id: UUID
    table: str
    replaces: bool
    asked_at: datetime
    ended_at: datetime | None
    was_stopped: bool
    progress: ProgressView | None
    report: ImportReport

    @classmethod
    def of(cls, row: FormularyImport, progress: Progress | None, lang: str) -> "ImportView":
        say = translator(lang)
        bad = [
            BadRowView(row=each["number"], field=each["field"], kind=each["kind"], said=say(each["said"]))
            for each in row.bad
        ]
        return cls(
            id=row.id, version_id=row.version_id, table=row.table_name, replaces=row.replaces,
            asked_at=row.asked_at, ended_at=row.ended_at, was_stopped=row.was_stopped,
            progress=None if progress is None else ProgressView.of(progress),
            report=ImportReport(
                taken=row.taken, added=row.added, removed=row.removed, bad_rows=row.bad_rows, bad=bad
            ),
        )  # fmt: skip
