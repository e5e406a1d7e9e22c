"""Jobs are rows of the unit that defers them, run at least once, and applied once."""

import asyncio
import os
import signal
from collections.abc import Callable
from typing import Any

import psycopg
import pytest
import sqlalchemy as sa

from telehealth.core.errors import (
    Busy,
    Conflict,
    DomainError,
    Forbidden,
    Invalid,
    NotFound,
    Refused,
    Unavailable,
)
from telehealth.core.jobs import Task, Work, parked
from telehealth.core.provisioning import Addresses, libpq_url
from telehealth.core.unit import Units
from telehealth.web.house import House
from tests.support.programs import python
from tests.support.waiting import eventually


async def test_a_rolled_back_unit_leaves_neither_row_nor_job(house: House) -> None:
    ran: list[int] = []

    async def handler(work: Work) -> None:
        ran.append(work.job_id)

    task = _register(house, handler)
    with pytest.raises(RuntimeError):
        async with house.units.system("test") as unit:
            unit.audit("test.happened", "tests:1")
            await unit.defer(task)
            raise RuntimeError
    await house.jobs.work(until_idle=True)
    assert ran == []
    assert await _count(house.units, "audit_records") == 0


async def test_a_committed_unit_leaves_both(house: House) -> None:
    words: list[str] = []

    async def handler(work: Work, *, word: str) -> None:
        words.append(word)

    task = _register(house, handler)
    async with house.units.system("test") as unit:
        unit.audit("test.happened", "tests:1")
        await unit.defer(task, word="hello")
    await house.jobs.work(until_idle=True)
    assert words == ["hello"]
    assert await _count(house.units, "audit_records") == 1
    assert await _count(house.units, "procrastinate_jobs") == 0


async def test_a_deferred_job_is_seen_by_nobody_before_the_commit(house: House) -> None:
    async def handler(work: Work) -> None: ...

    task = _register(house, handler)
    async with house.units.system("test") as unit:
        await unit.defer(task)
        assert await _count(house.units, "procrastinate_jobs") == 0
    assert await _count(house.units, "procrastinate_jobs") == 1


async def test_a_job_nobody_registered_cannot_be_deferred(house: House) -> None:
    async def handler(work: Work) -> None: ...

    with pytest.raises(KeyError):
        async with house.units.system("test") as unit:
            await unit.defer(Task("test.unknown", handler))


async def test_a_commit_wakes_a_waiting_worker(house: House) -> None:
    """Long before it would look by itself: its polling interval is what this test must not need."""
    ran = asyncio.Event()

    async def handler(work: Work) -> None:
        ran.set()

    task = _register(house, handler)
    woken = await _listen(house)
    async with house.units.system("test") as unit:
        await unit.defer(task)
    async with asyncio.timeout(30):
        assert "job_inserted" in await woken
    await house.jobs.work(until_idle=True)
    assert ran.is_set()


async def test_a_job_that_keeps_failing_is_tried_as_often_as_its_task_says_then_parked(
    house: House,
) -> None:
    attempts: list[int] = []

    async def handler(work: Work) -> None:
        attempts.append(work.attempt)
        raise Unavailable()

    await _run(house, _register(house, handler, retry_s=(0, 0)), rounds=5)
    assert attempts == [0, 1, 2]
    async with house.units.system("test") as unit:
        assert [job["task_name"] for job in await parked(unit)] == ["test.task"]


async def test_a_failed_try_leaves_nothing_and_waits_its_time(house: House) -> None:
    attempts: list[int] = []

    async def handler(work: Work) -> None:
        attempts.append(work.attempt)
        async with work.units.system("test") as unit:
            unit.audit("test.tried", "tests:1")
            await unit.session.flush()
            raise Unavailable()

    await _run(house, _register(house, handler, retry_s=(3600,)), rounds=3)
    assert attempts == [0]
    assert await _count(house.units, "audit_records") == 0
    assert await _statuses(house.units) == ["todo"]


@pytest.mark.parametrize("error", [Conflict, Refused], ids=lambda kind: kind.__name__)
async def test_a_job_that_finds_somebody_was_first_is_done(house: House, error: type[DomainError]) -> None:
    assert await _outcome(house, lambda: error()) == (1, [])


async def test_a_job_whose_subject_is_gone_is_dropped(house: House) -> None:
    assert await _outcome(house, NotFound) == (1, [])


@pytest.mark.parametrize("error", [Invalid, Forbidden], ids=lambda kind: kind.__name__)
async def test_a_job_that_can_never_succeed_is_parked_at_once(house: House, error: type[DomainError]) -> None:
    assert await _outcome(house, lambda: error()) == (1, ["failed"])


@pytest.mark.parametrize("error", [lambda: Unavailable(), lambda: ZeroDivisionError()],
                         ids=["Unavailable", "a bug"])  # fmt: skip
async def test_a_job_that_may_succeed_later_is_tried_again(
    house: House, error: Callable[[], Exception]
) -> None:
    assert await _outcome(house, error) == (3, ["failed"])


async def test_a_job_told_to_come_later_comes_no_sooner(house: House) -> None:
    assert await _outcome(house, lambda: Busy(retry_after_s=600)) == (1, ["todo"])


