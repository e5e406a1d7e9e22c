"""The consultation of one internet booking, and everything said and kept in it.

Its id is the booking's, and the room's: one visit, one number.
"""

from datetime import date, datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from telehealth.consultations.states import (
    CONSULTATION,
    FILE,
    FOLLOW_UP,
    NOTE,
    SEAT,
    ConsultationEvent,
    ConsultationState,
    FileEvent,
    FileKind,
    FileState,
    FollowUpEvent,
    FollowUpState,
    MessageKind,
    NoteEvent,
    NoteState,
    SeatEvent,
    SeatState,
)
from telehealth.core.db import Base, PrimaryKey
from telehealth.core.seal import Sealed
from telehealth.core.tenancy import OF_PERSON, OF_ROOM, Tenancy


class Consultation(Base):
    __tablename__ = "consultations"
    __tenancy__ = Tenancy(hospital=True, account=True, of=OF_PERSON)
    __table_args__ = (
        sa.Index("ix_consultations_line", "doctor_id", "day", "starts_at"),
        sa.Index(
            "ix_consultations_open", "day", postgresql_where=sa.text("state in ('waiting', 'admitted')")
        ),
    )

    id: Mapped[UUID] = mapped_column(sa.ForeignKey("bookings.id"), primary_key=True)
    hospital_id: Mapped[UUID]
    #: The patient's; None when the desk booked for somebody without an account.
    account_id: Mapped[UUID | None]
    person_id: Mapped[UUID]
    doctor_id: Mapped[UUID]
    department_id: Mapped[UUID]
    form_id: Mapped[UUID | None]
    day: Mapped[date]
    starts_at: Mapped[datetime]
    ends_at: Mapped[datetime]
    state: Mapped[ConsultationState]
    #: Number of the last message; `chatting.APPEND` takes the next one.
    last_seq: Mapped[int] = mapped_column(server_default=sa.text("0"))
    #: Of the last message the patient's side wrote, and the doctor's side read.
    last_patient_seq: Mapped[int] = mapped_column(server_default=sa.text("0"))
    opened_at: Mapped[datetime]
    admitted_at: Mapped[datetime | None]
    admitted_by: Mapped[UUID | None]
    #: `{decision, evidence, fit}`: the gate at the door, the records the doctor saw, their word (REG 3).
    admission: Mapped[dict[str, Any] | None]
    concluded_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]
    #: Somebody wrote of a red flag, or pressed "I feel worse"; None again once staff have seen to it.
    urgent_at: Mapped[datetime | None]
    #: "red_flag" or "worse".
    urgent_by: Mapped[str | None]
    #: How far the nudges of the doctor have come (`nudging`).
    nudges: Mapped[int] = mapped_column(server_default=sa.text("0"))
    #: At the end: what the patient should do, and when to come back. Health text, so sealed.
    advice: Mapped[str | None] = mapped_column(Sealed("consultations.advice"))

    def apply(self, event: ConsultationEvent, *, at: datetime) -> None:
        """Raises TransitionRefused."""
        self.state = CONSULTATION.after(self.state, event)
        if self.state in (ConsultationState.CONCLUDED, ConsultationState.CLOSED):
            self.ended_at = at


class RoomMessage(Base):
    """Number `seq` of its room. `text` is what people wrote, sealed; `facts` hold codes and ids only."""

    __tablename__ = "room_messages"
    __tenancy__ = Tenancy(hospital=True, account=True, append_only=True, of=OF_ROOM)
    __table_args__ = (sa.UniqueConstraint("room", "client_id"),)

    room: Mapped[UUID] = mapped_column(sa.ForeignKey("consultations.id"), primary_key=True)
    seq: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    hospital_id: Mapped[UUID]
    account_id: Mapped[UUID | None]
    #: None: the room itself.
    author_id: Mapped[UUID | None]
    role: Mapped[str]
    #: As it stood then.
    author_name: Mapped[str]
    client_id: Mapped[UUID]
    kind: Mapped[MessageKind]
    text: Mapped[str] = mapped_column(Sealed("room_messages.text"))
    file_id: Mapped[UUID | None]
    facts: Mapped[dict[str, Any]]
    #: Business time, and wall time.
    at: Mapped[datetime]
    wall_at: Mapped[datetime]


