from dataclasses import dataclass
from uuid import UUID

from telehealth.core.events import Event


@dataclass(frozen=True, slots=True)
class DoctorSuspended(Event):
    """A doctor may not sit online clinics from now on. Whoever plans clinics closes the coming ones."""

    hospital_id: UUID
    doctor_id: UUID


@dataclass(frozen=True, slots=True)
class DoctorReinstated(Event):
    hospital_id: UUID
    doctor_id: UUID
