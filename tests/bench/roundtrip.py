"""From the payer's confirmation to *paid* on their phone: callback, query, books, seat, API.

Web and worker are processes of their own, as an installation runs them: the text messages and the
polls of orders that nobody has paid yet go on beside.
"""

import asyncio
import json
import statistics
import time
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit
from uuid import UUID

import psycopg
import uvloop

import app
from telehealth.bookings.holding import Holding, hold_seat
from telehealth.bookings.paying import open_charge
from telehealth.core.ids import new_id
from telehealth.core.provisioning import libpq_url
from telehealth.core.unit import Units
from telehealth.payments.charging import begin
from telehealth.payments.states import Way
from telehealth.rulebook.rules import Channel
from tests.bench import sample
from tests.bench.figures import Figure, Figures
from tests.bench.outside import HOSPITAL, open_sandbox, parties, pid_of
from tests.bench.patients import Errand, add_patients, open_hospital
from tests.bench.processes import cpu_s
from tests.bench.server import Database, durable_database
from tests.bench.service import patient, settings_of
from tests.bench.web import Web, open_web, open_worker
from tests.bench.wire import Line
from tests.support.outside import reach
from tests.support.sandbox import Sandbox
from tests.support.waiting import eventually
from tests.support.wechatpay import wechatpay_settings

A_SECOND = 50
SECONDS = 20
_TO_WARM = 100
_CLINICS = 100
_SIDE_BY_SIDE = 8
#: The phone asks this long after the payment, and after each answer half as long again.
_ASKS_AFTER_S = 0.05
#: Whoever is not shown as paid by then counts as having waited so long.
_GIVES_UP_AFTER_S = 20


@dataclass(frozen=True, slots=True)
class _Due:
    """One who is about to pay."""

    charge_id: UUID
    out_trade_no: str
    token: str


@dataclass(frozen=True, slots=True)
class _Round:
    waits_ms: list[float]
    asked: int
    took_s: float
    #: By process.
    cpu_s: dict[str, float]


def measure() -> Figures:
    with (
        durable_database() as database,
        open_sandbox(database) as sandbox,
        open_web(database, parties(sandbox)) as web,
        open_worker(database, web, parties(sandbox)) as worker,
        asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner,
    ):
        dues = runner.run(_prepare(database, sandbox, web))
        eventually(lambda: not _jobs(database), timeout_s=120)
        runner.run(_pay(sandbox, web, worker, dues[:_TO_WARM]))
        measured = runner.run(_pay(sandbox, web, worker, dues[_TO_WARM:]))
        eventually(lambda: not _jobs(database), timeout_s=120)
        yield _figure(measured, _books(database))


async def _prepare(database: Database, sandbox: Sandbox, web: Web) -> list[_Due]:
    settings = reach(settings_of(database), sandbox)
    merchant = wechatpay_settings(sandbox, HOSPITAL, notify_url=f"http://127.0.0.1:{web.port}")
    house = app.build_house(settings.model_copy(update={"wechatpay": {HOSPITAL: merchant}}))
    units = house.units
    gate = asyncio.Semaphore(_SIDE_BY_SIDE)

    async def one(number: int, errand: Errand) -> _Due:
        async with gate:
            return await _begin(units, errand, sample.slot_id(_slot_of(number)))

    try:
        place = await open_hospital(units, doctors=_CLINICS)
        await sample.add_slots(units, place, slots=_CLINICS * sample.SLOTS_A_CLINIC)
        errands = await add_patients(units, place, count=_TO_WARM + A_SECOND * SECONDS)
        return await asyncio.gather(*(one(number, errand) for number, errand in enumerate(errands)))
    finally:
        await house.close()


def _slot_of(number: int) -> int:
    """The next patient is in another clinic: one by one only those of one clinic wait for each other."""
    turn, clinic = divmod(number, _CLINICS)
    return clinic * sample.SLOTS_A_CLINIC + turn % sample.SLOTS_A_CLINIC


async def _begin(units: Units, errand: Errand, slot_id: UUID) -> _Due:
    """A held seat, its charge, and an order the provider waits for."""
    actor = patient(errand.account_id)
    async with units.account(errand.account_id, actor) as unit:
        booking = await hold_seat(
            unit,
            Holding(
                person_id=errand.person_id,
                slot_id=slot_id,
                channel=Channel.ONLINE,
                door="app",
                until=unit.now + sample.LONG_ENOUGH,
                account_id=errand.account_id,
                decision_id=new_id(),
                form_id=errand.form_id,
            ),
        )
    async with units.account(errand.account_id, actor) as unit:
        charge = await open_charge(unit, booking.id)
    begun = await begin(units, actor, charge.id, Way.NATIVE)
    return _Due(charge.id, begun.order.out_trade_no, errand.token)