class ReadMark(Base):
    """How far one seat has read."""

    __tablename__ = "read_marks"
    __tenancy__ = Tenancy(hospital=True, account=True, of=OF_ROOM)

    room: Mapped[UUID] = mapped_column(sa.ForeignKey("consultations.id"), primary_key=True)
    reader_id: Mapped[UUID] = mapped_column(primary_key=True)
    hospital_id: Mapped[UUID]
    account_id: Mapped[UUID | None]
    role: Mapped[str]
    seq: Mapped[int]
    at: Mapped[datetime]


class RoomFile(Base):
    """A photo, document or voice message. `key` names what was written anew by us."""

    __tablename__ = "room_files"
    __tenancy__ = Tenancy(hospital=True, account=True, of=OF_ROOM)
    __table_args__ = (
        sa.Index("ix_room_files_room", "room"),
        sa.Index("ix_room_files_unswept", "offered_at", postgresql_where=sa.text("swept_at is null")),
    )

    id: Mapped[PrimaryKey]
    hospital_id: Mapped[UUID]
    account_id: Mapped[UUID | None]
    room: Mapped[UUID] = mapped_column(sa.ForeignKey("consultations.id"))
    author_id: Mapped[UUID]
    kind: Mapped[FileKind]
    state: Mapped[FileState]
    filename: Mapped[str] = mapped_column(Sealed("room_files.filename"))
    content_type: Mapped[str]
    size: Mapped[int]
    key: Mapped[str | None]
    thumbnail_key: Mapped[str | None]
    sha256: Mapped[str | None]
    #: Pixels of a photo, pages of a document, milliseconds of a voice message.
    width: Mapped[int | None]
    height: Mapped[int | None]
    pages: Mapped[int | None]
    duration_ms: Mapped[int | None]
    refusal: Mapped[str]
    #: Wall time.
    offered_at: Mapped[datetime]
    finished_at: Mapped[datetime | None]
    swept_at: Mapped[datetime | None]

    @property
    def incoming_key(self) -> str:
        return f"incoming/{self.id}"

    def apply(self, event: FileEvent) -> None:
        """Raises TransitionRefused."""
        self.state = FILE.after(self.state, event)


class RoomSeat(Base):
    """A helper (invited by the patient) or a second doctor (invited by the doctor). Ends with the visit."""

    __tablename__ = "room_seats"
    __tenancy__ = Tenancy(hospital=True, account=True, of=OF_ROOM)
    __table_args__ = (
        sa.Index("ix_room_seats_room", "room"),
        sa.Index("ix_room_seats_guest", "guest_account_id"),
        sa.Index("uq_room_seats_token_digest", "token_digest", unique=True),
    )

    id: Mapped[PrimaryKey]
    hospital_id: Mapped[UUID]
    account_id: Mapped[UUID | None]
    room: Mapped[UUID] = mapped_column(sa.ForeignKey("consultations.id"))
    #: "helper" or "colleague".
    role: Mapped[str]
    state: Mapped[SeatState]
    #: SHA-256 of the secret in the invitation's link; a colleague needs none.
    token_digest: Mapped[str | None]
    #: As whoever invites calls them: 女儿.
    name: Mapped[str] = mapped_column(Sealed("room_seats.name"))
    guest_account_id: Mapped[UUID | None]
    invited_by: Mapped[UUID]
    #: Business times: the patient's consent, the guest's own, the end.
    invited_at: Mapped[datetime]
    taken_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]
    #: Why a colleague is asked.
    reason: Mapped[str] = mapped_column(Sealed("room_seats.reason"))

    def apply(self, event: SeatEvent, *, at: datetime) -> None:
        """Raises TransitionRefused."""
        self.state = SEAT.after(self.state, event)
        if self.state is SeatState.TAKEN:
            self.taken_at = at
        else:
            self.ended_at = at


class RecordingConsent(Base):
    """What somebody answered when asked whether calls of this visit may be recorded; the last one counts."""

    __tablename__ = "recording_consents"
    __tenancy__ = Tenancy(hospital=True, account=True, append_only=True, of=OF_ROOM)
    __table_args__ = (sa.Index("ix_recording_consents_room", "room", "at"),)

    id: Mapped[PrimaryKey]
    hospital_id: Mapped[UUID]
    account_id: Mapped[UUID | None]
    room: Mapped[UUID] = mapped_column(sa.ForeignKey("consultations.id"))
    person_account_id: Mapped[UUID]
    role: Mapped[str]
    agreed: Mapped[bool]
    at: Mapped[datetime]


