"""Does a record of the hospital belong to this person? Pure; says yes, no, or "somebody must look"."""

from dataclasses import dataclass, replace
from datetime import date
from enum import StrEnum

from telehealth.core.errors import FieldsInvalid
from telehealth.hospital import ContactPerson, DocumentSystem, PatientMatch
from telehealth.patients.rules import (
    Document,
    DocumentInvalid,
    DocumentKind,
    Sex,
    normalise_name,
    normalise_number,
    normalise_phone,
    parse_document,
)

IDENTITY_SYSTEMS = (DocumentSystem.RESIDENT_ID, DocumentSystem.PASSPORT, DocumentSystem.PERMIT)

#: Kinds whose number is checked against the population register.
REGISTERED_KINDS = frozenset({DocumentKind.RESIDENT_ID, DocumentKind.RESIDENCE_PERMIT})

_SYSTEMS = {
    DocumentKind.RESIDENT_ID: DocumentSystem.RESIDENT_ID,
    DocumentKind.RESIDENCE_PERMIT: DocumentSystem.RESIDENT_ID,
    DocumentKind.PASSPORT: DocumentSystem.PASSPORT,
    DocumentKind.HK_MACAU_TRAVEL: DocumentSystem.PERMIT,
    DocumentKind.TAIWAN_TRAVEL: DocumentSystem.PERMIT,
    DocumentKind.FOREIGN_RESIDENT: DocumentSystem.PERMIT,
}


class Likeness(StrEnum):
    SAME = "same"
    OTHER = "other"
    #: Name and birth agree, but the hospital knows another kind of document.
    DOUBTFUL = "doubtful"


@dataclass(frozen=True, slots=True)
class Claim:
    name: str
    kind: DocumentKind
    number: str
    birth_date: date


def system_of(kind: DocumentKind) -> DocumentSystem:
    return _SYSTEMS[kind]


def likeness(match: PatientMatch, claim: Claim) -> Likeness:
    """XY18: the document's number and the name; name and birth date where the hospital holds no document."""
    if not same_name(match.name, claim.name):
        return Likeness.OTHER
    own = match.numbers(system_of(claim.kind))
    if own:
        same = any(normalise_number(number) == claim.number for number in own)
        return Likeness.SAME if same and _may_be_born(match, claim) else Likeness.OTHER
    if match.birth_date != claim.birth_date:
        return Likeness.OTHER
    knows_another = any(match.numbers(system) for system in IDENTITY_SYSTEMS)
    return Likeness.DOUBTFUL if knows_another else Likeness.SAME


def same_name(one: str, other: str) -> bool:
    return _comparable(one) == _comparable(other) != ""


def phones_of(match: PatientMatch) -> tuple[str, ...]:
    """The patient's own phones that can receive a code, in E.164."""
    return tuple(phone for text in match.phones if (phone := _phone(text)))


def names_guardian(match: PatientMatch, *, name: str, phone: str) -> bool:
    """Whether the hospital's own record of a child names this adult, by name and phone."""
    return any(same_name(each.name, name) and phone in _contact_phones(each) for each in match.contacts)


def knows_phone(match: PatientMatch, phone: str) -> bool:
    contacts = (known for each in match.contacts for known in _contact_phones(each))
    return phone in (*phones_of(match), *contacts)


def document_of(match: PatientMatch, today: date) -> Document | None:
    """The identity document a hospital's record shows, the strongest first; None where we can read none."""
    for system in IDENTITY_SYSTEMS:
        for number in match.numbers(system):
            for kind in _kinds_of(system, normalise_number(number)):
                try:
                    # The hospital does not tell which country issued a passport.
                    return replace(parse_document(kind, number, today=today, country="XX"), country=None)
                except DocumentInvalid:
                    continue
    return None


def sex_of(match: PatientMatch) -> Sex | None:
    return {"male": Sex.MALE, "female": Sex.FEMALE}.get(match.sex)


def _kinds_of(system: DocumentSystem, number: str) -> tuple[DocumentKind, ...]:
    if system is DocumentSystem.RESIDENT_ID:
        return (DocumentKind.RESIDENT_ID, DocumentKind.RESIDENCE_PERMIT)
    if system is DocumentSystem.PASSPORT:
        return (DocumentKind.PASSPORT,)
    if number[:1].isalpha() and number[:1] in "HM":
        return (DocumentKind.HK_MACAU_TRAVEL,)
    return (DocumentKind.TAIWAN_TRAVEL, DocumentKind.FOREIGN_RESIDENT)


def _may_be_born(match: PatientMatch, claim: Claim) -> bool:
    """A resident ID proves its own birth date; of other documents only the hospital knows it."""
    return claim.kind in REGISTERED_KINDS or match.birth_date == claim.birth_date


def _comparable(name: str) -> str:
    try:
        return normalise_name(name).casefold()
    except FieldsInvalid:
        return ""


def _contact_phones(contact: ContactPerson) -> tuple[str, ...]:
    return tuple(phone for text in contact.phones if (phone := _phone(text)))


def _phone(text: str) -> str:
    try:
        return normalise_phone(text)
    except FieldsInvalid:
        return ""
