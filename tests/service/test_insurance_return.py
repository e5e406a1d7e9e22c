"""The way back from the insurer's page: whose it is, what it says, and that it may be loaded twice (BJ06)."""

import json
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit
from uuid import UUID

import httpx2
import pytest

from telehealth.core.clock import FixedClock
from telehealth.core.settings import Settings
from telehealth.core.unit import Units
from telehealth.insurance import CoverState, Giveup
from telehealth.insurance.covering import settled
from telehealth.insurance.pages import PRICED
from telehealth.insurance.rules import GIVEUPS
from tests.support.factories.accounts import cookie
from tests.support.factories.bookings import House, Patient, add_booker, add_house
from tests.support.factories.insurance import (
    ask_cover,
    calls,
    insure,
    reread_cover,
    say_region,
    token_of,
)
from tests.support.outside import clock_of_the_world, reach
from tests.support.sandbox import Sandbox

HERE = "/insurance/return"


@pytest.fixture
def clock() -> FixedClock:
    return clock_of_the_world()


@pytest.fixture
def settings(settings: Settings, own_sandbox: Sandbox) -> Settings:
    return reach(settings, own_sandbox)


@pytest.fixture
async def place(units: Units) -> House:
    return await add_house(units)


@pytest.fixture
async def who(units: Units, place: House, own_sandbox: Sandbox) -> Patient:
    who = insure(own_sandbox, await add_booker(units, place))
    await say_region(units, place, who)
    return who


async def come_back(
    client: httpx2.AsyncClient, headers: dict[str, str], **params: str
) -> tuple[int, str, dict[str, Any]]:
    answer = await client.get(HERE, params=params, headers=headers)
    flash = answer.cookies.get("th_flash")
    said = json.loads(unquote(flash.strip('"'))) if flash else {}
    client.cookies.clear()
    return answer.status_code, answer.headers.get("location", ""), said


async def test_BJ06_whoever_agreed_comes_back_to_pay_by_the_split(
    client: httpx2.AsyncClient, units: Units, place: House, who: Patient, own_sandbox: Sandbox
) -> None:
    asked = await ask_cover(units, place, who)
    cover = await reread_cover(units, asked.cover_id)
    # As the browser goes: the insurer's own page sends it back.
    agreed = httpx2.post(
        asked.url, data={"certno": who.person.document_number, "outcome": "allow"}, follow_redirects=False
    )
    back = {name: values[0] for name, values in parse_qs(urlsplit(agreed.headers["location"]).query).items()}
    signed_in = await cookie(units, who.actor)

    status, target, said = await come_back(client, signed_in, **back)
    assert (status, target) == (303, f"/pay/{cover.charge_id}")
    assert said == {"kind": "ok", "text": PRICED}
    assert (await reread_cover(units, cover.id)).state is CoverState.PRICED

    own_sandbox.forget_requests()
    assert (await come_back(client, signed_in, **back))[1:] == (target, said)
    assert calls(own_sandbox) == 0
    async with units.system("test") as unit:
        await settled(unit, cover.id)
    assert (await come_back(client, signed_in, **back))[1:] == (target, {})


async def test_BJ06_whoever_refused_comes_back_to_pay_oneself(
    client: httpx2.AsyncClient, units: Units, place: House, who: Patient
) -> None:
    asked = await ask_cover(units, place, who)
    refused = httpx2.post(asked.url, data={"outcome": "refuse"}, follow_redirects=False)
    back = {name: values[0] for name, values in parse_qs(urlsplit(refused.headers["location"]).query).items()}
    status, target, said = await come_back(client, await cookie(units, who.actor), **back)
    kept = await reread_cover(units, asked.cover_id)
    assert (status, target) == (303, f"/pay/{kept.charge_id}")
    assert said == {"kind": "warn", "text": GIVEUPS[Giveup.PATIENT]}
    assert (kept.state, kept.reason) == (CoverState.REFUSED, Giveup.PATIENT)


@pytest.mark.parametrize(("error", "reason"), [("not_insured", Giveup.UNINSURED), ("?", Giveup.PATIENT)])
async def test_BJ06_what_the_insurers_page_says_is_said_on(
    client: httpx2.AsyncClient, units: Units, place: House, who: Patient, error: str, reason: Giveup
) -> None:
    asked = await ask_cover(units, place, who)
    _, _, said = await come_back(client, await cookie(units, who.actor), state=token_of(asked), error=error)
    assert said["text"] == GIVEUPS[reason]


async def test_BJ06_a_number_that_was_used_says_so_and_self_pay_stays(
    client: httpx2.AsyncClient, units: Units, place: House, who: Patient, own_sandbox: Sandbox
) -> None:
    signed_in = await cookie(units, who.actor)
    number = own_sandbox.authorise_insurance(who.person.document_number)
    first, second = await ask_cover(units, place, who), await ask_cover(units, place, who)
    await come_back(client, signed_in, state=token_of(first), payAuthNo=number)
    status, target, said = await come_back(client, signed_in, state=token_of(second), payAuthNo=number)
    kept = await reread_cover(units, second.cover_id)
    assert (status, target) == (303, f"/pay/{kept.charge_id}")
    assert said == {"kind": "warn", "text": GIVEUPS[Giveup.EXPIRED]}


async def test_an_insurer_that_is_silent_is_said_and_loading_the_page_again_goes_on(
    client: httpx2.AsyncClient, units: Units, place: House, who: Patient, own_sandbox: Sandbox
) -> None:
    asked = await ask_cover(units, place, who)
    signed_in = await cookie(units, who.actor)
    number = own_sandbox.authorise_insurance(who.person.document_number)
    with own_sandbox.faults(nhsa={"mode": "down"}):
        _, _, said = await come_back(client, signed_in, state=token_of(asked), payAuthNo=number)
    assert said["kind"] == "warn" and "暂时没有应答" in said["text"]
    _, _, said = await come_back(client, signed_in, state=token_of(asked), payAuthNo=number)
    assert said["text"] == PRICED


async def test_BJ06_only_the_payer_comes_back(
    client: httpx2.AsyncClient, units: Units, place: House, who: Patient
) -> None:
    asked = await ask_cover(units, place, who)
    back = {"state": token_of(asked), "payAuthNo": "number"}
    status, target, _ = await come_back(client, {}, **back)
    assert (status, target.partition("%3F")[0]) == (303, "/sign-in?next=/insurance/return")
    other = await add_booker(units, place, "13800001237", name="样例丁")
    assert (await come_back(client, await cookie(units, other.actor), **back))[0] == 404
    assert (await come_back(client, await cookie(units, who.actor), state="guess"))[0] == 404
    kept = await reread_cover(units, UUID(str(asked.cover_id)))
    assert kept.state is CoverState.ASKED


@pytest.mark.parametrize("more", [{}, {"payAuthNo": "number"}, {"error": "expired"}])
async def test_BJ06_an_address_no_insurer_made_leads_nowhere(
    client: httpx2.AsyncClient, units: Units, place: House, who: Patient, more: dict[str, str]
) -> None:
    assert (await come_back(client, await cookie(units, who.actor), state="\x00", **more))[0] == 404
