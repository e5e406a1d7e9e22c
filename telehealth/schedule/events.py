"""What the schedule tells the features above it."""

from dataclasses import dataclass
from uuid import UUID

from telehealth.core.events import Event


@dataclass(frozen=True, slots=True)
class ClinicClosed(Event):
    """The hospital stopped a clinic: whoever is booked in it is told, and paid back."""

    clinic_id: UUID
    hospital_id: UUID
    reason: str
