"""Bind a card a hospital knows to the person it belongs to (XY18).

The hospital's system is asked with no unit open; while it is down nothing is written and the
same form works again later. Several records under one card, and a card whose owner is in doubt,
go to the hospital's staff.
"""

import re
import unicodedata
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from telehealth.accounts import find_account
from telehealth.core.access import Actor
from telehealth.core.errors import FieldsInvalid
from telehealth.core.i18n import N_
from telehealth.core.unit import Unit, Units
from telehealth.directory import Hospital, hospital, hospital_by_code
from telehealth.hospital import DocumentSystem, PatientMatch, fetch_patient
from telehealth.notifications import Notice, notify
from telehealth.patients import queries
from telehealth.patients.disclosing import Recipient, disclose
from telehealth.patients.errors import (
    CardMismatch,
    CardNeedsReview,
    CardNotFound,
    CardUnknown,
    LinkPending,
)
from telehealth.patients.events import CardBound
from telehealth.patients.linking_family import REASON, unbind
from telehealth.patients.masking import mask_name
from telehealth.patients.matching import Claim, Likeness, knows_phone, likeness
from telehealth.patients.models import HospitalPatient, IdentityReview, PatientCard, PatientLink
from telehealth.patients.reviewing import REASON as REVIEW_REASON
from telehealth.patients.reviewing import ask_for_review, lock_open, settle
from telehealth.patients.states import CardKind, CardState, LinkState, ReviewEvent, ReviewKind, Verifier
from telehealth.patients.verifying_identity import vouch

_CARD = re.compile(r"[A-Z0-9-]{4,40}")

SYSTEMS = {CardKind.VISIT: DocumentSystem.CARD, CardKind.INSURANCE: DocumentSystem.INSURANCE_CARD}


@dataclass(frozen=True, slots=True)
class _Errand:
    hospital: Hospital
    claim: Claim
    kind: CardKind
    number: str
    #: The phone this account signs in with.
    phone: str


async def bind_card(
    units: Units, actor: Actor, hospital_code: str, person_id: UUID, *, kind: CardKind, number: str
) -> PatientCard:
    """
    Raises:
        FieldsInvalid: the number cannot be one.
        PersonNotFound, LinkPending, HospitalNotFound.
        CardUnknown: the hospital has no such card.
        CardMismatch: it is somebody else's, without saying what differs.
        CardNeedsReview: asked of the hospital's staff; the answer comes as a notice.
        HISUnavailable, HISRejected: nothing was written.
    """
    errand = await _prepare(units, actor, hospital_code, person_id, kind, number)
    found = await fetch_patient(units, errand.hospital.code, SYSTEMS[kind], errand.number)
    if not found.matches:
        raise CardUnknown()
    alike = [(match, likeness(match, errand.claim)) for match in found.matches]
    candidates = tuple(match.his_patient_id for match, same in alike if same is not Likeness.OTHER)
    if not candidates:
        raise CardMismatch()
    match, same = alike[0]
    certain = len(alike) == 1 and same is Likeness.SAME and _is_holder(errand, match)
    async with units.system(REASON, actor) as unit:
        link = await queries.link_for(unit, actor.account, person_id, lock=True)
        if link.state is not LinkState.ACTIVE:
            raise LinkPending(missing=link.missing)
        card = await _bind(unit, link, errand, match) if certain else None
        if card is None:
            await ask_for_review(
                unit, link, ReviewKind.CARD, errand.hospital.id,
                card_kind=kind, card_number=errand.number, candidates=candidates,
            )  # fmt: skip
    if card is None:
        raise CardNeedsReview()
    return card


async def unbind_card(units: Units, actor: Actor, hospital_code: str, card_id: UUID) -> None:
    """Raises HospitalNotFound, CardNotFound. What is booked stays booked."""
    async with units.system(REASON, actor) as unit:
        place = await hospital_by_code(unit, hospital_code)
        card = await queries.own_card(unit, actor.account, card_id)
        if card is None or card.hospital_id != place.id:
            raise CardNotFound()
        await unbind(unit, card)


async def approve_card(units: Units, actor: Actor, review_id: UUID, his_patient_id: str) -> IdentityReview:
    """A reviewer says which record is the person's.

    Raises ReviewNotFound, ReviewAlreadyDecided, FieldsInvalid, CardMismatch, HISUnavailable.
    """
    async with units.system(REVIEW_REASON, actor) as unit:
        row = await queries.review(unit, review_id, actor.hospital)
        place = await hospital(unit, row.hospital_id)
    if row.kind is not ReviewKind.CARD or row.card_kind is None or row.card_number is None:
        raise CardNotFound()
    if his_patient_id not in row.candidates:
        raise FieldsInvalid({"his_patient_id": N_("请选择医院系统中的一份病历")})
    found = await fetch_patient(units, place.code, SYSTEMS[row.card_kind], row.card_number)
    match = next((each for each in found.matches if each.his_patient_id == his_patient_id), None)
    if match is None:
        raise CardMismatch()
    async with units.system(REVIEW_REASON, actor) as unit:
        row = await lock_open(unit, actor, review_id)
        link = await unit.session.get(PatientLink, row.link_id, with_for_update=True)
        if link is None or link.state is not LinkState.ACTIVE:
            raise CardNotFound()
        claim = Claim(row.name, row.document_kind, row.document_number, row.birth_date)
        errand = _Errand(place, claim, row.card_kind or CardKind.VISIT, row.card_number or "", "")
        if await _bind(unit, link, errand, match) is None:
            raise CardMismatch()
        await settle(unit, actor, row, ReviewEvent.APPROVE)
        return row


