"""Every SELECT of this feature. Row-level security is the second wall; the first are the filters here."""

from collections.abc import Sequence
from uuid import UUID

import sqlalchemy as sa

from telehealth.core.hot import Hot
from telehealth.core.seal import blind_index, ring_in_use
from telehealth.core.unit import Unit
from telehealth.patients.errors import LinkPending, PersonNotFound, ReviewNotFound
from telehealth.patients.models import (
    Consent,
    FaceCheck,
    HospitalPatient,
    IdentityReview,
    PatientCard,
    PatientLink,
    Person,
)
from telehealth.patients.rules import DocumentKind, Relation
from telehealth.patients.states import CardState, LinkState, ReviewKind, ReviewState


def document_index(kind: DocumentKind, number: str) -> bytes:
    return blind_index(ring_in_use(), "persons.document", f"{kind}|{number}")


def card_index(number: str) -> bytes:
    return blind_index(ring_in_use(), "hospital_patients.card", number)


async def person_for(unit: Unit, account_id: UUID, person_id: UUID) -> Person:
    """A person this account may act for.

    Raises:
        PersonNotFound: there is none, or none that this account may know of.
        LinkPending: it is added, but a consent or a proof is missing.
    """
    row = await PERSON_FOR.first(unit, account_id=account_id, person_id=person_id)
    if row is None:
        raise PersonNotFound()
    state, missing, person = row
    if state is not LinkState.ACTIVE:
        raise LinkPending(missing=missing)
    if person is None:
        raise PersonNotFound()
    return person


#: A person whose link still waits is out of this account's sight.
PERSON_FOR = Hot(
    sa.select(PatientLink.state, PatientLink.missing, Person)
    .outerjoin(Person, Person.id == PatientLink.person_id)
    .where(PatientLink.account_id == sa.bindparam("account_id"))
    .where(PatientLink.person_id == sa.bindparam("person_id"))
    .where(PatientLink.state != LinkState.ENDED)
)


async def people_of(unit: Unit, account_id: UUID) -> Sequence[tuple[PatientLink, Person]]:
    """Everybody this account may act for, itself first."""
    rows = await unit.session.execute(
        sa.select(PatientLink, Person)
        .join(Person, Person.id == PatientLink.person_id)
        .where(PatientLink.account_id == account_id, PatientLink.state == LinkState.ACTIVE)
        .order_by(PatientLink.relation != Relation.SELF, PatientLink.created_at)
    )
    return [(link, person) for link, person in rows]


async def links_of(unit: Unit, account_id: UUID) -> Sequence[PatientLink]:
    """Live links, itself first; also those that wait for a consent."""
    rows = await unit.session.scalars(
        sa.select(PatientLink)
        .where(PatientLink.account_id == account_id, PatientLink.state != LinkState.ENDED)
        .order_by(PatientLink.relation != Relation.SELF, PatientLink.created_at)
    )
    return rows.all()


async def link_for(unit: Unit, account_id: UUID, person_id: UUID, *, lock: bool = False) -> PatientLink:
    """The live link of this account to this person. Raises PersonNotFound."""
    found = sa.select(PatientLink).where(
        PatientLink.account_id == account_id,
        PatientLink.person_id == person_id,
        PatientLink.state != LinkState.ENDED,
    )
    link = (await unit.session.scalars(found.with_for_update() if lock else found)).first()
    if link is None:
        raise PersonNotFound()
    return link


async def acts_for(unit: Unit, account_id: UUID, person_id: UUID) -> bool:
    """Whether this account may act for the person now, as far as this unit may see links."""
    found = sa.select(PatientLink.id).where(
        PatientLink.account_id == account_id,
        PatientLink.person_id == person_id,
        PatientLink.state == LinkState.ACTIVE,
    )
    return await unit.session.scalar(found.limit(1)) is not None


async def accounts_acting_for(unit: Unit, person_id: UUID) -> Sequence[UUID]:
    """Accounts with an active link, as far as this unit may see them; a system unit sees all."""
    rows = await unit.session.scalars(
        sa.select(PatientLink.account_id).where(
            PatientLink.person_id == person_id, PatientLink.state == LinkState.ACTIVE
        )
    )
    return rows.all()


