"""An append-only record of what was done, by whom, to what, under which rule.

Records are written in the transaction they describe. A sweep seals them per hospital, in
batches, into a hash chain kept in its own table, so writers never wait on each other; a
record that was altered or removed breaks the chain at its place.
"""

import hashlib
import json
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from telehealth.core.db import Base, PrimaryKey
from telehealth.core.tenancy import Tenancy

GENESIS = "0" * 64


class AuditRecord(Base):
    __tablename__ = "audit_records"
    __tenancy__ = Tenancy(
        hospital=True,
        account=True,
        stays="who did what, then; no page of a patient reads it",
    )
    __table_args__ = (
        sa.Index("ix_audit_records_hospital_id_at", "hospital_id", "at"),
        sa.Index("ix_audit_records_subject", "subject_kind", "subject_id"),
        sa.Index("ix_audit_records_unsealed", "position", postgresql_where=sa.text("not sealed")),
    )

    id: Mapped[PrimaryKey]
    position: Mapped[int] = mapped_column(sa.Identity())
    hospital_id: Mapped[UUID | None]
    #: The account the record is about, who may read it; not necessarily who acted.
    account_id: Mapped[UUID | None]
    #: Business time of the unit, and wall time of the machine.
    at: Mapped[datetime]
    wall_at: Mapped[datetime]
    actor_id: Mapped[UUID | None]
    actor_name: Mapped[str]
    #: "hospital", "account", "public" or "system:<reason>".
    scope: Mapped[str]
    name: Mapped[str]
    subject_kind: Mapped[str]
    subject_id: Mapped[str]
    facts: Mapped[dict[str, Any]]
    request_id: Mapped[str]
    sealed: Mapped[bool] = mapped_column(server_default=sa.false())


class AuditSeal(Base):
    """One link a record: `digest` = SHA-256(previous digest + canonical record)."""

    __tablename__ = "audit_seals"
    __tenancy__ = Tenancy(hospital=True)
    __table_args__ = (sa.UniqueConstraint("hospital_id", "link", postgresql_nulls_not_distinct=True),)

    record_id: Mapped[UUID] = mapped_column(sa.ForeignKey("audit_records.id"), primary_key=True)
    hospital_id: Mapped[UUID | None]
    link: Mapped[int]
    digest: Mapped[str]


def canonical(record: AuditRecord) -> bytes:
    body = {
        "id": str(record.id), "hospital": str(record.hospital_id), "account": str(record.account_id),
        "at": record.at.isoformat(), "wall_at": record.wall_at.isoformat(),
        "actor": [str(record.actor_id), record.actor_name], "scope": record.scope, "name": record.name,
        "subject": [record.subject_kind, record.subject_id], "facts": record.facts,
        "request": record.request_id,
    }  # fmt: skip
    return json.dumps(body, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()


def next_digest(previous: str, record: AuditRecord) -> str:
    return hashlib.sha256(previous.encode() + canonical(record)).hexdigest()


async def seal_batch(session: AsyncSession, *, limit: int = 500) -> int:
    """Chain the oldest unsealed records and say how many. Call in a system unit; one caller at a time wins.

    A record whose transaction commits late is chained by a later batch, so the chain's order is
    the order of sealing.
    """
    if not await session.scalar(sa.text("select pg_try_advisory_xact_lock(hashtext('audit.seal'))")):
        return 0
    fresh = sa.select(AuditRecord).where(~AuditRecord.sealed).order_by(AuditRecord.position).limit(limit)
    records = (await session.scalars(fresh)).all()
    tips: dict[UUID | None, tuple[int, str]] = {}
    for record in records:
        if record.hospital_id not in tips:
            tips[record.hospital_id] = await _tip(session, record.hospital_id)
        link, previous = tips[record.hospital_id]
        digest = next_digest(previous, record)
        tips[record.hospital_id] = (link + 1, digest)
        session.add(
            AuditSeal(record_id=record.id, hospital_id=record.hospital_id, link=link + 1, digest=digest)
        )
        record.sealed = True
    return len(records)


async def broken_link(session: AsyncSession, hospital_id: UUID | None) -> int | None:
    """The first link of a hospital's chain that no longer matches its record, or None."""
    rows = await session.execute(
        sa.select(AuditSeal.link, AuditSeal.digest, AuditRecord)
        .outerjoin(AuditRecord, AuditRecord.id == AuditSeal.record_id)
        .where(AuditSeal.hospital_id.is_not_distinct_from(hospital_id))
        .order_by(AuditSeal.link)
    )
    previous, expected = GENESIS, 1
    for link, digest, record in rows:
        if link != expected or record is None or next_digest(previous, record) != digest:
            return expected
        previous, expected = digest, link + 1
    return None


async def _tip(session: AsyncSession, hospital_id: UUID | None) -> tuple[int, str]:
    row = await session.execute(
        sa.select(AuditSeal.link, AuditSeal.digest)
        .where(AuditSeal.hospital_id.is_not_distinct_from(hospital_id))
        .order_by(AuditSeal.link.desc())
        .limit(1)
    )
    tip = row.first()
    return (tip.link, tip.digest) if tip else (0, GENESIS)
