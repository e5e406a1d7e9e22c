"""Business times as rows: "kind, subject, due_at", swept each minute.

The row is the truth and the sweep is idempotent: after any downtime it catches up, and moving
the business clock runs it at once. A handler runs in its own system unit, with the row locked.
"""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

import sqlalchemy as sa
import structlog
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Mapped, mapped_column

from telehealth.core.db import Base
from telehealth.core.errors import DomainError
from telehealth.core.tenancy import Tenancy
from telehealth.core.unit import Unit, Units

log = structlog.get_logger(__name__)

#: Wall time a deadline waits after its handler failed.
RETRY_AFTER = timedelta(minutes=5)
#: How soon, and from which size on, a jump of the business clock is noticed.
NOTICED = timedelta(seconds=1)


class Deadline(Base):
    __tablename__ = "deadlines"
    __tenancy__ = Tenancy(hospital=True, account=True, of="subject_id = any({moved})")
    __table_args__ = (sa.Index("ix_deadlines_due", "due_at"),)

    kind: Mapped[str] = mapped_column(primary_key=True)
    subject_id: Mapped[UUID] = mapped_column(primary_key=True)
    hospital_id: Mapped[UUID | None]
    account_id: Mapped[UUID | None]
    #: Business time.
    due_at: Mapped[datetime]
    #: Wall time before which a handler that failed is not tried again.
    not_before: Mapped[datetime | None]
    failures: Mapped[int] = mapped_column(server_default="0")


@dataclass(frozen=True, slots=True)
class DeadlineKind:
    """`run(unit, subject_id)` is called once the time has come; calling it again changes nothing."""

    name: str
    run: Callable[[Unit, UUID], Awaitable[object]]


async def set_deadline(
    unit: Unit,
    kind: str,
    subject_id: UUID,
    due_at: datetime,
    *,
    hospital_id: UUID | None = None,
    account_id: UUID | None = None,
) -> None:
    """Set or move the one deadline of this kind that `subject_id` has."""
    row = insert(Deadline).values(
        kind=kind,
        subject_id=subject_id,
        due_at=due_at,
        hospital_id=hospital_id or unit.hospital_id,
        account_id=account_id or unit.owner,
    )
    moved = {"due_at": row.excluded.due_at, "not_before": None, "failures": 0}
    await unit.session.execute(row.on_conflict_do_update(index_elements=["kind", "subject_id"], set_=moved))


async def clear_deadline(unit: Unit, kind: str, subject_id: UUID) -> None:
    """Drop it, unless a sweeper is running it this moment.

    The sweeper locks the deadline before its subject, everybody else the subject first: waiting
    here would be a deadlock. Its handler changes nothing any more, and the sweep drops the row.
    """
    connection = await unit.connection()
    await connection.execute(_CLEAR, {"kind": kind, "subject_id": subject_id}, prepare=True)


_CLEAR = """
delete from deadlines where kind = %(kind)s and subject_id in (
    select subject_id from deadlines where kind = %(kind)s and subject_id = %(subject_id)s
    for update skip locked
)
"""


class Sweeper:
    def __init__(self, units: Units, kinds: list[DeadlineKind]) -> None:
        self.units = units
        self.kinds = {kind.name: kind for kind in kinds}
        self._nudge = asyncio.Event()

    def nudge(self) -> None:
        """Sweep now: the business clock moved."""
        self._nudge.set()

    async def sweep(self, *, limit: int = 1000) -> int:
        """Run what is due, one unit each, and say how many. Safe beside other sweepers."""
        for count in range(limit):
            if not await self._next():
                return count
        return limit

    async def _next(self) -> bool:
        taken: _Due | None = None
        try:
            async with self.units.system("deadlines") as unit:
                taken = await self._take(unit)
                if taken is None:
                    return False
                await self.kinds[taken.kind].run(unit, taken.subject_id)
                await _clear(unit, taken)
        except Exception as error:  # the sweep's edge: one bad subject must not hold up the others
            if taken is None:
                raise
            await self._postpone(taken, error)
        return True

    async def _take(self, unit: Unit) -> "_Due | None":
        due = (
            sa.select(Deadline.kind, Deadline.subject_id, Deadline.due_at)
            .where(Deadline.due_at <= unit.now, Deadline.kind.in_(self.kinds))
            .where(sa.or_(Deadline.not_before.is_(None), Deadline.not_before <= unit.wall))
            .order_by(Deadline.due_at)
            .limit(1)
            .with_for_update(skip_locked=True)
        )
        row = (await unit.session.execute(due)).first()
        return _Due(*row) if row is not None else None

    async def _postpone(self, due: "_Due", error: Exception) -> None:
        expected = isinstance(error, DomainError)
        log.error(
            "deadline.postponed",
            kind=due.kind,
            subject=str(due.subject_id),
            error=str(error) if expected else type(error).__name__,
            exc_info=None if expected else error,
        )
        async with self.units.system("deadlines") as unit:
            await unit.session.execute(
                sa.update(Deadline)
                .where(*due.same())
                .values(not_before=unit.wall + RETRY_AFTER, failures=Deadline.failures + 1)
            )

    async def run_forever(self, every_s: float) -> None:
        while True:
            try:
                await self.sweep()
            except (sa.exc.SQLAlchemyError, OSError):
                log.exception("deadlines.sweep_failed")
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(every_s):
                    await self._clock_moved()
            self._nudge.clear()

    async def _clock_moved(self) -> None:
        """Return once somebody nudged, or the business clock jumped, here or in another process."""
        before = self._ahead()
        while not self._nudge.is_set() and abs(self._ahead() - before) < NOTICED:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(NOTICED.total_seconds()):
                    await self._nudge.wait()

    def _ahead(self) -> timedelta:
        return self.units.clock.business() - self.units.clock.wall()


@dataclass(frozen=True, slots=True)
class _Due:
    kind: str
    subject_id: UUID
    due_at: datetime

    def same(self) -> tuple[sa.ColumnElement[bool], ...]:
        """This very deadline, unless somebody moved it meanwhile."""
        return (
            Deadline.kind == self.kind,
            Deadline.subject_id == self.subject_id,
            Deadline.due_at == self.due_at,
        )


async def _clear(unit: Unit, due: _Due) -> None:
    """Drop a deadline whose handler set no other time. One moved to a time already past runs again."""
    await unit.session.flush()
    await unit.session.execute(sa.delete(Deadline).where(*due.same()))
