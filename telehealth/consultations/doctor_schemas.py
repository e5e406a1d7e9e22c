"""What the API of the doctor's side says and takes. Sentences come in the language of the request."""

from collections.abc import Callable, Sequence
from dataclasses import asdict
from datetime import date, datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from telehealth.bookings import Booking
from telehealth.consultations.duty import UrgentVisit
from telehealth.consultations.filing import Earlier, PatientFile
from telehealth.consultations.following_up import Task
from telehealth.consultations.line import InLine
from telehealth.consultations.models import Consultation, FollowUp, RoomSeat, VisitNote
from telehealth.consultations.note_content import NoteContent, read_content
from telehealth.consultations.noting import is_genuine
from telehealth.consultations.recordings import Playlist
from telehealth.consultations.states import ConsultationState, FollowUpState, NoteState, SeatState
from telehealth.core.rooms import Segment
from telehealth.core.text import Day, Line, OptionalParagraph, Paragraph
from telehealth.hospital import VisitEvidence
from telehealth.intake.content import FormContent
from telehealth.intake.schemas import AttachmentView
from telehealth.patients.masking import mask_name

PREFIX = "/api/v1"
Reason = Annotated[Line, StringConstraints(min_length=2)]


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid")


class LineQuery(_Body):
    day: Day | None = None


class AdmitBody(_Body):
    """REG 3: the doctor saw the offline evidence and finds the patient fit."""

    fit: bool


class SignBody(_Body):
    """`version` is the one the doctor read."""

    version: int = Field(ge=0, le=2**31)


class ConcludeBody(_Body):
    advice: Paragraph
    follow_up_day: Day | None = None
    follow_up_reason: OptionalParagraph = ""


class WithdrawBody(_Body):
    reason: Paragraph
    advice: Paragraph


class ColleagueBody(_Body):
    doctor_id: UUID
    reason: Reason


class FollowUpsQuery(_Body):
    ended: bool = False


class OutcomeBody(_Body):
    """`dropped`: it is not needed any more."""

    outcome: Paragraph
    dropped: bool = False


class LineView(BaseModel):
    room: UUID
    number: str
    state: ConsultationState
    booking_state: str
    position: int | None = Field(description="among those who wait")
    name: str = Field(description="masked")
    age: int | None
    sex: str
    day: date
    starts_at: datetime
    ends_at: datetime
    waiting_since: datetime | None
    attended: bool
    unread: int
    before_admission: int = Field(description="messages written before admission (XY27)")
    last_message_at: datetime | None
    last_is_patients: bool
    urgent_at: datetime | None
    urgent_by: str | None
    has_form: bool
    note: Literal["none", "draft", "signed"]

    @classmethod
    def of(cls, row: InLine) -> "LineView":
        return cls.model_validate(asdict(row))


class AlarmView(BaseModel):
    """A visit whose patient cannot wait."""

    room: UUID
    number: str
    name: str = Field(description="masked for whoever can do nothing about it")
    urgent_by: str = Field(description="`red_flag`, or `worse`: the patient said so")
    urgent_at: datetime
    day: date
    starts_at: datetime
    doctor: str
    doctor_en: str

    @classmethod
    def of(cls, visit: UrgentVisit, name: str) -> "AlarmView":
        return cls(
            room=visit.room, number=visit.number, name=name, urgent_by=visit.urgent_by,
            urgent_at=visit.urgent_at, day=visit.day, starts_at=visit.starts_at,
            doctor=visit.doctor_name, doctor_en=visit.doctor_name_en,
        )  # fmt: skip


class VisitView(BaseModel):
    room: UUID
    state: ConsultationState
    admitted_at: datetime | None
    concluded_at: datetime | None
    advice: str | None

    @classmethod
    def of(cls, row: Consultation) -> "VisitView":
        return cls(
            room=row.id,
            state=row.state,
            admitted_at=row.admitted_at,
            concluded_at=row.concluded_at,
            advice=row.advice,
        )


class EndedView(BaseModel):
    """How a visit left its line."""

    room: UUID
    booking_state: str

    @classmethod
    def of(cls, row: Booking) -> "EndedView":
        return cls(room=row.id, booking_state=row.state)


class NoteView(BaseModel):
    content: NoteContent
    state: NoteState
    version: int = Field(description="0: nothing was saved yet")
    saved_at: datetime | None
    signed_at: datetime | None
    digest: str | None
    is_genuine: bool | None = Field(description="a signed note: what is stored is what was signed")

    @classmethod
    def of(cls, row: VisitNote | None) -> "NoteView":
        if row is None:
            return cls(content=NoteContent(), state=NoteState.DRAFT, version=0, saved_at=None, signed_at=None,
                       digest=None, is_genuine=None)  # fmt: skip
        return cls(
            content=read_content(row.body),
            state=row.state,
            version=row.version,
            saved_at=row.saved_at,
            signed_at=row.signed_at,
            digest=row.digest,
            is_genuine=is_genuine(row) if row.signed_at else None,
        )


