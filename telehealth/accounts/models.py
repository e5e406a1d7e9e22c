"""Accounts, who works where, and the codes that prove a phone."""

from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from telehealth.accounts.states import (
    MEMBERSHIP,
    AccountKind,
    AccountStatus,
    Channel,
    CodePurpose,
    Lang,
    MemberEvent,
    MemberState,
    Theme,
)
from telehealth.core.db import Base, PrimaryKey
from telehealth.core.seal import Sealed
from telehealth.core.tenancy import ACCOUNT, Tenancy

PHONE_CONTEXT = "accounts.phone"


class Account(Base):
    """Somebody who can sign in. A patient has a phone; staff have a login, a password and a second factor."""

    __tablename__ = "accounts"
    # `hospital_id` is the hospital that opened a staff account and alone may reset it.
    __tenancy__ = Tenancy(hospital=True, when=f"id = {ACCOUNT}")
    __table_args__ = (
        # XY16: one account a phone, whatever door and however many at once.
        sa.Index(
            "uq_accounts_patient_phone",
            "phone_index",
            unique=True,
            postgresql_where=sa.text("kind = 'patient'"),
        ),
        sa.CheckConstraint("(kind = 'patient') = (login is null)", name="login_is_for_staff"),
        sa.CheckConstraint("kind = 'staff' or phone_index is not null", name="patient_has_a_phone"),
    )

    id: Mapped[PrimaryKey]
    kind: Mapped[AccountKind]
    status: Mapped[AccountStatus]
    hospital_id: Mapped[UUID | None] = mapped_column(index=True)
    phone: Mapped[str | None] = mapped_column(Sealed(PHONE_CONTEXT))
    phone_index: Mapped[bytes | None] = mapped_column(sa.LargeBinary())
    name: Mapped[str | None] = mapped_column(Sealed("accounts.name"))
    login: Mapped[str | None] = mapped_column(unique=True)
    password_hash: Mapped[str | None]
    #: An administrator issued it; it opens nothing but the page that changes it.
    password_is_initial: Mapped[bool]
    totp_secret: Mapped[str | None] = mapped_column(Sealed("accounts.totp_secret"))
    totp_confirmed_at: Mapped[datetime | None]
    #: The last time step that was accepted: it and all before it are spent.
    totp_last_step: Mapped[int | None]
    totp_failures: Mapped[int]
    #: Wall time.
    locked_until: Mapped[datetime | None]
    #: Raised whenever a credential changes, so that tickets issued before stop working.
    credentials_version: Mapped[int]
    channel: Mapped[Channel]
    lang: Mapped[Lang | None]
    theme: Mapped[Theme | None]
    elder: Mapped[bool | None]
    created_at: Mapped[datetime]


class StaffMember(Base):
    """A person's work at one hospital."""

    __tablename__ = "staff_members"
    __tenancy__ = Tenancy(hospital=True, account=True, stays="of the account itself")
    __table_args__ = (sa.UniqueConstraint("hospital_id", "account_id"),)

    id: Mapped[PrimaryKey]
    hospital_id: Mapped[UUID]
    account_id: Mapped[UUID] = mapped_column(sa.ForeignKey("accounts.id"), index=True)
    login: Mapped[str]
    name: Mapped[str]
    name_en: Mapped[str]
    roles: Mapped[list[str]]
    doctor_id: Mapped[UUID | None]
    status: Mapped[MemberState]
    created_at: Mapped[datetime]

    def apply(self, event: MemberEvent) -> None:
        self.status = MEMBERSHIP.after(self.status, event)

    @property
    def works(self) -> bool:
        return self.status is MemberState.ACTIVE


class PhoneCode(Base):
    """One code that was sent. All times are wall time; the code itself is kept as a keyed hash."""

    __tablename__ = "phone_codes"
    __tenancy__ = Tenancy(open="asked for before we know who asks; found only by a blind index")
    __table_args__ = (
        sa.Index("ix_phone_codes_latest", "phone_index", "purpose", "subject", sa.text("issued_at desc")),
        sa.Index("ix_phone_codes_issued_at", "issued_at"),
    )

    id: Mapped[PrimaryKey]
    phone_index: Mapped[bytes] = mapped_column(sa.LargeBinary())
    purpose: Mapped[CodePurpose]
    #: What the code is for, beyond its purpose: an id, or empty.
    subject: Mapped[str]
    digest: Mapped[bytes] = mapped_column(sa.LargeBinary())
    attempts: Mapped[int]
    issued_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    spent_at: Mapped[datetime | None]
    #: The vendor did not confirm it: it may have arrived, and the next one may be asked for at once.
    unconfirmed: Mapped[bool]


class WeChatIdentity(Base):
    """Who an account is inside WeChat: one openid per app; `unionid` links a person's apps (XY15)."""

    __tablename__ = "wechat_identities"
    __tenancy__ = Tenancy(account=True, stays="of the account itself")
    __table_args__ = (sa.UniqueConstraint("appid", "openid"), sa.UniqueConstraint("account_id", "appid"))

    id: Mapped[PrimaryKey]
    account_id: Mapped[UUID] = mapped_column(sa.ForeignKey("accounts.id"))
    appid: Mapped[str]
    openid: Mapped[str]
    unionid: Mapped[str | None] = mapped_column(index=True)
    #: Wall time.
    linked_at: Mapped[datetime]


class Handover(Base):
    """A right to open one page, signed in, in the web-view of the mini-program that asked for it."""

    __tablename__ = "handovers"
    __tenancy__ = Tenancy(open="read before we know who asks; found only by the hash of a secret")

    id: Mapped[PrimaryKey]
    token_hash: Mapped[bytes] = mapped_column(sa.LargeBinary(), unique=True)
    session_id: Mapped[UUID] = mapped_column(sa.ForeignKey("sessions.id", ondelete="cascade"), index=True)
    target: Mapped[str]
    #: Wall time.
    expires_at: Mapped[datetime]
