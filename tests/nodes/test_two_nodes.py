"""Patient and doctor on two web processes of one database: they write and call across, and one may die."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from datetime import time
from pathlib import Path

import httpx2
import pytest

import app
from signaling.client import Page
from telehealth.consultations.gate import issue_ticket
from telehealth.core.access import Actor
from telehealth.core.clock import FixedClock, SystemClock, at_local, hospital_day
from telehealth.core.provisioning import Addresses
from telehealth.core.settings import Profile, Settings
from telehealth.web.house import House
from telehealth.web.sessions import Opened, open_session
from tests.support.factories.rooms import Visit, add_room, messages
from tests.support.nodes import PUBLIC_URL, Node, open_nodes
from tests.support.redis import redis_server

pytestmark = pytest.mark.anyio

TEN = time(10)


@pytest.fixture
def settings(database: Addresses, tmp_path: Path) -> Settings:
    return Settings(
        profile=Profile.TEST,
        home=tmp_path,
        database_url=database.app_url,
        public_url=PUBLIC_URL,
        worker_in_web=False,
    )


@pytest.fixture
def clock() -> FixedClock:
    """Today at ten for what was booked; the nodes go by the machine's clock."""
    now = SystemClock().wall()
    fixed = FixedClock(now)
    fixed.move_business_to(at_local(hospital_day(now), TEN))
    return fixed


@pytest.fixture
async def visit(house: House) -> Visit:
    return await add_room(house.units, admitted=True, consented=True)


@pytest.fixture
async def office(settings: Settings) -> AsyncIterator[House]:
    """Signs people in and hands out tickets, by the machine's clock."""
    built = app.build_house(settings)
    yield built
    await built.close()


@pytest.fixture(params=["notify", "redis"])
def nodes(
    request: pytest.FixtureRequest, visit: Visit, tmp_path: Path, database: Addresses
) -> Iterator[tuple[Node, Node]]:
    if request.param == "notify":
        with open_nodes(tmp_path, database) as both:
            yield both
    else:
        with redis_server() as redis, open_nodes(tmp_path, database, bus_url=redis.url) as both:
            yield both


async def sign_in(office: House, actor: Actor) -> Opened:
    async with office.units.system("test") as unit:
        return await open_session(unit, actor, channel="app")


async def page_of(
    office: House, actor: Actor, visit: Visit, *nodes: Node, opened: Opened | None = None
) -> Page:
    opened = opened or await sign_in(office, actor)

    async def ticket(_: str) -> str:
        return (await issue_ticket(office.units, actor, visit.room)).ticket

    headers = {"Authorization": f"Bearer {opened.token}"}
    return Page([node.url for node in nodes], visit.room, ticket, headers=headers)


async def test_what_is_said_and_signalled_on_one_node_arrives_on_the_other(
    office: House, visit: Visit, nodes: tuple[Node, Node]
) -> None:
    one, other = nodes
    async with (
        await page_of(office, visit.patient, visit, one) as patient,
        await page_of(office, visit.doctor, visit, other) as doctor,
    ):
        await patient.until(lambda page: page.is_open)
        await doctor.until(lambda page: page.is_open)
        await patient.say("我到了")
        await doctor.until(lambda page: "我到了" in page.texts)
        await doctor.say("请稍等")
        await patient.until(lambda page: "请稍等" in page.texts)

        await doctor.send("call.start", media="video")
        await patient.until(lambda page: page.call)
        assert patient.call is not None
        call = patient.call["id"]
        await patient.send("call.accept", call=call, media="video")
        await doctor.until(lambda page: page.call and page.call["state"] == "active")
        await doctor.send("signal", call=call, to=str(patient.page), body={"replace": 1})
        await patient.until(lambda page: page.signals)
        await patient.send("signal", call=call, to=str(doctor.page), body={"bye": True})
        await doctor.until(lambda page: page.signals)
        assert patient.signals[0]["from"] == str(doctor.page)


@pytest.mark.alone
async def test_a_node_that_is_killed_takes_no_message_along(
    office: House, house: House, visit: Visit, nodes: tuple[Node, Node]
) -> None:
    one, other = nodes
    async with (
        await page_of(office, visit.patient, visit, one, other) as patient,
        await page_of(office, visit.doctor, visit, other, one) as doctor,
    ):
        await patient.until(lambda page: page.is_open)
        await doctor.until(lambda page: page.is_open)
        for number in range(30):
            await patient.say(f"患者 {number}")
            await doctor.say(f"医生 {number}")
            if number == 10:
                one.kill()
                began = asyncio.get_running_loop().time()
            if number > 10:
                # The rest is said while nobody is there to hear it, and soon after.
                await asyncio.sleep(0.02)
        await patient.until(lambda page: page.welcomes > 1)
        assert asyncio.get_running_loop().time() - began < 5
        await patient.until(lambda page: page.has_said_all)
        await doctor.until(lambda page: page.has_said_all)
        await patient.until(lambda page: len(page.texts) >= 60)
        await doctor.until(lambda page: len(page.texts) >= 60)

    kept = [row.text for row in await messages(house.units, visit) if row.kind == "text"]
    assert patient.texts == doctor.texts == kept
    assert len(kept) == len(set(kept)) == 60


@pytest.mark.alone
async def test_a_node_that_stops_sends_its_pages_to_the_other_at_once(
    office: House, visit: Visit, tmp_path: Path, database: Addresses
) -> None:
    with open_nodes(tmp_path, database) as (one, other):
        await _stop_one(office, visit, one, other)


async def _stop_one(office: House, visit: Visit, one: Node, other: Node) -> None:
    async with (
        await page_of(office, visit.patient, visit, one, other) as patient,
        await page_of(office, visit.doctor, visit, other) as doctor,
    ):
        await patient.until(lambda page: page.is_open)
        await doctor.until(lambda page: page.is_open)
        one.stop()
        await patient.until(lambda page: page.welcomes > 1, within_s=5)
        await doctor.say("还在吗")
        await patient.until(lambda page: "还在吗" in page.texts)


async def test_who_signs_out_leaves_every_node_at_once(
    office: House, visit: Visit, nodes: tuple[Node, Node]
) -> None:
    one, other = nodes
    phone = await sign_in(office, visit.patient)
    async with (
        await page_of(office, visit.patient, visit, one, opened=phone) as here,
        await page_of(office, visit.patient, visit, other, opened=phone) as there,
        await page_of(office, visit.patient, visit, other) as tablet,
        await page_of(office, visit.doctor, visit, one) as doctor,
    ):
        for page in (here, there, tablet, doctor):
            await page.until(lambda page: page.is_open)
        async with httpx2.AsyncClient(headers={"Authorization": f"Bearer {phone.token}"}) as http:
            # By a node: the office is on no bus of theirs.
            assert (await http.delete(f"{one.url}/api/v1/sessions/current")).status_code == 204
        for page in (here, there):
            # Unless it is told, a node looks a minute later.
            await page.until(lambda page: not page.is_open, within_s=15)
        await tablet.say("手机已退出登录")
        await doctor.until(lambda page: "手机已退出登录" in page.texts)
        assert [page.welcomes for page in (here, there, tablet, doctor)] == [1, 1, 1, 1]
