"""Paying as an app or a mini-program does it: the same steps as the pages, as JSON."""

from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit
from uuid import UUID

import httpx2
import pytest

from telehealth.core.clock import FixedClock
from telehealth.core.settings import Settings
from telehealth.core.unit import Units
from telehealth.insurance.rules import REASONS, NotOffered
from telehealth.payments.models import Charge, Refund
from telehealth.payments.refunding import refund_in_full
from telehealth.payments.settling import close_charge
from telehealth.payments.states import ChargeState, RefundReason
from telehealth.payments.submitting import submit_due
from tests.support.factories.accounts import add_patient, bearer, cookie, patient
from tests.support.factories.bookings import House, Patient, add_booker, add_house
from tests.support.factories.insurance import add_cover, insure, say_region
from tests.support.factories.payments import balances, orders_of, reread
from tests.support.factories.tills import add_bill, be_known_in_wechat, go_to_insurer
from tests.support.outside import clock_of_the_world, reach
from tests.support.sandbox import Sandbox

Client = httpx2.AsyncClient
Headers = dict[str, str]
V1 = "/api/v1"


@pytest.fixture
def clock() -> FixedClock:
    return clock_of_the_world()


@pytest.fixture
def settings(settings: Settings, sandbox: Sandbox) -> Settings:
    sandbox.payment_settings(refund_settles_after_s=0)
    return reach(settings, sandbox)


@pytest.fixture
async def place(units: Units) -> House:
    return await add_house(units)


@pytest.fixture
async def who(units: Units, place: House, sandbox: Sandbox) -> Patient:
    return insure(sandbox, await add_booker(units, place), balance=500)


@pytest.fixture
async def charge(units: Units, place: House, who: Patient) -> Charge:
    return await add_bill(units, place, who)


@pytest.fixture
async def app(units: Units, who: Patient) -> Headers:
    return await bearer(units, who.actor)


async def begin(client: Client, charge: Charge, app: Headers, **body: Any) -> httpx2.Response:
    return await client.post(f"{V1}/charges/{charge.id}/orders", headers=app, json={"way": "native"} | body)


async def paid(client: Client, sandbox: Sandbox, charge: Charge, app: Headers) -> dict[str, Any]:
    """What the API says of it, once the payer confirmed and somebody asked."""
    begun = (await begin(client, charge, app)).json()
    sandbox.till("pay", out_trade_no=begun["number"]).raise_for_status()
    answer = await client.post(f"{V1}/charges/{charge.id}/verification", headers=app)
    assert answer.status_code == 200, answer.text
    said: dict[str, Any] = answer.json()
    return said


async def give_back(units: Units, charge: Charge) -> Refund:
    async with units.system("test") as unit:
        refund = await refund_in_full(unit, charge.id, RefundReason.CANCELLED)
    assert refund is not None
    return refund


# --------------------------------------------------------------------------------------- paying


async def test_a_charge_is_shown_begun_verified_and_on_the_receipt(
    client: Client, units: Units, sandbox: Sandbox, charge: Charge, app: Headers
) -> None:
    shown = (await client.get(f"{V1}/charges/{charge.id}", headers=app)).json()
    assert (shown["number"], shown["amount"], shown["state"]) == (charge.number, 5000, "created")
    begun = await begin(client, charge, app)
    assert begun.status_code == 201 and begun.json()["code_url"].startswith("weixin://")
    unpaid = await client.post(f"{V1}/charges/{charge.id}/verification", headers=app)
    assert unpaid.json()["state"] == "submitted"

    said = await paid(client, sandbox, charge, app)
    assert said["state"] == "settled" and said["settled_at"]
    receipt = (await client.get(f"{V1}/charges/{charge.id}/receipt", headers=app)).json()
    assert receipt["split"] == {"fund": 0, "personal": 0, "other": 0, "cash": 5000}
    assert receipt["way"] == "native" and receipt["transaction_id"] and receipt["refunds"] == []
    assert [line["amount"] for line in receipt["lines"]] == [5000]
    assert await balances(units, charge) == {"provider.wechatpay": 5000, "prepaid": -5000}
    assert [row["id"] for row in (await client.get(f"{V1}/charges", headers=app)).json()] == [str(charge.id)]


