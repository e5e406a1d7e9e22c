"""A relative pays: patient and payer are two people (GS01). Entitlement is always the patient's."""

from dataclasses import dataclass

from telehealth.core.unit import Unit
from telehealth.family.paying import hold_binding
from telehealth.insurance.errors import CoverNotOffered
from telehealth.insurance.models import Cover
from telehealth.insurance.rules import REASONS, NotOffered
from telehealth.patients import Person, own_person, person
from telehealth.patients.rules import DocumentKind


@dataclass(frozen=True, slots=True)
class Named:
    """As on paper; only for the channel that must know."""

    name: str
    document_kind: DocumentKind
    document_number: str


@dataclass(frozen=True, slots=True)
class PayerAndPatient:
    payer: Named
    patient: Named
    #: `pay_for_relatives` of the channel.
    is_relative: bool


async def payer_and_patient(unit: Unit, cover: Cover) -> PayerAndPatient:
    """
    Raises:
        CoverNotOffered: the account never showed who it is, or may not pay for this patient.
        PersonNotFound: a person this unit may not see.
    """
    payer = await own_person(unit, cover.account_id)
    if payer is None:
        raise CoverNotOffered(reason=NotOffered.PAYER, sentence=REASONS[NotOffered.PAYER])
    patient = await person(unit, cover.person_id)
    is_relative = payer.id != patient.id
    if is_relative and await hold_binding(unit, cover.account_id, patient.id) is None:
        raise CoverNotOffered(reason=NotOffered.NOT_BOUND, sentence=REASONS[NotOffered.NOT_BOUND])
    return PayerAndPatient(_named(payer), _named(patient), is_relative)


def _named(found: Person) -> Named:
    return Named(found.name, found.document_kind, found.document_number)
