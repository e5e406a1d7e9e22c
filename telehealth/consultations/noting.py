"""The doctor's note of a visit: kept as it is typed, fixed by signing.

Nothing typed is lost: a page that saves over another's words is told first, and keeps its own. A signed
note is evidence of attendance (XY13), recorded under the same lock as midnight's sweep (XY14).
"""

from collections.abc import Mapping
from typing import Annotated, ClassVar
from uuid import UUID

from pydantic import Field, StringConstraints

from telehealth.accounts import keep_step_up
from telehealth.bookings import BookingState
from telehealth.bookings.attending import record
from telehealth.bookings.states import Evidence
from telehealth.bookings.unfinishing import lock_visit
from telehealth.consultations.doctor_errors import (
    NoteFixed,
    NoteIncomplete,
    NoteNotFound,
    NoteOutdated,
    VisitOver,
)
from telehealth.consultations.doctor_queries import lock_open_visit, note_of, own_visit
from telehealth.consultations.errors import NotAdmitted
from telehealth.consultations.models import Consultation, VisitNote
from telehealth.consultations.note_content import NoteContent, digest_of, lacking, read_content
from telehealth.consultations.states import ConsultationState, NoteEvent, NoteState
from telehealth.consultations.writing import announce
from telehealth.core.unit import Unit
from telehealth.hospital import stored_visits
from telehealth.rulebook import current_policy

PageId = Annotated[str, StringConstraints(max_length=64, pattern=r"^[A-Za-z0-9_-]*$")]


class SaveNote(NoteContent):
    """A save. `version` is the one the page was opened at, 0 before the first; `page` names the page: its
    own saves, which may overtake each other on the way, never conflict."""

    FORM_VALUES: ClassVar = True

    version: Annotated[int, Field(ge=0, le=2**31)]
    page: PageId = ""

    @property
    def content(self) -> NoteContent:
        return NoteContent(**self.model_dump(exclude={"version", "page"}))


async def save(unit: Unit, room: UUID, edit: SaveNote) -> VisitNote:
    """Keep what is typed so far.

    Raises RoomNotFound, VisitOver, NotAdmitted, NoteFixed, NoteOutdated.
    """
    visit = await lock_open_visit(unit, room)
    note = await note_of(unit, room)
    if note is not None and note.state is NoteState.SIGNED:
        raise NoteFixed()
    if visit.state is not ConsultationState.ADMITTED:
        raise NotAdmitted()
    await keep_step_up(unit)
    if note is None:
        note = _begin(unit, visit)
    elif note.version != edit.version and (not edit.page or note.saved_by != edit.page):
        raise NoteOutdated(version=note.version)
    note.body = edit.content.model_dump_json()
    note.version += 1
    note.saved_by, note.saved_at = edit.page, unit.now
    await unit.session.flush()
    return note


async def sign(unit: Unit, room: UUID, *, version: int) -> VisitNote:
    """Fix the note as this version has it. Calling it again changes nothing.

    Raises RoomNotFound, VisitOver once midnight or somebody else ended the visit, NotAdmitted,
    NoteNotFound, NoteOutdated, NoteIncomplete.
    """
    await own_visit(unit, room)
    booking = await lock_visit(unit, room)
    visit = await lock_open_visit(unit, room)
    note = await note_of(unit, room, lock=True)
    if note is not None and note.state is NoteState.SIGNED:
        return note
    if booking is None or booking.state is not BookingState.PAID:
        raise VisitOver()
    if visit.state is not ConsultationState.ADMITTED:
        raise NotAdmitted()
    if note is None:
        raise NoteNotFound()
    if note.version != version:
        raise NoteOutdated(version=note.version)
    await _fix(unit, visit, note)
    await keep_step_up(unit)
    await record(unit, room, Evidence.NOTE, f"note:{room}", unit.now)
    unit.audit("note.signed", note, version=note.version, digest=note.digest)
    await announce(unit, room, "note_signed")
    return note


async def diagnoses_known(unit: Unit, visit: Consultation) -> Mapping[str, str]:
    """Code → text of what the hospital diagnosed before, latest first."""
    found = [
        item
        for past in await stored_visits(unit, visit.hospital_id, visit.person_id)
        for item in past.diagnoses
    ]
    return {item.code: item.text for item in reversed(found) if item.code}


def is_genuine(note: VisitNote) -> bool:
    """Whether a signed note is what was signed."""
    if note.signed_at is None:
        return False
    made = digest_of(
        read_content(note.body), person_id=note.person_id, doctor_id=note.doctor_id, signed_at=note.signed_at
    )
    return made == note.digest


async def _fix(unit: Unit, visit: Consultation, note: VisitNote) -> None:
    content = read_content(note.body)
    least = (await current_policy(unit, visit.hospital_id)).policy.room.note_min_chars
    if found := lacking(content, least=least, known=await diagnoses_known(unit, visit)):
        raise NoteIncomplete(found)
    note.apply(NoteEvent.SIGN)
    note.signed_at, note.signed_by = unit.now, unit.actor.account
    note.digest = digest_of(content, person_id=note.person_id, doctor_id=note.doctor_id, signed_at=unit.now)


def _begin(unit: Unit, visit: Consultation) -> VisitNote:
    note = VisitNote(
        id=visit.id,
        hospital_id=visit.hospital_id,
        account_id=visit.account_id,
        person_id=visit.person_id,
        doctor_id=visit.doctor_id,
        state=NoteState.DRAFT,
        version=0,
    )
    unit.session.add(note)
    unit.audit("note.begun", note)
    return note
