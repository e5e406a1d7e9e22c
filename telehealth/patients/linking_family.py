"""What becomes of a link: consents complete it, either side ends it.

These steps touch rows of several accounts at once (the holder's link, the person's own account),
so they run in a system unit; who may start them was decided by whoever opened it.
"""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from telehealth.core.access import Actor
from telehealth.core.unit import Unit, Units
from telehealth.notifications import Notice, notify
from telehealth.patients import queries
from telehealth.patients.consent_texts import TEXTS
from telehealth.patients.errors import ConsentNotFound, PersonNotFound
from telehealth.patients.events import CardUnbound, ConsentWithdrawn, LinkEnded
from telehealth.patients.masking import mask_name
from telehealth.patients.models import Consent, IdentityReview, PatientCard, PatientLink
from telehealth.patients.passing_on import pass_on, taker_of
from telehealth.patients.rules import ConsentKind, ConsentWay, Relation
from telehealth.patients.states import (
    CardState,
    LinkEvent,
    LinkState,
    Purpose,
    ReviewEvent,
    ReviewState,
)

REASON = "family link"

#: Consents without which nobody may act for the person any longer.
CARRYING = frozenset({Purpose.ACT_FOR_ADULT, Purpose.GUARDIANSHIP, Purpose.CHILD_DATA})

_PURPOSES = {
    ConsentKind.ADULT: Purpose.ACT_FOR_ADULT,
    ConsentKind.GUARDIANSHIP_PROOF: Purpose.GUARDIANSHIP,
    ConsentKind.CHILD_DATA: Purpose.CHILD_DATA,
}


async def end_link(units: Units, actor: Actor, person_id: UUID) -> None:
    """The holder gives the person up. Raises PersonNotFound."""
    async with units.system(REASON, actor) as unit:
        link = await queries.link_for(unit, actor.account, person_id, lock=True)
        await _end(unit, link, by="holder")


async def end_representation(units: Units, actor: Actor, link_id: UUID) -> None:
    """The person ends what another account may do for them. Raises PersonNotFound."""
    async with units.system(REASON, actor) as unit:
        link = await _lock(unit, link_id)
        theirs = link is not None and link.subject_account_id == actor.account
        if link is None or not theirs or link.state is LinkState.ENDED:
            raise PersonNotFound()
        await _end(unit, link, by="person")


async def end_guardianship(unit: Unit, link: PatientLink) -> None:
    """The person came of age: a locked link that stands on a guardian's papers stands on nothing."""
    await _end(unit, link, by="age")


async def withdraw_consent(units: Units, actor: Actor, person_id: UUID, consent_id: UUID) -> bool:
    """Withdraw one consent; True when that ended the link. A second time changes nothing.

    Raises PersonNotFound, ConsentNotFound.
    """
    async with units.system(REASON, actor) as unit:
        link = await queries.link_for(unit, actor.account, person_id, lock=True)
        consent = await unit.session.get(Consent, consent_id)
        if consent is None or consent.link_id != link.id:
            raise ConsentNotFound()
        if consent.withdrawn_at is not None:
            return False
        if consent.purpose in CARRYING:
            await _end(unit, link, by="holder")
            return True
        _withdraw(unit, consent, by="holder")
        await unit.publish(ConsentWithdrawn(link.id, consent.purpose, "holder"))
        return False


async def withdraw_purpose(unit: Unit, link_id: UUID, purpose: Purpose, *, by: str) -> bool:
    """Take back what stands for this purpose; False when nothing stood. Nobody is told by it.

    For a feature that keeps such a consent and has decided who may take it back.
    """
    standing = [
        consent
        for consent in await queries.consents_of(unit, link_id)
        if consent.purpose is purpose and consent.withdrawn_at is None
    ]
    for consent in standing:
        _withdraw(unit, consent, by=by)
    return bool(standing)


def record_consent(
    unit: Unit,
    link: PatientLink,
    purpose: Purpose,
    *,
    given_by: str,
    way: ConsentWay | None = None,
    evidence: dict[str, Any] | None = None,
) -> Consent:
    text = TEXTS[purpose]
    consent = Consent(
        account_id=link.account_id,
        subject_account_id=link.subject_account_id,
        person_id=link.person_id,
        link_id=link.id,
        purpose=purpose,
        text_version=text.version,
        text_sha256=text.sha256,
        way=way,
        given_by=given_by,
        given_at=unit.now,
        withdrawn_by="",
        evidence=evidence or {},
    )
    unit.session.add(consent)
    unit.audit(
        "consent.given", f"patient_links:{link.id}", account_id=link.account_id,
        purpose=purpose, text_version=text.version, way=way, given_by=given_by,
    )  # fmt: skip
    return consent


async def grant(
    unit: Unit,
    link: PatientLink,
    kind: ConsentKind,
    *,
    given_by: str,
    way: ConsentWay | None = None,
    evidence: dict[str, Any] | None = None,
) -> None:
    """A missing consent is there; with the last of them the link opens. `link` is locked."""
    if kind not in link.missing:
        return
    record_consent(unit, link, _PURPOSES[kind], given_by=given_by, way=way, evidence=evidence)
    link.missing = [missing for missing in link.missing if missing != kind]
    link.consent_phone = None
    open_if_complete(unit, link)
    if kind is ConsentKind.ADULT:
        person = mask_name(link.name)
        await notify(unit, Notice.CONSENT_GRANTED, link.account_id, href="/people", person=person)


