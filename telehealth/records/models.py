"""Reports the hospital told us, papers handed out, what was shared and who opened it, requests, exports."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from telehealth.core.db import Base, PrimaryKey
from telehealth.core.seal import Sealed
from telehealth.core.tenancy import Tenancy
from telehealth.hospital.reports import ReportKind, ReportStatus
from telehealth.records.states import DATA_REQUEST, PaperKind, RequestEvent, RequestKind, RequestState


def _known_patients(table: str) -> str:
    """Whoever may see that the hospital knows the person: an account through a card it bound there."""
    same = f"h.person_id = {table}.person_id and h.hospital_id = {table}.hospital_id"
    return f"exists (select 1 from hospital_patients h where {same})"  # noqa: S608 - our own table names


class Report(Base):
    """A report as the hospital last told it. One it no longer tells, or took back, is *withdrawn*."""

    __tablename__ = "medical_reports"
    __tenancy__ = Tenancy(hospital=True, when=_known_patients("medical_reports"))
    __table_args__ = (sa.UniqueConstraint("hospital_id", "person_id", "resource_id"),)

    id: Mapped[PrimaryKey]
    hospital_id: Mapped[UUID] = mapped_column(sa.ForeignKey("hospitals.id"))
    person_id: Mapped[UUID]
    resource_id: Mapped[str]
    version_id: Mapped[str]
    kind: Mapped[ReportKind]
    status: Mapped[ReportStatus]
    taken_at: Mapped[datetime]
    reported_at: Mapped[datetime]
    #: JSON of title, performer, lines and conclusion: health text, so sealed.
    body: Mapped[str] = mapped_column(Sealed("medical_reports.body"))
    #: SHA-256 of the resources as received.
    digest: Mapped[str]
    #: Business time of the answer that last told it, and of the one that no longer did.
    fetched_at: Mapped[datetime]
    withdrawn_at: Mapped[datetime | None]


class ReportFetch(Base):
    """When a hospital last answered about somebody's reports, also if it knew of none."""

    __tablename__ = "medical_report_fetches"
    __tenancy__ = Tenancy(hospital=True, when=_known_patients("medical_report_fetches"))

    hospital_id: Mapped[UUID] = mapped_column(sa.ForeignKey("hospitals.id"), primary_key=True)
    person_id: Mapped[UUID] = mapped_column(primary_key=True)
    since: Mapped[date]
    #: Business time.
    fetched_at: Mapped[datetime]


class Paper(Base):
    """A PDF that was handed out: these very bytes are kept, and whoever holds them can check (REG54)."""

    __tablename__ = "papers"
    __tenancy__ = Tenancy(
        hospital=True,
        account=True,
        stays="each door asks again whether the account acts for the person",
    )
    __table_args__ = (
        # The same content is handed out as the same file.
        sa.UniqueConstraint("account_id", "kind", "subject_id", "content_digest"),
    )

    id: Mapped[PrimaryKey]
    hospital_id: Mapped[UUID] = mapped_column(sa.ForeignKey("hospitals.id"))
    account_id: Mapped[UUID] = mapped_column(sa.ForeignKey("accounts.id"))
    person_id: Mapped[UUID] = mapped_column(sa.ForeignKey("persons.id"))
    kind: Mapped[PaperKind]
    subject_id: Mapped[UUID]
    #: What people call the visit, the sheet, the charge; for a report the day.
    name: Mapped[str] = mapped_column(Sealed("papers.name"))
    #: The day it is about.
    on: Mapped[date]
    #: Stands in the QR code and opens the check page; random.
    code: Mapped[str] = mapped_column(unique=True)
    #: SHA-256 in hex: of what it says, and of the file.
    content_digest: Mapped[str]
    sha256: Mapped[str]
    size: Mapped[int]
    key: Mapped[str]
    #: Whether the hospital's seal is in the file.
    is_sealed: Mapped[bool]
    issued_at: Mapped[datetime]


