"""Reading policy versions; the set of a published version is parsed once, as it never changes."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import sqlalchemy as sa

from telehealth.core.hot import Hot
from telehealth.core.unit import Unit
from telehealth.rulebook.errors import PolicyMissing, PolicyNotFound
from telehealth.rulebook.models import PolicyVersionRow
from telehealth.rulebook.rules import PolicySet, parse_policy
from telehealth.rulebook.sections_work import Work
from telehealth.rulebook.states import PolicyState


@dataclass(frozen=True, slots=True)
class PolicyVersion:
    """A published set, and the version a decision made under it stores."""

    id: UUID
    hospital_id: UUID
    number: int
    policy: PolicySet
    digest: str
    published_at: datetime | None


CURRENT_POLICY = Hot(
    sa.select(PolicyVersionRow.id, PolicyVersionRow.digest)
    .where(PolicyVersionRow.hospital_id == sa.bindparam("hospital_id"))
    .where(PolicyVersionRow.state == PolicyState.PUBLISHED)
)
_ONCE_PUBLISHED = Hot(
    sa.select(PolicyVersionRow.id, PolicyVersionRow.digest)
    .where(PolicyVersionRow.id == sa.bindparam("version_id"))
    .where(PolicyVersionRow.published_at.is_not(None))
)


async def current_policy(unit: Unit, hospital_id: UUID) -> PolicyVersion:
    """The set that decides now. One indexed read, and no parsing after the first time.

    Raises PolicyMissing when the hospital never published one.
    """
    version = await _version(unit, await CURRENT_POLICY.first(unit, hospital_id=hospital_id))
    if version is None:
        raise PolicyMissing()
    return version


async def desk_promises(unit: Unit, hospital_id: UUID) -> Work:
    """Within what the staff's desks answer; the sample's where a hospital never published a set."""
    try:
        return (await current_policy(unit, hospital_id)).policy.work
    except PolicyMissing:
        return Work()


async def policy_version(unit: Unit, version_id: UUID) -> PolicyVersion:
    """A version that was published once, current or retired, as a decision refers to it.

    Raises PolicyNotFound, also for a draft.
    """
    version = await _version(unit, await _ONCE_PUBLISHED.first(unit, version_id=version_id))
    if version is None:
        raise PolicyNotFound()
    return version


async def _version(unit: Unit, key: tuple[UUID, str] | None) -> PolicyVersion | None:
    if key is None:
        return None
    # By content too: a publication that is rolled back leaves nothing behind.
    known = _parsed.get(key)
    if known is None:
        row = await version_row(unit, key[0])
        known = PolicyVersion(
            row.id, row.hospital_id, row.number, parse_policy(row.body), row.digest, row.published_at
        )
        _parsed.keep(key, known)
    return known


async def version_row(unit: Unit, version_id: UUID, *, lock: bool = False) -> PolicyVersionRow:
    """Raises PolicyNotFound."""
    found = sa.select(PolicyVersionRow).where(PolicyVersionRow.id == version_id)
    if lock:
        found = found.with_for_update().execution_options(populate_existing=True)
    row = (await unit.session.scalars(found)).first()
    if row is None:
        raise PolicyNotFound()
    return row


async def current_row(unit: Unit, hospital_id: UUID, *, lock: bool = False) -> PolicyVersionRow | None:
    found = sa.select(PolicyVersionRow).where(
        PolicyVersionRow.hospital_id == hospital_id, PolicyVersionRow.state == PolicyState.PUBLISHED
    )
    if lock:
        found = found.with_for_update().execution_options(populate_existing=True)
    return (await unit.session.scalars(found)).first()


async def numbered(unit: Unit, hospital_id: UUID, number: int) -> PolicyVersionRow | None:
    found = sa.select(PolicyVersionRow).where(
        PolicyVersionRow.hospital_id == hospital_id, PolicyVersionRow.number == number
    )
    return (await unit.session.scalars(found)).first()


async def versions(unit: Unit, hospital_id: UUID) -> Sequence[PolicyVersionRow]:
    """Every version but the discarded ones, newest first."""
    found = sa.select(PolicyVersionRow).where(
        PolicyVersionRow.hospital_id == hospital_id, PolicyVersionRow.state != PolicyState.DISCARDED
    )
    return (await unit.session.scalars(found.order_by(PolicyVersionRow.number.desc()))).all()


async def highest_number(unit: Unit, hospital_id: UUID) -> int:
    found = sa.select(sa.func.max(PolicyVersionRow.number)).where(PolicyVersionRow.hospital_id == hospital_id)
    return await unit.session.scalar(found) or 0


Key = tuple[UUID, str]


class _Parsed:
    """Published versions by id and digest. Bounded; dropping one costs a parse."""

    def __init__(self, most: int = 1024) -> None:
        self.most = most
        self._kept: dict[Key, PolicyVersion] = {}

    def get(self, key: Key) -> PolicyVersion | None:
        return self._kept.get(key)

    def keep(self, key: Key, version: PolicyVersion) -> None:
        while len(self._kept) >= self.most:
            self._kept.pop(next(iter(self._kept)))
        self._kept[key] = version


_parsed = _Parsed()
