"""Jobs are rows of the unit that defers them, run at least once, and applied once."""

import asyncio

import pytest
import sqlalchemy as sa

from telehealth.core.jobs import Task, Work
from telehealth.core.unit import Units
from telehealth.web.house import House

pytestmark = pytest.mark.anyio


async def test_a_rolled_back_unit_leaves_neither_row_nor_job(house: House) -> None:
    ran: list[int] = []

    async def handler(work: Work) -> None:
        ran.append(work.job_id)

    task = Task("test.rollback", handler)
    house.jobs.register(task, house.units)
    with pytest.raises(RuntimeError):
        async with house.units.system("test") as unit:
            unit.audit("test.happened", "tests:1")
            await unit.defer(task)
            raise RuntimeError
    await house.jobs.work(until_idle=True)
    assert ran == []
    assert await _count(house.units, "audit_records") == 0


async def test_a_committed_unit_leaves_both(house: House) -> None:
    ran = asyncio.Event()

    async def handler(work: Work, *, word: str) -> None:
        assert word == "hello"
        ran.set()

    task = Task("test.commit", handler)
    house.jobs.register(task, house.units)
    async with house.units.system("test") as unit:
        unit.audit("test.happened", "tests:1")
        await unit.defer(task, word="hello")
    await house.jobs.work(until_idle=True)
    assert ran.is_set()
    assert await _count(house.units, "audit_records") == 1
    assert await _count(house.units, "procrastinate_jobs") == 0


async def _count(units: Units, table: str) -> int:
    async with units.system("test") as unit:
        return int(await unit.session.scalar(sa.text(f"select count(*) from {table}")) or 0)  # noqa: S608
