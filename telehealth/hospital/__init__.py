"""The door to each hospital's information system, and the evidence that came through it."""

from telehealth.hospital.errors import HISRejected, HISUnavailable
from telehealth.hospital.ports import (
    ContactPerson,
    Diagnosis,
    FetchedVisits,
    HISGateway,
    PatientMatch,
    PatientSearch,
    VisitEvidence,
)
from telehealth.hospital.queries import FETCHED_AT, STORED_VISITS, is_fresh, last_fetch, stored_visits
from telehealth.hospital.states import DocumentSystem, Outcome, VisitKind, VisitStatus
from telehealth.hospital.syncing import fetch_patient, fetch_visits, store_visits

__all__ = [
    "FETCHED_AT", "STORED_VISITS",
    "ContactPerson", "Diagnosis", "DocumentSystem", "FetchedVisits", "HISGateway", "HISRejected",
    "HISUnavailable", "Outcome", "PatientMatch", "PatientSearch", "VisitEvidence", "VisitKind",
    "VisitStatus", "fetch_patient", "fetch_visits", "is_fresh", "last_fetch", "store_visits",
    "stored_visits",
]  # fmt: skip
