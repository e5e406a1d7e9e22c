"""One request, one job, one socket message = one Unit = one transaction.

The edge opens a unit and it commits when the block ends without an error; services may flush,
never commit. Business time is read once. A job deferred in a unit is a row of the same
transaction; the worker is woken after the commit, outside it.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import datetime
from typing import TYPE_CHECKING, Any, TypeVar, cast
from uuid import UUID

import psycopg
import sqlalchemy as sa
import structlog
from psycopg.pq import TransactionStatus
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, AsyncSession
from sqlalchemy.orm import Session

from telehealth.core.access import HOUSE, NOBODY, Actor
from telehealth.core.audit import AuditRecord
from telehealth.core.bus import Bus
from telehealth.core.clock import Clock, HospitalDay, hospital_day
from telehealth.core.connections import cursor_of, first_word, leased, say, together
from telehealth.core.events import Event, Events
from telehealth.core.hot import append_facts_later
from telehealth.core.plain import plain
from telehealth.core.points import point

if TYPE_CHECKING:
    from telehealth.core.jobs import Task

log = structlog.get_logger(__name__)

T = TypeVar("T")

#: The account of a unit that reads what everybody may read.
NO_ACCOUNT = UUID(int=0)

_OPEN = (
    "begin; select set_config('app.hospital', '{}', true), set_config('app.account', '{}', true),"
    " set_config('app.system', '{}', true)"
)
_OPEN_STATES = (TransactionStatus.INTRANS, TransactionStatus.INERROR)
#: Records of one insert, and writes of one statement; each mixture is a statement of its own to prepare.
_AT_ONCE = 8
_WAKE = """select pg_notify('procrastinate_any_queue_v1', '{"type":"job_inserted","job_id":0}')"""


def desk_topic(hospital_id: UUID) -> str:
    """The bus's topic of everything a hospital's staff see."""
    return f"desk:{hospital_id}"


def own_topic(account_id: UUID) -> str:
    """The bus's topic of everything one person sees as theirs."""
    return f"own:{account_id}"


class UnitBroken(RuntimeError):
    """Nothing of this unit can be kept. What may fail is tried in `session.begin_nested()`."""


