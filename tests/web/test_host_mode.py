"""Pages inside the mini-program's web-view: its own bar, its own till, links that carry what was meant."""

from collections.abc import AsyncIterator
from dataclasses import replace
from urllib.parse import quote
from uuid import UUID

import httpx2
import pytest
from starlette.requests import HTTPConnection

from telehealth.core.unit import Units
from telehealth.directory.models import Hospital
from telehealth.directory.sharing import scene_of
from telehealth.web.application import build
from telehealth.web.house import House
from telehealth.web.preferences import door_of
from tests.support.factories.accounts import add_patient, cookie, patient
from tests.support.factories.directory import add_sample_hospital
from tests.support.factories.tills import MINI_PROGRAM, WECHAT
from tests.support.phones import Phone

Client = httpx2.AsyncClient


@pytest.fixture
async def hospital(units: Units) -> Hospital:
    return await add_sample_hospital(units)


async def one_of(client: Client, hospital: Hospital, many: str) -> UUID:
    rows = (await client.get(f"/api/v1/hospitals/{hospital.code}/{many}")).json()
    return UUID(rows[0]["id"])


async def test_a_page_in_the_web_view_leaves_bar_and_way_back_to_the_mini_program(
    client: Client, units: Units
) -> None:
    headers = await cookie(units, patient(await add_patient(units)))
    outside = (await client.get("/me", headers=headers | WECHAT)).text
    inside = (await client.get("/me", headers=headers | MINI_PROGRAM)).text
    assert '<header class="nav' in outside and 'data-host="wxmp"' not in outside
    assert '<header class="nav"' not in inside and 'data-host="wxmp"' in inside
    assert '<h1 class="vh">我的</h1>' in inside


async def test_what_the_bar_would_hold_stays_within_reach(client: Client, hospital: Hospital) -> None:
    page = (await client.get("/", headers=MINI_PROGRAM)).text
    assert page.count('href="/sign-in"') >= 1


async def test_XY15_a_scanned_code_leads_to_that_doctor_and_survives_the_sign_in(
    client: Client, hospital: Hospital, phone: Phone
) -> None:
    doctor = await one_of(client, hospital, "doctors")
    meant = f"/h/{hospital.code}/book?kind=internet&doctor={doctor}"
    scanned = await client.get(f"/go/{scene_of(doctor)}", headers=MINI_PROGRAM)
    assert scanned.headers["location"] == meant and len(scene_of(doctor)) == 32
    asked = await client.get(meant, headers=MINI_PROGRAM)
    assert asked.headers["location"] == f"/sign-in?next={quote(meant)}"
    await client.post("/sign-in/code", data={"phone": phone.number, "next": meant}, headers=MINI_PROGRAM)
    entered = {"phone": phone.number, "code": phone.code, "next": meant}
    signed_in = await client.post("/sign-in", data=entered, headers=MINI_PROGRAM)
    assert signed_in.headers["location"] == meant
    me = (await client.get("/api/v1/me")).json()
    assert me["channel"] == "mini_program"


async def test_a_code_may_be_about_a_campus_or_a_department(client: Client, hospital: Hospital) -> None:
    for name, many in (("campus", "campuses"), ("department", "departments")):
        thing = await one_of(client, hospital, many)
        answer = await client.get(f"/go/{scene_of(thing)}")
        assert answer.headers["location"] == f"/h/{hospital.code}/book?kind=internet&{name}={thing}"
        drawn = await client.get(f"/go/{scene_of(thing)}/code.svg")
        assert drawn.headers["content-type"] == "image/svg+xml" and b"<svg" in drawn.content


@pytest.mark.parametrize(
    "scene", ["nobody", "00000000000000000000000000000000", "01a203fe8dea70c1aa48cf82c1968003"]
)
async def test_a_code_of_nothing_says_so(client: Client, hospital: Hospital, scene: str) -> None:
    answer = await client.get(f"/go/{scene}")
    assert answer.status_code == 404 and "二维码" in answer.text


@pytest.mark.parametrize(
    ("channel", "headers", "door"),
    [
        ("browser", {}, "browser"),
        ("browser", MINI_PROGRAM, "mini_program"),
        ("web_view", {}, "mini_program"),
        ("mini_program", {}, "mini_program"),
        ("app", {}, "app"),
        ("app", WECHAT, "app"),
        (None, {}, "browser"),
    ],
)
def test_XY15_each_door_is_told_by_the_session_and_the_web_view(
    channel: str | None, headers: dict[str, str], door: str
) -> None:
    """An app and a mini-program both send a Bearer token; their sessions say which is which."""
    raw = [(name.encode(), value.encode()) for name, value in headers.items()]
    scope = {"type": "http", "headers": raw, "path": "/"} | ({"channel": channel} if channel else {})
    assert door_of(HTTPConnection(scope)) == door


@pytest.fixture
async def proven(house: House) -> AsyncIterator[Client]:
    files = {"WxProof123.txt": "0123456789abcdef"}
    settings = house.settings.model_copy(update={"verification_files": files})
    transport = httpx2.ASGITransport(app=build(replace(house, settings=settings)))
    async with httpx2.AsyncClient(transport=transport, base_url="http://testserver") as http:
        yield http


async def test_the_file_that_proves_the_host_stands_at_the_root_and_no_other_does(proven: Client) -> None:
    found = await proven.get("/WxProof123.txt")
    assert (found.status_code, found.text) == (200, "0123456789abcdef")
    assert found.headers["content-type"].startswith("text/plain")
    for other in ("/WxProof124.txt", "/robots.txt", "/WxProof123.txt.txt", "/a/WxProof123.txt"):
        assert (await proven.get(other)).status_code == 404
