"""Visits in the consultation room as FHIR `Encounter` (class VR); the patient is told which system looked."""

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from telehealth.bookings import Booking
from telehealth.consultations.models import Consultation, VisitNote
from telehealth.consultations.note_content import read_content
from telehealth.consultations.states import ConsultationState, NoteState
from telehealth.consultations.viewing import note_system_views
from telehealth.core.unit import Unit
from telehealth.directory import Department, Doctor, Hospital, departments, doctors_by_id, hospital
from telehealth.hospital.diagnosing import diagnosis
from telehealth.hospital.elements import (
    ACT_CODE,
    coding,
    concept,
    contained,
    identifier,
    local,
    logical,
    period,
    present,
    reference,
)
from telehealth.hospital.searching import Meanings, Search, Token, is_code, is_one, lies_in
from telehealth.hospital.serving import Body, Found, Hits, everywhere, page_of

STATUS = {
    ConsultationState.WAITING: "planned",
    ConsultationState.ADMITTED: "in-progress",
    ConsultationState.CONCLUDED: "finished",
    ConsultationState.CLOSED: "cancelled",
}
_PARTICIPATION = "http://terminology.hl7.org/CodeSystem/v3-ParticipationType"

_SIGNED_AT = sa.case((VisitNote.state == NoteState.SIGNED, VisitNote.signed_at))
_UPDATED = sa.func.greatest(
    Consultation.opened_at,
    Consultation.admitted_at,
    Consultation.concluded_at,
    Consultation.ended_at,
    _SIGNED_AT,
)
_BEGUN = sa.func.coalesce(Consultation.admitted_at, Consultation.starts_at)
_OVER = sa.func.greatest(_BEGUN, sa.func.coalesce(Consultation.concluded_at, Consultation.ends_at))
_STATUS = sa.case(*((Consultation.state == state, word) for state, word in STATUS.items()))
_ROWS = (
    sa.select(Consultation, Booking.number, VisitNote, _UPDATED)
    .join(Booking, Booking.id == Consultation.id)
    .outerjoin(VisitNote, VisitNote.id == Consultation.id)
)


class Encounters:
    params: Mapping[str, str] = {
        "patient": "reference", "date": "date", "status": "token", "identifier": "token",
    }  # fmt: skip
    is_searched = True

    async def read(self, unit: Unit, resource_id: UUID) -> Found | None:
        rows = (await unit.session.execute(_own(unit).where(Consultation.id == resource_id))).all()
        return next(iter(await _found(unit, rows)), None)

    async def search(self, unit: Unit, asked: Search) -> Hits:
        place = await hospital(unit, unit.actor.hospital)

        def bears(token: Token) -> sa.ColumnElement[bool]:
            return Booking.number == token.value if token.means(local(place.code, "visit")) else sa.false()

        meanings: Meanings = {
            **everywhere(_UPDATED, Consultation.id),
            "patient": is_one(Consultation.person_id),
            "date": lies_in(_BEGUN, _OVER),
            "status": is_code(_STATUS),
            "identifier": bears,
        }
        wanted = _own(unit).where(*asked.conditions(meanings))
        rows, more, total = await page_of(unit, wanted, asked, updated=_UPDATED, key=Consultation.id)
        return Hits(await _found(unit, rows), more, total)


async def seen(unit: Unit, visits: Collection[UUID], kind: str) -> None:
    await note_system_views(unit, visits, ref=kind)


def _own(unit: Unit) -> sa.Select[Any]:
    return _ROWS.where(Consultation.hospital_id == unit.actor.hospital)


async def _found(unit: Unit, rows: Collection[Any]) -> list[Found]:
    if not rows:
        return []
    place = await hospital(unit, unit.actor.hospital)
    doctors = await doctors_by_id(unit, [visit.doctor_id for visit, *_ in rows])
    places = {row.id: row for row in await departments(unit, place.id, include_closed=True)}
    return [
        Found(
            id=visit.id,
            body=_body(place, visit, number, note, doctors[visit.doctor_id], places[visit.department_id]),
            updated_at=updated_at,
            visit_id=visit.id,
            account_id=visit.account_id,
        )
        for visit, number, note, updated_at in rows
    ]


def _body(
    place: Hospital,
    visit: Consultation,
    number: str,
    note: VisitNote | None,
    doctor: Doctor,
    department: Department,
) -> Body:
    found = _diagnosis(place.code, visit, note)
    return present(
        resourceType="Encounter",
        contained=[found] if found else [],
        identifier=[identifier(local(place.code, "visit"), number, use="official")],
        status=STATUS[visit.state],
        class_=coding(ACT_CODE, "VR", "virtual"),
        serviceType=concept(coding(local(place.code, "department"), department.code, department.name)),
        subject=reference("Patient", visit.person_id),
        participant=[
            {
                "type": [concept(coding(_PARTICIPATION, "ATND", "attender"))],
                "individual": logical("Practitioner", local(place.code, "doctor"), doctor.id, doctor.name),
            }
        ],
        period=_period(visit),
        diagnosis=[{"condition": contained("diagnosis")}] if found else [],
        serviceProvider=logical("Organization", "urn:telehealth:hospital", place.code, place.name),
    )


def _period(visit: Consultation) -> Body:
    """As it was; for a visit still to come as it was booked."""
    if visit.state is ConsultationState.WAITING:
        return period(visit.starts_at, visit.ends_at)
    end: datetime | None = visit.concluded_at or visit.ended_at
    return period(visit.admitted_at, end) if visit.admitted_at else {}


def _diagnosis(hospital_code: str, visit: Consultation, note: VisitNote | None) -> Body | None:
    """What the doctor signed; the codes only, no words of the note leave with it."""
    if note is None or note.state is not NoteState.SIGNED:
        return None
    said = read_content(note.body)
    if not said.diagnosis_code:
        return None
    return {
        "resourceType": "Condition",
        "id": "diagnosis",
        "code": diagnosis(hospital_code, said.diagnosis_code, said.diagnosis_text),
        "subject": reference("Patient", visit.person_id),
    }


RESOURCES = {"Encounter": Encounters()}
