"""The live board of one pharmacy with 50,000 live prescriptions, asked for as an open page does."""

import asyncio
import time
from collections.abc import Iterator
from datetime import timedelta
from itertools import islice
from typing import Any

import httpx2
import psycopg
import sqlalchemy as sa
import uvloop

import app
from prescriptions.models import Line, Prescription
from prescriptions.pharmacy.models import DispatchOrder
from prescriptions.rules import valid_until
from prescriptions.states import DispatchState, Path, RxState, SheetKind
from telehealth.core.clock import FixedClock
from telehealth.core.ids import new_id
from telehealth.core.provisioning import libpq_url
from telehealth.web.application import build
from telehealth.web.house import House
from tests.bench.figures import Figure, Figures
from tests.bench.server import Database, durable_database
from tests.bench.service import settings_of
from tests.conftest import NOON_ENOUGH
from tests.support.factories.accounts import cookie
from tests.support.factories.dispatch import PILL, Dispensary, open_dispensary

LIVE = 50_000
LOOKS = 300
BATCH = 2_500
#: How a day's work lies: most wait or are packed, some are in hands.
STATES = (
    *(DispatchState.WAITING,) * 5,
    DispatchState.CLAIMED,
    DispatchState.PICKED,
    DispatchState.DECOCTING,
    DispatchState.CHECKED,
    *(DispatchState.PACKED,) * 3,
)


def measure() -> Figures:
    with durable_database() as database, asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        house = app.build_house(settings_of(database), clock=FixedClock(NOON_ENOUGH))
        try:
            place = runner.run(_fill(database, house))
            yield runner.run(_looks(house, place))
        finally:
            runner.run(house.close())


async def _fill(database: Database, house: House) -> Dispensary:
    place = await open_dispensary(house.units)
    rows = _sheets(house, place)
    while batch := list(islice(rows, BATCH)):
        async with house.units.system("bench") as unit:
            for kind, column in ((Prescription, 0), (Line, 1), (DispatchOrder, 2)):
                await unit.session.execute(sa.insert(kind), [row[column] for row in batch])
    with psycopg.connect(libpq_url(database.addresses.owner_url), autocommit=True) as owner:
        # The planner must know how large they are, as it does in a hospital that has worked a week.
        owner.execute("vacuum analyze dispatch_orders, prescriptions, prescription_lines")
    return place


def _sheets(house: House, place: Dispensary) -> Iterator[tuple[dict[str, Any], ...]]:
    now, visit = house.units.clock.business(), place.visit
    for number in range(LIVE):
        key, paid_at = new_id(), now - timedelta(seconds=number)
        shared = {"hospital_id": place.hospital_id, "account_id": visit.who.account.id}
        sheet = shared | {
            "id": key, "number": f"RX-BENCH-{number:06d}", "person_id": visit.who.person.id,
            "visit_id": visit.room, "doctor_id": visit.house.doctor.id,
            "department_id": visit.house.department.id, "campus_id": visit.house.campus.id,
            "kind": SheetKind.WESTERN, "state": RxState.SPENT, "body": "{}", "version": 1, "saved_by": "page",
            "saved_at": now, "created_at": now, "total": 1200, "may_travel": True, "needs_cold_chain": False,
            "issue": 1, "signed_at": now, "valid_until": valid_until(now, 3), "verify_code": key.hex,
        }  # fmt: skip
        line = shared | {
            "id": new_id(), "prescription_id": key, "person_id": visit.who.person.id, "position": 1,
            "drug_code": PILL, "dose": 1, "frequency": "QD", "days": 7, "route": "oral", "quantity": 1,
            "role": "", "special": "", "amount": 1200, "copied": False, "confirmed": True,
            "resign_reason": "",
        }  # fmt: skip
        order = shared | {
            "id": key, "number": sheet["number"], "pharmacy_id": place.pharmacy.id,
            "path": Path.COURIER if number % 3 else Path.WINDOW, "state": STATES[number % len(STATES)],
            "needs_decocting": False, "needs_cold_chain": False, "paid_at": paid_at,
            "promised_at": paid_at + timedelta(hours=24), "decoction": {}, "checklist": {}, "alone": False,
            "logger": "",
        }  # fmt: skip
        yield sheet, line, order


async def _looks(house: House, place: Dispensary) -> Figure:
    headers = await cookie(house.units, place.first)
    times: list[float] = []
    transport = httpx2.ASGITransport(app=build(house))
    async with httpx2.AsyncClient(transport=transport, base_url="http://testserver") as client:
        for number in range(LOOKS + 20):
            began = time.perf_counter()
            answer = await client.get("/staff/dispatch", headers=headers)
            took = (time.perf_counter() - began) * 1000
            answer.raise_for_status()
            # The first ones prepare statements and compile templates.
            times += [took] if number >= 20 else []
    times.sort()
    detail = {
        "live": LIVE,
        "p50_ms": round(times[len(times) // 2], 1),
        "page_kb": round(len(answer.content) / 1024),
    }
    return Figure("dispatch_board", round(times[int(len(times) * 0.99)], 1), "ms p99", "<= 100", detail)
