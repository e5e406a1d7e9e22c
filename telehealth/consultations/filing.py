"""The patient's file, as the doctor reads it before and during the visit: allergies first."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from telehealth.bookings import Booking
from telehealth.consultations.doctor_errors import VisitOver
from telehealth.consultations.doctor_queries import earlier_visits, note_of, notes_of, readable_visit
from telehealth.consultations.models import Consultation, VisitNote
from telehealth.consultations.note_content import NoteContent, read_content
from telehealth.consultations.noting import diagnoses_known
from telehealth.consultations.states import NoteState
from telehealth.consultations.viewing import note_view
from telehealth.core.clock import completed_years
from telehealth.core.unit import Unit
from telehealth.eligibility import GateDecision, gate_decision
from telehealth.hospital import VisitEvidence, stored_visits
from telehealth.intake import IntakeAttachment, IntakeForm, attachments, seen_form
from telehealth.intake.content import FormContent
from telehealth.intake.filling import content_of
from telehealth.patients import Person, person
from telehealth.patients.viewing import Looked, note_look


@dataclass(frozen=True, slots=True)
class Earlier:
    """An online visit that was had here, with what was signed."""

    visit: Consultation
    note: NoteContent | None


@dataclass(frozen=True, slots=True)
class PatientFile:
    visit: Consultation
    booking: Booking
    #: As what the reader reads: "doctor", "colleague", "head".
    role: str
    person: Person
    age: int
    form: IntakeForm | None
    content: FormContent | None
    images: Sequence[IntakeAttachment]
    #: Visits in person, as the hospital's system confirmed them, newest first.
    evidence: Sequence[VisitEvidence]
    #: Code → text of what the hospital diagnosed before.
    diagnoses: Mapping[str, str]
    decision: GateDecision | None
    earlier: Sequence[Earlier]
    note: VisitNote | None

    @property
    def allergies(self) -> str:
        """As the patient says; empty for "not asked"."""
        return "" if self.content is None else self.content.allergies

    @property
    def has_no_known_allergies(self) -> bool:
        return self.content is not None and self.content.no_known_allergies


async def file_of(unit: Unit, room: UUID) -> PatientFile:
    """Whoever reads it is written down. Raises RoomNotFound."""
    visit, role = await readable_visit(unit, room)
    booking = await unit.session.get(Booking, room)
    if booking is None:
        raise VisitOver()
    if role == "doctor":
        # Who is treating opens it all day: once is enough to know.
        await note_look(unit, visit.person_id, Looked.FILE, room)
    else:
        note_view(unit, visit, role, what="record")
    patient = await person(unit, visit.person_id)
    form = None if visit.form_id is None else await seen_form(unit, visit.form_id)
    decision = None if booking.decision_id is None else await gate_decision(unit, booking.decision_id)
    return PatientFile(
        visit=visit,
        booking=booking,
        role=role,
        person=patient,
        age=completed_years(patient.birth_date, unit.today),
        form=form,
        content=None if form is None else content_of(form),
        images=() if form is None else await attachments(unit, form.id),
        evidence=await stored_visits(unit, visit.hospital_id, visit.person_id),
        diagnoses=await diagnoses_known(unit, visit),
        decision=decision,
        earlier=await _earlier(unit, visit),
        note=await note_of(unit, room),
    )


async def _earlier(unit: Unit, visit: Consultation) -> list[Earlier]:
    visits = await earlier_visits(unit, visit)
    notes = await notes_of(unit, [past.id for past in visits])
    return [Earlier(past, _signed(notes.get(past.id))) for past in visits]


def _signed(note: VisitNote | None) -> NoteContent | None:
    if note is None or note.state is not NoteState.SIGNED:
        return None
    return read_content(note.body)
