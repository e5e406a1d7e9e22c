"""The patient's pages at 50 requests a second, in a house with 100,000 bookings behind them.

The hospital's system answers beside it: a record that was not asked for lately asks there.
"""

import asyncio
import statistics
import time
from collections.abc import Iterator
from datetime import timedelta
from itertools import cycle
from random import Random

import psycopg
import uvloop

from telehealth.core.provisioning import libpq_url
from tests.bench import sample
from tests.bench.figures import Figure, Figures
from tests.bench.outside import open_sandbox, parties
from tests.bench.patients import Errand, add_patients, open_hospital
from tests.bench.server import Database, durable_database
from tests.bench.service import units_of
from tests.bench.sweep import pay_for_visits
from tests.bench.web import Web, open_web
from tests.bench.wire import Line

PATIENTS = 10_000
VISITS_EACH = 10
A_SECOND = 50
SECONDS = 24
WARM_S = 6
#: What a patient opens; `{booking}` is one of their own.
PAGES = (
    "/", "/orders", "/bookings/{booking}", "/orders/bookings/{booking}", "/messages", "/me", "/people",
    "/records", "/receipts", "/prescriptions", "/h/{hospital}", "/h/{hospital}/prices",
    "/rooms/{booking}", "/strikes",
)  # fmt: skip


def measure() -> Figures:
    with (
        durable_database() as database,
        open_sandbox(database) as sandbox,
        asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner,
    ):
        errands = runner.run(_fill(database))
        with open_web(database, parties(sandbox)) as web:
            yield _figure(runner.run(_look(web, list(_requests(database, web, errands)))))


async def _fill(database: Database) -> list[Errand]:
    units = await units_of(database)
    place = await open_hospital(units, doctors=200)
    await sample.add_slots(units, place, slots=4_000)
    errands = await add_patients(units, place, count=PATIENTS)
    for week in range(VISITS_EACH, 0, -1):
        await pay_for_visits(units, place, PATIENTS)
        _end_visits(database, week)
    await units.engine.dispose()
    with psycopg.connect(libpq_url(database.addresses.owner_url), autocommit=True) as owner:
        owner.execute("vacuum analyze")
    return errands


def _end_visits(database: Database, weeks: int) -> None:
    """Attended, so many weeks ago: their forms may serve for the next round."""
    with psycopg.connect(libpq_url(database.addresses.owner_url)) as owner:
        owner.execute(_END, {"days": 7 * weeks, "back": timedelta(weeks=weeks)})
        owner.execute("update consultations set state = 'concluded' where state = 'waiting'")
        owner.execute("update intake_forms set state = 'submitted' where state = 'used'")


_END = """
update bookings
set state = 'completed', day = day - %(days)s, starts_at = starts_at - %(back)s, ends_at = ends_at - %(back)s,
    attended_at = starts_at - %(back)s, ended_at = ends_at - %(back)s
where state = 'paid'
"""


def _requests(database: Database, web: Web, errands: list[Errand]) -> Iterator[tuple[str, bytes]]:
    with psycopg.connect(libpq_url(database.addresses.owner_url)) as owner:
        bookings = dict(
            owner.execute("select distinct on (account_id) account_id, id from bookings").fetchall()
        )
        found = owner.execute("select code, (select count(*) from bookings) from hospitals").fetchone()
    assert found is not None and found[1] >= PATIENTS * VISITS_EACH
    chance = Random(11)
    for page, errand in zip(
        cycle(PAGES), chance.sample(errands, A_SECOND * (SECONDS + WARM_S)), strict=False
    ):
        path = page.format(booking=bookings[errand.account_id], hospital=found[0])
        head = (
            f"GET {path} HTTP/1.1\r\nhost: 127.0.0.1:{web.port}\r\nauthorization: Bearer {errand.token}\r\n"
            "accept: text/html\r\naccept-encoding: gzip\r\n\r\n"
        )
        yield page, head.encode()


async def _look(web: Web, requests: list[tuple[str, bytes]]) -> list[tuple[str, int, float]]:
    """By the clock, whether or not the one before was answered: page, status, ms."""
    line = Line(web.port)
    seen: list[tuple[str, int, float]] = []

    async def one(page: str, request: bytes) -> None:
        began = time.perf_counter()
        status, _ = await line.ask(request)
        seen.append((page, status, (time.perf_counter() - began) * 1000))

    began = time.perf_counter()
    async with asyncio.timeout(180), asyncio.TaskGroup() as group:
        for number, (page, request) in enumerate(requests):
            await asyncio.sleep(max(0.0, began + number / A_SECOND - time.perf_counter()))
            group.create_task(one(page, request))
    line.close()
    # The first compile templates and prepare statements.
    return seen[A_SECOND * WARM_S :]


def _figure(seen: list[tuple[str, int, float]]) -> Figure:
    times = sorted(ms for _, _, ms in seen)
    wrong = sorted({f"{page} {status}" for page, status, _ in seen if status != 200})
    by_page = {
        page: round(statistics.median(ms for name, _, ms in seen if name == page), 1) for page in PAGES
    }
    detail = {
        "p99_ms": round(times[int(len(times) * 0.99)], 1), "p50_by_page": by_page, "requests": len(seen),
        "bookings": PATIENTS * VISITS_EACH, "not_200": wrong,
    }  # fmt: skip
    value = None if wrong else round(statistics.median(times), 1)
    return Figure("page_server_time", value, "ms p50", "p50 <= 25, p99 <= 120", detail)
