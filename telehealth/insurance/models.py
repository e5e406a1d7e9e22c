"""Who is insured where, and the insurer's part in paying for one charge."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from telehealth.core.db import Base, PrimaryKey
from telehealth.core.seal import Sealed
from telehealth.core.tenancy import Tenancy
from telehealth.insurance.states import COVER, Category, CoverEvent, CoverState

#: From the authorisation to the money; before it, the time somebody may spend at the insurer's page.
USABLE_FOR = timedelta(minutes=30)
#: How long the insurer and the channel take a number after the patient agreed.
NUMBER_LIVES = timedelta(minutes=10)


class InsuranceRecord(Base):
    """What the insurer, or the person, said of where somebody is insured (XY07, XY10).

    Region and category decide whether a split is offered; never the address.
    """

    __tablename__ = "insurance_records"
    __tenancy__ = Tenancy(hospital=True, person=True)
    __table_args__ = (sa.UniqueConstraint("hospital_id", "person_id"),)

    id: Mapped[PrimaryKey]
    hospital_id: Mapped[UUID]
    person_id: Mapped[UUID]
    #: "beijing", "elsewhere", or "none" for somebody who is not insured.
    region: Mapped[str]
    #: The insurer's division code, `110100`; empty when only declared.
    division: Mapped[str]
    category: Mapped[Category | None]
    insurance_type: Mapped[str]
    #: The insurer's number for the person.
    insured_number: Mapped[str] = mapped_column(Sealed("insurance_records.insured_number"))
    #: Business time of the insurer's answer; None while the person only said so.
    verified_at: Mapped[datetime | None]
    declared_at: Mapped[datetime]


class Cover(Base):
    """One authorisation of the insurance code, for one payment (BJ06): short-lived, used once, a consent."""

    __tablename__ = "covers"
    __tenancy__ = Tenancy(
        hospital=True,
        account=True,
        stays="who paid keeps receipt and refund; names of items need a live link",
    )
    __table_args__ = (
        sa.Index("ix_covers_charge_id", "charge_id"),
        sa.Index(
            "ix_covers_open",
            "created_at",
            postgresql_where=sa.text("state in ('asked', 'authorised', 'priced')"),
        ),
        sa.CheckConstraint(
            "state not in ('priced', 'settled') or fund + personal + other + cash = total",
            name="split_is_whole",
        ),
    )

    id: Mapped[PrimaryKey]
    hospital_id: Mapped[UUID]
    account_id: Mapped[UUID]
    #: The patient, whose entitlement it is.
    person_id: Mapped[UUID]
    #: Whose insured account pays; not the patient where `binding_id` says why they may (GS01).
    payer_id: Mapped[UUID | None]
    binding_id: Mapped[UUID | None]
    #: The charge it is for; a row of the layer above, so no foreign key.
    charge_id: Mapped[UUID]
    state: Mapped[CoverState]
    region: Mapped[str]
    division: Mapped[str]
    category: Mapped[Category]
    #: Ties the patient's return from the insurer's page to this row.
    token: Mapped[str] = mapped_column(unique=True)
    authorised_at: Mapped[datetime | None]
    #: The insurer's single-use word. The channel needs it beside the insurer's number, so it goes when
    #: the cover is settled, refused or reversed.
    auth_number: Mapped[str | None] = mapped_column(Sealed("covers.auth_number"))
    #: Our number at the insurer (`medOrgOrd`, 20 characters at most), and theirs.
    serial_no: Mapped[str] = mapped_column(unique=True)
    pay_order_id: Mapped[str | None]
    pay_token: Mapped[str | None] = mapped_column(Sealed("covers.pay_token"))
    #: Fen. `fund + personal + other + cash = total`, asserted per region before anything is paid.
    total: Mapped[int]
    fund: Mapped[int] = mapped_column(server_default="0")
    personal: Mapped[int] = mapped_column(server_default="0")
    other: Mapped[int] = mapped_column(server_default="0")
    cash: Mapped[int] = mapped_column(server_default="0")
    #: What was uploaded ("fees"), under which message numbers ("messages"), and the insurer's own
    #: answer as it came ("answer").
    raw: Mapped[dict[str, Any]]
    #: Why it is given up, a `states.Giveup`. On a cover that is still open: the insurer is yet to be told.
    reason: Mapped[str | None]
    created_at: Mapped[datetime]
    settled_at: Mapped[datetime | None]
    reversed_at: Mapped[datetime | None]

    def apply(self, event: CoverEvent) -> None:
        self.state = COVER.after(self.state, event)

    @property
    def usable_until(self) -> datetime:
        """Business time; later it is taken back. A payment that uses it must not take money longer."""
        return (self.authorised_at or self.created_at) + USABLE_FOR

    @property
    def fresh_until(self) -> datetime:
        """Business time; until then the channel takes the number. What began by then may be paid later."""
        return (self.authorised_at or self.created_at) + NUMBER_LIVES
