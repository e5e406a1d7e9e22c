"""Who may pay for whom, the places of a month, the papers of a request, and the payer's word each time."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from telehealth.core.db import Base, PrimaryKey
from telehealth.core.seal import Sealed
from telehealth.core.tenancy import ACCOUNT, Tenancy
from telehealth.family.states import (
    BINDING,
    PAPER,
    BindingEvent,
    BindingState,
    PaperEvent,
    PaperState,
    Side,
    Way,
)
from telehealth.patients.rules import DocumentKind, Relation

#: The member's own account sees who may pay for it: the link tells whose account that is.
_MEMBER = f"link_id in (select l.id from patient_links l where l.subject_account_id = {ACCOUNT})"  # noqa: S608


class Binding(Base):
    """Payer and patient are two people (GS01): `account_id` pays with `payer_id`'s insured account for
    `person_id`. Names are as they were shown when it was asked for."""

    __tablename__ = "family_bindings"
    __tenancy__ = Tenancy(
        hospital=True,
        account=True,
        when=_MEMBER,
        stays="the own insured account: it ends by itself with the link",
    )
    __table_args__ = (
        sa.Index(
            "uq_family_bindings_live", "account_id", "person_id", unique=True,
            postgresql_where=sa.text("state in ('proving', 'reviewing', 'bound')"),
        ),
        sa.Index("ix_family_bindings_person_id", "person_id"),
        sa.Index("ix_family_bindings_link_id", "link_id"),
        sa.Index("ix_family_bindings_queue", "hospital_id", "state", "answer_by"),
    )  # fmt: skip

    id: Mapped[PrimaryKey]
    #: What people say at a desk and read on the printed sheet.
    number: Mapped[str] = mapped_column(unique=True)
    #: Whose staff check the request.
    hospital_id: Mapped[UUID] = mapped_column(sa.ForeignKey("hospitals.id"))
    account_id: Mapped[UUID] = mapped_column(sa.ForeignKey("accounts.id"))
    payer_id: Mapped[UUID] = mapped_column(sa.ForeignKey("persons.id"))
    person_id: Mapped[UUID] = mapped_column(sa.ForeignKey("persons.id"))
    link_id: Mapped[UUID] = mapped_column(sa.ForeignKey("patient_links.id"))
    state: Mapped[BindingState]
    #: The way it is, or was, proved; None until one is chosen.
    way: Mapped[Way | None]
    relation: Mapped[Relation]
    payer_name: Mapped[str] = mapped_column(Sealed("family_bindings.payer_name"))
    member_name: Mapped[str] = mapped_column(Sealed("family_bindings.member_name"))
    document_kind: Mapped[DocumentKind]
    document_number: Mapped[str] = mapped_column(Sealed("family_bindings.document_number"))
    birth_date: Mapped[date]
    #: On the day it was asked for; that day decides the way (GS03, GS04).
    age: Mapped[int]
    policy_number: Mapped[int]
    #: What proves it: ids of checks, digests of papers; never a number or a picture.
    evidence: Mapped[dict[str, Any]]
    #: The bank's phone for the member, where a code went.
    consent_phone: Mapped[str | None] = mapped_column(Sealed("family_bindings.consent_phone"))
    requested_at: Mapped[datetime]
    submitted_at: Mapped[datetime | None]
    #: Until when the hospital promised to have looked.
    answer_by: Mapped[datetime | None]
    lapses_at: Mapped[datetime]
    decided_at: Mapped[datetime | None]
    decided_by: Mapped[UUID | None]
    #: Why it was refused, in the reviewer's words; shown to the account.
    reason: Mapped[str] = mapped_column(Sealed("family_bindings.reason"))
    bound_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]
    #: "payer", "member", "desk" or "link".
    ended_by: Mapped[str]

    def apply(self, event: BindingEvent) -> None:
        self.state = BINDING.after(self.state, event)


class Place(Base):
    """One of the numbered places of a calendar month: the key is what nobody can take twice (GS06, GS07).

    A bound one keeps its places for good; what came to nothing gives them back.
    """

    __tablename__ = "family_places"
    __tenancy__ = Tenancy(account=True, stays="the own insured account: it ends by itself with the link")
    __table_args__ = (
        sa.CheckConstraint("ordinal >= 1", name="counted"),
        sa.UniqueConstraint("binding_id", "side"),
    )

    side: Mapped[Side] = mapped_column(primary_key=True)
    #: The user's account, or the member's person.
    holder_id: Mapped[UUID] = mapped_column(primary_key=True)
    #: The first day of the month, in Asia/Shanghai.
    month: Mapped[date] = mapped_column(primary_key=True)
    ordinal: Mapped[int] = mapped_column(primary_key=True)
    binding_id: Mapped[UUID] = mapped_column(sa.ForeignKey("family_bindings.id"))
    #: The user whose request holds it, on either side.
    account_id: Mapped[UUID]


class Paper(Base):
    """A photo or PDF of a paper. Deleted some days after the decision; its digest stays."""

    __tablename__ = "family_papers"
    __tenancy__ = Tenancy(
        hospital=True,
        account=True,
        stays="the own insured account: it ends by itself with the link",
    )
    __table_args__ = (
        sa.Index("ix_family_papers_binding_id", "binding_id"),
        sa.Index("ix_family_papers_unswept", "offered_at", postgresql_where=sa.text("swept_at is null")),
    )

    id: Mapped[PrimaryKey]
    hospital_id: Mapped[UUID] = mapped_column(sa.ForeignKey("hospitals.id"))
    account_id: Mapped[UUID] = mapped_column(sa.ForeignKey("accounts.id"))
    binding_id: Mapped[UUID] = mapped_column(sa.ForeignKey("family_bindings.id"))
    state: Mapped[PaperState]
    content_type: Mapped[str]
    size: Mapped[int]
    key: Mapped[str | None]
    thumbnail_key: Mapped[str | None]
    sha256: Mapped[str | None]
    looks_blurred: Mapped[bool]
    looks_dark: Mapped[bool]
    refusal: Mapped[str]
    #: Wall time, as are the ends of upload addresses.
    offered_at: Mapped[datetime]
    finished_at: Mapped[datetime | None]
    deleted_at: Mapped[datetime | None]
    swept_at: Mapped[datetime | None]

    def apply(self, event: PaperEvent) -> None:
        self.state = PAPER.after(self.state, event)


class PaymentCheck(Base):
    """The payer typed the code for one payment for a relative (GS02): good for minutes, and once."""

    __tablename__ = "family_payment_checks"
    __tenancy__ = Tenancy(account=True, stays="the own insured account: it ends by itself with the link")
    __table_args__ = (sa.Index("ix_family_payment_checks_subject", "account_id", "subject_id"),)

    id: Mapped[PrimaryKey]
    account_id: Mapped[UUID] = mapped_column(sa.ForeignKey("accounts.id"))
    #: The charge it is for; a row of a layer above, so no foreign key.
    subject_id: Mapped[UUID]
    #: Wall time, like the code's.
    passed_at: Mapped[datetime]
    good_until: Mapped[datetime]
    spent_at: Mapped[datetime | None]
