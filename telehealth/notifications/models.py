"""The inbox, what went out beyond it by which channel, and what the carriers said of that."""

from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from telehealth.core.db import Base, PrimaryKey
from telehealth.core.seal import Sealed
from telehealth.core.tenancy import ACCOUNT, Tenancy
from telehealth.notifications.notices import Notice
from telehealth.notifications.states import (
    DELIVERY,
    RUNG,
    Channel,
    DeliveryEvent,
    DeliveryState,
    RungEvent,
    RungState,
    Topic,
)

# A patient's deed may tell another account something: whoever caused a row may write it.
_CAUSED = f"sender_id = {ACCOUNT}"


class InboxMessage(Base):
    """One notice to one account. The words are made when it is read, in the reader's language."""

    __tablename__ = "inbox_messages"
    __tenancy__ = Tenancy(
        hospital=True,
        account=True,
        when=_CAUSED,
        stays="what the account was told; links to what passed on are taken out",
    )
    __table_args__ = (
        sa.Index("ix_inbox_messages_account", "account_id", sa.text("id desc")),
        sa.Index("ix_inbox_messages_unread", "account_id", postgresql_where=sa.text("read_at is null")),
    )

    id: Mapped[PrimaryKey]
    hospital_id: Mapped[UUID | None]
    account_id: Mapped[UUID]
    sender_id: Mapped[UUID | None]
    notice: Mapped[Notice]
    variables: Mapped[dict[str, Any]]
    href: Mapped[str]
    #: Business time.
    created_at: Mapped[datetime]
    read_at: Mapped[datetime | None]


class Delivery(Base):
    """A notice on its way beyond the inbox, to one reader. With an account its id is the message's own."""

    __tablename__ = "deliveries"
    __tenancy__ = Tenancy(
        hospital=True,
        account=True,
        when=_CAUSED,
        stays="what the account was told; links to what passed on are taken out",
    )

    id: Mapped[PrimaryKey]
    hospital_id: Mapped[UUID | None] = mapped_column(index=True)
    account_id: Mapped[UUID | None] = mapped_column(index=True)
    sender_id: Mapped[UUID | None]
    notice: Mapped[Notice]
    variables: Mapped[dict[str, Any]]
    #: Only when it does not go to the phone of an account.
    phone: Mapped[str | None] = mapped_column(Sealed("deliveries.phone"))
    state: Mapped[DeliveryState]
    #: Why nothing was sent, or how it arrived without a receipt.
    reason: Mapped[str]
    #: Business time.
    created_at: Mapped[datetime]

    def apply(self, event: DeliveryEvent) -> None:
        self.state = DELIVERY.after(self.state, event)


class Rung(Base):
    """One channel of a delivery. What happened is written here before and after it leaves.

    One row a channel: whoever runs the job, and however often, a channel is asked once.
    """

    __tablename__ = "delivery_rungs"
    __tenancy__ = Tenancy(hospital=True)
    __table_args__ = (sa.UniqueConstraint("delivery_id", "channel"),)

    #: Our number at the vendor: `client_msg_id`, `SessionContext`.
    id: Mapped[PrimaryKey]
    delivery_id: Mapped[UUID] = mapped_column(sa.ForeignKey("deliveries.id"))
    hospital_id: Mapped[UUID | None] = mapped_column(index=True)
    channel: Mapped[Channel]
    state: Mapped[RungState]
    tries: Mapped[int]
    serial: Mapped[str | None] = mapped_column(unique=True)
    #: The vendor's word.
    reason: Mapped[str]
    #: Business time; the others are wall time.
    created_at: Mapped[datetime]
    claimed_at: Mapped[datetime | None]
    accepted_at: Mapped[datetime | None]
    reported_at: Mapped[datetime | None]

    def apply(self, event: RungEvent) -> None:
        self.state = RUNG.after(self.state, event)


class DeliveryReceipt(Base):
    """What a carrier reported of one serial number; it may come before we wrote the number down."""

    __tablename__ = "delivery_receipts"
    __tenancy__ = Tenancy()

    serial: Mapped[str] = mapped_column(primary_key=True)
    arrived: Mapped[bool]
    reason: Mapped[str]
    #: Wall time.
    stored_at: Mapped[datetime] = mapped_column(index=True)


class NoticePreference(Base):
    """A topic somebody silenced on a way to their phone, or asked for again. No row: wanted."""

    __tablename__ = "notice_preferences"
    __tenancy__ = Tenancy(
        account=True,
        stays="what the account was told; links to what passed on are taken out",
    )

    account_id: Mapped[UUID] = mapped_column(primary_key=True)
    topic: Mapped[Topic] = mapped_column(primary_key=True)
    sms: Mapped[bool]
    wechat: Mapped[bool] = mapped_column(server_default="true")


class SubscribeConsent(Base):
    """How many more messages of one template a person allowed a mini-program: one a tap on "allow"."""

    __tablename__ = "subscribe_consents"
    __tenancy__ = Tenancy(
        account=True,
        stays="what the account was told; links to what passed on are taken out",
    )
    __table_args__ = (sa.CheckConstraint("remaining >= 0", name="not_overdrawn"),)

    account_id: Mapped[UUID] = mapped_column(primary_key=True)
    appid: Mapped[str] = mapped_column(primary_key=True)
    #: Of `wechat_templates.FAMILIES`.
    family: Mapped[str] = mapped_column(primary_key=True)
    remaining: Mapped[int]
    #: Wall time.
    granted_at: Mapped[datetime]
