"""The payment sandbox's door: what was signed must be what travels, and what it answers is signed."""

import json
import time

import httpx2
import pytest
from cryptography.x509 import load_pem_x509_certificate

from tests.support.merchant import Merchant
from tests.support.sandbox import Sandbox

PREPAY = "/v3/pay/transactions/jsapi"


@pytest.fixture
def yunan(sandbox: Sandbox) -> Merchant:
    return Merchant(sandbox)


def refused(answer: httpx2.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["code"]


@pytest.mark.parametrize("prefix", ["/wechatpay", ""])
def test_target_is_signed_as_it_was_sent_with_the_mount_or_at_the_root(sandbox: Sandbox, prefix: str) -> None:
    merchant = Merchant(sandbox, prefix=prefix)
    body = json.dumps(merchant.order())

    answer = merchant.call("POST", PREPAY, body)

    assert answer.status_code == 200
    assert merchant.is_genuine(answer.headers, answer.content)
    elsewhere = Merchant(sandbox, prefix="" if prefix else "/wechatpay")
    headers = elsewhere.headers("POST", PREPAY, body)
    assert refused(merchant.send("POST", PREPAY, body, headers)) == (401, "SIGN_ERROR")


def test_reserialised_body_fails(yunan: Merchant) -> None:
    signed = json.dumps(yunan.order())
    same_meaning = json.dumps(json.loads(signed), indent=1)

    answer = yunan.send("POST", PREPAY, same_meaning, yunan.headers("POST", PREPAY, signed))

    assert refused(answer) == (401, "SIGN_ERROR")


def test_query_is_part_of_what_is_signed(yunan: Merchant) -> None:
    number = yunan.prepay()
    path = f"/v3/pay/transactions/out-trade-no/{number}"

    answer = yunan.send("GET", f"{path}?mchid={yunan.mchid}", "", yunan.headers("GET", path, ""))

    assert refused(answer) == (401, "SIGN_ERROR")


@pytest.mark.parametrize("age_s", [301, -310])
def test_timestamp_far_from_the_wall_clock_is_refused(yunan: Merchant, age_s: int) -> None:
    answer = yunan.call("POST", PREPAY, yunan.order(), timestamp=str(int(time.time()) - age_s))

    assert refused(answer) == (401, "SIGN_ERROR")


def test_business_clock_does_not_touch_signatures(own_sandbox: Sandbox) -> None:
    own_sandbox.clock(40 * 86_400)

    assert Merchant(own_sandbox).prepay()


@pytest.mark.parametrize(
    "changed",
    [
        {"serial_no": "00"},
        {"mchid": "1900009999"},
        {"signature": "AAAA"},
        {"timestamp": "soon"},
        {"nonce": ""},
    ],
)
def test_authorization_that_is_not_the_merchants_is_refused(yunan: Merchant, changed: dict[str, str]) -> None:
    assert refused(yunan.call("POST", PREPAY, yunan.order(), **changed)) == (401, "SIGN_ERROR")


def test_one_merchants_key_does_not_open_anothers_door(sandbox: Sandbox, yunan: Merchant) -> None:
    other = Merchant(sandbox, "jiangbin")
    body = json.dumps(yunan.order())
    headers = other.headers("POST", PREPAY, body, mchid=yunan.mchid, serial_no=yunan.keys["serial_no"])

    assert refused(yunan.send("POST", PREPAY, body, headers)) == (401, "SIGN_ERROR")


def test_error_answers_are_signed_too(yunan: Merchant) -> None:
    answer = yunan.call("GET", f"/v3/pay/transactions/out-trade-no/NOBODY-KNOWS?mchid={yunan.mchid}")

    assert refused(answer) == (404, "ORDER_NOT_EXIST")
    assert yunan.is_genuine(answer.headers, answer.content)


def test_answer_without_a_body_is_signed_over_an_empty_line(yunan: Merchant) -> None:
    number = yunan.prepay()

    answer = yunan.call("POST", f"/v3/pay/transactions/out-trade-no/{number}/close", {"mchid": yunan.mchid})

    assert (answer.status_code, answer.content) == (204, b"")
    assert yunan.is_genuine(answer.headers, b"")


@pytest.mark.parametrize("serial", ["public_key_id", "certificate_serial_no"])
def test_merchant_chooses_the_key_of_the_answer(yunan: Merchant, serial: str) -> None:
    answer = yunan.call("POST", PREPAY, yunan.order(), serial=yunan.keys[serial])

    assert answer.headers["Wechatpay-Serial"] == yunan.keys[serial]
    assert yunan.is_genuine(answer.headers, answer.content)


def test_key_of_another_merchant_is_no_key(sandbox: Sandbox, yunan: Merchant) -> None:
    other = sandbox.credentials["wechatpay"]["hospitals"]["jiangbin"]["public_key_id"]

    assert refused(yunan.call("POST", PREPAY, yunan.order(), serial=other)) == (400, "PARAM_ERROR")


def test_platform_certificate_comes_sealed_with_the_merchants_own_key(yunan: Merchant) -> None:
    answer = yunan.call("GET", "/v3/certificates")

    item = answer.json()["data"][0]
    certificate = load_pem_x509_certificate(yunan.unseal(item["encrypt_certificate"]).encode())
    assert certificate.serial_number == int(item["serial_no"], 16)
    assert answer.headers["Wechatpay-Serial"] == item["serial_no"]
    assert yunan.is_genuine(answer.headers, answer.content)


@pytest.mark.parametrize("mode", ["forged_answer", "stale_answer", "probe_answer"])
def test_answer_that_must_not_be_believed(sandbox: Sandbox, yunan: Merchant, mode: str) -> None:
    with sandbox.faults(wechatpay={"mode": mode, "times": 1}):
        spoilt = yunan.call("POST", PREPAY, yunan.order())
        honest = yunan.call("POST", PREPAY, yunan.order())

    assert spoilt.status_code == 200
    assert not yunan.is_genuine(spoilt.headers, spoilt.content)
    assert yunan.is_genuine(honest.headers, honest.content)


def test_everything_about_a_merchant_is_recognisably_the_sandboxs(yunan: Merchant) -> None:
    keys = yunan.keys
    assert keys["mchid"].startswith("19000001")
    assert keys["apiv3_key"].startswith("sandbox-")
    assert len(keys["apiv3_key"]) == 32
    assert keys["public_key_id"].startswith("PUB_KEY_ID_SANDBOX")
    assert keys["appid"].startswith("wxsandbox")
    assert "platform_private_key" not in keys


@pytest.mark.parametrize(
    ("mode", "status", "code"),
    [("error_500", 500, "SYSTEM_ERROR"), ("throttled", 429, "FREQUENCY_LIMITED")],
)
def test_trouble_before_anything_was_done(
    sandbox: Sandbox, yunan: Merchant, mode: str, status: int, code: str
) -> None:
    body = yunan.order()
    with sandbox.faults(wechatpay={"mode": mode}):
        assert refused(yunan.call("POST", PREPAY, body)) == (status, code)

    assert all(order["out_trade_no"] != body["out_trade_no"] for order in books(sandbox, yunan))


def test_lost_answer_was_acted_upon(sandbox: Sandbox, yunan: Merchant) -> None:
    first, second = yunan.order(), yunan.order()
    with sandbox.faults(wechatpay={"mode": "lost_answer", "kind": "prepay"}):
        assert yunan.call("POST", PREPAY, first).status_code == 500
    with (
        sandbox.faults(wechatpay={"mode": "cut", "kind": "prepay"}),
        pytest.raises(httpx2.RemoteProtocolError),
    ):
        yunan.call("POST", PREPAY, second)

    known = {order["out_trade_no"] for order in books(sandbox, yunan)}
    assert {first["out_trade_no"], second["out_trade_no"]} <= known


def books(sandbox: Sandbox, merchant: Merchant) -> list[dict[str, object]]:
    return sandbox.payment_books(merchant.mchid)["orders"]
