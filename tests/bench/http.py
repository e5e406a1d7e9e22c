"""Holding a seat as a phone does it: HTTP, session, gate, form, hold, audit, each patient once."""

import asyncio
import json
import time
from collections.abc import Iterator
from random import Random

import psycopg
import uvloop

from telehealth.core.ids import new_id
from telehealth.core.provisioning import libpq_url
from tests.bench import sample
from tests.bench.figures import Figure, Figures, Round, ratio
from tests.bench.patients import Errand, add_patients, open_hospital
from tests.bench.pgbench import Pgbench
from tests.bench.server import Database, durable_database
from tests.bench.service import CONCURRENT, ROUND_S, ROUNDS, SLOTS, units_of
from tests.bench.web import Web, open_web
from tests.bench.wire import answer

#: Patients who hold a seat in one round; each has one form, and so holds one seat.
_A_ROUND = 600
_TO_WARM = 300


def measure() -> Figures:
    with durable_database() as database, asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        errands = runner.run(_prepare(database))
        account_id = new_id()
        pgbench = Pgbench(database, slots=SLOTS, account_id=account_id)
        with open_web(database) as web:
            yield _holds(database, web, errands, pgbench, runner)


async def _prepare(database: Database) -> list[Errand]:
    units = await units_of(database)
    place = await open_hospital(units, doctors=SLOTS // sample.SLOTS_A_CLINIC)
    await sample.add_slots(units, place, slots=SLOTS)
    errands = await add_patients(units, place, count=_TO_WARM + ROUNDS * _A_ROUND)
    await units.engine.dispose()
    return errands


def _holds(
    database: Database, web: Web, errands: list[Errand], pgbench: Pgbench, runner: asyncio.Runner
) -> Figure:
    requests = iter(_requests(web.port, errands))
    statuses: dict[int, int] = {}
    pgbench.run(1)
    runner.run(_send_all(web.port, _take(requests, _TO_WARM), statuses))
    rounds, cpu_ms = [], []
    for _ in range(ROUNDS):
        theirs = pgbench.run(ROUND_S)
        before = web.cpu_s()
        ours = runner.run(_send_all(web.port, _take(requests, _A_ROUND), statuses))
        cpu_ms.append(round(1000 * (web.cpu_s() - before) / _A_ROUND, 2))
        rounds.append(Round(ours, theirs))
    kept = _books(database)
    sent = len(errands)
    if statuses != {201: sent} or any(count != sent for count in kept.values()):
        raise RuntimeError(f"{sent} sent, answered {statuses}, kept {kept}")
    return ratio(
        "booking_hold_http", ">= 0.10", rounds,
        web_cpu_ms_per_hold=cpu_ms, concurrent=CONCURRENT, statuses=statuses, **kept,
    )  # fmt: skip


def _take(requests: Iterator[bytes], count: int) -> list[bytes]:
    return [next(requests) for _ in range(count)]


def _requests(port: int, errands: list[Errand]) -> Iterator[bytes]:
    chance = Random(7)
    for errand in errands:
        body = json.dumps(
            {
                "slot_id": str(sample.slot_id(chance.randrange(SLOTS))),
                "person_id": str(errand.person_id),
                "check_id": str(errand.check_id),
                "form_id": str(errand.form_id),
            }
        ).encode()
        head = (
            f"POST /api/v1/bookings HTTP/1.1\r\nhost: 127.0.0.1:{port}\r\n"
            f"authorization: Bearer {errand.token}\r\ncontent-type: application/json\r\n"
            f"content-length: {len(body)}\r\n\r\n"
        )
        yield head.encode() + body


async def _send_all(port: int, requests: list[bytes], statuses: dict[int, int]) -> float:
    """Send everything over `CONCURRENT` kept connections; requests a second."""
    left = iter(requests)

    async def one_connection() -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        try:
            for request in left:
                writer.write(request)
                status, _ = await answer(reader)
                statuses[status] = statuses.get(status, 0) + 1
        finally:
            writer.close()

    began = time.perf_counter()
    async with asyncio.timeout(120), asyncio.TaskGroup() as group:
        for _ in range(CONCURRENT):
            group.create_task(one_connection())
    return len(requests) / (time.perf_counter() - began)


def _books(database: Database) -> dict[str, int]:
    """What came of it, as the owner sees it; pgbench's own holds have no form of ours."""
    mine = "select count(*) from bookings b join intake_forms f on f.id = b.form_id and f.state = 'used'"
    with psycopg.connect(libpq_url(database.addresses.owner_url)) as connection:
        counts = {
            "bookings": mine,
            "gate_decisions": mine + " join gate_decisions g on g.id = b.decision_id and g.allowed",
            "audit_records": mine
            + " join audit_records a on a.subject_id = b.id::text and a.name = 'booking.held'",
        }
        return {name: connection.execute(query.encode()).fetchone()[0] for name, query in counts.items()}
