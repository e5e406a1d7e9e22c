"""Whether a clinic runs."""

from enum import StrEnum

from telehealth.core.machine import Machine


class ClinicState(StrEnum):
    OPEN = "open"
    CLOSED = "closed"


class ClinicEvent(StrEnum):
    CLOSE = "close"
    #: Only for clinics that closed because their doctor was suspended: whoever was booked stays out.
    REOPEN = "reopen"


CLINIC = Machine(
    "clinic",
    ClinicState.OPEN,
    {
        (ClinicState.OPEN, ClinicEvent.CLOSE): ClinicState.CLOSED,
        (ClinicState.CLOSED, ClinicEvent.REOPEN): ClinicState.OPEN,
    },
)
