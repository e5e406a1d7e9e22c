"""The inbox, the text messages that went out, and what the carrier said of them."""

from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from telehealth.core.db import Base, PrimaryKey
from telehealth.core.seal import Sealed
from telehealth.core.tenancy import ACCOUNT, Tenancy
from telehealth.notifications.notices import Notice
from telehealth.notifications.states import DELIVERY, DeliveryEvent, DeliveryState, Topic

# A patient's deed may tell another account something: whoever caused a row may write it.
_CAUSED = f"sender_id = {ACCOUNT}"


class InboxMessage(Base):
    """One notice to one account. The words are made when it is read, in the reader's language."""

    __tablename__ = "inbox_messages"
    __tenancy__ = Tenancy(hospital=True, account=True, when=_CAUSED)
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
    """One text message. What happened to it is written here before and after it leaves."""

    __tablename__ = "deliveries"
    __tenancy__ = Tenancy(hospital=True, account=True, when=_CAUSED)

    id: Mapped[PrimaryKey]
    hospital_id: Mapped[UUID | None] = mapped_column(index=True)
    account_id: Mapped[UUID | None] = mapped_column(index=True)
    sender_id: Mapped[UUID | None]
    notice: Mapped[Notice]
    variables: Mapped[dict[str, Any]]
    #: Only when it does not go to the phone of an account.
    phone: Mapped[str | None] = mapped_column(Sealed("deliveries.phone"))
    state: Mapped[DeliveryState]
    serial: Mapped[str | None] = mapped_column(unique=True)
    #: The vendor's word, or why we skipped it.
    reason: Mapped[str]
    #: Business time; the others are wall time.
    created_at: Mapped[datetime]
    accepted_at: Mapped[datetime | None]
    reported_at: Mapped[datetime | None]

    def apply(self, event: DeliveryEvent) -> None:
        self.state = DELIVERY.after(self.state, event)


class SMSReceipt(Base):
    """What the carrier reported of one serial number; it may come before we wrote the number down."""

    __tablename__ = "sms_receipts"
    __tenancy__ = Tenancy()

    serial: Mapped[str] = mapped_column(primary_key=True)
    arrived: Mapped[bool]
    reason: Mapped[str]
    #: Wall time.
    stored_at: Mapped[datetime] = mapped_column(index=True)


class NoticePreference(Base):
    """A topic somebody silenced on their phone, or asked for again. No row: wanted."""

    __tablename__ = "notice_preferences"
    __tenancy__ = Tenancy(account=True)

    account_id: Mapped[UUID] = mapped_column(primary_key=True)
    topic: Mapped[Topic] = mapped_column(primary_key=True)
    sms: Mapped[bool]
