"""People, who may act for whom, and what each hospital knows of them.

A person row exists once per verified document. What an account may see hangs on its *active*
links; what it may see of a hospital hangs on a card it bound there, so knowing somebody's name
and ID number opens nothing. Policies read `patient_links`, which reads no other table.
"""

from datetime import date, datetime
from typing import Any
from uuid import UUID, uuid4

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from telehealth.core.db import Base, PrimaryKey
from telehealth.core.seal import Sealed
from telehealth.core.tenancy import ACCOUNT, Tenancy
from telehealth.patients.rules import ConsentWay, DocumentKind, Relation, Sex
from telehealth.patients.states import (
    LINK,
    REVIEW,
    CardKind,
    CardState,
    FaceState,
    LinkEvent,
    LinkState,
    Looked,
    Purpose,
    Recipient,
    ReviewEvent,
    ReviewKind,
    ReviewState,
    Verifier,
)

# ACCOUNT is an expression of ours: no text of a stranger is in these policies.
_LINKED = f"select l.person_id from patient_links l where l.state = 'active' and l.account_id = {ACCOUNT}"  # noqa: S608
_BOUND = (
    f"select c.hospital_patient_id from patient_cards c where c.state = 'bound' and c.account_id = {ACCOUNT}"  # noqa: S608
)
_PATIENTS = "select h.person_id from hospital_patients h"


class Person(Base):
    __tablename__ = "persons"
    __tenancy__ = Tenancy(when=f"id in ({_LINKED}) or id in ({_PATIENTS})")
    __table_args__ = (
        sa.Index(
            "uq_persons_document",
            "document_index",
            unique=True,
            postgresql_where=sa.text("verified_at is not null"),
        ),
        sa.UniqueConstraint("claimed_by", "document_index"),
        sa.CheckConstraint("(verified_at is null) = (claimed_by is not null)", name="claimed_until_verified"),
    )

    #: Random: a UUIDv7 would tell whoever adds a known person how long we have known them.
    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    name: Mapped[str] = mapped_column(Sealed("persons.name"))
    document_kind: Mapped[DocumentKind]
    document_number: Mapped[str] = mapped_column(Sealed("persons.document_number"))
    #: Of kind and number together.
    document_index: Mapped[bytes] = mapped_column(sa.LargeBinary())
    #: Issuing country of a passport, else empty.
    country: Mapped[str]
    birth_date: Mapped[date]
    sex: Mapped[Sex]
    #: Until somebody vouched for it, the row is one account's claim and nobody else's.
    claimed_by: Mapped[UUID | None] = mapped_column(sa.ForeignKey("accounts.id"))
    verified_at: Mapped[datetime | None]
    verified_by: Mapped[Verifier | None]
    created_at: Mapped[datetime]

    @property
    def is_verified(self) -> bool:
        return self.verified_at is not None


class PatientLink(Base):
    """An account may act for a person. Name and document are as this account typed them."""

    __tablename__ = "patient_links"
    __tenancy__ = Tenancy(
        account=True,
        when=f"subject_account_id = {ACCOUNT}",
        stays="what the account itself claimed, agreed to and bound",
    )
    __table_args__ = (
        sa.Index(
            "uq_patient_links_live", "account_id", "person_id", unique=True,
            postgresql_where=sa.text("state <> 'ended'"),
        ),
        sa.Index(
            "uq_patient_links_self", "account_id", unique=True,
            postgresql_where=sa.text("state <> 'ended' and relation = 'self'"),
        ),
        sa.Index("ix_patient_links_person_id", "person_id"),
        sa.Index("ix_patient_links_subject_account_id", "subject_account_id"),
    )  # fmt: skip

    id: Mapped[PrimaryKey]
    account_id: Mapped[UUID] = mapped_column(sa.ForeignKey("accounts.id"))
    person_id: Mapped[UUID] = mapped_column(sa.ForeignKey("persons.id"))
    #: The person's own account, where they have one: it may see this link and end it.
    subject_account_id: Mapped[UUID | None]
    relation: Mapped[Relation]
    state: Mapped[LinkState]
    name: Mapped[str] = mapped_column(Sealed("patient_links.name"))
    document_kind: Mapped[DocumentKind]
    document_number: Mapped[str] = mapped_column(Sealed("patient_links.document_number"))
    #: Where the missing consent or proof is to be given.
    hospital_id: Mapped[UUID | None] = mapped_column(sa.ForeignKey("hospitals.id"))
    #: Consents still missing (`rules.ConsentKind`), in the order they are asked for; empty once active.
    missing: Mapped[list[str]]
    #: The hospital's phone for the person, where a code went. Never shown to the account, masked or not.
    consent_phone: Mapped[str | None] = mapped_column(Sealed("patient_links.consent_phone"))
    created_at: Mapped[datetime]
    activated_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]
    #: "holder", "person", "review" or "age".
    ended_by: Mapped[str]
    #: When the holder was told that the person comes of age.
    of_age_told_at: Mapped[datetime | None]

    def apply(self, event: LinkEvent) -> None:
        self.state = LINK.after(self.state, event)