class Share(Base):
    """A link to chosen papers, until a day. What was shared stays on record after it ended."""

    __tablename__ = "shares"
    __tenancy__ = Tenancy(account=True, stays="each door asks again whether the account acts for the person")
    __table_args__ = (sa.Index("ix_shares_account_id", "account_id", "made_at"),)

    id: Mapped[PrimaryKey]
    account_id: Mapped[UUID] = mapped_column(sa.ForeignKey("accounts.id"))
    person_id: Mapped[UUID] = mapped_column(sa.ForeignKey("persons.id"))
    #: SHA-256 in hex of the secret in the link; the link itself, so that its owner can show it again.
    token_digest: Mapped[str] = mapped_column(unique=True)
    token: Mapped[str] = mapped_column(Sealed("shares.token"))
    #: Whom it is for, in the owner's words.
    label: Mapped[str] = mapped_column(Sealed("shares.label"))
    paper_ids: Mapped[list[UUID]]
    #: A code that opens it once; None where the link is enough.
    view_code: Mapped[str | None] = mapped_column(Sealed("shares.view_code"))
    code_tries: Mapped[int]
    #: Who gave the right code holds this ticket since.
    opened_by: Mapped[UUID | None]
    days: Mapped[int]
    #: The published policy by which it lasts so long.
    policy_number: Mapped[int | None]
    #: Business times.
    made_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    revoked_at: Mapped[datetime | None]

    def is_open(self, now: datetime) -> bool:
        return self.revoked_at is None and now < self.expires_at


class ShareView(Base):
    """Somebody opened a share. Not who, for nobody signs in; when, with what, and which paper."""

    __tablename__ = "share_views"
    __tenancy__ = Tenancy(
        account=True,
        append_only=True,
        stays="each door asks again whether the account acts for the person",
    )
    __table_args__ = (sa.Index("ix_share_views_share_id", "share_id", "at"),)

    id: Mapped[PrimaryKey]
    share_id: Mapped[UUID] = mapped_column(sa.ForeignKey("shares.id"))
    account_id: Mapped[UUID]
    #: None: the list.
    paper_id: Mapped[UUID | None]
    #: A word for the device.
    device: Mapped[str]
    at: Mapped[datetime]


class DataRequest(Base):
    """Somebody wants their data left alone (REG59), or a relative asks for a dead person's (REG60)."""

    __tablename__ = "data_requests"
    __tenancy__ = Tenancy(
        hospital=True,
        account=True,
        stays="each door asks again whether the account acts for the person",
    )
    __table_args__ = (
        sa.Index(
            "uq_data_requests_standing", "hospital_id", "person_id", unique=True,
            postgresql_where=sa.text("state = 'standing'"),
        ),
        sa.Index("ix_data_requests_hospital_id_state", "hospital_id", "state"),
    )  # fmt: skip

    id: Mapped[PrimaryKey]
    hospital_id: Mapped[UUID] = mapped_column(sa.ForeignKey("hospitals.id"))
    account_id: Mapped[UUID] = mapped_column(sa.ForeignKey("accounts.id"))
    #: Of a restriction; an heir names somebody we may not know.
    person_id: Mapped[UUID | None] = mapped_column(sa.ForeignKey("persons.id"))
    kind: Mapped[RequestKind]
    state: Mapped[RequestState]
    #: JSON of what an heir told: names, number, relation.
    body: Mapped[str] = mapped_column(Sealed("data_requests.body"))
    asked_at: Mapped[datetime]
    answer_by: Mapped[datetime]
    decided_at: Mapped[datetime | None]
    decided_by: Mapped[UUID | None]
    answer: Mapped[str] = mapped_column(Sealed("data_requests.answer"))

    def apply(self, event: RequestEvent) -> None:
        self.state = DATA_REQUEST.after(self.state, event)


class Export(Base):
    """Everything of one person as one file (REG60); how far it is, `progress` knows ("records.export")."""

    __tablename__ = "exports"
    __tenancy__ = Tenancy(account=True, stays="each door asks again whether the account acts for the person")
    __table_args__ = (sa.Index("ix_exports_account_id", "account_id", "asked_at"),)

    id: Mapped[PrimaryKey]
    account_id: Mapped[UUID] = mapped_column(sa.ForeignKey("accounts.id"))
    person_id: Mapped[UUID] = mapped_column(sa.ForeignKey("persons.id"))
    #: [{kind, id}] as asked for, so that whoever goes on makes the same.
    pieces: Mapped[list[dict[str, Any]]]
    asked_at: Mapped[datetime]
    key: Mapped[str | None]
    sha256: Mapped[str | None]
    size: Mapped[int | None]
    expires_at: Mapped[datetime | None]
    #: Wall time of the code that opened it, and business time of the last download.
    unlocked_at: Mapped[datetime | None]
    downloaded_at: Mapped[datetime | None]