async def test_a_job_interrupted_by_the_workers_end_runs_again_even_on_its_last_try(
    house: House,
) -> None:
    async def handler(work: Work) -> None:
        raise asyncio.CancelledError

    await _run(house, _register(house, handler, retry_s=()), rounds=1)
    assert await _statuses(house.units) == ["todo"]


async def test_the_reaper_parks_a_job_that_keeps_killing_its_worker(house: House) -> None:
    async def handler(work: Work) -> None: ...

    task = _register(house, handler, retry_s=(0,))
    async with house.units.system("test") as unit:
        await unit.defer(task)
        await unit.flush()
        # As a worker leaves it that was killed in it, twice.
        await unit.session.execute(sa.text("update procrastinate_jobs set status = 'doing', attempts = 1"))
    async with house.jobs.app.open_async():
        assert await house.jobs.reap() == 1
        assert await house.jobs.reap() == 0
    assert await _statuses(house.units) == ["failed"]


async def test_only_one_reaper_works_at_a_time(house: House) -> None:
    async with house.units.engine.connect() as other, house.jobs.app.open_async():
        await other.execute(sa.text("select pg_advisory_lock(hashtext('jobs.reap'))"))
        assert await house.jobs.reap() == 0


WORKER = """
import asyncio, signal, sys
import sqlalchemy as sa
from telehealth.core import db, jobs, unit
from telehealth.core.clock import SystemClock
from telehealth.core.idempotency import claim

url, blocks, defers = sys.argv[1], sys.argv[2], sys.argv[3] == "defers"
me = "00000000-0000-7000-8000-000000000001"

def say(word):
    print(word, flush=True)

async def apply(work, *, thing):
    say(f"try {work.attempt}")
    if blocks == "before":
        await asyncio.Event().wait()
    async with work.units.system("test") as one:
        # The unique key of what was done: a second run finds it.
        taken = await one.session.execute(
            sa.text("insert into idempotency_keys (account_id, key, fingerprint, created_at)"
                    " values (:me, :thing, '', now()) on conflict do nothing returning key"),
            {"me": me, "thing": thing})
        if taken.first() is not None:
            one.audit("test.applied", f"tests:{thing}")
    if blocks == "after":
        say("applied")
        await asyncio.Event().wait()
    say("finished")

async def main():
    queue = jobs.Jobs(url, heartbeat_s=0.2, stalled_after_s=1)
    engine = db.build_engine(url)
    units = unit.Units(engine, SystemClock(), queue)
    task = jobs.Task("test.apply", apply)
    queue.register(task, units)
    if defers:
        async with units.system("test") as one:
            await one.defer(task, thing="thing-0001")
    await queue.work()

asyncio.run(main())
"""


@pytest.mark.parametrize(("where", "said"), [("before", "try 0"), ("after", "applied")])
def test_a_worker_killed_in_a_job_has_it_run_again_and_applied_once(
    database: Addresses, where: str, said: str
) -> None:
    with python(WORKER, database.app_url, where, "defers") as doomed:
        assert said in doomed.lines
        os.kill(doomed.process.pid, signal.SIGKILL)
        assert doomed.process.wait() == -signal.SIGKILL
    assert _ask(database, "select status::text from procrastinate_jobs") == ["doing"]
    with python(WORKER, database.app_url, "nowhere", "works") as heir:
        assert "try 1" in heir.lines
        assert "finished" in heir.lines
        eventually(lambda: _ask(database, "select count(*) from procrastinate_jobs") == [0])
    assert _ask(database, "select name from audit_records") == ["test.applied"]


def _register(house: House, handler: Callable[..., Any], retry_s: tuple[int, ...] = (0, 0)) -> Task:
    task = Task("test.task", handler, retry_s=retry_s)
    house.jobs.register(task, house.units)
    return task


async def _run(house: House, task: Task, *, rounds: int) -> None:
    """Defer it once and give the worker `rounds` chances; a retry due at once takes the next."""
    async with house.units.system("test") as unit:
        await unit.defer(task)
    for _ in range(rounds):
        await house.jobs.work(until_idle=True)


async def _outcome(house: House, error: Callable[[], Exception]) -> tuple[int, list[str]]:
    """How often it was tried, and in which state its row is left, if it is."""
    tries: list[int] = []

    async def handler(work: Work) -> None:
        tries.append(work.attempt)
        raise error()

    await _run(house, _register(house, handler), rounds=4)
    return len(tries), await _statuses(house.units)


async def _listen(house: House) -> asyncio.Future[str]:
    """The first notice a worker would get, from now on."""
    url = libpq_url(house.settings.database_url.get_secret_value())
    connection = await psycopg.AsyncConnection.connect(url, autocommit=True)
    await connection.execute("listen procrastinate_any_queue_v1")

    async def first() -> str:
        async with connection:
            async for notice in connection.notifies():
                return notice.payload
            raise AssertionError("the connection ended")

    return asyncio.ensure_future(first())


async def _statuses(units: Units) -> list[str]:
    async with units.system("test") as unit:
        return list(await unit.session.scalars(sa.text("select status::text from procrastinate_jobs")))


async def _count(units: Units, table: str) -> int:
    async with units.system("test") as unit:
        return int(await unit.session.scalar(sa.text(f"select count(*) from {table}")) or 0)  # noqa: S608


def _ask(database: Addresses, query: str) -> list[Any]:
    with psycopg.connect(libpq_url(database.owner_url)) as connection:
        return [row[0] for row in connection.execute(query.encode())]
