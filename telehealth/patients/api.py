"""JSON routes of patients. Somebody else's person, card or review is a 404."""

from uuid import UUID

from starlette.requests import Request
from starlette.routing import Route

from telehealth.accounts import CodeBurned, CodeExpired, CodeNotSent, CodeWrong
from telehealth.core.access import Actor, Permission
from telehealth.core.errors import Busy, FieldsInvalid
from telehealth.core.unit import Unit, Units
from telehealth.directory import HospitalNotFound, hospital_by_code
from telehealth.hospital import HISRejected, HISUnavailable
from telehealth.patients import (
    adding,
    binding,
    consenting,
    linking_family,
    permitting,
    queries,
    reviewing,
    verifying_identity,
)
from telehealth.patients.consent_texts import TEXTS
from telehealth.patients.doors import GUESSES, MESSAGES, face_return
from telehealth.patients.errors import (
    CardMismatch,
    CardNeedsReview,
    CardNotFound,
    CardUnknown,
    ConsentNotFound,
    ConsentNotNeeded,
    DocumentInDoubt,
    FaceCheckNotFound,
    FaceFailed,
    FaceNotPossible,
    FacePending,
    IdentityMismatch,
    IdentityQuotaSpent,
    IdentityUnavailable,
    LinkPending,
    PersonAlreadyAdded,
    PersonNotFound,
    ReviewAlreadyDecided,
    ReviewNotFound,
    SelfAlreadyAdded,
    TooManyPeople,
)
from telehealth.patients.models import PatientLink
from telehealth.patients.schemas import (
    AddPerson,
    ApproveReview,
    AskConsentCode,
    AskReview,
    BindCard,
    CardView,
    ConsentTextView,
    ConsentView,
    FaceCheckView,
    GiveConsent,
    PersonDetailView,
    PersonView,
    RefuseReview,
    RepresentativeView,
    ReviewView,
    StaffReviewView,
    StartFaceCheck,
)
from telehealth.web.contract import operation

P = Permission


@operation(public=True)
async def list_consent_texts() -> list[ConsentTextView]:
    """What is agreed to, word for word, in the version that counts now."""
    return [ConsentTextView.of(text) for text in TEXTS.values()]


@operation(needs=P.MANAGE_PEOPLE)
async def list_people(unit: Unit) -> list[PersonView]:
    """Everybody this account added, oneself first, also those whose consent is missing."""
    people = {person.id: person for _, person in await queries.people_of(unit, unit.actor.account)}
    links = await queries.links_of(unit, unit.actor.account)
    return [PersonView.of(link, people.get(link.person_id)) for link in links]


@operation(
    needs=P.MANAGE_PEOPLE, status=201, limit=GUESSES,
    raises=(
        FieldsInvalid, IdentityMismatch, PersonAlreadyAdded, SelfAlreadyAdded, TooManyPeople,
        HospitalNotFound, IdentityUnavailable, IdentityQuotaSpent, Busy,
    ),
)  # fmt: skip
async def add_person(units: Units, actor: Actor, body: AddPerson) -> PersonDetailView:
    """Add oneself, another adult or a child. `missing` says which consents the person still needs."""
    link = await adding.add_person(units, actor, body.wanted())
    return await _detail(units, actor, link)


@operation(needs=P.MANAGE_PEOPLE, raises=(PersonNotFound,))
async def show_person(units: Units, actor: Actor, person_id: UUID) -> PersonDetailView:
    async with units.account(actor.account, actor) as unit:
        link = await queries.link_for(unit, actor.account, person_id)
    return await _detail(units, actor, link)


@operation(needs=P.MANAGE_PEOPLE, raises=(PersonNotFound,))
async def remove_person(units: Units, actor: Actor, person_id: UUID) -> None:
    """End the link at once. What the hospital must keep, it keeps."""
    await linking_family.end_link(units, actor, person_id)


@operation(
    needs=P.MANAGE_PEOPLE, limit=GUESSES,
    raises=(
        PersonNotFound, IdentityMismatch, IdentityUnavailable, IdentityQuotaSpent, FaceNotPossible,
        DocumentInDoubt, PersonAlreadyAdded, Busy,
    ),
)  # fmt: skip
async def verify_person(units: Units, actor: Actor, person_id: UUID) -> PersonDetailView:
    """Ask the authority again about somebody it had no record of."""
    link = await verifying_identity.check_again(units, actor, person_id)
    return await _detail(units, actor, link)


