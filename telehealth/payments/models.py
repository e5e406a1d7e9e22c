"""Charges, the orders they are paid by, refunds with their legs, and what providers told us."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from telehealth.core.db import Base, PrimaryKey
from telehealth.core.provisioning import APP
from telehealth.core.tenancy import Tenancy
from telehealth.payments.states import (
    CHARGE,
    PAY_ORDER,
    REFUND,
    REFUND_LEG,
    ChargeEvent,
    ChargeState,
    LegEvent,
    LegKind,
    LegState,
    OrderType,
    PayOrderEvent,
    PayOrderState,
    RefundEvent,
    RefundReason,
    RefundState,
    Way,
)


class Charge(Base):
    """What one thing costs. Paid by one of its orders; any other that is paid too refunds itself."""

    __tablename__ = "charges"
    __tenancy__ = Tenancy(
        hospital=True,
        account=True,
        stays="who paid keeps receipt and refund; names of items need a live link",
    )
    __table_args__ = (
        sa.Index(
            "uq_charges_live_subject",
            "subject_kind",
            "subject_id",
            unique=True,
            postgresql_where=sa.text("state <> 'closed'"),
        ),
        sa.Index("ix_charges_account_id_created_at", "account_id", "created_at"),
        sa.Index("ix_charges_hospital_id_created_at", "hospital_id", "created_at"),
        sa.CheckConstraint("amount >= 0", name="amount_not_negative"),
    )

    id: Mapped[PrimaryKey]
    #: `CH-261121-7K2M9Q4T`.
    number: Mapped[str] = mapped_column(unique=True)
    hospital_id: Mapped[UUID]
    #: Who pays, when they have an account.
    account_id: Mapped[UUID | None]
    #: The patient.
    person_id: Mapped[UUID]
    #: A name registered in `subjects`, and the row there.
    subject_kind: Mapped[str]
    subject_id: Mapped[UUID]
    order_type: Mapped[OrderType]
    #: Shown by the provider and on the receipt; never says what illness or drug.
    description: Mapped[str]
    #: Fen, all of it; no freight (XY31).
    amount: Mapped[int]
    state: Mapped[ChargeState]
    #: Business time after which no order is taken any more.
    pay_by: Mapped[datetime]
    #: Somebody wants it closed: no new order; the open ones are asked about and closed at the provider.
    closing_since: Mapped[datetime | None]
    settled_at: Mapped[datetime | None]
    #: The order that paid it; None for a charge of nothing.
    settled_by: Mapped[UUID | None]
    #: The service was rendered: prepaid money became revenue.
    earned_at: Mapped[datetime | None]
    created_at: Mapped[datetime]

    def apply(self, event: ChargeEvent) -> None:
        self.state = CHARGE.after(self.state, event)


class ChargeLine(Base):
    """One line of the receipt. `fund + personal + other + cash = amount`, once it is paid (GD01)."""

    __tablename__ = "charge_lines"
    __tenancy__ = Tenancy(
        hospital=True,
        account=True,
        stays="who paid keeps receipt and refund; names of items need a live link",
    )
    __table_args__ = (sa.Index("ix_charge_lines_charge_id", "charge_id"),)

    id: Mapped[PrimaryKey]
    charge_id: Mapped[UUID] = mapped_column(sa.ForeignKey("charges.id"))
    hospital_id: Mapped[UUID]
    account_id: Mapped[UUID | None]
    position: Mapped[int]
    #: A kind the policy knows: "consult_fee", "registration_fee", "drug", "exam".
    kind: Mapped[str]
    description: Mapped[str]
    amount: Mapped[int]
    fund: Mapped[int] = mapped_column(server_default="0")
    personal: Mapped[int] = mapped_column(server_default="0")
    other: Mapped[int] = mapped_column(server_default="0")


class PayOrder(Base):
    """One attempt to pay a charge at a provider, under a number of ours that is used once."""

    __tablename__ = "pay_orders"
    __tenancy__ = Tenancy(
        hospital=True,
        account=True,
        stays="who paid keeps receipt and refund; names of items need a live link",
    )
    __table_args__ = (
        sa.Index("ix_pay_orders_charge_id", "charge_id"),
        sa.Index("ix_pay_orders_hospital_id_paid_on", "hospital_id", "paid_on"),
        sa.Index(
            "ix_pay_orders_to_look_at",
            "look_at",
            postgresql_where=sa.text("state in ('created', 'submitted')"),
        ),
        sa.CheckConstraint(
            "cash >= 0 and fund >= 0 and personal >= 0 and other >= 0", name="parts_not_negative"
        ),
    )

    id: Mapped[PrimaryKey]
    charge_id: Mapped[UUID] = mapped_column(sa.ForeignKey("charges.id"))
    hospital_id: Mapped[UUID]
    account_id: Mapped[UUID | None]
    #: "wechatpay", "desk": a name registered in `ports.Providers`.
    provider: Mapped[str]
    way: Mapped[Way]
    #: Our number at the provider: the charge's and a counter, `CH-261121-7K2M9Q4T-1`.
    out_trade_no: Mapped[str] = mapped_column(unique=True)
    #: The provider's.
    transaction_id: Mapped[str | None]
    #: Fen through the provider; with a cover the rest comes from the insurer.
    cash: Mapped[int]
    fund: Mapped[int] = mapped_column(server_default="0")
    personal: Mapped[int] = mapped_column(server_default="0")
    other: Mapped[int] = mapped_column(server_default="0")
    #: `insurance.Cover` behind a split payment, and the channel's number for both halves.
    cover_id: Mapped[UUID | None]
    mix_trade_no: Mapped[str | None]
    state: Mapped[PayOrderState]
    #: Everything the prepay was sent with (ids and codes), so that a repetition is identical.
    request: Mapped[dict[str, Any]]
    #: What it answered (`prepay_id`, `code_url`, `h5_url`).
    answer: Mapped[dict[str, Any]]
    #: Business time: the provider takes no money for it later.
    expires_at: Mapped[datetime]
    #: Wall time of the next question to the provider, and how many were asked.
    look_at: Mapped[datetime]
    looks: Mapped[int] = mapped_column(server_default="0")
    #: Business time, as the provider says, and its day.
    paid_at: Mapped[datetime | None]
    paid_on: Mapped[date | None]
    #: Staff who took cash.
    taken_by: Mapped[UUID | None]
    created_at: Mapped[datetime]

    def apply(self, event: PayOrderEvent) -> None:
        self.state = PAY_ORDER.after(self.state, event)

    @property
    def total(self) -> int:
        return self.cash + self.insured

    @property
    def insured(self) -> int:
        return self.fund + self.personal + self.other


class Refund(Base):
    """Money that goes back, for one reason, once. Its legs carry it out."""

    __tablename__ = "refunds"
    __tenancy__ = Tenancy(
        hospital=True,
        account=True,
        stays="who paid keeps receipt and refund; names of items need a live link",
    )
    __table_args__ = (
        sa.Index("ix_refunds_charge_id", "charge_id"),
        sa.Index("ix_refunds_pay_order_id", "pay_order_id"),
        sa.Index("ix_refunds_hospital_id_state", "hospital_id", "state"),
        sa.CheckConstraint("amount > 0", name="amount_positive"),
    )

    id: Mapped[PrimaryKey]
    #: `RF-261121-7K2M9Q4T`: also the number at the provider, the same on every retry.
    number: Mapped[str] = mapped_column(unique=True)
    hospital_id: Mapped[UUID]
    account_id: Mapped[UUID | None]
    charge_id: Mapped[UUID] = mapped_column(sa.ForeignKey("charges.id"))
    pay_order_id: Mapped[UUID] = mapped_column(sa.ForeignKey("pay_orders.id"))
    reason: Mapped[RefundReason]
    #: Makes it happen once: `<pay order>:<reason>`, with a number where staff refund in parts.
    cause: Mapped[str] = mapped_column(unique=True)
    #: Fen, both halves.
    amount: Mapped[int]
    state: Mapped[RefundState]
    #: Business time.
    requested_at: Mapped[datetime]
    submitted_at: Mapped[datetime | None]
    settled_at: Mapped[datetime | None]
    #: The day the patient is told to expect it by.
    expected_by: Mapped[date]
    #: Staff who asked for it, and what they said.
    asked_by: Mapped[UUID | None]
    note: Mapped[str] = mapped_column(server_default="")

    def apply(self, event: RefundEvent) -> None:
        self.state = REFUND.after(self.state, event)

    @property
    def is_parked(self) -> bool:
        return self.state is RefundState.PARKED


class RefundLeg(Base):
    """One outside party's part of a refund, persisted on its own (INTEGRATIONS: mixed refund saga)."""

    __tablename__ = "refund_legs"
    __tenancy__ = Tenancy(
        hospital=True,
        account=True,
        stays="who paid keeps receipt and refund; names of items need a live link",
    )
    __table_args__ = (
        sa.UniqueConstraint("refund_id", "kind"),
        sa.Index("ix_refund_legs_pay_order_id", "pay_order_id"),
        sa.Index(
            "ix_refund_legs_due", "next_at", postgresql_where=sa.text("state in ('requested', 'submitted')")
        ),
    )

    id: Mapped[PrimaryKey]
    refund_id: Mapped[UUID] = mapped_column(sa.ForeignKey("refunds.id"))
    pay_order_id: Mapped[UUID]
    hospital_id: Mapped[UUID]
    account_id: Mapped[UUID | None]
    kind: Mapped[LegKind]
    #: Who carries it out: a provider, or "nhsa".
    party: Mapped[str]
    amount: Mapped[int]
    fund: Mapped[int] = mapped_column(server_default="0")
    personal: Mapped[int] = mapped_column(server_default="0")
    other: Mapped[int] = mapped_column(server_default="0")
    state: Mapped[LegState]
    #: Wall time: not before this is it sent, or asked about, again. A sender moves it on while it works.
    next_at: Mapped[datetime]
    tries: Mapped[int] = mapped_column(server_default="0")
    #: Business time of the first sending, for "a minute apart".
    sent_at: Mapped[datetime | None]
    settled_at: Mapped[datetime | None]
    #: The party's own number.
    party_number: Mapped[str | None]
    #: What the party last said: "not_enough", "abnormal", a code of theirs; shown to staff.
    word: Mapped[str | None]
    #: Where the money went, as the provider says it.
    received_by: Mapped[str | None]

    def apply(self, event: LegEvent) -> None:
        self.state = REFUND_LEG.after(self.state, event)