class HospitalPatient(Base):
    """What one hospital knows of one person. An account sees it through a card it bound there."""

    __tablename__ = "hospital_patients"
    __tenancy__ = Tenancy(hospital=True, when=f"id in ({_BOUND})")
    __table_args__ = (
        sa.UniqueConstraint("hospital_id", "person_id"),
        sa.Index("ix_hospital_patients_person_id", "person_id"),
        # Two people never share one record of the hospital.
        sa.UniqueConstraint("hospital_id", "his_patient_id"),
    )

    id: Mapped[PrimaryKey]
    hospital_id: Mapped[UUID] = mapped_column(sa.ForeignKey("hospitals.id"))
    person_id: Mapped[UUID] = mapped_column(sa.ForeignKey("persons.id"))
    his_patient_id: Mapped[str]
    #: The card last used; older ones stay with `patient_cards`.
    card_kind: Mapped[CardKind]
    card_number: Mapped[str] = mapped_column(Sealed("hospital_patients.card_number"))
    card_index: Mapped[bytes] = mapped_column(sa.LargeBinary(), index=True)
    #: Bound while at least one account holds a card here, or the desk registered it.
    state: Mapped[CardState]
    #: SJ02: the medical card is linked to the social-security card.
    insurance_linked: Mapped[bool]
    #: Resource id, version, digest of the record the hospital's system showed.
    evidence: Mapped[dict[str, Any]]
    fetched_at: Mapped[datetime]
    bound_at: Mapped[datetime]
    #: REG59: the person asked for deletion while the law keeps the record. Nothing but keeping it is done.
    restricted_at: Mapped[datetime | None]

    @property
    def is_bound(self) -> bool:
        return self.state is CardState.BOUND


class PatientCard(Base):
    """A card an account bound for a person; a replaced card is unbound, its row stays."""

    __tablename__ = "patient_cards"
    __tenancy__ = Tenancy(
        hospital=True,
        account=True,
        stays="what the account itself claimed, agreed to and bound",
    )
    __table_args__ = (
        sa.Index(
            "uq_patient_cards_live", "account_id", "hospital_patient_id", unique=True,
            postgresql_where=sa.text("state = 'bound'"),
        ),
        sa.Index("ix_patient_cards_person_id", "person_id"),
    )  # fmt: skip

    id: Mapped[PrimaryKey]
    hospital_id: Mapped[UUID] = mapped_column(sa.ForeignKey("hospitals.id"))
    account_id: Mapped[UUID] = mapped_column(sa.ForeignKey("accounts.id"))
    person_id: Mapped[UUID] = mapped_column(sa.ForeignKey("persons.id"))
    hospital_patient_id: Mapped[UUID] = mapped_column(sa.ForeignKey("hospital_patients.id"))
    kind: Mapped[CardKind]
    number: Mapped[str] = mapped_column(Sealed("patient_cards.number"))
    state: Mapped[CardState]
    bound_at: Mapped[datetime]
    unbound_at: Mapped[datetime | None]


class Consent(Base):
    """The consent ledger: which text, in which version, who agreed, how, when, until when."""

    __tablename__ = "consents"
    __tenancy__ = Tenancy(
        account=True,
        when=f"subject_account_id = {ACCOUNT}",
        stays="what the account itself claimed, agreed to and bound",
    )
    __table_args__ = (sa.Index("ix_consents_link_id", "link_id"),)

    id: Mapped[PrimaryKey]
    account_id: Mapped[UUID] = mapped_column(sa.ForeignKey("accounts.id"))
    subject_account_id: Mapped[UUID | None]
    person_id: Mapped[UUID] = mapped_column(sa.ForeignKey("persons.id"))
    link_id: Mapped[UUID] = mapped_column(sa.ForeignKey("patient_links.id"))
    purpose: Mapped[Purpose]
    text_version: Mapped[str]
    text_sha256: Mapped[str]
    #: How an adult agreed; None where the account holder ticked the box.
    way: Mapped[ConsentWay | None]
    #: "holder", "person", "guardian" or "counter".
    given_by: Mapped[str]
    given_at: Mapped[datetime]
    withdrawn_at: Mapped[datetime | None]
    withdrawn_by: Mapped[str]
    #: What proves it (review id, face check id, masked phone); never a number or a picture.
    evidence: Mapped[dict[str, Any]]


