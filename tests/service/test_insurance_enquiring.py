"""One's own insured account, to look at only (GS11)."""

import httpx2
import pytest

from telehealth.core.clock import FixedClock
from telehealth.core.settings import Settings
from telehealth.core.unit import Units
from telehealth.insurance.enquiring import doors, enquire
from telehealth.insurance.errors import AccountHidden, InsurerDown
from telehealth.insurance.rules import ELSEWHERE
from tests.support.factories.accounts import bearer, cookie
from tests.support.factories.bookings import House, Patient, add_booker, add_house, audited
from tests.support.factories.insurance import insure, priced_cover, say_region
from tests.support.outside import clock_of_the_world, reach
from tests.support.sandbox import Sandbox


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
    return insure(own_sandbox, await add_booker(units, place), balance=12_345, fund_rate_bp=6_000)


async def test_GS11_balance_and_history_come_from_the_insurer_and_nothing_is_kept(
    units: Units, place: House, who: Patient, own_sandbox: Sandbox
) -> None:
    before = await enquire(units, who.actor, "yunan")
    assert (before.balance, before.entries) == (12_345, [])
    await say_region(units, place, who)
    cover = await priced_cover(units, own_sandbox, place, who)
    answer = httpx2.post(f"{own_sandbox.base_url}/nhsa/orders/{cover.pay_order_id}/settlement")
    assert answer.status_code == 204
    after = await enquire(units, who.actor, "yunan")
    [entry] = after.entries
    assert (entry.total, entry.fund, entry.personal, entry.cash) == (5_000, 3_000, 2_000, 0)
    assert after.balance == 10_345 and entry.place
    assert len(await audited(units, "insurance.account_viewed")) == 2


async def test_GS11_it_is_hidden_where_nobody_would_answer(
    units: Units, place: House, who: Patient, own_sandbox: Sandbox
) -> None:
    async with units.of(who.actor) as unit:
        assert [one.code for one in await doors(unit, who.actor)] == ["yunan"]
    await say_region(units, place, who, ELSEWHERE)
    own_sandbox.forget_requests()
    async with units.of(who.actor) as unit:
        assert await doors(unit, who.actor) == []
    with pytest.raises(AccountHidden):
        await enquire(units, who.actor, "yunan")
    assert own_sandbox.requests("nhsa") == []


async def test_GS11_somebody_insured_in_another_region_is_told_so_and_shown_nothing(
    units: Units, place: House, own_sandbox: Sandbox
) -> None:
    who = insure(own_sandbox, await add_booker(units, place), region="130100", balance=5_000)
    with pytest.raises(AccountHidden):
        await enquire(units, who.actor, "yunan")


async def test_GS11_a_silent_insurer_is_said_and_can_be_asked_again(
    units: Units, who: Patient, own_sandbox: Sandbox, client: httpx2.AsyncClient
) -> None:
    mine = await cookie(units, who.actor)
    with own_sandbox.faults(nhsa={"mode": "down"}):
        with pytest.raises(InsurerDown):
            await enquire(units, who.actor, "yunan")
        page = await client.get("/insurance/account", headers=mine)
        assert page.status_code == 503 and "重新查询" in page.text
    page = await client.get("/insurance/account", headers=mine)
    assert page.status_code == 200 and "123.45" in page.text
    assert "医保账户查询" in (await client.get("/family", headers=mine)).text
    said = await client.get(
        "/api/v1/insurance/account", params={"hospital": "yunan"}, headers=await bearer(units, who.actor)
    )
    assert said.json()["balance"] == 12_345


async def test_GS11_who_is_unknown_to_the_insurer_reads_where_to_ask(
    units: Units, place: House, client: httpx2.AsyncClient
) -> None:
    unknown = await add_booker(units, place)
    page = await client.get("/insurance/account", headers=await cookie(units, unknown.actor))
    assert page.status_code == 200 and "请到参保地的医保服务渠道查询" in page.text
    said = await client.get(
        "/api/v1/insurance/account", params={"hospital": "yunan"}, headers=await bearer(units, unknown.actor)
    )
    assert (said.status_code, said.json()["code"]) == (404, "insurance_account_hidden")
