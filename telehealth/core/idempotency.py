"""`Idempotency-Key`: the same request sent twice is done once and answered twice.

The claim, the work and the stored answer are one transaction. A second request with the same
key waits on the unique index for the first to end, then replays its answer; after a rollback
the key is free again. Keys are kept for a day of wall time.
"""

import hashlib
import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Mapped, mapped_column

from telehealth.core.db import Base
from telehealth.core.errors import Conflict, Invalid
from telehealth.core.tenancy import Tenancy
from telehealth.core.unit import Unit

KEPT_FOR = timedelta(days=1)
KEY = re.compile("[!-~]{8,64}")


class KeyReused(Conflict):
    code = "idempotency_key_reused"
    detail = "这个请求编号已用于另一项内容，请刷新后再试"


class KeyInvalid(Invalid):
    code = "idempotency_key_invalid"
    detail = "请求编号应为 8 至 64 个字符"


class IdempotencyKey(Base):
    __tablename__ = "idempotency_keys"
    __tenancy__ = Tenancy(open="keyed by the caller; holds only what that caller was answered")

    account_id: Mapped[UUID] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(primary_key=True)
    fingerprint: Mapped[str]
    status: Mapped[int | None]
    body: Mapped[bytes | None] = mapped_column(sa.LargeBinary())
    #: Wall time.
    created_at: Mapped[datetime] = mapped_column(index=True)


@dataclass(frozen=True, slots=True)
class Replay:
    status: int
    body: bytes


def fingerprint(method: str, path: str, body: bytes) -> str:
    return hashlib.sha256(b"\n".join((method.encode(), path.encode(), body))).hexdigest()


async def claim(unit: Unit, account_id: UUID, key: str, mark: str) -> Replay | None:
    """Take the key for this unit, or return the answer it already had.

    Raises KeyReused when the key belongs to a request with another body or path.
    """
    if not KEY.fullmatch(key):
        raise KeyInvalid()
    taken = await unit.session.execute(
        insert(IdempotencyKey)
        .values(account_id=account_id, key=key, fingerprint=mark, created_at=unit.wall)
        .on_conflict_do_nothing()
        .returning(IdempotencyKey.key)
    )
    if taken.first() is not None:
        return None
    row = await unit.session.get(IdempotencyKey, (account_id, key))
    if row is None or row.fingerprint != mark or row.status is None:
        raise KeyReused()
    return Replay(row.status, row.body or b"")


async def remember(unit: Unit, account_id: UUID, key: str, *, status: int, body: bytes) -> None:
    await unit.session.execute(
        sa.update(IdempotencyKey)
        .where(IdempotencyKey.account_id == account_id, IdempotencyKey.key == key)
        .values(status=status, body=body)
    )


async def forget_old(unit: Unit) -> None:
    await unit.session.execute(
        sa.delete(IdempotencyKey).where(IdempotencyKey.created_at < unit.wall - KEPT_FOR)
    )
