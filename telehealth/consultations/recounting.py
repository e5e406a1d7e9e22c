"""What was signed of a person's visits, and who looked at them: for the person."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import sqlalchemy as sa

from telehealth.bookings import BookingPlace, named
from telehealth.consultations.errors import RoomNotFound
from telehealth.consultations.models import Consultation, RecordView, VisitNote
from telehealth.consultations.note_content import NoteContent, read_content
from telehealth.consultations.states import NoteState
from telehealth.core.unit import Unit

__all__ = ["LookedAt", "SignedNote", "looks_at", "signed_note", "signed_notes"]


@dataclass(frozen=True, slots=True)
class SignedNote:
    """Its id is the visit's."""

    visit_id: UUID
    person_id: UUID
    hospital_id: UUID
    place: BookingPlace
    content: NoteContent
    advice: str
    signed_at: datetime
    digest: str


@dataclass(frozen=True, slots=True)
class LookedAt:
    """`role` is "doctor", "colleague", "head", "system"; `what` is "record", "recording", "image"."""

    visit_id: UUID
    hospital_id: UUID
    viewer_id: UUID
    viewer_name: str
    role: str
    what: str
    at: datetime
    #: Of the visit: the treating doctor's.
    department_id: UUID


async def signed_notes(unit: Unit, person_id: UUID, *, limit: int = 50) -> list[SignedNote]:
    """Of one's own visits, newest first."""
    rows = await unit.session.execute(
        _NOTES.where(Consultation.person_id == person_id, Consultation.account_id == unit.actor.account)
        .order_by(VisitNote.signed_at.desc())
        .limit(limit)
    )
    return [await _said(unit, visit, note) for visit, note in rows]


async def signed_note(unit: Unit, visit_id: UUID) -> SignedNote:
    """Of one's own visit. Raises RoomNotFound."""
    row = (
        await unit.session.execute(
            _NOTES.where(Consultation.id == visit_id, Consultation.account_id == unit.actor.account)
        )
    ).one_or_none()
    if row is None:
        raise RoomNotFound()
    return await _said(unit, *row)


async def looks_at(
    unit: Unit, person_id: UUID, *, before: datetime | None = None, limit: int = 100
) -> Sequence[LookedAt]:
    """Latest first; the patient's own reading is never among them."""
    found = (
        sa.select(RecordView, Consultation.department_id)
        .join(Consultation, Consultation.id == RecordView.room)
        .where(Consultation.person_id == person_id, Consultation.account_id == unit.actor.account)
    )
    if before is not None:
        found = found.where(RecordView.at < before)
    rows = await unit.session.execute(found.order_by(RecordView.at.desc()).limit(limit))
    return [
        LookedAt(row.room, row.hospital_id, row.viewer_id, row.viewer_name, row.role, row.what, row.at, where)
        for row, where in rows
    ]


_NOTES = (
    sa.select(Consultation, VisitNote)
    .join(VisitNote, VisitNote.id == Consultation.id)
    .where(VisitNote.state == NoteState.SIGNED)
)


async def _said(unit: Unit, visit: Consultation, note: VisitNote) -> SignedNote:
    place = await named(unit, visit.id)
    if place is None or note.signed_at is None:
        raise RoomNotFound()
    return SignedNote(
        visit.id, visit.person_id, visit.hospital_id, place, read_content(note.body),
        visit.advice or "", note.signed_at, note.digest or "",
    )  # fmt: skip