async def person(unit: Unit, person_id: UUID) -> Person:
    """A person this unit may see: a hospital's patient, an account's own. Raises PersonNotFound."""
    found = await unit.session.get(Person, person_id)
    if found is None:
        raise PersonNotFound()
    return found


async def people_by_id(unit: Unit, ids: Sequence[UUID]) -> dict[UUID, Person]:
    rows = await unit.session.scalars(sa.select(Person).where(Person.id.in_(ids)))
    return {row.id: row for row in rows}


async def hospital_patient(unit: Unit, hospital_id: UUID, person_id: UUID) -> HospitalPatient | None:
    """What the hospital knows of the person, bound or not; None where this account bound no card."""
    return (
        await unit.session.scalars(
            sa.select(HospitalPatient).where(
                HospitalPatient.hospital_id == hospital_id, HospitalPatient.person_id == person_id
            )
        )
    ).first()


KNOWN_PATIENT = Hot(
    sa.select(HospitalPatient)
    .where(HospitalPatient.hospital_id == sa.bindparam("hospital_id"))
    .where(HospitalPatient.person_id == sa.bindparam("person_id"))
)


async def known_patient(unit: Unit, hospital_id: UUID, person_id: UUID) -> HospitalPatient | None:
    """As `hospital_patient`, to look at only."""
    row = await KNOWN_PATIENT.first(unit, hospital_id=hospital_id, person_id=person_id)
    return row and row[0]


async def hospital_patient_by_card(unit: Unit, hospital_id: UUID, card: str) -> HospitalPatient | None:
    """By the card last used; for the desk."""
    return (
        await unit.session.scalars(
            sa.select(HospitalPatient).where(
                HospitalPatient.hospital_id == hospital_id, HospitalPatient.card_index == card_index(card)
            )
        )
    ).first()


async def cards_of(unit: Unit, account_id: UUID, *, person_id: UUID | None = None) -> Sequence[PatientCard]:
    """Bound cards, oldest first."""
    found = sa.select(PatientCard).where(
        PatientCard.account_id == account_id, PatientCard.state == CardState.BOUND
    )
    if person_id is not None:
        found = found.where(PatientCard.person_id == person_id)
    return (await unit.session.scalars(found.order_by(PatientCard.bound_at))).all()


async def representatives(unit: Unit, account_id: UUID) -> Sequence[PatientLink]:
    """Links of other accounts to the person this account is."""
    rows = await unit.session.scalars(
        sa.select(PatientLink)
        .where(PatientLink.subject_account_id == account_id, PatientLink.account_id != account_id)
        .where(PatientLink.state != LinkState.ENDED)
        .order_by(PatientLink.created_at)
    )
    return rows.all()


async def consents_of(unit: Unit, link_id: UUID) -> Sequence[Consent]:
    rows = await unit.session.scalars(
        sa.select(Consent).where(Consent.link_id == link_id).order_by(Consent.given_at, Consent.id)
    )
    return rows.all()


async def reviews_of_link(unit: Unit, link_id: UUID) -> Sequence[IdentityReview]:
    """Newest first."""
    rows = await unit.session.scalars(
        sa.select(IdentityReview)
        .where(IdentityReview.link_id == link_id)
        .order_by(IdentityReview.requested_at.desc(), IdentityReview.id.desc())
    )
    return rows.all()


async def open_review(
    unit: Unit, link_id: UUID, kind: ReviewKind, hospital_id: UUID
) -> IdentityReview | None:
    return (
        await unit.session.scalars(
            sa.select(IdentityReview).where(
                IdentityReview.link_id == link_id,
                IdentityReview.kind == kind,
                IdentityReview.hospital_id == hospital_id,
                IdentityReview.state == ReviewState.OPEN,
            )
        )
    ).first()


async def review_queue(unit: Unit, hospital_id: UUID, *, limit: int = 100) -> Sequence[IdentityReview]:
    """Open ones, oldest first."""
    rows = await unit.session.scalars(
        sa.select(IdentityReview)
        .where(IdentityReview.hospital_id == hospital_id, IdentityReview.state == ReviewState.OPEN)
        .order_by(IdentityReview.requested_at, IdentityReview.id)
        .limit(limit)
    )
    return rows.all()


