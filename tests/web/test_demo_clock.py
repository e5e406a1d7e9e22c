"""The demo's business clock: everybody sees that it was moved, and nobody moves it anywhere else."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx2
import pytest

import app
from telehealth.core.clock import SHANGHAI, SystemClock
from telehealth.core.provisioning import Addresses
from telehealth.core.settings import Profile, Settings
from telehealth.demo.moving import open_by_day
from telehealth.directory.samples import open_sample_hospitals
from telehealth.web.application import build
from telehealth.web.house import House
from tests.support.sandbox import Sandbox


@pytest.fixture
async def demo(database: Addresses, own_sandbox: Sandbox, tmp_path: Path) -> AsyncIterator[House]:
    settings = Settings(
        profile=Profile.DEMO,
        home=tmp_path,
        database_url=database.app_url,
        owner_url=database.owner_url,
        public_url="http://testserver",
        worker_in_web=False,
        sandbox_url=own_sandbox.base_url,
    )
    house = app.build_house(settings, clock=SystemClock())
    yield house
    await house.close()


@pytest.fixture
async def browser(demo: House) -> AsyncIterator[httpx2.AsyncClient]:
    transport = httpx2.ASGITransport(app=build(demo), raise_app_exceptions=False)
    async with httpx2.AsyncClient(transport=transport, base_url="http://testserver") as http:
        yield http


def ahead(house: House) -> timedelta:
    return house.units.clock.business() - datetime.now(UTC)


async def test_a_moved_clock_moves_the_sandboxes_too_and_is_said_on_every_page(
    demo: House, browser: httpx2.AsyncClient, own_sandbox: Sandbox
) -> None:
    assert "演示时间" not in (await browser.get("/sign-in")).text
    moved = await browser.post("/demo/clock", data={"to": "day"})
    assert (moved.status_code, moved.headers["location"]) == (303, "/demo")
    assert timedelta(hours=23, minutes=59) < ahead(demo) < timedelta(days=1, seconds=1)
    assert abs(own_sandbox.offset_s() - 86400) < 1
    assert "演示时间" in (await browser.get("/sign-in")).text
    await browser.post("/demo/clock", data={"to": "now"})
    assert abs(ahead(demo)) < timedelta(seconds=1)
    assert abs(own_sandbox.offset_s()) < 1


async def test_sessions_and_codes_keep_wall_time(demo: House, browser: httpx2.AsyncClient) -> None:
    before = demo.units.clock.wall()
    await browser.post("/demo/clock", data={"to": "day"})
    assert demo.units.clock.wall() - before < timedelta(minutes=1)


async def test_no_other_profile_has_such_a_page(client: httpx2.AsyncClient) -> None:
    assert (await client.post("/demo/clock", data={"to": "day"})).status_code == 404


@pytest.mark.parametrize(
    ("opened", "found"), [(22, 12), (18, 8), (0, 8), (7, 15), (8, 8), (17, 17)], ids=lambda hour: f"{hour}h"
)
async def test_whoever_opens_the_demo_at_night_finds_a_hospital_at_work(
    demo: House, own_sandbox: Sandbox, opened: int, found: int
) -> None:
    now = datetime.now(SHANGHAI)
    demo.units.clock.offset = now.replace(hour=opened) - now  # type: ignore[attr-defined]
    before = demo.units.clock.business().astimezone(SHANGHAI)
    await open_by_day(demo)
    moved = timedelta(seconds=own_sandbox.offset_s())
    assert (before + moved).hour == found
    assert (before + moved).minute == before.minute


async def test_a_demo_opened_before_keeps_its_clock(demo: House, own_sandbox: Sandbox) -> None:
    now = datetime.now(SHANGHAI)
    demo.units.clock.offset = now.replace(hour=22) - now  # type: ignore[attr-defined]
    async with demo.units.system("test") as unit:
        await open_sample_hospitals(unit)
    await open_by_day(demo)
    assert own_sandbox.offset_s() == 0
