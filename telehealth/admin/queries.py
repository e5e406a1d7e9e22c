"""Searching the audit log of one hospital."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from uuid import UUID

import sqlalchemy as sa

from telehealth.core.audit import AuditRecord, AuditSeal
from telehealth.core.clock import HospitalDay, day_end, day_start
from telehealth.core.unit import Unit


class Unnamed(Enum):
    PATIENT = "patient"
    VISITOR = "visitor"


@dataclass(frozen=True, slots=True)
class AuditSearch:
    """Empty means any. `prefix` ("policy.") or one of `names`; all of it `within` some names.

    `actor` is the beginning of a name. Days are inclusive.
    """

    names: tuple[str, ...] = ()
    prefix: str = ""
    within: tuple[str, ...] | None = None
    subject: str = ""
    actor: str = ""
    #: Records that name nobody: of a known account, which is a patient's, or of nobody known.
    unnamed: Unnamed | None = None
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
    if wanted.names or wanted.prefix:
        named = [AuditRecord.name.in_(wanted.names)] if wanted.names else []
        begins = [AuditRecord.name.startswith(wanted.prefix, autoescape=True)] if wanted.prefix else []
        conditions.append(sa.or_(*named, *begins))
    if wanted.within is not None:
        conditions.append(AuditRecord.name.in_(wanted.within))
    if wanted.subject.isupper():
        # Numbers that people use are in capitals, ids are not.
        conditions.append(AuditRecord.facts.contains({"number": wanted.subject}))
    elif wanted.subject:
        kind, _, identity = wanted.subject.rpartition(":")
        conditions.append(AuditRecord.subject_id == identity)
        if kind:
            conditions.append(AuditRecord.subject_kind == kind)
    if wanted.actor:
        conditions.append(AuditRecord.actor_name.startswith(wanted.actor, autoescape=True))
    if wanted.unnamed is not None:
        known = AuditRecord.actor_id.is_not(None)
        conditions += [
            AuditRecord.actor_name == "",
            known if wanted.unnamed is Unnamed.PATIENT else sa.not_(known),
        ]
    if wanted.first is not None:
        conditions.append(AuditRecord.at >= day_start(wanted.first))
    if wanted.last is not None:
        conditions.append(AuditRecord.at < day_end(wanted.last))
    return conditions
