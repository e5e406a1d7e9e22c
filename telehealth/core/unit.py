"""One request, one job, one socket message = one Unit = one transaction.

The edge opens a unit and it commits when the block ends without an error; services may flush,
never commit. Business time is read once. A job deferred in a unit is a row of the same
transaction; the worker is woken after the commit, outside it.
"""

import json
from collections.abc import AsyncIterator, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import date, datetime
from typing import TYPE_CHECKING, Any, TypeVar, cast
from uuid import UUID

import psycopg
import sqlalchemy as sa
import structlog
from sqlalchemy.exc import DBAPIError, SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession

from telehealth.core.access import HOUSE, NOBODY, Actor
from telehealth.core.audit import AuditRecord
from telehealth.core.clock import Clock, HospitalDay, hospital_day
from telehealth.core.events import Event, Events

if TYPE_CHECKING:
    from telehealth.core.jobs import Task

log = structlog.get_logger(__name__)

T = TypeVar("T")

#: The account of a unit that reads what everybody may read.
NO_ACCOUNT = UUID(int=0)

_OPEN = sa.text(
    "select set_config('app.hospital', :hospital, true), set_config('app.account', :account, true),"
    " set_config('app.system', :system, true)"
)
_WAKE = """select pg_notify('procrastinate_any_queue_v1', '{"type":"job_inserted","job_id":0}')"""


class Unit:
    def __init__(
        self,
        units: "Units",
        session: AsyncSession,
        actor: Actor,
        *,
        scope: str,
        hospital_id: UUID | None,
        account_id: UUID | None,
    ) -> None:
        self.units = units
        self.session = session
        self.actor = actor
        self.scope = scope
        self.hospital_id = hospital_id
        self.account_id = account_id
        #: Business time, read once.
        self.now: datetime = units.clock.business()
        #: Wall time, for sessions, codes and tickets.
        self.wall: datetime = units.clock.wall()
        self.deferred = 0

    @property
    def today(self) -> HospitalDay:
        return hospital_day(self.now)

    async def connection(self) -> psycopg.AsyncConnection[Any]:
        """The psycopg connection of this very transaction, for hot paths and the queue."""
        raw = await (await self.session.connection()).get_raw_connection()
        return cast("psycopg.AsyncConnection[Any]", raw.driver_connection)

    async def defer(self, task: "Task", **arguments: Any) -> None:
        """Queue `task` as a row of this transaction: both happen or neither."""
        await self.session.flush()
        await self.units.queue.defer(await self.connection(), task, plain(arguments))
        self.deferred += 1

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
        self.session.add(
            AuditRecord(
                hospital_id=hospital_id or getattr(subject, "hospital_id", None) or self.hospital_id,
                account_id=account_id or getattr(subject, "account_id", None) or self.owner,
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
        )

    @property
    def request_id(self) -> str:
        return str(structlog.contextvars.get_contextvars().get("request_id", ""))

    @property
    def owner(self) -> UUID | None:
        return None if self.account_id == NO_ACCOUNT else self.account_id

    def port(self, kind: type[T]) -> T:
        """The adapter app.py joined to this port, for those that do not leave the process."""
        return self.units.port(kind)


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
    ) -> None:
        self.engine = engine
        self.clock = clock
        self.queue = queue
        self.events = events or Events()
        self._ports = dict(ports or {})

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

    @asynccontextmanager
    async def _open(
        self,
        actor: Actor,
        scope: str,
        *,
        hospital_id: UUID | None = None,
        account_id: UUID | None = None,
    ) -> AsyncIterator[Unit]:
        scopes = {
            "hospital": str(hospital_id or ""),
            "account": str(account_id or ""),
            "system": "on" if scope.startswith("system:") else "",
        }
        async with AsyncSession(self.engine, expire_on_commit=False, autoflush=True) as session:
            try:
                await session.execute(_OPEN, scopes)
            except DBAPIError as error:
                if not error.connection_invalidated:
                    raise
                # The server went away while this connection lay in the pool. Nothing was done on
                # it yet, and the pool now knows: cheaper than asking before every use.
                await session.rollback()
                await session.execute(_OPEN, scopes)
            unit = Unit(self, session, actor, scope=scope, hospital_id=hospital_id, account_id=account_id)
            yield unit
            await session.commit()
        if unit.deferred:
            await self._wake()

    async def _wake(self) -> None:
        """Tell the workers, outside the writing transaction: NOTIFY inside it costs half the throughput.

        A lost wake-up costs one polling interval, so it never makes a committed unit look failed.
        """
        try:
            async with self.engine.connect() as connection:
                autocommit = await connection.execution_options(isolation_level="AUTOCOMMIT")
                await autocommit.exec_driver_sql(_WAKE)
        except SQLAlchemyError:
            log.warning("jobs.wake_lost", exc_info=True)


Opening = AbstractAsyncContextManager[Unit]


class Queue:
    """What a unit needs of the job engine; `core.jobs.Jobs` fills it."""

    async def defer(
        self, connection: psycopg.AsyncConnection[Any], task: "Task", arguments: dict[str, Any]
    ) -> None:
        raise NotImplementedError


def plain(value: Any) -> Any:
    """JSON's own types: ids, instants, days and enums become strings, models become objects."""
    return json.loads(json.dumps(value, default=_plain, ensure_ascii=False))


def _plain(value: Any) -> Any:
    if isinstance(value, (datetime, date)):
        return value.isoformat()
    if isinstance(value, (set, frozenset, tuple)):
        return sorted(value) if isinstance(value, (set, frozenset)) else list(value)
    if hasattr(value, "model_dump"):
        return value.model_dump(mode="json")
    if hasattr(value, "__dataclass_fields__"):
        return {name: getattr(value, name) for name in value.__dataclass_fields__}
    return str(value)