async def _prepare(
    units: Units, actor: Actor, hospital_code: str, person_id: UUID, kind: CardKind, number: str
) -> _Errand:
    async with units.account(actor.account, actor) as unit:
        place = await hospital_by_code(unit, hospital_code)
        person = await queries.person_for(unit, actor.account, person_id)
        account = await find_account(unit, actor.account)
        claim = Claim(person.name, person.document_kind, person.document_number, person.birth_date)
        return _Errand(place, claim, kind, _number(number), (account and account.phone) or "")


def _number(text: str) -> str:
    number = re.sub(r"\s", "", unicodedata.normalize("NFKC", text)).upper()
    if not number:
        raise FieldsInvalid({"number": N_("请填写卡号")})
    if not _CARD.fullmatch(number):
        raise FieldsInvalid({"number": N_("卡号只能有字母、数字和横线，请与卡面核对")})
    return number


def _is_holder(errand: _Errand, match: PatientMatch) -> bool:
    """An insurance card may carry no more than the ID number, which proves no card in anybody's hand.

    The phone that signed in must then be one the hospital knows.
    """
    return errand.number != errand.claim.number or knows_phone(match, errand.phone)


async def _bind(unit: Unit, link: PatientLink, errand: _Errand, match: PatientMatch) -> PatientCard | None:
    """None when the hospital's record is already somebody else's: a person has to look."""
    person = await vouch(unit, link, Verifier.HIS)
    await disclose(
        unit, Recipient.RECORD_SYSTEM, hospital_id=errand.hospital.id, person_id=person.id,
        name=errand.hospital.name, subject=f"card:{errand.hospital.id}:{person.id}:{unit.today}",
    )  # fmt: skip
    await queries.lock_records(unit, errand.hospital.id, person.id, match.his_patient_id)
    taken = await queries.patient_by_record(unit, errand.hospital.id, match.his_patient_id)
    if taken is not None and taken.person_id != person.id:
        return None
    patient = await keep_patient(
        unit, errand.hospital.id, person.id, match, kind=errand.kind, number=errand.number
    )
    old = await queries.bound_card(unit, link.account_id, errand.hospital.id, person.id)
    if old is not None:
        # A lost card gives way to the new one; both are one patient.
        old.state, old.unbound_at = CardState.UNBOUND, unit.now
        await unit.session.flush()
    card = PatientCard(
        hospital_id=errand.hospital.id,
        account_id=link.account_id,
        person_id=person.id,
        hospital_patient_id=patient.id,
        kind=errand.kind,
        number=errand.number,
        state=CardState.BOUND,
        bound_at=unit.now,
    )
    unit.session.add(card)
    await unit.session.flush()
    unit.audit("card.bound", card, kind=errand.kind, replaced=old is not None, evidence=patient.evidence)
    await unit.publish(CardBound(errand.hospital.id, link.account_id, person.id))
    await notify(
        unit, Notice.CARD_BOUND, link.account_id, hospital_id=errand.hospital.id,
        href=f"/people/{person.id}", person=mask_name(link.name),
        hospital={"zh": errand.hospital.name, "en": errand.hospital.name_en},
    )  # fmt: skip
    return card


async def keep_patient(
    unit: Unit, hospital_id: UUID, person_id: UUID, match: PatientMatch, *, kind: CardKind, number: str
) -> HospitalPatient:
    """One patient a hospital and person, whatever cards come and go."""
    patient = await queries.hospital_patient(unit, hospital_id, person_id)
    if patient is None:
        patient = HospitalPatient(hospital_id=hospital_id, person_id=person_id, bound_at=unit.now)
        unit.session.add(patient)
    elif patient.his_patient_id != match.his_patient_id:
        unit.audit("hospital_patient.merged", patient, into=match.his_patient_id)
    patient.his_patient_id = match.his_patient_id
    patient.card_kind, patient.card_number = kind, number
    patient.card_index = queries.card_index(number)
    patient.state = CardState.BOUND
    patient.insurance_linked = match.is_insurance_linked
    patient.evidence = _evidence(match)
    patient.fetched_at = match.evidence.fetched_at
    await unit.session.flush()
    return patient


def _evidence(match: PatientMatch) -> dict[str, Any]:
    seen = match.evidence
    return {
        "resource": f"Patient/{seen.resource_id}",
        "version": seen.version_id,
        "fetched_at": seen.fetched_at.isoformat(),
        "sha256": seen.digest,
    }
