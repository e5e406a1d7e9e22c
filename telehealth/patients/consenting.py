"""Another adult's word (XY17): a code to the phone their hospital holds, a face check, or the counter.

Asking for a code always answers the same, so that nobody can find out by it whether a hospital
knows somebody, or which phone they have.
"""

from uuid import UUID

import structlog

from telehealth.accounts import CodePurpose, check_code, issue_code, mask_phone, spend_code
from telehealth.accounts.errors import CodeExpired, CodesUsedUp, CodeTooSoon
from telehealth.core.access import Actor
from telehealth.core.unit import Unit, Units
from telehealth.directory import hospital_by_code
from telehealth.hospital import fetch_patient
from telehealth.patients import queries
from telehealth.patients.errors import ConsentNotNeeded
from telehealth.patients.linking_family import REASON, grant
from telehealth.patients.matching import Claim, Likeness, likeness, phones_of, system_of
from telehealth.patients.models import IdentityReview, PatientLink
from telehealth.patients.reviewing import ask_for_review
from telehealth.patients.rules import ConsentKind, ConsentWay
from telehealth.patients.states import ReviewKind, Verifier
from telehealth.patients.verifying_identity import vouch

log = structlog.get_logger(__name__)

__all__ = ["ask_counter", "give_by_code", "request_code"]


async def request_code(units: Units, actor: Actor, person_id: UUID, hospital_code: str) -> None:
    """Send a code to the phone `hospital_code` holds for the person, if it knows them and holds one.

    Raises PersonNotFound, HospitalNotFound, ConsentNotNeeded, HISUnavailable, HISRejected, CodeNotSent.
    """
    async with units.system(REASON, actor) as unit:
        hospital = await hospital_by_code(unit, hospital_code)
        link = await _waiting_link(unit, actor, person_id)
        claim = await claim_of(unit, link)
    found = await fetch_patient(
        units, hospital.code, system_of(claim.kind), claim.number, birth_date=claim.birth_date
    )
    match = found.only
    phones = phones_of(match) if match and likeness(match, claim) is Likeness.SAME else ()
    async with units.account(actor.account, actor) as unit:
        link = await _waiting_link(unit, actor, person_id, lock=True)
        link.consent_phone = phones[0] if phones else None
        link.hospital_id = hospital.id
        unit.audit("consent.asked", link, way=ConsentWay.PHONE_CODE, hospital=hospital.code)
    if phones:
        try:
            await issue_code(units, phones[0], purpose=CodePurpose.CONSENT, subject=str(link.id))
        except (CodeTooSoon, CodesUsedUp) as error:
            # Said aloud, it would tell that the phone exists; the code before it is still good.
            log.info("consent.code_withheld", error=error.code)


async def give_by_code(units: Units, actor: Actor, person_id: UUID, code: str) -> PatientLink:
    """The person read us the code that went to their phone.

    Raises PersonNotFound, ConsentNotNeeded, CodeWrong, CodeBurned, CodeExpired.
    """
    async with units.account(actor.account, actor) as unit:
        link = await _waiting_link(unit, actor, person_id)
    phone, subject = link.consent_phone, str(link.id)
    if phone is None:
        raise CodeExpired()
    right = await check_code(units, phone, purpose=CodePurpose.CONSENT, subject=subject, code=code)
    async with units.system(REASON, actor) as unit:
        link = await _waiting_link(unit, actor, person_id, lock=True)
        await spend_code(unit, right)
        # The hospital's record carried name, document, birth date and the phone that answered.
        await vouch(unit, link, Verifier.HIS)
        await grant(
            unit, link, ConsentKind.ADULT, given_by="person", way=ConsentWay.PHONE_CODE,
            evidence={"hospital": str(link.hospital_id), "phone": mask_phone(phone)},
        )  # fmt: skip
        return link


async def ask_counter(units: Units, actor: Actor, person_id: UUID, hospital_code: str) -> IdentityReview:
    """Ask a hospital's counter for whatever is missing: a consent, a proof, or a look at the paper.

    Asking again gives the open request back. Raises PersonNotFound, HospitalNotFound, ConsentNotNeeded.
    """
    async with units.system(REASON, actor) as unit:
        hospital = await hospital_by_code(unit, hospital_code)
        link = await queries.link_for(unit, actor.account, person_id, lock=True)
        person = await queries.person(unit, link.person_id)
        if ConsentKind.ADULT in link.missing:
            kind = ReviewKind.ADULT_CONSENT
        elif ConsentKind.GUARDIANSHIP_PROOF in link.missing:
            kind = ReviewKind.GUARDIANSHIP
        elif not person.is_verified:
            kind = ReviewKind.DOCUMENT
        else:
            raise ConsentNotNeeded()
        return await ask_for_review(unit, link, kind, hospital.id)


async def claim_of(unit: Unit, link: PatientLink) -> Claim:
    """What the account says of the person; the birth date needs a unit that may see the claim."""
    person = await queries.person(unit, link.person_id)
    return Claim(link.name, link.document_kind, link.document_number, person.birth_date)


async def _waiting_link(unit: Unit, actor: Actor, person_id: UUID, *, lock: bool = False) -> PatientLink:
    link = await queries.link_for(unit, actor.account, person_id, lock=lock)
    if ConsentKind.ADULT not in link.missing:
        raise ConsentNotNeeded()
    return link
