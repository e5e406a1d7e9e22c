"""Signing in inside WeChat: the phone stays the account, the openid becomes known on the way (XY15)."""

from collections.abc import AsyncIterator
from urllib.parse import parse_qs, urlsplit

import httpx2
import pytest

import app
from telehealth.accounts import openid_of
from telehealth.core.access import Actor
from telehealth.core.clock import FixedClock
from telehealth.core.settings import Settings
from telehealth.core.unit import Units
from telehealth.web.application import build
from telehealth.web.house import House
from tests.support.factories.accounts import add_patient, bearer
from tests.support.factories.accounts import patient as signed_in
from tests.support.outside import reach
from tests.support.sandbox import Sandbox

ENTER = "/wechat/enter?hospital=yunan&next=/bookings"


@pytest.fixture
async def house(settings: Settings, clock: FixedClock, sandbox: Sandbox) -> AsyncIterator[House]:
    built = app.build_house(reach(settings, sandbox), clock=clock)
    yield built
    await built.close()


@pytest.fixture
async def client(house: House) -> AsyncIterator[httpx2.AsyncClient]:
    transport = httpx2.ASGITransport(app=build(house), raise_app_exceptions=False)
    async with httpx2.AsyncClient(transport=transport, base_url="http://testserver") as http:
        yield http


@pytest.fixture
async def patient(units: Units) -> Actor:
    return signed_in(await add_patient(units))


async def round_trip(
    client: httpx2.AsyncClient, sandbox: Sandbox, person: int, **headers: str
) -> httpx2.Response:
    """To WeChat and back with the code it would have given."""
    sent = await client.get(ENTER, headers=headers)
    asked = parse_qs(urlsplit(sent.headers["location"]).query)
    assert asked["scope"] == ["snsapi_base"] and asked["redirect_uri"] == ["http://testserver/wechat/back"]
    code = sandbox.oauth_code(person)["code"]
    return await client.get(f"/wechat/back?code={code}&state={asked['state'][0]}", headers=headers)


async def test_XY15_a_signed_in_patient_is_linked_and_next_time_signed_in_by_WeChat_alone(
    client: httpx2.AsyncClient, units: Units, house: House, sandbox: Sandbox, patient: Actor
) -> None:
    back = await round_trip(client, sandbox, 1, **await bearer(units, patient))
    assert back.headers["location"] == "/bookings"
    appid = house.settings.wechat["yunan"].appid
    async with units.system("test") as unit:
        assert await openid_of(unit, patient.account, appid)
    client.cookies.clear()
    again = await round_trip(client, sandbox, 1)
    assert again.headers["location"] == "/bookings"
    assert (await client.get("/me")).status_code == 200


async def test_XY16_an_unknown_WeChat_gives_a_phone_first_and_comes_back(
    client: httpx2.AsyncClient, sandbox: Sandbox
) -> None:
    back = await round_trip(client, sandbox, 5)
    assert back.headers["location"].startswith("/sign-in?next=%2Fwechat%2Fenter")


async def test_one_WeChat_is_never_two_accounts(
    client: httpx2.AsyncClient, units: Units, house: House, sandbox: Sandbox, patient: Actor
) -> None:
    await round_trip(client, sandbox, 2, **await bearer(units, patient))
    client.cookies.clear()
    other = signed_in(await add_patient(units, "13800004321"))
    await round_trip(client, sandbox, 2, **await bearer(units, other))
    async with units.system("test") as unit:
        assert await openid_of(unit, other.account, house.settings.wechat["yunan"].appid) is None


async def test_coming_back_without_having_been_sent_proves_nothing(
    client: httpx2.AsyncClient, sandbox: Sandbox
) -> None:
    code = sandbox.oauth_code(3)["code"]
    assert (await client.get(f"/wechat/back?code={code}&state=guessed")).status_code in (303, 401)
    await client.get(ENTER)
    forged = await client.get(f"/wechat/back?code={code}&state=guessed")
    assert "th_session" not in forged.headers.get("set-cookie", "")
    assert forged.headers.get("location", "").startswith("/sign-in")


async def test_a_mini_program_signs_in_who_linked_it(
    client: httpx2.AsyncClient, units: Units, sandbox: Sandbox, patient: Actor
) -> None:
    said = await client.post(
        "/api/v1/wechat-sessions", json={"hospital": "yunan", "code": sandbox.js_code(4)["code"]}
    )
    assert (said.status_code, said.json()["code"]) == (409, "wechat_unlinked")
    linked = await client.put(
        "/api/v1/me/wechat",
        json={"hospital": "yunan", "code": sandbox.js_code(4)["code"]},
        headers=await bearer(units, patient),
    )
    assert linked.status_code == 204
    opened = await client.post(
        "/api/v1/wechat-sessions", json={"hospital": "yunan", "code": sandbox.js_code(4)["code"]}
    )
    assert opened.status_code == 201 and opened.json()["access_token"]
