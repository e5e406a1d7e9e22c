"""What a hospital's staff decide about identities (REG5): papers, consents, guardianship.

A reviewer sees the claim as it was made. The decision touches rows of the account, so it runs
in a system unit; the review itself must be the reviewer's own hospital's.
"""

from uuid import UUID

from telehealth.core.access import Actor
from telehealth.core.unit import Unit, Units
from telehealth.notifications import Notice, notify
from telehealth.patients import queries
from telehealth.patients.errors import CardNeedsReview, ReviewAlreadyDecided
from telehealth.patients.linking_family import grant
from telehealth.patients.masking import mask_name
from telehealth.patients.models import IdentityReview, PatientLink
from telehealth.patients.rules import ConsentKind, ConsentWay
from telehealth.patients.states import (
    CardKind,
    LinkState,
    ReviewEvent,
    ReviewKind,
    ReviewState,
    Verifier,
)
from telehealth.patients.verifying_identity import vouch

REASON = "identity review"

_CONSENTS = {
    ReviewKind.ADULT_CONSENT: ConsentKind.ADULT,
    ReviewKind.GUARDIANSHIP: ConsentKind.GUARDIANSHIP_PROOF,
}


_ACCEPTED = {
    ReviewKind.DOCUMENT: Notice.IDENTITY_VERIFIED,
    ReviewKind.GUARDIANSHIP: Notice.GUARDIANSHIP_ACCEPTED,
}


async def ask_for_review(
    unit: Unit,
    link: PatientLink,
    kind: ReviewKind,
    hospital_id: UUID,
    *,
    card_kind: CardKind | None = None,
    card_number: str | None = None,
    candidates: tuple[str, ...] = (),
) -> IdentityReview:
    """Put it into the hospital's queue; an open one of the same kind is brought up to date."""
    person = await queries.person(unit, link.person_id)
    own = await queries.own_person(unit, link.account_id)
    row = await queries.open_review(unit, link.id, kind, hospital_id)
    if row is None:
        row = IdentityReview(
            hospital_id=hospital_id,
            account_id=link.account_id,
            person_id=link.person_id,
            link_id=link.id,
            kind=kind,
            state=ReviewState.OPEN,
            relation=link.relation,
            name=link.name,
            document_kind=link.document_kind,
            document_number=link.document_number,
            country=person.country,
            birth_date=person.birth_date,
            sex=person.sex,
            holder_name=own.name if own else "",
            candidates=[],
            requested_at=unit.now,
            reason="",
        )
        unit.session.add(row)
    row.card_kind, row.card_number, row.candidates = card_kind, card_number, list(candidates)
    await unit.session.flush()
    unit.audit("identity_review.asked", row, kind=kind)
    return row


async def approve(units: Units, actor: Actor, review_id: UUID) -> IdentityReview:
    """The reviewer saw the paper, or the person. A card is approved through `binding.approve_card`.

    Raises ReviewNotFound, ReviewAlreadyDecided, DocumentInDoubt.
    """
    async with units.system(REASON, actor) as unit:
        row = await lock_open(unit, actor, review_id)
        if row.kind is ReviewKind.CARD:
            raise CardNeedsReview()
        link = await _link(unit, row)
        if link.state is not LinkState.ENDED:
            await vouch(unit, link, Verifier.COUNTER)
            if consent := _CONSENTS.get(row.kind):
                adult = consent is ConsentKind.ADULT
                await grant(
                    unit, link, consent, given_by="counter" if adult else "guardian",
                    way=ConsentWay.COUNTER if adult else None, evidence={"review": str(row.id)},
                )  # fmt: skip
        await settle(unit, actor, row, ReviewEvent.APPROVE)
        return row


async def refuse(units: Units, actor: Actor, review_id: UUID, reason: str) -> IdentityReview:
    """Nothing of the link changes; the account reads why and may ask again.

    Raises ReviewNotFound, ReviewAlreadyDecided.
    """
    async with units.system(REASON, actor) as unit:
        row = await lock_open(unit, actor, review_id)
        row.reason = reason
        await settle(unit, actor, row, ReviewEvent.REFUSE)
        return row


async def lock_open(unit: Unit, actor: Actor, review_id: UUID) -> IdentityReview:
    row = await queries.review(unit, review_id, actor.hospital, lock=True)
    if row.state is not ReviewState.OPEN:
        raise ReviewAlreadyDecided()
    return row


async def settle(unit: Unit, actor: Actor, row: IdentityReview, event: ReviewEvent) -> None:
    row.apply(event)
    row.decided_at, row.decided_by = unit.now, actor.account
    approved = event is ReviewEvent.APPROVE
    unit.audit("identity_review.decided", row, kind=row.kind, approved=approved)
    await _tell(unit, row, approved=approved)


async def _tell(unit: Unit, row: IdentityReview, *, approved: bool) -> None:
    person, href = mask_name(row.name), f"/people/{row.person_id}"
    if approved:
        # A consent is announced where it is granted, whichever way it came.
        notice = _ACCEPTED.get(row.kind)
        if notice is not None:
            await notify(unit, notice, row.account_id, hospital_id=row.hospital_id, href=href, person=person)
        return
    guardian = row.kind is ReviewKind.GUARDIANSHIP
    # What a member of staff typed is read on the page: a phone may show anything it is sent.
    await notify(
        unit, Notice.GUARDIANSHIP_REFUSED if guardian else Notice.IDENTITY_REFUSED, row.account_id,
        hospital_id=row.hospital_id, href=href, person=person,
    )  # fmt: skip


async def _link(unit: Unit, row: IdentityReview) -> PatientLink:
    link = await unit.session.get(PatientLink, row.link_id, with_for_update=True)
    if link is None:
        raise ReviewAlreadyDecided()
    return link
