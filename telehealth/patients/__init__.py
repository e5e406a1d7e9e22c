"""People: who they are, who may act for them, and where they hold a card."""

from telehealth.patients.errors import CardNotFound, DataRestricted, LinkPending, PersonNotFound
from telehealth.patients.events import CardBound, CardUnbound, ConsentWithdrawn, LinkEnded, PersonVerified
from telehealth.patients.models import HospitalPatient, PatientLink, Person
from telehealth.patients.ports import IdentityChecker
from telehealth.patients.queries import (
    KNOWN_PATIENT,
    PERSON_FOR,
    accounts_acting_for,
    acts_for,
    consents_of,
    hospital_patient,
    hospital_patient_by_card,
    known_patient,
    link_for,
    links_of,
    own_account_of,
    own_person,
    people_by_id,
    people_of,
    person,
    person_for,
)
from telehealth.patients.states import CardState, LinkState

__all__ = [
    "KNOWN_PATIENT", "PERSON_FOR",
    "CardBound", "CardNotFound", "CardState", "CardUnbound", "ConsentWithdrawn", "DataRestricted",
    "HospitalPatient",
    "IdentityChecker", "LinkEnded", "LinkPending", "LinkState", "PatientLink", "Person", "PersonNotFound",
    "PersonVerified", "accounts_acting_for", "acts_for", "consents_of", "hospital_patient",
    "hospital_patient_by_card", "known_patient", "link_for", "links_of", "own_account_of", "own_person",
    "people_by_id", "people_of", "person", "person_for",
]  # fmt: skip
