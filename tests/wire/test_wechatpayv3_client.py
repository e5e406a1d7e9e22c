"""A client nobody here wrote, against the payment sandbox: each signs what the other must verify."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from wechatpayv3 import WeChatPay, WeChatPayType
from wechatpayv3.core import Core
from wechatpayv3.type import RequestType

from tests.support.merchant import Inbox, Merchant, fresh_number, inbox
from tests.support.sandbox import Sandbox

SHANGHAI = ZoneInfo("Asia/Shanghai")


def client(sandbox: Sandbox, **changed: Any) -> WeChatPay:
    """In public-key mode. It knows no mount, so it is pointed at the root, where `/v3` is served too."""
    keys = Merchant(sandbox).keys
    pay = WeChatPay(
        **{
            "wechatpay_type": WeChatPayType.JSAPI,
            "mchid": keys["mchid"],
            "private_key": keys["private_key"],
            "cert_serial_no": keys["serial_no"],
            "appid": keys["appid"],
            "apiv3_key": keys["apiv3_key"],
            "notify_url": "http://127.0.0.1:9/notices",
            "public_key": keys["public_key"],
            "public_key_id": keys["public_key_id"],
            "timeout": (5, 10),
            **changed,
        }
    )
    pay._core._gate_way = sandbox.base_url
    return pay


@pytest.fixture
def pay(sandbox: Sandbox) -> WeChatPay:
    return client(sandbox)


@pytest.fixture
def receiver() -> Iterator[Inbox]:
    with inbox() as held:
        yield held


def ask(pay: WeChatPay, number: str, kind: WeChatPayType, **changed: Any) -> dict[str, Any]:
    status, text = pay.pay(
        description="线上复诊",
        out_trade_no=number,
        amount={"total": 5000, "currency": "CNY"},
        pay_type=kind,
        **changed,
    )
    assert status == 200, text
    answer: dict[str, Any] = json.loads(text)
    return answer


def test_prepay_three_ways(pay: WeChatPay) -> None:
    payer = {"openid": "oSAMPLE0001"}
    scene = {"payer_client_ip": "203.0.113.7", "h5_info": {"type": "Wap"}}

    assert ask(pay, fresh_number(), WeChatPayType.JSAPI, payer=payer)["prepay_id"]
    assert ask(pay, fresh_number(), WeChatPayType.NATIVE)["code_url"]
    assert ask(pay, fresh_number(), WeChatPayType.H5, scene_info=scene)["h5_url"]


def test_its_client_side_signature_is_accepted_at_the_bridge(sandbox: Sandbox, pay: WeChatPay) -> None:
    keys = Merchant(sandbox).keys
    number = fresh_number()
    prepay_id = ask(pay, number, WeChatPayType.JSAPI, payer={"openid": "oSAMPLE0001"})["prepay_id"]
    lines = [keys["appid"], str(int(datetime.now(UTC).timestamp())), "nonce", f"prepay_id={prepay_id}"]

    said = sandbox.till(
        "jsapi",
        appId=lines[0],
        timeStamp=lines[1],
        nonceStr=lines[2],
        package=lines[3],
        signType="RSA",
        paySign=pay.sign(lines),
    )

    assert said.json() == {"err_msg": "get_brand_wcpay_request:ok"}
    assert json.loads(pay.query(out_trade_no=number)[1])["trade_state"] == "SUCCESS"


def test_close(pay: WeChatPay) -> None:
    number = fresh_number()
    ask(pay, number, WeChatPayType.NATIVE)

    assert pay.close(out_trade_no=number)[0] == 204
    assert json.loads(pay.query(out_trade_no=number)[1])["trade_state"] == "CLOSED"


def test_refund_and_its_query(sandbox: Sandbox, pay: WeChatPay) -> None:
    number, own = fresh_number(), fresh_number("RF")
    ask(pay, number, WeChatPayType.NATIVE)
    sandbox.till("pay", out_trade_no=number)

    status, text = pay.refund(
        out_refund_no=own, amount={"refund": 100, "total": 5000, "currency": "CNY"}, out_trade_no=number
    )

    assert (status, json.loads(text)["status"]) == (200, "PROCESSING")
    assert json.loads(pay.query_refund(own)[1])["status"] == "SUCCESS"


def test_abnormal_refund_with_sealed_fields(sandbox: Sandbox, pay: WeChatPay) -> None:
    number, own = fresh_number(), fresh_number("RF")
    ask(pay, number, WeChatPayType.NATIVE)
    sandbox.till("pay", out_trade_no=number)
    amount = {"refund": 5000, "total": 5000, "currency": "CNY"}
    with sandbox.faults(wechatpay={"mode": "abnormal", "times": 1}):
        pay.refund(out_refund_no=own, amount=amount, out_trade_no=number)
    ended = json.loads(pay.query_refund(own)[1])
    assert ended["status"] == "ABNORMAL"

    status, text = pay.abnormal_refund(
        ended["refund_id"], own, "USER_BANK_CARD", "ICBC_DEBIT", "6222020000000000001", "样例"
    )

    assert (status, json.loads(text)["user_received_account"]) == (200, "ICBC_DEBIT0001")


def test_bill(own_sandbox: Sandbox) -> None:
    pay, number = client(own_sandbox), fresh_number()
    ask(pay, number, WeChatPayType.NATIVE)
    own_sandbox.till("pay", out_trade_no=number)
    today = datetime.now(UTC).astimezone(SHANGHAI).date()
    own_sandbox.clock(timedelta(days=2).total_seconds())

    status, text = pay.trade_bill(f"{today}", tar_type="GZIP")
    assert status == 200, text
    status, stream = pay.download_bill(json.loads(text)["download_url"])

    assert status == 200
    assert stream.startswith(b"\x1f\x8b")


@pytest.mark.parametrize("mode", ["public_key", "certificate"])
def test_callback_is_verified_and_opened(
    own_sandbox: Sandbox, receiver: Inbox, monkeypatch: pytest.MonkeyPatch, mode: str
) -> None:
    pay = client(own_sandbox) if mode == "public_key" else certified(own_sandbox, monkeypatch)
    own_sandbox._console("PUT", "/wechatpay/till/keys", {"mchid": pay._mchid, "mode": mode})
    number = fresh_number()
    ask(pay, number, WeChatPayType.NATIVE, notify_url=receiver.url)
    own_sandbox.till("pay", out_trade_no=number)

    notice = receiver.next()
    opened = pay.callback(notice.headers, notice.body)

    assert opened["event_type"] == "TRANSACTION.SUCCESS"
    assert (opened["resource"]["out_trade_no"], opened["resource"]["trade_state"]) == (number, "SUCCESS")
    assert pay.callback(notice.headers, notice.body.replace(b"encrypt", b"Encrypt")) is None


def certified(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> WeChatPay:
    """In certificate mode, where it fetches the certificate while it is being made."""

    class Here(Core):
        _gate_way = property(lambda self: sandbox.base_url, lambda self, value: None)

    monkeypatch.setattr("wechatpayv3.core.Core", Here)
    return client(sandbox, public_key=None, public_key_id=None)


def test_certificate_mode_fetches_and_trusts_the_platform_certificate(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    pay = certified(sandbox, monkeypatch)

    assert ask(pay, fresh_number(), WeChatPayType.NATIVE)["code_url"]


def test_probe_is_not_opened(own_sandbox: Sandbox, receiver: Inbox) -> None:
    own_sandbox.payment_notices("probe")
    pay, number = client(own_sandbox), fresh_number()
    ask(pay, number, WeChatPayType.NATIVE, notify_url=receiver.url)
    own_sandbox.till("pay", out_trade_no=number)

    probe, honest = receiver.next(), receiver.next()

    assert pay.callback(probe.headers, probe.body) is None
    assert pay.callback(honest.headers, honest.body) is not None


def test_forged_answer_is_noticed(sandbox: Sandbox, pay: WeChatPay) -> None:
    with (
        sandbox.faults(wechatpay={"mode": "forged_answer", "times": 1}),
        pytest.raises(Exception, match="failed to verify the signature"),
    ):
        ask(pay, fresh_number(), WeChatPayType.NATIVE)


def test_any_signed_call_goes_through_its_core(pay: WeChatPay) -> None:
    """Insured orders it does not know; asking for one that does not exist is understood all the same."""
    status, text = pay._core.request("/v3/med-ins/orders/out-trade-no/NOBODY-0001", RequestType.GET)

    assert (status, json.loads(text)["code"]) == (404, "ORDER_NOT_EXIST")
