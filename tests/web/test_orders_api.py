"""Orders through the JSON API: the list, its filters, and what was promised with each (XY26, GD05)."""

import httpx2
import pytest

from telehealth.core.unit import Units
from tests.support.factories.accounts import bearer
from tests.support.factories.dispatch import Dispensary, add_order
from tests.support.factories.prescriptions import add_payable, open_shop

Client = httpx2.AsyncClient
Headers = dict[str, str]
API = "/api/v1/orders"


@pytest.fixture
async def shop(units: Units) -> Dispensary:
    return await open_shop(units)


@pytest.fixture
async def mine(units: Units, shop: Dispensary) -> Headers:
    return await bearer(units, shop.visit.who.actor)


async def test_XY26_one_list_page_by_page_with_every_filter(
    client: Client, units: Units, shop: Dispensary, mine: Headers
) -> None:
    payable, moving = await add_payable(units, shop), await add_order(units, shop)
    everything = (await client.get(API, headers=mine)).json()
    assert {(each["kind"], each["id"]) for each in everything["items"]} == {
        ("prescriptions", str(payable.id)), ("prescriptions", str(moving.id)),
        ("bookings", str(shop.visit.room)),
    }  # fmt: skip
    found: list[str] = []
    after = ""
    for _ in range(4):
        page = (await client.get(f"{API}?limit=1&after={after}", headers=mine)).json()
        found += [each["id"] for each in page["items"]]
        after = page["next"]
        if not after:
            break
    assert found == [each["id"] for each in everything["items"]]
    todo = (await client.get(f"{API}?group=todo", headers=mine)).json()["items"]
    assert [each["id"] for each in todo] == [str(payable.id)] and todo[0]["due_at"]
    stranger = "00000000-0000-4000-8000-000000000001"
    assert (await client.get(f"{API}?person={stranger}", headers=mine)).json()["items"] == []


async def test_XY19_an_app_is_told_its_own_name_of_the_list(client: Client, mine: Headers) -> None:
    assert (await client.get(API, headers=mine)).json()["label"] == {
        "zh": "问诊列表", "en": "Consultations",
    }  # fmt: skip


async def test_XY19_a_mini_program_is_told_another(client: Client, units: Units, shop: Dispensary) -> None:
    headers = await bearer(units, shop.visit.patient, "mini_program")
    assert (await client.get(API, headers=headers)).json()["label"]["zh"] == "订单中心"


async def test_GD05_each_promise_says_who_when_and_what_otherwise(
    client: Client, units: Units, shop: Dispensary, mine: Headers
) -> None:
    moving = await add_order(units, shop)
    order = (await client.get(f"{API}/prescriptions/{moving.id}", headers=mine)).json()
    pack = next(made for made in order["promises"] if made["code"] == "pack")
    assert (pack["owner"], pack["standing"]) == ("pharmacy", "running")
    assert pack["due_at"] and pack["otherwise"]["en"].startswith("If it is not ready")
    visit = (await client.get(f"{API}/bookings/{shop.visit.room}", headers=mine)).json()
    attend = next(made for made in visit["promises"] if made["code"] == "attend")
    assert attend["owner_name"] == {"zh": "医生", "en": "Doctor"}
    assert f"/rooms/{shop.visit.room}" in [link["href"] for link in visit["links"]]


@pytest.mark.parametrize("query", ["after=nonsense", "group=nonsense", "person=7", "limit=0", "limit=101"])
async def test_a_query_that_makes_no_sense_is_said_to_be_one(
    client: Client, mine: Headers, query: str
) -> None:
    assert (await client.get(f"{API}?{query}", headers=mine)).status_code == 422


async def test_a_kind_nobody_offers_is_not_found(client: Client, shop: Dispensary, mine: Headers) -> None:
    answer = await client.get(f"{API}/nothing/{shop.visit.room}", headers=mine)
    assert (answer.status_code, answer.json()["code"]) == (404, "order_not_found")