async def recent_reviews(unit: Unit, hospital_id: UUID, *, limit: int = 20) -> Sequence[IdentityReview]:
    """Decided ones, newest first."""
    rows = await unit.session.scalars(
        sa.select(IdentityReview)
        .where(IdentityReview.hospital_id == hospital_id, IdentityReview.state != ReviewState.OPEN)
        .order_by(IdentityReview.decided_at.desc(), IdentityReview.id)
        .limit(limit)
    )
    return rows.all()


async def face_check(unit: Unit, account_id: UUID, check_id: UUID) -> FaceCheck | None:
    return (
        await unit.session.scalars(
            sa.select(FaceCheck)
            .where(FaceCheck.id == check_id, FaceCheck.account_id == account_id)
            .with_for_update()
        )
    ).first()


async def verified_person(unit: Unit, kind: DocumentKind, number: str) -> Person | None:
    """By document, whoever added them: only in a system unit."""
    return (
        await unit.session.scalars(
            sa.select(Person).where(
                Person.document_index == document_index(kind, number), Person.verified_at.is_not(None)
            )
        )
    ).first()


async def own_account_of(unit: Unit, person_id: UUID) -> UUID | None:
    """The account that first showed it is this person: only in a system unit."""
    return (
        await unit.session.scalars(
            sa.select(PatientLink.account_id)
            .where(
                PatientLink.person_id == person_id,
                PatientLink.relation == Relation.SELF,
                PatientLink.state == LinkState.ACTIVE,
            )
            .order_by(PatientLink.created_at)
            .limit(1)
        )
    ).first()


async def own_person(unit: Unit, account_id: UUID) -> Person | None:
    """The person this account is, where they showed it."""
    found = (
        sa.select(Person)
        .join(PatientLink, PatientLink.person_id == Person.id)
        .where(
            PatientLink.account_id == account_id,
            PatientLink.relation == Relation.SELF,
            PatientLink.state == LinkState.ACTIVE,
        )
    )
    return (await unit.session.scalars(found)).first()


async def patient_by_record(unit: Unit, hospital_id: UUID, his_patient_id: str) -> HospitalPatient | None:
    """By the hospital's own record."""
    return (
        await unit.session.scalars(
            sa.select(HospitalPatient).where(
                HospitalPatient.hospital_id == hospital_id, HospitalPatient.his_patient_id == his_patient_id
            )
        )
    ).first()


async def review(unit: Unit, review_id: UUID, hospital_id: UUID, *, lock: bool = False) -> IdentityReview:
    """Raises ReviewNotFound, also for another hospital's."""
    found = sa.select(IdentityReview).where(
        IdentityReview.id == review_id, IdentityReview.hospital_id == hospital_id
    )
    row = (await unit.session.scalars(found.with_for_update() if lock else found)).first()
    if row is None:
        raise ReviewNotFound()
    return row


async def is_card_held(unit: Unit, hospital_patient_id: UUID) -> bool:
    """Whether any account holds a card for this patient: only in a system unit."""
    found = sa.select(PatientCard.id).where(
        PatientCard.hospital_patient_id == hospital_patient_id, PatientCard.state == CardState.BOUND
    )
    return (await unit.session.scalars(found.limit(1))).first() is not None


async def bound_card(unit: Unit, account_id: UUID, hospital_id: UUID, person_id: UUID) -> PatientCard | None:
    return (
        await unit.session.scalars(
            sa.select(PatientCard).where(
                PatientCard.account_id == account_id,
                PatientCard.hospital_id == hospital_id,
                PatientCard.person_id == person_id,
                PatientCard.state == CardState.BOUND,
            )
        )
    ).first()


async def own_card(unit: Unit, account_id: UUID, card_id: UUID) -> PatientCard | None:
    """A bound card of this account."""
    return (
        await unit.session.scalars(
            sa.select(PatientCard)
            .where(PatientCard.id == card_id, PatientCard.account_id == account_id)
            .where(PatientCard.state == CardState.BOUND)
            .with_for_update()
        )
    ).first()


async def lock_records(unit: Unit, hospital_id: UUID, person_id: UUID, his_patient_id: str) -> None:
    """Whoever binds this person or this record meanwhile waits, and then finds what we wrote."""
    lock = sa.text("select pg_advisory_xact_lock(hashtextextended(:key, 0))")
    for key in sorted((f"patient:{hospital_id}:{person_id}", f"record:{hospital_id}:{his_patient_id}")):
        await unit.session.execute(lock, {"key": key})