class ProviderNotice(Base):
    """The raw bytes of every callback, stored before anybody reads them."""

    __tablename__ = "provider_notices"
    __tenancy__ = Tenancy(hospital=True)
    #: Evidence: a verdict is added, the bytes never change.
    __guards__ = (
        f"revoke update, delete, truncate on provider_notices from {APP}",
        f"grant update (hospital_id, verdict, reference) on provider_notices to {APP}",
    )
    __table_args__ = (sa.Index("ix_provider_notices_hospital_id_received_at", "hospital_id", "received_at"),)

    id: Mapped[PrimaryKey]
    hospital_id: Mapped[UUID | None]
    provider: Mapped[str]
    #: "payment", "refund", "mixed".
    topic: Mapped[str]
    #: Wall time.
    received_at: Mapped[datetime]
    headers: Mapped[dict[str, Any]]
    body: Mapped[bytes] = mapped_column(sa.LargeBinary)
    #: "unread", "accepted", "repeated", or why it was refused: "bad_signature", "stale", "unreadable",
    #: "unknown_order", "amount_differs", "unproven".
    verdict: Mapped[str]
    #: What it was about, once it could be read.
    reference: Mapped[str | None]


class BillRow(Base):
    """One line of what a provider or the insurer says it moved on a day."""

    __tablename__ = "bill_rows"
    __tenancy__ = Tenancy(hospital=True)
    __table_args__ = (sa.UniqueConstraint("hospital_id", "party", "day", "kind", "reference"),)

    id: Mapped[PrimaryKey]
    hospital_id: Mapped[UUID]
    #: "wechatpay" or "nhsa".
    party: Mapped[str]
    day: Mapped[date]
    #: "payment" or "refund".
    kind: Mapped[str]
    #: Our number: `out_trade_no`, or the refund's.
    reference: Mapped[str]
    party_number: Mapped[str]
    #: Fen.
    amount: Mapped[int]
    fee: Mapped[int] = mapped_column(server_default="0")
    at: Mapped[datetime | None]


