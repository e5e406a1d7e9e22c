"""The words a hospital's information system is asked in."""

from enum import StrEnum


class VisitKind(StrEnum):
    """How a visit counts. The names are those of the rulebook; the system's own codes stay in the adapter."""

    OUTPATIENT = "outpatient"
    ONLINE = "online"
    INPATIENT = "inpatient"
    EMERGENCY = "emergency"
    OTHER = "other"


class VisitStatus(StrEnum):
    FINISHED = "finished"
    CANCELLED = "cancelled"
    OTHER = "other"
    #: Stored once, but the hospital's system no longer confirms it: counts for nothing.
    WITHDRAWN = "withdrawn"


class DocumentSystem(StrEnum):
    """What a number identifies; which URI that is, each hospital's settings say."""

    RESIDENT_ID = "resident_id"
    PASSPORT = "passport"
    PERMIT = "permit"
    CARD = "card"
    INSURANCE_CARD = "insurance_card"


class Outcome(StrEnum):
    NONE = "none"
    ONE = "one"
    #: A person at the hospital has to say which record is theirs.
    SEVERAL = "several"