@operation(
    needs=P.MANAGE_PEOPLE, status=201, limit=GUESSES,
    raises=(
        FieldsInvalid, PersonNotFound, FaceNotPossible, IdentityMismatch, IdentityUnavailable,
        IdentityQuotaSpent, Busy,
    ),
)  # fmt: skip
async def start_face_check(
    request: Request, units: Units, actor: Actor, person_id: UUID, body: StartFaceCheck
) -> FaceCheckView:
    """One way to show who somebody is; a code or the counter do as well."""
    check, url = await verifying_identity.start_face_check(
        units, actor, person_id, return_url=face_return(request, person_id), agreed=body.agree_face
    )
    return FaceCheckView.of(check, url)


@operation(
    needs=P.MANAGE_PEOPLE,
    raises=(
        PersonNotFound, FaceCheckNotFound, FacePending, FaceFailed, IdentityUnavailable,
        IdentityQuotaSpent, DocumentInDoubt, PersonAlreadyAdded,
    ),
)  # fmt: skip
async def finish_face_check(units: Units, actor: Actor, person_id: UUID, check_id: UUID) -> PersonDetailView:
    """Fetch the outcome. Coming back from the vendor's page proves nothing."""
    link = await verifying_identity.finish_face_check(units, actor, person_id, check_id)
    return await _detail(units, actor, link)


@operation(
    needs=P.MANAGE_PEOPLE, limit=MESSAGES,
    raises=(
        PersonNotFound, HospitalNotFound, ConsentNotNeeded, HISUnavailable, HISRejected, CodeNotSent, Busy,
    ),
)  # fmt: skip
async def request_consent_code(units: Units, actor: Actor, person_id: UUID, body: AskConsentCode) -> None:
    """Send a code to the phone the hospital holds for the person.

    Answers the same whether or not the hospital knows them.
    """
    await consenting.request_code(units, actor, person_id, body.hospital)


@operation(needs=P.MANAGE_PEOPLE, raises=(PersonNotFound,))
async def list_consents(unit: Unit, person_id: UUID) -> list[ConsentView]:
    link = await queries.link_for(unit, unit.actor.account, person_id)
    return [ConsentView.of(row) for row in await queries.consents_of(unit, link.id)]


@operation(needs=P.MANAGE_PEOPLE, raises=(PersonNotFound, LinkPending))
async def permit_medicine_check(unit: Unit, person_id: UUID) -> None:
    """Agree that medicines in use from other hospitals are looked up when one is prescribed (REG 47, 56).

    It is one of the person's consents then, and withdrawn as such.
    """
    await permitting.permit_medicine_check(unit, person_id)


@operation(
    needs=P.MANAGE_PEOPLE, status=201, limit=GUESSES,
    raises=(
        PersonNotFound, ConsentNotNeeded, CodeWrong, CodeBurned, CodeExpired, DocumentInDoubt,
        PersonAlreadyAdded, Busy,
    ),
)  # fmt: skip
async def give_consent(units: Units, actor: Actor, person_id: UUID, body: GiveConsent) -> PersonDetailView:
    """The code the person received is their word."""
    link = await consenting.give_by_code(units, actor, person_id, body.code)
    return await _detail(units, actor, link)


@operation(needs=P.MANAGE_PEOPLE, raises=(PersonNotFound, ConsentNotFound))
async def withdraw_consent(units: Units, actor: Actor, person_id: UUID, consent_id: UUID) -> None:
    """Without the consent that carries it, the link ends at once."""
    await linking_family.withdraw_consent(units, actor, person_id, consent_id)


@operation(needs=P.MANAGE_PEOPLE, raises=(PersonNotFound,))
async def list_reviews_of_person(unit: Unit, person_id: UUID) -> list[ReviewView]:
    link = await queries.link_for(unit, unit.actor.account, person_id)
    return [ReviewView.of(row) for row in await queries.reviews_of_link(unit, link.id)]


@operation(
    needs=P.MANAGE_PEOPLE, status=201, limit=GUESSES,
    raises=(PersonNotFound, HospitalNotFound, ConsentNotNeeded, Busy),
)  # fmt: skip
async def request_review(units: Units, actor: Actor, person_id: UUID, body: AskReview) -> ReviewView:
    """Ask a hospital's counter for what is missing. Asking again gives the open request back."""
    return ReviewView.of(await consenting.ask_counter(units, actor, person_id, body.hospital))


@operation(needs=P.MANAGE_PEOPLE)
async def list_representatives(unit: Unit) -> list[RepresentativeView]:
    """Who acts, or asks to act, for the person this account is."""
    rows = await queries.representatives(unit, unit.actor.account)
    return [RepresentativeView.of(row) for row in rows]


@operation(needs=P.MANAGE_PEOPLE, raises=(PersonNotFound,))
async def end_representation(units: Units, actor: Actor, link_id: UUID) -> None:
    """End it at once; the other account is told."""
    await linking_family.end_representation(units, actor, link_id)