class Unit:
    def __init__(
        self,
        units: "Units",
        connection: AsyncConnection,
        driver: psycopg.AsyncConnection[Any],
        actor: Actor,
        *,
        scope: str,
        hospital_id: UUID | None,
        account_id: UUID | None,
    ) -> None:
        self.units = units
        self.actor = actor
        self.scope = scope
        self.hospital_id = hospital_id
        self.account_id = account_id
        #: Business time, read once.
        self.now: datetime = units.clock.business()
        #: Wall time, for sessions, codes and tickets.
        self.wall: datetime = units.clock.wall()
        self.deferred = 0
        self._steps: list[str] = []
        #: Topics whose listeners are told after the commit.
        self.hints: dict[str, None] = {}
        #: Whose lists may read otherwise after the commit; pages that show one are told without haste.
        self.touched: dict[str, None] = {}
        self._connection = connection
        self._driver = driver
        #: What `hot.Together` read before it was asked for, until somebody may have written.
        self.ahead: dict[tuple[object, tuple[Any, ...]], list[Any]] = {}
        self._session: AsyncSession | None = None
        #: Rows that are in the database, while there is no session.
        self._adopted: list[object] = []
        #: What is written together, at the latest before the commit; the records join them last.
        self._held: list[tuple[bytes, Sequence[Any]]] = []
        self._records: list[dict[str, Any]] = []

    @property
    def session(self) -> AsyncSession:
        """Made when first asked for: a hot path does without, and costs half as much."""
        self.ahead.clear()
        if self._session is None:
            self._session = AsyncSession(self._connection, expire_on_commit=False, autoflush=True)
            self._session.add_all(self._adopted)
        return self._session

    def adopt(self, row: object) -> None:
        """Give the session an object whose row is in the database already; it is not read again."""
        if self._session is None:
            self._adopted.append(row)
        else:
            self._session.add(row)

    @property
    def today(self) -> HospitalDay:
        return hospital_day(self.now)

    def later(self, statement: bytes, arguments: Sequence[Any]) -> None:
        """Write this together with what else is held back: one message to the server instead of many.

        For rows that nobody reads back through the session of this unit, and that cannot be refused.
        """
        self._held.append((statement, arguments))

    async def flush(self) -> None:
        """Write all that is still held back."""
        await self.settle()
        while self._records:
            records, self._records = self._records[:_AT_ONCE], self._records[_AT_ONCE:]
            append_facts_later(self, AuditRecord, records)
        await self.write_held()

    async def settle(self) -> None:
        """Write what the session holds back, before somebody looks past it."""
        if self._session is not None and _has_work(self._session.sync_session):
            self.ahead.clear()
            await self._session.flush()

    async def write_held(self) -> None:
        """Write what waits for company (`later`), before somebody reads who may look for it."""
        while self._held:
            held, self._held = self._held[:_AT_ONCE], self._held[_AT_ONCE:]
            self.ahead.clear()
            statement = together(tuple([each for each, _ in held]))
            arguments = [value for _, values in held for value in values]
            await self.cursor_for(statement).execute(statement, arguments, prepare=True)

    def cursor_for(self, statement: bytes) -> psycopg.AsyncRawCursor[Any]:
        return cursor_of(self._connection, self._driver, statement)

    async def connection(self) -> psycopg.AsyncConnection[Any]:
        """The psycopg connection of this very transaction, for hot paths and the queue."""
        self.ahead.clear()
        await self.write_held()
        return self._driver

    async def defer(self, task: "Task", **arguments: Any) -> None:
        """Queue `task` as a row of this transaction: both happen or neither."""
        self.later(*self.units.queue.row(task, plain(arguments)))
        self.deferred += 1

    def step(self, name: str) -> None:
        """Name what this unit commits: `<name>.before_commit` and `.after_commit` are points then."""
        self._steps.append(name)

    def hint(self, topic: str) -> None:
        """Tell live listeners of `topic` to look again, once this is committed. It may be lost."""
        self.hints[topic] = None

    def touch(self, *, hospital_id: UUID | None = None, account_id: UUID | None = None) -> None:
        """What these people see may have changed: their open pages look again. `audit` says so as well."""
        if hospital_id is not None:
            self.touched[desk_topic(hospital_id)] = None
        if account_id is not None:
            self.touched[own_topic(account_id)] = None

    async def publish(self, event: Event) -> None:
        await self.units.events.publish(self, event)

    def audit(
        self,
        name: str,
        subject: Any,
        *,
        hospital_id: UUID | None = None,
        account_id: UUID | None = None,
        **facts: Any,
    ) -> None:
        """Record what was done. `subject` is a row (its table and id are kept) or a "kind:id" string."""
        if isinstance(subject, str):
            kind, _, identity = subject.partition(":")
        else:
            kind, identity = subject.__tablename__, str(subject.id)
        hospital_id = hospital_id or getattr(subject, "hospital_id", None) or self.hospital_id
        account_id = account_id or getattr(subject, "account_id", None) or self.owner
        # What is worth a record is worth a look.
        self.touch(hospital_id=hospital_id, account_id=account_id)
        record = dict(
            hospital_id=hospital_id,
            account_id=account_id,
            at=self.now,
            wall_at=self.wall,
            actor_id=self.actor.account_id,
            actor_name=self.actor.name,
            scope=self.scope,
            name=name,
            subject_kind=kind,
            subject_id=identity,
            facts=plain(facts),
            request_id=self.request_id,
        )
        self._records.append(record)

    @property
    def request_id(self) -> str:
        return str(structlog.contextvars.get_contextvars().get("request_id", ""))

    @property
    def owner(self) -> UUID | None:
        return None if self.account_id == NO_ACCOUNT else self.account_id

    def port(self, kind: type[T]) -> T:
        """The adapter app.py joined to this port, for those that do not leave the process."""
        return self.units.port(kind)

    async def _commit(self) -> None:
        if self._driver.info.transaction_status is TransactionStatus.INERROR:
            # COMMIT would answer ROLLBACK, and whoever asked would be told that it was done.
            raise UnitBroken("a statement failed in this unit and its error was swallowed")
        if self._session is None and any(sa.inspect(row).modified for row in self._adopted):
            # Adopted, then changed: that is the session's to write.
            assert self.session  # noqa: S101 - made by asking for it
        await self.flush()
        if self._session is not None:
            await self._session.commit()
        # A session that was made but sent nothing commits nothing, while a hot path may have
        # written on the driver beside it.
        if self._driver.info.transaction_status is not TransactionStatus.IDLE:
            await self._driver.commit()

    async def _leave(self) -> None:
        """Let go of the session, and of whatever was not committed."""
        in_session = self._session is not None and self._session.in_transaction()
        if in_session or self._driver.info.transaction_status is not TransactionStatus.IDLE:
            # Whoever cancelled us must not leave the transaction half closed.
            await asyncio.shield(asyncio.create_task(self._roll_back()))
        elif self._session is not None:
            # Nothing to tell the server, so no need for the way there.
            self._session.sync_session.close()

    async def _roll_back(self) -> None:
        if self._driver.info.transaction_status in _OPEN_STATES:
            # Not the driver's own rollback: that forgets every prepared statement, for fear of
            # tables made and unmade, which never happens here.
            with contextlib.suppress(psycopg.Error):
                await say(self._driver, "rollback")
        if self._session is not None:
            await self._session.close()