async def test_a_mini_program_gets_the_parameters_of_its_native_call(
    client: Client, units: Units, sandbox: Sandbox, who: Patient, charge: Charge, app: Headers
) -> None:
    unknown = await begin(client, charge, app, way="mini_program")
    assert (unknown.status_code, unknown.json()["code"]) == (409, "openid_needed")
    openid = await be_known_in_wechat(units, sandbox, who, mini=True)
    begun = (await begin(client, charge, app, way="mini_program")).json()
    assert set(begun["invocation"]) >= {"timeStamp", "nonceStr", "package", "signType", "paySign"}
    assert begun["cash"] == 5000 and not begun["code_url"] and not begun["h5_url"]
    said = sandbox.till("jsapi", **begun["invocation"]).json()
    assert said["err_msg"] == "get_brand_wcpay_request:ok"
    verified = await client.post(f"{V1}/charges/{charge.id}/verification", headers=app)
    assert verified.json()["state"] == "settled"
    [order] = await orders_of(units, charge)
    assert order.request["openid"] == openid


async def test_a_page_inside_wechat_and_a_phone_get_theirs(
    client: Client, units: Units, sandbox: Sandbox, who: Patient, charge: Charge, app: Headers
) -> None:
    await be_known_in_wechat(units, sandbox, who)
    inside = (await begin(client, charge, app, way="jsapi")).json()
    assert inside["invocation"]["package"].startswith("prepay_id=")
    outside = (await begin(client, charge, app, way="h5")).json()
    assert f"/pay/{charge.id}/wait" in unquote(outside["h5_url"])
    # The older order was closed at the provider first.
    assert sandbox.till("pay", out_trade_no=inside["number"]).status_code >= 400


async def test_repeating_it_gives_the_same_order(client: Client, charge: Charge, app: Headers) -> None:
    first, again = await begin(client, charge, app), await begin(client, charge, app)
    assert first.json()["number"] == again.json()["number"] == f"{charge.number}-1"


@pytest.mark.parametrize("body", [{"way": "cash"}, {"way": "gold"}, {}, {"way": "native", "openid": "o1"}])
async def test_what_is_no_way_to_pay_is_refused(
    client: Client, charge: Charge, app: Headers, body: dict[str, str]
) -> None:
    answer = await client.post(f"{V1}/charges/{charge.id}/orders", headers=app, json=body)
    assert (answer.status_code, answer.json()["code"]) == (422, "request_invalid")


async def test_a_silent_provider_is_said_to_be_and_nothing_is_lost(
    client: Client, units: Units, sandbox: Sandbox, charge: Charge, app: Headers
) -> None:
    with sandbox.faults(wechatpay={"mode": "down"}):
        silent = await begin(client, charge, app)
        asked = await client.post(f"{V1}/charges/{charge.id}/verification", headers=app)
    for answer in (silent, asked):
        assert (answer.status_code, answer.json()["code"]) == (503, "provider_down")
        assert int(answer.headers["retry-after"]) > 0
    assert (await begin(client, charge, app)).json()["number"] == f"{charge.number}-1"


async def test_what_is_paid_or_closed_takes_no_order(
    client: Client, units: Units, sandbox: Sandbox, place: House, charge: Charge, app: Headers
) -> None:
    await paid(client, sandbox, charge, app)
    again = await begin(client, charge, app)
    assert (again.status_code, again.json()["code"]) == (409, "charge_settled")


async def test_XY24_what_is_closed_takes_no_order(
    client: Client, units: Units, charge: Charge, app: Headers
) -> None:
    async with units.system("test") as unit:
        await close_charge(unit, charge.id)
    late = await begin(client, charge, app)
    assert (late.status_code, late.json()["code"]) == (409, "charge_closed")


# --------------------------------------------------------------------------------- the insurer's part


