"""Finding a drug among 20,000 as a doctor types it: the open unit, the version that counts, the search."""

import asyncio
import time
from itertools import cycle, islice
from typing import Any
from uuid import UUID

import uvloop

from prescriptions.formulary import published_book
from prescriptions.formulary.book import sample_tables
from prescriptions.formulary.publishing import draft, publish, publish_sample, put_rows
from prescriptions.formulary.rows import MedicineRow
from prescriptions.states import SheetKind
from telehealth.core.access import HOUSE
from telehealth.core.unit import Units
from telehealth.directory.samples import open_sample_hospital
from tests.bench.figures import Figure, Figures
from tests.bench.server import durable_database
from tests.bench.service import units_of

DRUGS = 20_000
SEARCHES = 3_000
#: Letter by letter, as a person types: by initials, name, pinyin and code, one of them not there.
TYPED = ("a", "al", "ald", "aldp", "苯", "苯磺", "苯磺酸", "氨氯", "amlo", "W1", "W19", "W1999", "xzzzq")


def measure() -> Figures:
    with durable_database() as database, asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        units = runner.run(units_of(database))
        try:
            yield runner.run(_searches(units))
        finally:
            runner.run(units.engine.dispose())


async def _searches(units: Units) -> Figure:
    hospital_id = await _filled(units)
    began = time.perf_counter()
    async with units.hospital(hospital_id, HOUSE) as unit:
        await published_book(unit, hospital_id)
    loaded_s = time.perf_counter() - began
    times: list[float] = []
    for typed in islice(cycle(TYPED), SEARCHES):
        began = time.perf_counter()
        async with units.hospital(hospital_id, HOUSE) as unit:
            (await published_book(unit, hospital_id)).find(SheetKind.WESTERN, typed)
        times.append((time.perf_counter() - began) * 1000)
    times.sort()
    detail = {
        "drugs": DRUGS,
        "p50_ms": round(times[len(times) // 2], 2),
        "first_load_s": round(loaded_s, 1),
    }
    return Figure("formulary_search", round(times[int(len(times) * 0.99)], 2), "ms p99", "<= 30", detail)


async def _filled(units: Units) -> UUID:
    async with units.system("bench") as unit:
        place = await open_sample_hospital(unit, "yunan")
        await publish_sample(unit, place.id)
    async with units.system("bench") as unit:
        version = await draft(unit, place.id)
        await put_rows(unit, version, "medicines", tuple(islice(_made(), DRUGS)))
        await publish(unit, version.id)
    return place.id


def _made() -> Any:
    """The sample's medicines over and over, each a strength of its own."""
    rows = sample_tables()["medicines"]["rows"]
    for number, row in enumerate(cycle(rows)):
        made = row | {"id": f"W1{number:05d}", "name_zh": f"{row['name_zh']}{number}号"}
        yield MedicineRow.model_validate(made)
