"""Work that leaves the process, as rows in PostgreSQL (Procrastinate 3.10).

At least once, never exactly once: a worker killed with `kill -9` has its job run again by the
reaper, so every handler is idempotent. Arguments are ids, never personal data.
"""

import asyncio
import contextlib
import select
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import procrastinate
import psycopg
import sqlalchemy as sa
import structlog
from procrastinate import exceptions, jobs
from psycopg.types.json import Jsonb
from psycopg_pool import AsyncConnectionPool

from telehealth.core.errors import Busy, Conflict, Forbidden, Invalid, NotFound, Refused
from telehealth.core.unit import Queue, Unit, Units

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Work:
    """What a handler is given: the way to open units, and which try this is (0 is the first)."""

    units: Units
    job_id: int
    attempt: int


Handler = Callable[..., Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Task:
    """`retry_s` are the wall-clock waits between tries; after the last the job parks as failed."""

    name: str
    run: Handler
    queue: str = "default"
    retry_s: tuple[int, ...] = (5, 30, 120, 600, 1800, 3600)


def task(
    name: str, *, queue: str = "default", retry_s: tuple[int, ...] = (5, 30, 120, 600, 1800, 3600)
) -> Callable[[Handler], Task]:
    """Declare a handler `async def run(work: Work, **ids) -> None`."""
    return lambda handler: Task(name, handler, queue, retry_s)


class _Waits(procrastinate.BaseRetryStrategy):
    def __init__(self, retry_s: tuple[int, ...]) -> None:
        self.retry_s = retry_s

    def get_retry_decision(
        self, *, exception: BaseException, job: jobs.Job
    ) -> procrastinate.RetryDecision | None:
        if isinstance(exception, asyncio.CancelledError):
            # The worker was told to stop in mid-job: that is no failure of the job's.
            return procrastinate.RetryDecision(retry_in={"seconds": 0})
        hopeless = isinstance(exception, (Invalid, Forbidden))
        if hopeless or job.attempts >= len(self.retry_s):
            log.error(
                "job.parked",
                task=job.task_name,
                job_id=job.id,
                attempts=job.attempts,
                error=type(exception).__name__,
            )
            return None
        wait_s = self.retry_s[job.attempts]
        if isinstance(exception, Busy):
            wait_s = max(wait_s, exception.retry_after_s)
        return procrastinate.RetryDecision(retry_in={"seconds": wait_s})


#: As the engine's own function writes it.
_DEFER = b"insert into procrastinate_jobs (queue_name, task_name, priority, args) values ($1, $2, 0, $3)"
#: What the engine itself writes need not survive a power cut: a job whose taking or end is forgotten
#: runs once more. The row that asks for a job is the unit's, and durable.
_FORGETFUL = {"options": "-c synchronous_commit=off"}


def _pool(**options: Any) -> AsyncConnectionPool[Any]:
    return AsyncConnectionPool(**{**options, "check": _check, "configure": _configure})


async def _configure(connection: psycopg.AsyncConnection[Any]) -> None:
    """Each statement of the engine is whole in itself, and goes without BEGIN and COMMIT."""
    await connection.set_autocommit(True)


async def _check(connection: psycopg.AsyncConnection[Any]) -> None:
    """Ask the server only if it said something unasked, as when it goes: half the engine's messages else."""
    if select.select([connection.fileno()], [], [], 0)[0]:
        await AsyncConnectionPool.check_connection(connection)


class Jobs(Queue):
    """The job engine: registers tasks, defers them, runs a worker and its reaper."""

    def __init__(self, url: str, *, heartbeat_s: float = 10, stalled_after_s: float = 60) -> None:
        conninfo = url.replace("postgresql+psycopg://", "postgresql://")
        self.app = procrastinate.App(
            connector=procrastinate.PsycopgConnector(
                pool_factory=_pool, conninfo=conninfo, kwargs=_FORGETFUL, min_size=1, max_size=4
            )
        )
        self.heartbeat_s = heartbeat_s
        self.stalled_after_s = stalled_after_s
        self._retries: dict[str, int] = {}

    def register(self, item: Task, units: Units) -> None:
        async def run(context: procrastinate.JobContext, /, **arguments: Any) -> None:
            await _run(item, Work(units, context.job.id or 0, context.job.attempts), arguments)

        self._retries[item.name] = len(item.retry_s)
        self.app.task(name=item.name, queue=item.queue, pass_context=True, retry=_Waits(item.retry_s))(run)

    def row(self, task: Task, arguments: dict[str, Any]) -> tuple[bytes, Sequence[Any]]:
        if task.name not in self._retries:
            raise KeyError(task.name)
        return _DEFER, (task.queue, task.name, Jsonb(arguments))

    async def work(self, *, concurrency: int = 8, name: str = "worker", until_idle: bool = False) -> None:
        """Run a worker with its reaper until cancelled, or until the queue is empty."""
        async with self.app.open_async():
            reaper = None if until_idle else asyncio.create_task(self._reap_forever())
            try:
                await self.app.run_worker_async(
                    name=name,
                    wait=not until_idle,
                    concurrency=concurrency,
                    update_heartbeat_interval=self.heartbeat_s,
                    stalled_worker_timeout=self.stalled_after_s,
                    fetch_job_polling_interval=2,
                    shutdown_graceful_timeout=20,
                    delete_jobs="successful",
                    install_signal_handlers=False,
                    listen_notify=not until_idle,
                )
            finally:
                if reaper is not None:
                    reaper.cancel()
                    with contextlib.suppress(asyncio.CancelledError):
                        await reaper

    async def _reap_forever(self) -> None:
        """A plain loop, not a job: a job could stall itself."""
        while True:
            await asyncio.sleep(min(15.0, self.stalled_after_s / 2))
            try:
                await self.reap()
            except (exceptions.ConnectorException, psycopg.Error):
                log.exception("jobs.reap_failed")

    async def reap(self) -> int:
        """Give the jobs of dead workers back to the queue; park those that keep killing them.

        `get_stalled_jobs` then `retry_job` is not atomic, so one reaper at a time holds an
        advisory lock; a job somebody else already requeued raises and is left alone.
        """
        lock = "select pg_try_advisory_lock(hashtext('jobs.reap')) as held"
        connector = self.app.connector
        async with connector.pool.connection() as connection:  # type: ignore[attr-defined]
            held = await (await connection.execute(lock)).fetchone()
            if not held or not held[0]:
                return 0
            try:
                return await self._reap()
            finally:
                await connection.execute("select pg_advisory_unlock(hashtext('jobs.reap'))")

    async def _reap(self) -> int:
        manager, count = self.app.job_manager, 0
        for job in await manager.get_stalled_jobs(seconds_since_heartbeat=self.stalled_after_s):
            with contextlib.suppress(exceptions.ConnectorException):
                if job.attempts >= self._retries.get(job.task_name, 0):
                    log.error("job.parked", task=job.task_name, job_id=job.id, attempts=job.attempts)
                    await manager.finish_job(job, jobs.Status.FAILED, delete_job=False)
                else:
                    log.warning("job.reaped", task=job.task_name, job_id=job.id)
                    await manager.retry_job(job)
                count += 1
        return count


async def _run(item: Task, work: Work, arguments: dict[str, Any]) -> None:
    """The job's door: each kind of error means its own reaction."""
    with structlog.contextvars.bound_contextvars(request_id=f"job-{work.job_id}", job=item.name):
        try:
            await item.run(work, **arguments)
        except (Conflict, Refused) as error:
            log.info("job.settled_before", error=error.code)
        except NotFound as error:
            log.warning("job.dropped", error=error.code)


async def parked_since(unit: Unit) -> tuple[int, datetime | None]:
    """How many jobs gave up, and when the first of them did, by the business clock."""
    count, first = (await unit.session.execute(_PARKED_SINCE)).one()
    # The engine knows only the wall clock.
    return count, None if first is None else unit.now - (unit.wall - first)


_PARKED_SINCE = sa.text("""
select count(distinct j.id) as count, min(e.at) as first
from procrastinate_jobs j left join procrastinate_events e on e.job_id = j.id and e.type = 'failed'
where j.status = 'failed'
""")


async def parked(unit: Unit) -> list[dict[str, Any]]:
    """Jobs that gave up, newest first, for the staff page."""
    rows = await unit.session.execute(
        sa.text(
            "select id, task_name, attempts, args from procrastinate_jobs"
            " where status = 'failed' order by id desc limit 100"
        )
    )
    return [dict(row) for row in rows.mappings()]
