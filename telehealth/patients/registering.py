"""The desk and the phone (SJ05, SJ11): somebody without an account, known by a card or a document."""

from uuid import UUID

from telehealth.core.access import Actor
from telehealth.core.errors import FieldsInvalid
from telehealth.core.i18n import N_
from telehealth.core.unit import Units
from telehealth.directory import hospital
from telehealth.hospital import DocumentSystem, PatientMatch, fetch_patient
from telehealth.patients import queries
from telehealth.patients.adding import register_verified
from telehealth.patients.binding import SYSTEMS, keep_patient
from telehealth.patients.errors import CardNeedsReview, CardUnknown, DocumentInDoubt
from telehealth.patients.matching import document_of, sex_of
from telehealth.patients.models import HospitalPatient
from telehealth.patients.rules import normalise_name, normalise_number
from telehealth.patients.states import CardKind, Verifier

REASON = "desk registration"


async def register_at_desk(
    units: Units, actor: Actor, number: str, *, system: DocumentSystem = DocumentSystem.CARD
) -> HospitalPatient:
    """Find the patient behind a card or document in the hospital's system and know them from now on.

    Only people the hospital itself has registered; calling it again finds the same patient.

    Raises:
        CardUnknown: the hospital's system has nobody under this number.
        CardNeedsReview: it has several; they must be merged there first.
        DocumentInDoubt: the record names no document we can read, or somebody else's.
        HISUnavailable, HISRejected.
    """
    number = normalise_number(number)
    if not number or len(number) > 40:
        raise FieldsInvalid({"number": N_("请填写卡号或证件号码")})
    async with units.hospital(actor.hospital, actor) as unit:
        place = await hospital(unit, actor.hospital)
    found = await fetch_patient(units, place.code, system, number)
    if not found.matches:
        raise CardUnknown()
    match = found.only
    if match is None:
        raise CardNeedsReview()
    return await _know(units, actor, place.id, match)


async def _know(units: Units, actor: Actor, hospital_id: UUID, match: PatientMatch) -> HospitalPatient:
    async with units.system(REASON, actor) as unit:
        document, sex = document_of(match, unit.today), sex_of(match)
        if document is None or sex is None:
            raise DocumentInDoubt()
        born = document.birth_date or match.birth_date
        if born is None:
            raise DocumentInDoubt()
        person_id = await register_verified(
            unit, document, name=normalise_name(match.name), birth_date=born, sex=sex, by=Verifier.HIS
        )
        await queries.lock_records(unit, hospital_id, person_id, match.his_patient_id)
        taken = await queries.patient_by_record(unit, hospital_id, match.his_patient_id)
        if taken is not None and taken.person_id != person_id:
            raise DocumentInDoubt()
        kind, card = _card(match)
        patient = await keep_patient(unit, hospital_id, person_id, match, kind=kind, number=card)
        unit.audit("hospital_patient.registered", patient, hospital_id=hospital_id)
        return patient


def _card(match: PatientMatch) -> tuple[CardKind, str]:
    for kind, system in SYSTEMS.items():
        if numbers := match.numbers(system):
            return kind, numbers[0]
    raise CardUnknown()
