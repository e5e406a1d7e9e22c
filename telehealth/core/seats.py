"""Who sits where in a room."""

from enum import StrEnum


class Side(StrEnum):
    PATIENT = "patient"
    DOCTOR = "doctor"


class Role(StrEnum):
    PATIENT = "patient"
    #: A son or daughter elsewhere, invited by the patient.
    HELPER = "helper"
    DOCTOR = "doctor"
    #: A second doctor, invited by the first.
    COLLEAGUE = "colleague"

    @property
    def side(self) -> Side:
        return Side.PATIENT if self in (Role.PATIENT, Role.HELPER) else Side.DOCTOR
