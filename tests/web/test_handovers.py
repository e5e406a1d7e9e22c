"""The mini-program's web-view: signed in by the mini-program, for one page, once, and never a stranger."""

from collections.abc import Mapping
from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import httpx2

from telehealth.accounts.handing_over import LASTS
from telehealth.core.clock import FixedClock
from telehealth.core.unit import Units
from tests.support.factories.accounts import add_patient, bearer, cookie, patient
from tests.support.factories.tills import MINI_PROGRAM, WECHAT

Client = httpx2.AsyncClient
SECOND = timedelta(seconds=1)


async def asked(client: Client, headers: Mapping[str, str], target: str = "/me") -> str:
    """The address the mini-program gives its web-view, without the host."""
    answer = await client.post("/api/v1/me/handovers", json={"target": target}, headers=headers)
    assert answer.status_code == 201
    url = urlsplit(answer.json()["url"])
    return f"{url.path}?{url.query}"


async def test_XY15_the_web_view_is_signed_in_as_the_mini_program_and_shows_the_page_that_was_meant(
    client: Client, units: Units
) -> None:
    app = await bearer(units, patient(await add_patient(units)), "mini_program")
    address = await asked(client, app, "/h/yunan?campus=east")
    arrived = await client.get(address, headers=MINI_PROGRAM)
    assert (arrived.status_code, arrived.headers["location"]) == (303, "/h/yunan?campus=east")
    page = await client.get("/me", headers=MINI_PROGRAM)
    assert page.status_code == 200 and 'data-host="wxmp"' in page.text
    # One device, not two: the web-view is a part of the mini-program.
    rows = (await client.get("/api/v1/me/sessions", headers=app)).json()
    assert [(row["channel"], row["current"]) for row in rows] == [("mini_program", True)]
    assert "本机" in page.text and "/end" not in page.text


async def test_an_address_works_once_and_leads_to_the_sign_in_after_that(
    client: Client, units: Units
) -> None:
    app = await bearer(units, patient(await add_patient(units)), "mini_program")
    address = await asked(client, app, "/bookings")
    await client.get(address, headers=MINI_PROGRAM)
    reloaded = await client.get(address, headers=MINI_PROGRAM)
    assert reloaded.headers["location"] == "/bookings"
    client.cookies.clear()
    again = await client.get(address, headers=MINI_PROGRAM)
    assert again.headers["location"] == "/sign-in?next=%2Fbookings"
    assert "th_session" not in again.headers.get("set-cookie", "")


async def test_an_address_works_for_a_minute(client: Client, units: Units, clock: FixedClock) -> None:
    app = await bearer(units, patient(await add_patient(units)), "mini_program")
    early, late = await asked(client, app), await asked(client, app)
    clock.advance(LASTS - SECOND)
    assert "th_session" in (await client.get(early, headers=MINI_PROGRAM)).headers["set-cookie"]
    client.cookies.clear()
    clock.advance(SECOND)
    assert "th_session" not in (await client.get(late, headers=MINI_PROGRAM)).headers["set-cookie"]


async def test_a_link_sent_to_somebody_else_signs_nobody_in(client: Client, units: Units) -> None:
    app = await bearer(units, patient(await add_patient(units)), "mini_program")
    address = await asked(client, app)
    for elsewhere in (WECHAT, {"user-agent": "Mozilla/5.0"}):
        answer = await client.get(address, headers=elsewhere)
        assert answer.headers["location"] == "/me" and "set-cookie" not in answer.headers


async def test_only_a_mini_program_has_a_web_view(client: Client, units: Units) -> None:
    account = patient(await add_patient(units))
    for headers in (await bearer(units, account, "app"), await cookie(units, account)):
        answer = await client.post("/api/v1/me/handovers", json={"target": "/me"}, headers=headers)
        assert (answer.status_code, answer.json()["code"]) == (409, "handover_not_offered")


async def test_an_address_leads_to_our_own_pages_only(client: Client, units: Units) -> None:
    app = await bearer(units, patient(await add_patient(units)), "mini_program")
    address = await asked(client, app, "//elsewhere.example/me")
    assert parse_qs(urlsplit(address).query)["next"] == ["/"]
    assert (await client.get(address, headers=MINI_PROGRAM)).headers["location"] == "/"


async def test_the_web_view_ends_with_the_mini_program_and_the_mini_program_with_the_web_view(
    client: Client, units: Units
) -> None:
    account = patient(await add_patient(units))
    first = await bearer(units, account, "mini_program")
    await client.get(await asked(client, first), headers=MINI_PROGRAM)
    assert (await client.delete("/api/v1/sessions/current", headers=first)).status_code == 204
    assert (await client.get("/me", headers=MINI_PROGRAM)).headers["location"].startswith("/sign-in")

    second = await bearer(units, account, "mini_program")
    await client.get(await asked(client, second), headers=MINI_PROGRAM)
    await client.post("/sign-out", headers=MINI_PROGRAM)
    assert (await client.get("/api/v1/me", headers=second)).status_code == 401


async def test_leaving_every_other_device_keeps_the_mini_program_one_is_in(
    client: Client, units: Units
) -> None:
    account = patient(await add_patient(units))
    app, phone = await bearer(units, account, "mini_program"), await bearer(units, account)
    await client.get(await asked(client, app), headers=MINI_PROGRAM)
    ended = await client.post("/me/sessions/others/end", headers=MINI_PROGRAM)
    assert ended.headers["location"] == "/me"
    assert (await client.get("/me", headers=MINI_PROGRAM)).status_code == 200
    client.cookies.clear()
    assert (await client.get("/api/v1/me", headers=app)).status_code == 200
    assert (await client.get("/api/v1/me", headers=phone)).status_code == 401