async def test_XY10_the_ruling_says_whether_and_why_not(
    client: Client, place: House, charge: Charge, app: Headers
) -> None:
    at = f"{V1}/charges/{charge.id}/insurance"

    async def ruling() -> dict[str, Any]:
        found: dict[str, Any] = (await client.get(at, headers=app)).json()
        return found

    assert (await ruling())["reason"] == "undeclared"
    for region, reason in (("elsewhere", NotOffered.REGION), ("none", NotOffered.UNINSURED)):
        assert (await client.put(at, headers=app, json={"region": region})).status_code == 204
        assert await ruling() == {"offered": False, "reason": str(reason), "sentence": REASONS[reason]}
    assert (await client.put(at, headers=app, json={"region": "beijing"})).status_code == 204
    assert await ruling() == {"offered": True, "reason": None, "sentence": ""}
    unknown = await client.put(at, headers=app, json={"region": "mars"})
    assert unknown.status_code == 422


async def test_GS10_an_excluded_category_begins_nothing(
    client: Client, units: Units, sandbox: Sandbox, place: House, who: Patient, charge: Charge, app: Headers
) -> None:
    insure(sandbox, who, med_types=["51"])
    await say_region(units, place, who)
    asked = await client.post(f"{V1}/charges/{charge.id}/cover", headers=app)
    assert (asked.status_code, asked.json()["code"]) == (409, "cover_not_offered")
    ruling = (await client.get(f"{V1}/charges/{charge.id}/insurance", headers=app)).json()
    assert ruling["reason"] == "category"


async def test_GD01_a_split_is_authorised_priced_paid_and_given_back_by_part(
    client: Client, units: Units, sandbox: Sandbox, place: House, who: Patient, charge: Charge, app: Headers,
    clock: FixedClock,
) -> None:  # fmt: skip
    cover = await priced(client, units, sandbox, place, who, charge, app)
    assert cover["split"] == {"fund": 3500, "personal": 500, "other": 0, "cash": 1000}
    await be_known_in_wechat(units, sandbox, who)
    begun = (await begin(client, charge, app, way="jsapi", cover_id=cover["id"])).json()
    assert begun["cash"] == 1000
    assert sandbox.till("medins", **begun["invocation"]).json()["err_msg"].endswith(":ok")
    verified = await client.post(f"{V1}/charges/{charge.id}/verification", headers=app)
    assert verified.json()["state"] == "settled"

    refund = await give_back(units, charge)
    seen = (await client.get(f"{V1}/refunds/{refund.id}", headers=app)).json()
    assert [(leg["kind"], leg["amount"], leg["state"]) for leg in seen["legs"]] == [
        ("insurance", 4000, "requested"), ("cash", 1000, "waiting"), ("tell", 4000, "waiting"),
    ]  # fmt: skip
    assert (seen["state"], seen["reason"], seen["expected_by"]) == (
        "requested", "cancelled", refund.expected_by.isoformat(),
    )  # fmt: skip
    while await submit_due(units):
        clock.advance(timedelta(seconds=11))
    receipt = (
        await client.get(f"{V1}/charges/{charge.id}/receipt", headers=await bearer(units, who.actor))
    ).json()
    assert receipt["split"] == cover["split"]
    assert [line["fund"] + line["personal"] for line in receipt["lines"]] == [4000]
    assert [row["state"] for row in receipt["refunds"]] == ["settled"]


async def test_BJ06_whoever_pays_alone_after_all_gives_the_split_up(
    client: Client, units: Units, sandbox: Sandbox, place: House, who: Patient, charge: Charge, app: Headers
) -> None:
    cover = await priced(client, units, sandbox, place, who, charge, app)
    taken = await client.post(f"{V1}/charges/{charge.id}/cover", headers=app)
    assert (taken.status_code, taken.json()["code"]) == (409, "cover_taken")
    assert (await client.delete(f"{V1}/charges/{charge.id}/cover", headers=app)).status_code == 204
    await be_known_in_wechat(units, sandbox, who)
    split = await begin(client, charge, app, way="jsapi", cover_id=cover["id"])
    assert (split.status_code, split.json()["code"]) == (409, "authorisation_lost")
    assert (await begin(client, charge, app)).json()["cash"] == 5000


