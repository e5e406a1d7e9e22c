"""What cannot wait: visits whose patient wrote of a red flag or feels worse, for whoever is on duty."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from telehealth.consultations.queries import fetch
from telehealth.core.access import Permission
from telehealth.core.unit import Unit
from telehealth.patients import Person
from telehealth.patients.masking import mask_name


@dataclass(frozen=True, slots=True)
class UrgentVisit:
    room: UUID
    number: str
    person_id: UUID
    doctor_id: UUID
    doctor_name: str
    doctor_name_en: str
    day: date
    starts_at: datetime
    urgent_at: datetime
    #: "red_flag" or "worse".
    urgent_by: str


async def urgent_visits(unit: Unit, *, limit: int = 20) -> Sequence[UrgentVisit]:
    """Of the hospital the unit is open for, the longest waiting first."""
    rows = await fetch(unit, _URGENT, hospital=unit.hospital_id, most=limit)
    return [UrgentVisit(**row) for row in rows]


def name_in_alarm(unit: Unit, patient: Person | None) -> str:
    """Whoever can do something about it must know whom it is about; a list is masked for everybody else."""
    if patient is None:
        return "*"
    knows = unit.actor.may(Permission.BOOK_FOR_PATIENT) or unit.actor.may(Permission.CONSULT)
    return patient.name if knows else mask_name(patient.name)


_URGENT = """
select c.id as room, b.number, c.person_id, c.doctor_id, d.name as doctor_name,
    d.name_en as doctor_name_en, c.day, c.starts_at, c.urgent_at, c.urgent_by
from consultations c
join bookings b on b.id = c.id
join doctors d on d.id = c.doctor_id
where c.hospital_id = %(hospital)s and c.urgent_at is not null and c.state in ('waiting', 'admitted')
order by c.urgent_at
limit %(most)s
"""