class BillFetch(Base):
    """A day's bill of one party, as fetched; fetching again replaces its rows."""

    __tablename__ = "bill_fetches"
    __tenancy__ = Tenancy(hospital=True)
    __table_args__ = (sa.UniqueConstraint("hospital_id", "party", "day"),)

    id: Mapped[PrimaryKey]
    hospital_id: Mapped[UUID]
    party: Mapped[str]
    day: Mapped[date]
    fetched_at: Mapped[datetime]
    rows: Mapped[int]
    #: The party's own hash of the file, checked.
    digest: Mapped[str]


class Difference(Base):
    """Something the three books of a day disagree about (GD06). It ages until a person explains it."""

    __tablename__ = "differences"
    __tenancy__ = Tenancy(hospital=True)
    __table_args__ = (
        sa.UniqueConstraint("hospital_id", "day", "party", "kind", "reference"),
        sa.Index(
            "ix_differences_hospital_id_open", "hospital_id", postgresql_where=sa.text("resolved_at is null")
        ),
    )

    id: Mapped[PrimaryKey]
    hospital_id: Mapped[UUID]
    day: Mapped[date]
    party: Mapped[str]
    #: "missing_here", "missing_there", "amount_differs".
    kind: Mapped[str]
    reference: Mapped[str]
    ours: Mapped[int | None]
    theirs: Mapped[int | None]
    found_at: Mapped[datetime]
    #: Staff who look after it.
    owner_id: Mapped[UUID | None]
    owner_name: Mapped[str] = mapped_column(server_default="")
    note: Mapped[str] = mapped_column(server_default="")
    resolved_at: Mapped[datetime | None]


class FinanceExport(Base):
    """A file of the books that a job writes, piece by piece; a killed job goes on after the last piece."""

    __tablename__ = "finance_exports"
    __tenancy__ = Tenancy(hospital=True)
    __table_args__ = (sa.Index("ix_finance_exports_hospital_id_asked_at", "hospital_id", "asked_at"),)

    id: Mapped[PrimaryKey]
    hospital_id: Mapped[UUID]
    #: A name of `exporting.EXPORTS`.
    name: Mapped[str]
    first: Mapped[date]
    last: Mapped[date]
    lang: Mapped[str]
    asked_by: Mapped[UUID]
    asked_name: Mapped[str]
    #: Wall time.
    asked_at: Mapped[datetime]
    pieces: Mapped[int]
    #: After which row the next piece begins: a day or an instant, and an id; None before the first.
    after: Mapped[list[str] | None]
    is_whole: Mapped[bool]