@operation(needs=P.MANAGE_PEOPLE, raises=(HospitalNotFound,))
async def list_cards(unit: Unit, code: str) -> list[CardView]:
    place = await hospital_by_code(unit, code)
    cards = await queries.cards_of(unit, unit.actor.account)
    return [CardView.of(card) for card in cards if card.hospital_id == place.id]


@operation(
    needs=P.MANAGE_PEOPLE, status=201, limit=GUESSES,
    raises=(
        FieldsInvalid, HospitalNotFound, PersonNotFound, LinkPending, CardUnknown, CardMismatch,
        CardNeedsReview, DocumentInDoubt, PersonAlreadyAdded, HISUnavailable, HISRejected, Busy,
    ),
)  # fmt: skip
async def bind_card(units: Units, actor: Actor, code: str, body: BindCard) -> CardView:
    """Bind a card the hospital knows. A new one replaces the one before it."""
    card = await binding.bind_card(units, actor, code, body.person_id, kind=body.kind, number=body.number)
    return CardView.of(card)


@operation(needs=P.MANAGE_PEOPLE, raises=(HospitalNotFound, CardNotFound))
async def unbind_card(units: Units, actor: Actor, code: str, card_id: UUID) -> None:
    await binding.unbind_card(units, actor, code, card_id)


@operation(needs=P.REVIEW_DOCUMENTS)
async def list_identity_reviews(unit: Unit, actor: Actor) -> list[StaffReviewView]:
    """Open ones of one's own hospital, oldest first."""
    return [StaffReviewView.of(row) for row in await queries.review_queue(unit, actor.hospital)]


@operation(
    needs=P.REVIEW_DOCUMENTS,
    raises=(
        FieldsInvalid, ReviewNotFound, ReviewAlreadyDecided, CardNeedsReview, CardNotFound, CardMismatch,
        DocumentInDoubt, PersonAlreadyAdded, HISUnavailable, HISRejected,
    ),
)  # fmt: skip
async def approve_identity_review(
    units: Units, actor: Actor, review_id: UUID, body: ApproveReview
) -> StaffReviewView:
    """`his_patient_id` says which record a doubtful card belongs to; other requests need none."""
    if body.his_patient_id is None:
        return StaffReviewView.of(await reviewing.approve(units, actor, review_id))
    row = await binding.approve_card(units, actor, review_id, body.his_patient_id)
    return StaffReviewView.of(row)


@operation(needs=P.REVIEW_DOCUMENTS, raises=(ReviewNotFound, ReviewAlreadyDecided))
async def refuse_identity_review(
    units: Units, actor: Actor, review_id: UUID, body: RefuseReview
) -> StaffReviewView:
    return StaffReviewView.of(await reviewing.refuse(units, actor, review_id, body.reason))


async def _detail(units: Units, actor: Actor, link: PatientLink) -> PersonDetailView:
    async with units.account(actor.account, actor) as unit:
        person = await queries.people_by_id(unit, [link.person_id])
        cards = await queries.cards_of(unit, actor.account, person_id=link.person_id)
        view = PersonView.of(link, person.get(link.person_id))
        return PersonDetailView(**dict(view), cards=[CardView.of(card) for card in cards])


routes = [
    Route("/consent-texts", list_consent_texts),
    Route("/people", list_people),
    Route("/people", add_person, methods=["POST"]),
    Route("/people/{person_id}", show_person),
    Route("/people/{person_id}/link", remove_person, methods=["DELETE"]),
    Route("/people/{person_id}/verification", verify_person, methods=["POST"]),
    Route("/people/{person_id}/face-checks", start_face_check, methods=["POST"]),
    Route("/people/{person_id}/face-checks/{check_id}/result", finish_face_check, methods=["POST"]),
    Route("/people/{person_id}/consent-codes", request_consent_code, methods=["POST"]),
    Route("/people/{person_id}/consents", list_consents),
    Route("/people/{person_id}/consents", give_consent, methods=["POST"]),
    Route("/people/{person_id}/consents/{consent_id}", withdraw_consent, methods=["DELETE"]),
    Route("/people/{person_id}/medicine-check", permit_medicine_check, methods=["PUT"]),
    Route("/people/{person_id}/reviews", list_reviews_of_person),
    Route("/people/{person_id}/reviews", request_review, methods=["POST"]),
    Route("/representatives", list_representatives),
    Route("/representatives/{link_id}", end_representation, methods=["DELETE"]),
    Route("/hospitals/{code}/cards", list_cards),
    Route("/hospitals/{code}/cards", bind_card, methods=["POST"]),
    Route("/hospitals/{code}/cards/{card_id}", unbind_card, methods=["DELETE"]),
    Route("/identity-reviews", list_identity_reviews),
    Route("/identity-reviews/{review_id}/approval", approve_identity_review, methods=["POST"]),
    Route("/identity-reviews/{review_id}/refusal", refuse_identity_review, methods=["POST"]),
]