def open_if_complete(unit: Unit, link: PatientLink) -> None:
    if link.missing or link.state is not LinkState.PENDING:
        return
    link.apply(LinkEvent.CONSENT)
    link.activated_at = unit.now
    unit.audit("person.linked", link, relation=link.relation)


async def settle_subject(unit: Unit, link: PatientLink) -> None:
    """Tell whose own account this is about, so that it sees the link and may end it.

    An adult who has not agreed yet is asked, by name of who asks; anybody else is told of what opened.
    """
    own = await queries.own_account_of(unit, link.person_id)
    if own is None or own == link.account_id:
        if link.relation is Relation.SELF and link.state is LinkState.ACTIVE:
            await _claim_links(unit, link.person_id, link.account_id)
        return
    link.subject_account_id = own
    if ConsentKind.ADULT not in link.missing:
        await notify(unit, Notice.PERSON_LINKED, own, href="/people")
        return
    holder = await queries.own_person(unit, link.account_id)
    requester = mask_name(holder.name) if holder is not None else None
    await notify(unit, Notice.CONSENT_ASKED, own, href="/people", requester=requester)


async def _claim_links(unit: Unit, person_id: UUID, account_id: UUID) -> None:
    for table in (PatientLink, Consent):
        await unit.session.execute(
            sa.update(table)
            .where(table.person_id == person_id, table.account_id != account_id)
            .values(subject_account_id=account_id)
        )


async def _end(unit: Unit, link: PatientLink, *, by: str) -> None:
    """Nothing of one's own goes anywhere: who gives up themself stays who they are."""
    acted = link.state is LinkState.ACTIVE and link.relation is not Relation.SELF
    link.apply(LinkEvent.END)
    link.ended_at, link.ended_by, link.consent_phone = unit.now, by, None
    for consent in await queries.consents_of(unit, link.id):
        if consent.withdrawn_at is None:
            _withdraw(unit, consent, by=by)
    await unbind_all(unit, link)
    await _drop_reviews(unit, link)
    if link.relation is Relation.SELF:
        await _release_links(unit, link)
    unit.audit("person.unlinked", link, by=by, relation=link.relation)
    taker = await taker_of(unit, link.person_id, link.account_id) if acted else None
    await unit.publish(LinkEnded(link.account_id, link.person_id, by, acted=acted, taker=taker))
    if acted:
        await pass_on(unit, link, taker)
    await _tell_the_other(unit, link, by=by)


async def _tell_the_other(unit: Unit, link: PatientLink, *, by: str) -> None:
    if by == "person":
        person = mask_name(link.name)
        await notify(unit, Notice.CONSENT_WITHDRAWN, link.account_id, href="/people", person=person)
        return
    if by == "age":
        person = mask_name(link.name)
        await notify(unit, Notice.CAME_OF_AGE, link.account_id, href="/people", person=person)
    if link.subject_account_id is not None:
        await notify(unit, Notice.LINK_ENDED, link.subject_account_id, href="/people")


def _withdraw(unit: Unit, consent: Consent, *, by: str) -> None:
    consent.withdrawn_at, consent.withdrawn_by = unit.now, by
    unit.audit("consent.withdrawn", consent, purpose=consent.purpose, by=by)


async def unbind_all(unit: Unit, link: PatientLink) -> None:
    for card in await queries.cards_of(unit, link.account_id, person_id=link.person_id):
        await unbind(unit, card)


async def unbind(unit: Unit, card: PatientCard) -> None:
    """The hospital's patient stays known to the hospital; it is unbound when no account holds a card."""
    card.state, card.unbound_at = CardState.UNBOUND, unit.now
    await unit.session.flush()
    patient = await queries.hospital_patient(unit, card.hospital_id, card.person_id)
    if patient is not None and not await queries.is_card_held(unit, patient.id):
        patient.state = CardState.UNBOUND
    unit.audit("card.unbound", card)
    await unit.publish(CardUnbound(card.hospital_id, card.account_id, card.person_id))


async def _drop_reviews(unit: Unit, link: PatientLink) -> None:
    reviews: Sequence[IdentityReview] = await queries.reviews_of_link(unit, link.id)
    for review in reviews:
        if review.state is ReviewState.OPEN:
            review.apply(ReviewEvent.DROP)
            review.decided_at = unit.now


async def _release_links(unit: Unit, link: PatientLink) -> None:
    for table in (PatientLink, Consent):
        await unit.session.execute(
            sa.update(table)
            .where(table.person_id == link.person_id, table.subject_account_id == link.account_id)
            .values(subject_account_id=None)
        )


async def _lock(unit: Unit, link_id: UUID) -> PatientLink | None:
    found = sa.select(PatientLink).where(PatientLink.id == link_id).with_for_update()
    return (await unit.session.scalars(found)).first()
