"""What kinds of clinic there are, through which channels seats are taken, and whether it runs."""

from enum import StrEnum

from telehealth.core.machine import Machine


class ClinicState(StrEnum):
    OPEN = "open"
    CLOSED = "closed"


class ClinicEvent(StrEnum):
    CLOSE = "close"


CLINIC = Machine("clinic", ClinicState.OPEN, {(ClinicState.OPEN, ClinicEvent.CLOSE): ClinicState.CLOSED})