class Units:
    """Opens units. `ports` joins each Protocol of the features to its adapter."""

    def __init__(
        self,
        engine: AsyncEngine,
        clock: Clock,
        queue: "Queue",
        *,
        events: Events | None = None,
        ports: Mapping[type, object] | None = None,
        bus: Bus | None = None,
    ) -> None:
        self.engine = engine
        self.clock = clock
        self.queue = queue
        self.events = events or Events()
        self.bus = bus
        self._ports = dict(ports or {})
        self._alone: tuple[AsyncEngine, AsyncEngine] | None = None

    def port(self, kind: type[T]) -> T:
        return cast(T, self._ports[kind])

    def join(self, kind: type, adapter: object) -> None:
        self._ports[kind] = adapter

    def hospital(self, hospital_id: UUID, actor: Actor) -> "Opening":
        return self._open(actor, "hospital", hospital_id=hospital_id)

    def account(self, account_id: UUID, actor: Actor) -> "Opening":
        return self._open(actor, "account", account_id=account_id)

    def public(self, actor: Actor = NOBODY) -> "Opening":
        """Reads what everybody may read; writes nothing of anybody's."""
        return self._open(actor, "public", account_id=NO_ACCOUNT)

    def system(self, reason: str, actor: Actor = HOUSE) -> "Opening":
        """Sees every row. For callbacks, sweeps, sign-in and the cross-hospital check; says why."""
        return self._open(actor, f"system:{reason}")

    def of(self, actor: Actor) -> "Opening":
        """The unit a request of this actor runs in."""
        if actor.hospital_id is not None:
            return self.hospital(actor.hospital_id, actor)
        if actor.account_id is not None:
            return self.account(actor.account_id, actor)
        return self.public(actor)

    def alone(self) -> AbstractAsyncContextManager[AsyncConnection]:
        """A connection without a transaction, for statements that are whole in themselves.

        It has no scope: of what belongs to somebody it sees nothing. A transaction that only reads
        and is then rolled back would cost two more messages, and every statement prepared so far.
        """
        if self._alone is None or self._alone[0] is not self.engine:
            self._alone = self.engine, self.engine.execution_options(isolation_level="AUTOCOMMIT")
        return leased(self._alone[1])

    @asynccontextmanager
    async def _open(
        self, actor: Actor, scope: str, *, hospital_id: UUID | None = None, account_id: UUID | None = None
    ) -> AsyncIterator[Unit]:
        is_system = "on" if scope.startswith("system:") else ""
        opening = _OPEN.format(hospital_id or "", account_id or "", is_system)
        async with leased(self.engine) as connection:
            driver, _ = await first_word(connection, lambda driver: say(driver, opening))
            unit = Unit(
                self, connection, driver, actor, scope=scope, hospital_id=hospital_id, account_id=account_id
            )
            try:
                yield unit
                for name in unit._steps:
                    point(f"{name}.before_commit")
                await unit._commit()
                for name in unit._steps:
                    point(f"{name}.after_commit")
            finally:
                await unit._leave()
            if unit.hints and self.bus is not None:
                self.bus.publish(unit.hints)
            if unit.touched and self.bus is not None:
                self.bus.mention(unit.touched)
            if unit.deferred:
                await _wake(driver)


async def _wake(driver: psycopg.AsyncConnection[Any]) -> None:
    """Tell the workers, outside the writing transaction: NOTIFY inside it costs half the throughput.

    A lost wake-up costs one polling interval, so it never makes a committed unit look failed.
    """
    try:
        await say(driver, _WAKE)
    except psycopg.Error:
        log.warning("jobs.wake_lost", exc_info=True)


def _has_work(session: Session) -> bool:
    return bool(session.new or session.dirty or session.deleted)


Opening = AbstractAsyncContextManager[Unit]


class Queue:
    """What a unit needs of the job engine; `core.jobs.Jobs` fills it."""

    def row(self, task: "Task", arguments: dict[str, Any]) -> tuple[bytes, Sequence[Any]]:
        """The statement that queues a job, and what it is given."""
        raise NotImplementedError