class NoteSavedView(BaseModel):
    version: int
    saved_at: datetime

    @classmethod
    def of(cls, row: VisitNote) -> "NoteSavedView":
        return cls(version=row.version, saved_at=row.saved_at)


class EvidenceView(BaseModel):
    """A visit in person, as the hospital's system confirmed it."""

    on: date
    kind: str
    diagnoses: list[str]
    fetched_at: datetime

    @classmethod
    def of(cls, row: VisitEvidence) -> "EvidenceView":
        said = [f"{item.code} {item.text}".strip() for item in row.diagnoses]
        return cls(on=row.on, kind=row.kind, diagnoses=said, fetched_at=row.fetched_at)


class EarlierView(BaseModel):
    room: UUID
    on: date
    advice: str | None
    note: NoteContent | None

    @classmethod
    def of(cls, row: Earlier) -> "EarlierView":
        return cls(room=row.visit.id, on=row.visit.day, advice=row.visit.advice, note=row.note)


class KnownDiagnosis(BaseModel):
    code: str
    text: str


class FileView(BaseModel):
    """The patient's file: allergies first."""

    allergies: str
    no_known_allergies: bool
    name: str
    sex: str
    age: int
    birth_date: date
    number: str
    state: ConsultationState
    starts_at: datetime
    form: FormContent | None
    images: list[AttachmentView]
    evidence: list[EvidenceView]
    diagnoses: list[KnownDiagnosis]
    decided_at: datetime | None = Field(description="when the gate last said yes")
    earlier: list[EarlierView]
    note: NoteView

    @classmethod
    def of(cls, found: PatientFile, say: Callable[[str], str]) -> "FileView":
        return cls(
            allergies=found.allergies,
            no_known_allergies=found.has_no_known_allergies,
            name=found.person.name,
            sex=str(found.person.sex),
            age=found.age,
            birth_date=found.person.birth_date,
            number=found.booking.number,
            state=found.visit.state,
            starts_at=found.visit.starts_at,
            form=found.content,
            images=[AttachmentView.of(row, say) for row in found.images],
            evidence=[EvidenceView.of(row) for row in found.evidence],
            diagnoses=[KnownDiagnosis(code=code, text=text) for code, text in found.diagnoses.items()],
            decided_at=None if found.decision is None else found.decision.decided_at,
            earlier=[EarlierView.of(row) for row in found.earlier],
            note=NoteView.of(found.note),
        )


class ColleagueView(BaseModel):
    seat: UUID
    name: str
    state: SeatState

    @classmethod
    def of(cls, row: RoomSeat) -> "ColleagueView":
        return cls(seat=row.id, name=row.name, state=row.state)


class FollowUpView(BaseModel):
    id: UUID
    room: UUID
    name: str = Field(description="masked")
    due_day: date
    reason: str
    state: FollowUpState
    outcome: str
    reminded_at: datetime | None

    @classmethod
    def of(cls, row: FollowUp, name: str) -> "FollowUpView":
        return cls(
            id=row.id, room=row.room, name=name, due_day=row.due_day, reason=row.reason, state=row.state,
            outcome=row.outcome, reminded_at=row.reminded_at,
        )  # fmt: skip

    @classmethod
    def listed(cls, task: Task) -> "FollowUpView":
        return cls.of(task.row, mask_name(task.person.name) if task.person else "*")


class SegmentView(BaseModel):
    id: UUID
    call: UUID
    leg: str
    role: str
    number: int
    content_type: str
    size: int
    begun_at: datetime
    duration_ms: int
    offset_ms: int
    link_url: str = Field(description="asked for anew each time it is played; each view is written down")

    @classmethod
    def of(cls, row: Segment) -> "SegmentView":
        kept: dict[str, Any] = {name: getattr(row, name) for name in _SHOWN}
        return cls(**kept, link_url=f"{PREFIX}/recordings/{row.id}/link")


_SHOWN: Sequence[str] = (
    "id", "call", "leg", "role", "number", "content_type", "size", "begun_at", "duration_ms", "offset_ms",
)  # fmt: skip


class PlaylistView(BaseModel):
    is_whole: bool = Field(description="no segment is missing from its chain")
    segments: list[SegmentView]

    @classmethod
    def of(cls, found: Playlist) -> "PlaylistView":
        return cls(is_whole=found.is_whole, segments=[SegmentView.of(row) for row in found.segments])


class RecordingLink(BaseModel):
    url: str