async def _pay(sandbox: Sandbox, web: Web, worker: int, dues: Sequence[_Due]) -> _Round:
    """`A_SECOND` payments begin each second, whatever became of those before."""
    till, phone = Line(urlsplit(sandbox.base_url).port or 0), Line(web.port)
    processes = {"web": web.pid, "worker": worker, "sandbox": pid_of(sandbox)}
    asked: list[int] = []

    async def one(number: int, due: _Due) -> float:
        await asyncio.sleep(max(0.0, began + number / A_SECOND - time.perf_counter()))
        confirmed = time.perf_counter()
        status, _ = await till.ask(_payment(due))
        assert status == 200, status
        asked.append(await _until_paid(phone, due))
        return 1000 * (time.perf_counter() - confirmed)

    before = {name: cpu_s(pid) for name, pid in processes.items()}
    began = time.perf_counter()
    try:
        waits_ms = await asyncio.gather(*(one(number, due) for number, due in enumerate(dues)))
    finally:
        till.close()
        phone.close()
    took_s = time.perf_counter() - began
    spent_s = {name: cpu_s(pid) - before[name] for name, pid in processes.items()}
    return _Round(waits_ms, sum(asked), took_s, spent_s)


async def _until_paid(phone: Line, due: _Due) -> int:
    """Ask as a phone would; how often it had to."""
    asked, waits_s = 0, _ASKS_AFTER_S
    end = time.perf_counter() + _GIVES_UP_AFTER_S
    while time.perf_counter() < end:
        await asyncio.sleep(waits_s)
        asked, waits_s = asked + 1, 1.5 * waits_s
        status, body = await phone.ask(_question(due))
        if status == 200 and json.loads(body)["state"] == "settled":
            break
    return asked


def _payment(due: _Due) -> bytes:
    body = json.dumps({"out_trade_no": due.out_trade_no}).encode()
    head = (
        "POST /wechatpay/till/pay HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-type: application/json\r\n"
        f"content-length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


def _question(due: _Due) -> bytes:
    return (
        f"GET /api/v1/charges/{due.charge_id} HTTP/1.1\r\nhost: 127.0.0.1\r\n"
        f"authorization: Bearer {due.token}\r\n\r\n"
    ).encode()


def _figure(measured: _Round, books: dict[str, int]) -> Figure:
    waits_ms = measured.waits_ms
    wanted = _TO_WARM + A_SECOND * SECONDS
    agreed = all(count == wanted for count in books.values())
    parts = [waits_ms[at : at + 5 * A_SECOND] for at in range(0, len(waits_ms), 5 * A_SECOND)]
    return Figure(
        "pay_roundtrip_http",
        _percentile(waits_ms, 99) if agreed else None,
        "ms (p99)",
        "<= 250",
        {
            "p50": _percentile(waits_ms, 50),
            "p90": _percentile(waits_ms, 90),
            "most": round(max(waits_ms)),
            "given_up": sum(wait >= 1000 * _GIVES_UP_AFTER_S for wait in waits_ms),
            "p99_of_each_5_s": [_percentile(part, 99) for part in parts],
            "payments_per_s": round(len(waits_ms) / measured.took_s, 1),
            "questions_per_payment": round(measured.asked / len(waits_ms), 2),
            "cores": {name: round(spent / measured.took_s, 2) for name, spent in measured.cpu_s.items()},
            "web_cpu_ms_per_payment": round(1000 * measured.cpu_s["web"] / len(waits_ms), 2),
            **books,
        },
    )


def _percentile(waits_ms: Sequence[float], percent: int) -> int:
    return round(statistics.quantiles(waits_ms, n=100, method="inclusive")[percent - 1])


def _jobs(database: Database) -> int:
    return _count(database, "select count(*) from procrastinate_jobs where status in ('todo', 'doing')")


def _books(database: Database) -> dict[str, int]:
    """What came of it: each payment posted, its seat kept, its callback believed."""
    return {
        "bookings_paid": _count(database, "select count(*) from bookings where state = 'paid'"),
        "payments_posted": _count(database, "select count(*) from ledger_entries where cause like '%:paid'"),
        "callbacks_accepted": _count(
            database, "select count(*) from provider_notices where verdict in ('accepted', 'repeated')"
        ),
    }


def _count(database: Database, query: str) -> int:
    with psycopg.connect(libpq_url(database.addresses.owner_url)) as connection:
        row = connection.execute(query.encode()).fetchone()
    assert row is not None
    return int(row[0])
