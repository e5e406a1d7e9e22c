"""Orders at the payment sandbox: three ways to ask, what is refused, how one ends, who pays at the till."""

from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote
from zoneinfo import ZoneInfo

import httpx2
import pytest

from tests.support.merchant import Merchant, fresh_number
from tests.support.sandbox import Sandbox

JSAPI = "/v3/pay/transactions/jsapi"
NATIVE = "/v3/pay/transactions/native"
H5 = "/v3/pay/transactions/h5"
SCENE = {"payer_client_ip": "203.0.113.7", "h5_info": {"type": "Wap"}}


@pytest.fixture
def yunan(sandbox: Sandbox) -> Merchant:
    return Merchant(sandbox)


def refused(answer: httpx2.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["code"]


def native_order(merchant: Merchant, **changed: Any) -> dict[str, Any]:
    body = merchant.order(**changed)
    del body["payer"]
    return body


def h5_order(merchant: Merchant, **changed: Any) -> dict[str, Any]:
    return {**native_order(merchant), "scene_info": SCENE, **changed}


def shanghai(ahead: timedelta) -> str:
    return (datetime.now(UTC) + ahead).astimezone(ZoneInfo("Asia/Shanghai")).isoformat(timespec="seconds")


def test_three_ways_to_ask_each_with_its_own_handle(yunan: Merchant) -> None:
    jsapi = yunan.call("POST", JSAPI, yunan.order()).json()
    native = yunan.call("POST", NATIVE, native_order(yunan)).json()
    h5 = yunan.call("POST", H5, h5_order(yunan)).json()

    assert jsapi["prepay_id"].startswith("wx")
    assert native["code_url"].startswith("weixin://wxpay/bizpayurl?pr=")
    assert h5["h5_url"].startswith(yunan.sandbox.base_url)


@pytest.mark.parametrize(
    "changed",
    [
        {"colour": "red"},
        {"attach": None},
        {"attach": "x" * 129},
        {"description": ""},
        {"out_trade_no": "CH-1"},
        {"out_trade_no": "号" * 8},
        {"out_trade_no": "C" * 33},
        {"amount": {"total": 0, "currency": "CNY"}},
        {"amount": {"total": -5, "currency": "CNY"}},
        {"amount": {"total": 50.0, "currency": "CNY"}},
        {"amount": {"total": True, "currency": "CNY"}},
        {"amount": {"total": 100_000_001, "currency": "CNY"}},
        {"amount": {"total": 100, "currency": "USD"}},
        {"amount": {"total": 100, "currency": "CNY", "tip": 1}},
        {"notify_url": "https://hospital.example/notices?booking=1"},
        {"notify_url": "http://hospital.example/notices"},
        {"notify_url": "http://127.0.0.1:99999/notices"},
        {"notify_url": "https://["},
        {"time_expire": "2026-11-21 10:00:00"},
        {"time_expire": "2020-01-01T00:00:00+08:00"},
        {"time_expire": "2036-01-01T00:00:00Z"},
        {"payer": {}},
        {"payer": {"openid": "xSAMPLE"}},
        {"settle_info": {"profit_sharing": "no"}},
    ],
)
def test_field_that_is_wrong_unknown_or_null_is_refused(yunan: Merchant, changed: dict[str, Any]) -> None:
    answer = yunan.call("POST", JSAPI, {**yunan.order(), **changed})

    assert refused(answer) == (400, "PARAM_ERROR")
    assert answer.json()["detail"]["field"].lstrip("/").split("/")[0] in changed


@pytest.mark.parametrize(
    "missing", ["appid", "mchid", "description", "out_trade_no", "notify_url", "amount", "payer"]
)
def test_missing_field_is_refused(yunan: Merchant, missing: str) -> None:
    body = yunan.order()
    del body[missing]

    assert refused(yunan.call("POST", JSAPI, body)) == (400, "PARAM_ERROR")


def test_body_that_is_no_object_or_says_a_field_twice_is_refused(yunan: Merchant) -> None:
    assert refused(yunan.call("POST", JSAPI, "[]")) == (400, "PARAM_ERROR")
    assert refused(yunan.call("POST", JSAPI, '{"appid":"a","appid":"b"}')) == (400, "PARAM_ERROR")


def test_appid_and_mchid_must_be_the_merchants_own(sandbox: Sandbox, yunan: Merchant) -> None:
    other = Merchant(sandbox, "jiangbin")

    assert refused(yunan.call("POST", JSAPI, yunan.order(appid=other.keys["appid"]))) == (
        400,
        "APPID_MCHID_NOT_MATCH",
    )
    assert refused(yunan.call("POST", JSAPI, yunan.order(mchid=other.mchid))) == (403, "NO_AUTH")
    assert yunan.call("POST", JSAPI, yunan.order(appid=yunan.keys["mini_appid"])).status_code == 200


@pytest.mark.parametrize(
    "scene",
    [
        {"payer_client_ip": "127.0.0.1", "h5_info": {"type": "Wap"}},
        {"payer_client_ip": "nowhere", "h5_info": {"type": "Wap"}},
        {"payer_client_ip": "203.0.113.7"},
        {"payer_client_ip": "203.0.113.7", "h5_info": {"type": "Windows"}},
        {"payer_client_ip": "203.0.113.7", "h5_info": {"type": "Wap", "x": 1}},
        None,
    ],
)
def test_h5_needs_a_true_scene(yunan: Merchant, scene: object) -> None:
    assert refused(yunan.call("POST", H5, h5_order(yunan, scene_info=scene))) == (400, "PARAM_ERROR")


def test_same_number_and_body_is_the_same_order(yunan: Merchant) -> None:
    body = yunan.order()

    first, again = (yunan.call("POST", JSAPI, body).json() for _ in range(2))

    assert first == again


@pytest.mark.parametrize("changed", [{"amount": {"total": 1, "currency": "CNY"}}, {"description": "别的"}])
def test_same_number_with_another_body_is_refused(yunan: Merchant, changed: dict[str, Any]) -> None:
    body = yunan.order()
    yunan.call("POST", JSAPI, body)

    assert refused(yunan.call("POST", JSAPI, {**body, **changed})) == (400, "INVALID_REQUEST")


def test_same_number_for_another_product_is_refused(yunan: Merchant) -> None:
    number = yunan.prepay()

    answer = yunan.call("POST", NATIVE, native_order(yunan, number=number))

    assert refused(answer) == (400, "INVALID_REQUEST")


def test_two_merchants_may_use_one_number(sandbox: Sandbox, yunan: Merchant) -> None:
    number = yunan.prepay(total=100)
    Merchant(sandbox, "jiangbin").prepay(number=number, total=200)

    assert sandbox.till("pay", out_trade_no=number).status_code == 409
    assert yunan.query(number)["amount"]["total"] == 100


def test_paid_order_says_so_by_both_numbers_and_cannot_be_closed(yunan: Merchant) -> None:
    number = yunan.paid(total=5000, attach="booking")

    shown = yunan.query(number)

    assert (shown["trade_state"], shown["attach"], shown["payer"]) == (
        "SUCCESS",
        "booking",
        {"openid": "oSAMPLE0001"},
    )
    assert shown["amount"] == {
        "total": 5000,
        "payer_total": 5000,
        "currency": "CNY",
        "payer_currency": "CNY",
    }
    by_id = yunan.call("GET", f"/v3/pay/transactions/id/{shown['transaction_id']}?mchid={yunan.mchid}")
    assert by_id.json() == shown
    closing = f"/v3/pay/transactions/out-trade-no/{number}/close"
    assert refused(yunan.call("POST", closing, {"mchid": yunan.mchid})) == (400, "ORDERPAID")


def test_unpaid_order_is_closed_once_and_for_all(sandbox: Sandbox, yunan: Merchant) -> None:
    body = yunan.order()
    number = yunan.prepay(body)
    closing = f"/v3/pay/transactions/out-trade-no/{number}/close"

    assert yunan.query(number)["trade_state"] == "NOTPAY"
    assert yunan.call("POST", closing, {"mchid": yunan.mchid}).status_code == 204
    assert yunan.call("POST", closing, {"mchid": yunan.mchid}).status_code == 204

    assert yunan.query(number)["trade_state"] == "CLOSED"
    assert sandbox.till("pay", out_trade_no=number).json() == {"error": "CLOSED"}
    assert refused(yunan.call("POST", JSAPI, body)) == (400, "ORDER_CLOSED")


def test_failed_attempt_leaves_the_order_waiting(sandbox: Sandbox, yunan: Merchant) -> None:
    number = yunan.prepay()

    sandbox.till("fail", out_trade_no=number).raise_for_status()

    assert yunan.query(number)["trade_state"] == "NOTPAY"
    assert sandbox.till("pay", out_trade_no=number).status_code == 200
    assert sandbox.till("pay", out_trade_no=number).json() == {"error": "SUCCESS"}


def test_query_takes_the_mchid_and_nothing_else(yunan: Merchant) -> None:
    number = yunan.prepay()
    path = f"/v3/pay/transactions/out-trade-no/{number}"

    assert refused(yunan.call("GET", path)) == (400, "PARAM_ERROR")
    assert refused(yunan.call("GET", f"{path}?mchid={yunan.mchid}&x=1")) == (400, "PARAM_ERROR")
    assert refused(yunan.call("GET", f"{path}?mchid=1900009999")) == (403, "NO_AUTH")


def test_order_closes_by_itself_at_time_expire_of_the_business_clock(own_sandbox: Sandbox) -> None:
    yunan = Merchant(own_sandbox)
    number = yunan.prepay(time_expire=shanghai(timedelta(minutes=15)))
    longer = yunan.prepay()

    own_sandbox.clock(15 * 60 + 1)
    assert yunan.query(number)["trade_state"] == "CLOSED"
    assert yunan.query(longer)["trade_state"] == "NOTPAY"
    own_sandbox.clock(0)
    assert yunan.query(number)["trade_state"] == "CLOSED"

    own_sandbox.clock(7 * 86_400 + 1)
    assert yunan.query(longer)["trade_state"] == "CLOSED"


def test_prepay_id_lives_two_hours_and_asking_again_renews_it(own_sandbox: Sandbox) -> None:
    yunan = Merchant(own_sandbox)
    body = yunan.order()
    first = yunan.call("POST", JSAPI, body).json()["prepay_id"]

    own_sandbox.clock(7200)
    assert own_sandbox.till("pay", prepay_id=first).json() == {"error": "EXPIRED"}
    renewed = yunan.call("POST", JSAPI, body).json()["prepay_id"]

    assert renewed != first
    assert own_sandbox.till("pay", prepay_id=renewed).status_code == 200


def test_books_survive_kill_9(own_sandbox: Sandbox) -> None:
    yunan = Merchant(own_sandbox)
    number = yunan.paid()
    before = yunan.query(number)

    own_sandbox.kill()
    own_sandbox.start()

    assert yunan.query(number) == before


def test_till_may_book_another_amount_or_pay_what_is_closed(sandbox: Sandbox, yunan: Merchant) -> None:
    """Mistakes of the provider, for a merchant to survive."""
    other, closed = yunan.prepay(), yunan.prepay()
    yunan.call("POST", f"/v3/pay/transactions/out-trade-no/{closed}/close", {"mchid": yunan.mchid})

    sandbox.till("pay", out_trade_no=other, total=4999, success_time="2026-11-20T10:00:00+08:00")
    sandbox.till("pay", out_trade_no=closed, force=True)

    shown = yunan.query(other)
    assert (shown["amount"]["total"], shown["success_time"]) == (4999, "2026-11-20T10:00:00+08:00")
    assert yunan.query(closed)["trade_state"] == "SUCCESS"


# The page inside WeChat.


def test_bridge_pays_what_the_merchant_signed(sandbox: Sandbox, yunan: Merchant) -> None:
    body = yunan.order()
    prepay_id = yunan.call("POST", JSAPI, body).json()["prepay_id"]

    answer = sandbox.till("jsapi", **yunan.client_call(prepay_id))

    assert answer.json() == {"err_msg": "get_brand_wcpay_request:ok"}
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    assert yunan.query(body["out_trade_no"])["trade_state"] == "SUCCESS"


def test_mini_program_signs_its_own_appid_but_does_not_send_it(sandbox: Sandbox, yunan: Merchant) -> None:
    mini = yunan.keys["mini_appid"]
    body = yunan.order(appid=mini)
    prepay_id = yunan.call("POST", JSAPI, body).json()["prepay_id"]
    call = yunan.client_call(prepay_id, appId=mini)
    del call["appId"]

    assert sandbox.till("jsapi", **call).json() == {"err_msg": "get_brand_wcpay_request:ok"}


@pytest.mark.parametrize(
    "changed",
    [
        {"paySign": "AAAA"},
        {"nonceStr": "another"},
        {"signType": "MD5"},
        {"package": "prepay_id=wx1"},
        {"appId": "wx1"},
    ],
)
def test_bridge_refuses_a_call_its_merchant_did_not_sign(
    sandbox: Sandbox, yunan: Merchant, changed: dict[str, str]
) -> None:
    body = yunan.order()
    call = yunan.client_call(yunan.call("POST", JSAPI, body).json()["prepay_id"])

    said = sandbox.till("jsapi", **{**call, **changed}).json()

    assert said["err_msg"] == "get_brand_wcpay_request:fail"
    assert yunan.query(body["out_trade_no"])["trade_state"] == "NOTPAY"


def test_payer_may_change_their_mind_at_the_bridge(sandbox: Sandbox, yunan: Merchant) -> None:
    body = yunan.order()
    call = yunan.client_call(yunan.call("POST", JSAPI, body).json()["prepay_id"])

    said = sandbox.till("jsapi", **call, outcome="cancel").json()

    assert said == {"err_msg": "get_brand_wcpay_request:cancel"}
    assert yunan.query(body["out_trade_no"])["trade_state"] == "NOTPAY"


def test_bridge_answers_a_preflight(sandbox: Sandbox) -> None:
    answer = httpx2.request("OPTIONS", f"{sandbox.base_url}/wechatpay/till/jsapi")

    assert answer.status_code == 204
    assert answer.headers["Access-Control-Allow-Headers"] == "content-type"


# The pages outside.

REFERER = {"Referer": "http://127.0.0.1/"}


def press(sandbox: Sandbox, page: str, outcome: str) -> httpx2.Response:
    fields = {
        name: page.partition(f'name="{name}" value="')[2].partition('"')[0] for name in ("token", "back")
    }
    return httpx2.post(f"{sandbox.base_url}/wechatpay/till/cashier", data={**fields, "outcome": outcome})


@pytest.mark.parametrize(("outcome", "state"), [("pay", "SUCCESS"), ("cancel", "NOTPAY")])
def test_h5_page_returns_to_the_merchant_either_way(
    sandbox: Sandbox, yunan: Merchant, outcome: str, state: str
) -> None:
    body = h5_order(yunan)
    url = yunan.call("POST", H5, body).json()["h5_url"]
    back = "http://127.0.0.1:8000/bookings/1"
    page = httpx2.get(f"{url}&redirect_url={quote(back, safe='')}", headers=REFERER)

    answer = press(sandbox, page.text, outcome)

    assert (answer.status_code, answer.headers["location"]) == (303, back)
    assert yunan.query(body["out_trade_no"])["trade_state"] == state


def test_h5_page_wants_to_know_which_site_sent_the_payer(yunan: Merchant) -> None:
    url = yunan.call("POST", H5, h5_order(yunan)).json()["h5_url"]

    assert httpx2.get(url).status_code == 400


def test_h5_page_is_over_after_five_minutes(own_sandbox: Sandbox) -> None:
    yunan = Merchant(own_sandbox)
    url = yunan.call("POST", H5, h5_order(yunan)).json()["h5_url"]

    own_sandbox.clock(301)

    assert "已过期" in httpx2.get(url, headers=REFERER).text


def test_scanned_code_is_paid_in_a_browser(sandbox: Sandbox, yunan: Merchant) -> None:
    body = native_order(yunan)
    token = yunan.call("POST", NATIVE, body).json()["code_url"].partition("pr=")[2]
    page = httpx2.get(f"{sandbox.base_url}/wechatpay/till/scan/{token}").text
    assert "云安医院" in page
    assert "¥ 50.00" in page

    assert "支付成功" in press(sandbox, page, "pay").text

    assert yunan.query(body["out_trade_no"])["trade_type"] == "NATIVE"


def test_till_knows_no_order_nobody_made(sandbox: Sandbox) -> None:
    assert sandbox.till("pay", out_trade_no=fresh_number()).status_code == 404
    assert sandbox.till("pay", prepay_id="wx1").status_code == 404
    assert httpx2.get(f"{sandbox.base_url}/wechatpay/till/scan/x").status_code == 404