@pytest.mark.parametrize("by_page", [True, False])
async def test_REG56_insurance_withdrawn_between_price_and_payment_leaves_oneself_to_pay(
    client: Client, units: Units, sandbox: Sandbox, place: House, who: Patient, charge: Charge, app: Headers,
    by_page: bool,
) -> None:  # fmt: skip
    cover = await priced(client, units, sandbox, place, who, charge, app)
    path = f"/consents/insurance/{cover['id']}/withdrawal"
    for _ in range(2):
        if by_page:
            answer = await client.post(path, headers=await cookie(units, who.actor))
            assert (answer.status_code, answer.headers["location"]) == (303, "/consents")
        else:
            assert (await client.post(f"{V1}{path}", json={}, headers=app)).status_code == 204
    await be_known_in_wechat(units, sandbox, who)
    split = await begin(client, charge, app, way="jsapi", cover_id=cover["id"])
    assert (split.status_code, split.json()["code"]) == (409, "authorisation_lost")
    assert (await reread(units, charge)).state is ChargeState.CREATED
    assert (await begin(client, charge, app)).json()["cash"] == 5000


async def priced(
    client: Client, units: Units, sandbox: Sandbox, place: House, who: Patient, charge: Charge, app: Headers
) -> dict[str, Any]:
    await say_region(units, place, who)
    asked = await client.post(f"{V1}/charges/{charge.id}/cover", headers=app)
    assert asked.status_code == 201, asked.text
    back = parse_qs(urlsplit(go_to_insurer(asked.json()["url"], who)).query)
    body = {"state": back["state"][0], "pay_auth_no": back["payAuthNo"][0]}
    answer = await client.post(f"{V1}/covers/authorisation", headers=app, json=body)
    assert answer.status_code == 200, answer.text
    cover: dict[str, Any] = answer.json()
    assert cover["id"] == asked.json()["cover_id"]
    return cover


# ------------------------------------------------------------------------------------- whose it is


async def test_a_charge_of_another_account_does_not_exist(
    client: Client, units: Units, sandbox: Sandbox, charge: Charge, app: Headers
) -> None:
    await paid(client, sandbox, charge, app)
    refund = await give_back(units, charge)
    other = await bearer(units, patient(await add_patient(units, "13900005678")))
    for charge_id, refund_id in ((charge.id, refund.id), (UUID(int=1), UUID(int=1))):
        mine = f"{V1}/charges/{charge_id}"
        for method, path, body in (
            ("GET", mine, None),
            ("GET", f"{mine}/receipt", None),
            ("GET", f"{mine}/insurance", None),
            ("GET", f"{V1}/refunds/{refund_id}", None),
            ("POST", f"{mine}/orders", {"way": "native"}),
            ("POST", f"{mine}/verification", None),
            ("PUT", f"{mine}/insurance", {"region": "beijing"}),
            ("POST", f"{mine}/cover", None),
            ("DELETE", f"{mine}/cover", None),
        ):
            answer = await client.request(method, path, headers=other, json=body)
            assert answer.status_code == 404, f"{method} {path}"
    assert (await client.get(f"{V1}/charges", headers=other)).json() == []


async def test_a_cover_of_another_account_is_neither_priced_nor_paid_with(
    client: Client, units: Units, sandbox: Sandbox, place: House, who: Patient, charge: Charge, app: Headers
) -> None:
    stranger = await add_booker(units, place, "13900005678", name="样例丁")
    theirs = await add_cover(units, place, stranger, charge.id)
    body = {"state": theirs.token, "pay_auth_no": "AUTH0000000001"}
    answer = await client.post(f"{V1}/covers/authorisation", headers=app, json=body)
    assert (answer.status_code, answer.json()["code"]) == (404, "cover_not_found")
    await be_known_in_wechat(units, sandbox, who)
    begun = await begin(client, charge, app, way="jsapi", cover_id=str(theirs.id))
    assert (begun.status_code, begun.json()["code"]) == (404, "cover_not_found")
    assert await orders_of(units, charge) == []
    assert (await reread(units, charge)).state is ChargeState.CREATED
