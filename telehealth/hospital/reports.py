"""Reports of laboratory and imaging, as a hospital's system tells them: the port, in our own words.

What a laboratory says of a value (its flag) is taken as it is and never worked out by us.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from telehealth.core.clock import HospitalDay


class ReportKind(StrEnum):
    LABORATORY = "laboratory"
    IMAGING = "imaging"
    OTHER = "other"


class ReportStatus(StrEnum):
    PRELIMINARY = "preliminary"
    FINAL = "final"
    #: Final once, and changed since.
    AMENDED = "amended"


class Flag(StrEnum):
    NORMAL = "normal"
    HIGH = "high"
    VERY_HIGH = "very_high"
    LOW = "low"
    VERY_LOW = "very_low"
    ABNORMAL = "abnormal"
    #: The laboratory said nothing.
    NONE = "none"


@dataclass(frozen=True, slots=True)
class ReportLine:
    """One measured thing; `value` and `reference` are words as the laboratory would print them."""

    name: str
    value: str
    unit: str
    reference: str
    flag: Flag


@dataclass(frozen=True, slots=True)
class DiagnosticReport:
    """`version_id` and `digest` (SHA-256 of the resources as received) say which telling of it this is."""

    resource_id: str
    version_id: str
    kind: ReportKind
    status: ReportStatus
    title: str
    performer: str
    #: When the specimen was taken or the picture made, and when it was reported.
    taken_at: datetime
    reported_at: datetime
    lines: tuple[ReportLine, ...]
    conclusion: str
    digest: str


@dataclass(frozen=True, slots=True)
class FetchedReports:
    """All that stand, newest first; `dropped` came back that we had not asked for or could not read."""

    his_patient_id: str
    since: HospitalDay
    fetched_at: datetime
    reports: tuple[DiagnosticReport, ...] = ()
    dropped: int = 0


class ReportGateway(Protocol):
    """`hospital` is the hospital's code. Raises HISUnavailable, HISRejected."""

    async def reports(self, hospital: str, his_patient_id: str, *, since: HospitalDay) -> FetchedReports: ...
