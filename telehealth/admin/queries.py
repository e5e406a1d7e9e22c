"""Searching the audit log of one hospital."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import sqlalchemy as sa

from telehealth.core.audit import AuditRecord, AuditSeal
from telehealth.core.clock import HospitalDay, day_end, day_start
from telehealth.core.unit import Unit


@dataclass(frozen=True, slots=True)
class AuditSearch:
    """Empty means any. `name` is a prefix ("policy."), `actor` the beginning of a name, days inclusive."""

    name: str = ""
    subject: str = ""
    actor: str = ""
    first: HospitalDay | None = None
    last: HospitalDay | None = None


@dataclass(frozen=True, slots=True)
class ChainState:
    """How far the hospital's records are sealed."""

    links: int
    waiting: int
    tip: str


#: Where a page ended: the time and id of its last record.
After = tuple[datetime, UUID]


async def search(
    unit: Unit, hospital_id: UUID, wanted: AuditSearch, *, after: After | None, limit: int
) -> Sequence[tuple[AuditRecord, int | None]]:
    """Newest first, one more than `limit` when there are more; each with its link in the chain."""
    found = (
        sa.select(AuditRecord, AuditSeal.link)
        .outerjoin(AuditSeal, AuditSeal.record_id == AuditRecord.id)
        .where(AuditRecord.hospital_id == hospital_id, *_conditions(wanted))
        .order_by(AuditRecord.at.desc(), AuditRecord.id.desc())
        .limit(limit + 1)
    )
    if after is not None:
        found = found.where(sa.tuple_(AuditRecord.at, AuditRecord.id) < after)
    return [(record, link) for record, link in await unit.session.execute(found)]


async def chain_state(unit: Unit, hospital_id: UUID) -> ChainState:
    tip = sa.select(AuditSeal.link, AuditSeal.digest).where(AuditSeal.hospital_id == hospital_id)
    row = (await unit.session.execute(tip.order_by(AuditSeal.link.desc()).limit(1))).first()
    waiting = sa.select(sa.func.count()).where(
        AuditRecord.hospital_id == hospital_id, sa.not_(AuditRecord.sealed)
    )
    return ChainState(
        row.link if row else 0, await unit.session.scalar(waiting) or 0, row.digest if row else ""
    )


def _conditions(wanted: AuditSearch) -> list[sa.ColumnElement[bool]]:
    conditions: list[sa.ColumnElement[bool]] = []
    if wanted.name:
        conditions.append(AuditRecord.name.startswith(wanted.name, autoescape=True))
    if wanted.subject:
        kind, _, identity = wanted.subject.rpartition(":")
        conditions.append(AuditRecord.subject_id == identity)
        if kind:
            conditions.append(AuditRecord.subject_kind == kind)
    if wanted.actor:
        conditions.append(AuditRecord.actor_name.startswith(wanted.actor, autoescape=True))
    if wanted.first is not None:
        conditions.append(AuditRecord.at >= day_start(wanted.first))
    if wanted.last is not None:
        conditions.append(AuditRecord.at < day_end(wanted.last))
    return conditions