class IdentityReview(Base):
    """Something a person at the hospital has to look at, with the claim as it was made."""

    __tablename__ = "identity_reviews"
    __tenancy__ = Tenancy(
        hospital=True,
        account=True,
        stays="what the account itself claimed, agreed to and bound",
    )
    __table_args__ = (
        sa.Index(
            "uq_identity_reviews_open", "link_id", "kind", "hospital_id", unique=True,
            postgresql_where=sa.text("state = 'open'"),
        ),
        sa.Index("ix_identity_reviews_queue", "hospital_id", "state", "requested_at"),
    )  # fmt: skip

    id: Mapped[PrimaryKey]
    hospital_id: Mapped[UUID] = mapped_column(sa.ForeignKey("hospitals.id"))
    account_id: Mapped[UUID] = mapped_column(sa.ForeignKey("accounts.id"))
    person_id: Mapped[UUID] = mapped_column(sa.ForeignKey("persons.id"))
    link_id: Mapped[UUID] = mapped_column(sa.ForeignKey("patient_links.id"))
    kind: Mapped[ReviewKind]
    state: Mapped[ReviewState]
    relation: Mapped[Relation]
    name: Mapped[str] = mapped_column(Sealed("identity_reviews.name"))
    document_kind: Mapped[DocumentKind]
    document_number: Mapped[str] = mapped_column(Sealed("identity_reviews.document_number"))
    country: Mapped[str]
    birth_date: Mapped[date]
    sex: Mapped[Sex]
    #: Name of the account holder as their own document says it, empty while they have shown none.
    holder_name: Mapped[str] = mapped_column(Sealed("identity_reviews.holder_name"))
    card_kind: Mapped[CardKind | None]
    card_number: Mapped[str | None] = mapped_column(Sealed("identity_reviews.card_number"))
    #: For a card: the records the hospital's system named, to choose from.
    candidates: Mapped[list[str]]
    requested_at: Mapped[datetime]
    decided_at: Mapped[datetime | None]
    decided_by: Mapped[UUID | None]
    #: Why it was refused, in the reviewer's words; shown to the account.
    reason: Mapped[str]

    def apply(self, event: ReviewEvent) -> None:
        self.state = REVIEW.after(self.state, event)


class FaceCheck(Base):
    """A face check at the vendor's. We keep its outcome; pictures are never fetched."""

    __tablename__ = "face_checks"
    __tenancy__ = Tenancy(account=True, stays="what the account itself claimed, agreed to and bound")

    id: Mapped[PrimaryKey]
    account_id: Mapped[UUID] = mapped_column(sa.ForeignKey("accounts.id"))
    link_id: Mapped[UUID] = mapped_column(sa.ForeignKey("patient_links.id"))
    state: Mapped[FaceState]
    token: Mapped[str] = mapped_column(Sealed("face_checks.token"))
    #: Wall time; the vendor forgets the token then.
    started_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    finished_at: Mapped[datetime | None]


class PersonView(Base):
    """Somebody of the hospital looked at something of a person; once a day each is enough to know."""

    __tablename__ = "person_views"
    __tenancy__ = Tenancy(hospital=True, person=True, append_only=True)
    __table_args__ = (
        sa.UniqueConstraint("viewer_id", "what", "ref", "on"),
        sa.Index("ix_person_views_person_id", "person_id", "at"),
    )

    id: Mapped[PrimaryKey]
    hospital_id: Mapped[UUID] = mapped_column(sa.ForeignKey("hospitals.id"))
    person_id: Mapped[UUID] = mapped_column(sa.ForeignKey("persons.id"))
    viewer_id: Mapped[UUID]
    #: As what they looked: a `Role`, or "system".
    role: Mapped[str]
    what: Mapped[Looked]
    ref: Mapped[str]
    on: Mapped[date]
    at: Mapped[datetime]


class Disclosure(Base):
    """Something of a person went to somebody outside the hospital (REG57); once for each errand."""

    __tablename__ = "disclosures"
    __tenancy__ = Tenancy(hospital=True, person=True, append_only=True)
    __table_args__ = (
        sa.UniqueConstraint("recipient", "subject"),
        sa.Index("ix_disclosures_person_id", "person_id", "at"),
    )

    id: Mapped[PrimaryKey]
    #: None for what no hospital asked for, such as the check of an identity.
    hospital_id: Mapped[UUID | None] = mapped_column(sa.ForeignKey("hospitals.id"))
    person_id: Mapped[UUID] = mapped_column(sa.ForeignKey("persons.id"))
    recipient: Mapped[Recipient]
    #: What the recipient is called: the courier, the pharmacy.
    name: Mapped[str]
    #: `DataKind` values, and never what they hold.
    kinds: Mapped[list[str]]
    #: "kind:id" of the errand, such as a waybill.
    subject: Mapped[str]
    at: Mapped[datetime]