class VisitNote(Base):
    """The doctor's record of the visit: one for each, saved as it is typed, fixed by signing."""

    __tablename__ = "visit_notes"
    __tenancy__ = Tenancy(hospital=True, account=True, of=OF_PERSON)

    id: Mapped[UUID] = mapped_column(sa.ForeignKey("consultations.id"), primary_key=True)
    hospital_id: Mapped[UUID]
    account_id: Mapped[UUID | None]
    person_id: Mapped[UUID]
    doctor_id: Mapped[UUID]
    state: Mapped[NoteState]
    #: JSON of `notes.NoteContent`.
    body: Mapped[str] = mapped_column(Sealed("visit_notes.body"))
    version: Mapped[int]
    #: The open page that saved last.
    saved_by: Mapped[str]
    saved_at: Mapped[datetime]
    signed_at: Mapped[datetime | None]
    signed_by: Mapped[UUID | None]
    #: SHA-256 in hex over person, doctor, body and time as they were signed.
    digest: Mapped[str | None]

    def apply(self, event: NoteEvent) -> None:
        """Raises TransitionRefused."""
        self.state = NOTE.after(self.state, event)


class FollowUp(Base):
    """Somebody should look again by then (GD11)."""

    __tablename__ = "follow_ups"
    __tenancy__ = Tenancy(hospital=True, account=True, of=OF_PERSON)
    __table_args__ = (
        sa.UniqueConstraint("room"),
        sa.Index("ix_follow_ups_due", "doctor_id", "due_day", postgresql_where=sa.text("state = 'open'")),
    )

    id: Mapped[PrimaryKey]
    hospital_id: Mapped[UUID]
    account_id: Mapped[UUID | None]
    room: Mapped[UUID] = mapped_column(sa.ForeignKey("consultations.id"))
    person_id: Mapped[UUID]
    doctor_id: Mapped[UUID]
    department_id: Mapped[UUID]
    state: Mapped[FollowUpState]
    due_day: Mapped[date]
    reason: Mapped[str] = mapped_column(Sealed("follow_ups.reason"))
    outcome: Mapped[str] = mapped_column(Sealed("follow_ups.outcome"))
    reminded_at: Mapped[datetime | None]
    created_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]
    ended_by: Mapped[UUID | None]

    def apply(self, event: FollowUpEvent, *, at: datetime, by: UUID) -> None:
        """Raises TransitionRefused."""
        self.state = FOLLOW_UP.after(self.state, event)
        self.ended_at, self.ended_by = at, by


class RecordView(Base):
    """Somebody looked at the record or played a recording; the patient can read who and when."""

    __tablename__ = "record_views"
    __tenancy__ = Tenancy(hospital=True, account=True, append_only=True, of=OF_ROOM)
    __table_args__ = (sa.Index("ix_record_views_room", "room", "at"),)

    id: Mapped[PrimaryKey]
    hospital_id: Mapped[UUID]
    account_id: Mapped[UUID | None]
    room: Mapped[UUID] = mapped_column(sa.ForeignKey("consultations.id"))
    viewer_id: Mapped[UUID]
    viewer_name: Mapped[str]
    role: Mapped[str]
    #: "record", "recording", "image".
    what: Mapped[str]
    ref: Mapped[str]
    at: Mapped[datetime]


class DeviceCheck(Base):
    """What a page found out about camera, microphone and network before the visit; the last ones are kept."""

    __tablename__ = "device_checks"
    __tenancy__ = Tenancy(hospital=True, account=True, of=OF_ROOM)
    __table_args__ = (sa.Index("ix_device_checks_room", "room", "at"),)

    id: Mapped[PrimaryKey]
    hospital_id: Mapped[UUID]
    account_id: Mapped[UUID | None]
    room: Mapped[UUID] = mapped_column(sa.ForeignKey("consultations.id"))
    person_account_id: Mapped[UUID]
    camera: Mapped[str]
    microphone: Mapped[str]
    network: Mapped[str]
    facts: Mapped[dict[str, Any]]
    at: Mapped[datetime]


class UsedTicket(Base):
    """A ticket opens one socket."""

    __tablename__ = "used_tickets"
    __tenancy__ = Tenancy(open="a random word of a ticket says nothing of anybody")

    id: Mapped[UUID] = mapped_column(primary_key=True)
    #: Wall time.
    used_at: Mapped[datetime] = mapped_column(index=True)
