"""Refunds at the payment sandbox: once a number, a minute apart, fifty an order, never more than was paid."""

from collections.abc import Callable
from typing import Any

import httpx2
import pytest

from tests.support.merchant import Merchant, fresh_number
from tests.support.sandbox import Sandbox
from tests.support.waiting import eventually

REFUNDS = "/v3/refund/domestic/refunds"


@pytest.fixture
def yunan(sandbox: Sandbox) -> Merchant:
    return Merchant(sandbox)


def refused(answer: httpx2.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["code"]


def look(merchant: Merchant, number: str) -> dict[str, Any]:
    found: dict[str, Any] = merchant.call("GET", f"{REFUNDS}/{number}").json()
    return found


def test_refund_is_accepted_first_and_returned_then(yunan: Merchant) -> None:
    number = yunan.paid(total=5000)

    accepted = yunan.refund(number, 2000, reason="门诊停诊").json()
    returned = look(yunan, accepted["out_refund_no"])

    assert (accepted["status"], "success_time" in accepted) == ("PROCESSING", False)
    assert (returned["status"], returned["channel"]) == ("SUCCESS", "ORIGINAL")
    assert returned["success_time"]
    assert {
        name: returned["amount"][name] for name in ("total", "refund", "payer_total", "payer_refund")
    } == {
        "total": 5000,
        "refund": 2000,
        "payer_total": 5000,
        "payer_refund": 2000,
    }
    assert yunan.query(number)["trade_state"] == "REFUND"


def test_refund_settles_only_after_the_time_the_operator_set(own_sandbox: Sandbox) -> None:
    yunan = Merchant(own_sandbox)
    own_sandbox.payment_settings(refund_settles_after_s=3600)
    number = yunan.refund(yunan.paid(), 5000).json()["out_refund_no"]

    assert look(yunan, number)["status"] == "PROCESSING"
    own_sandbox.clock(3601)
    assert look(yunan, number)["status"] == "SUCCESS"


def test_same_number_refunds_once_however_often_it_is_sent(sandbox: Sandbox, yunan: Merchant) -> None:
    number, own = yunan.paid(), fresh_number("RF")

    first = yunan.refund(number, 1000, out_refund_no=own).json()
    again = yunan.refund(number, 1000, out_refund_no=own).json()

    assert again["refund_id"] == first["refund_id"]
    refunds = sandbox.payment_books(yunan.mchid)["refunds"]
    assert [r["amount"] for r in refunds if r["out_trade_no"] == number] == [1000]


def test_same_number_with_other_parameters_is_refused(yunan: Merchant) -> None:
    number, own = yunan.paid(), fresh_number("RF")
    yunan.refund(number, 1000, out_refund_no=own)

    assert refused(yunan.refund(number, 1001, out_refund_no=own)) == (400, "INVALID_REQUEST")
    assert refused(yunan.refund(yunan.paid(), 1000, out_refund_no=own)) == (400, "INVALID_REQUEST")


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"amount": {"refund": 0, "total": 5000, "currency": "CNY"}}, "PARAM_ERROR"),
        ({"amount": {"refund": 5001, "total": 5000, "currency": "CNY"}}, "INVALID_REQUEST"),
        ({"amount": {"refund": 100, "total": 4999, "currency": "CNY"}}, "INVALID_REQUEST"),
        ({"amount": {"refund": 100, "total": 5000}}, "PARAM_ERROR"),
        ({"out_refund_no": "RF/1"}, "PARAM_ERROR"),
        ({"out_refund_no": "R" * 65}, "PARAM_ERROR"),
        ({"reason": "长" * 81}, "PARAM_ERROR"),
        ({"funds_account": "SAVINGS"}, "PARAM_ERROR"),
        ({"note": "x"}, "PARAM_ERROR"),
        ({"reason": None}, "PARAM_ERROR"),
        ({"transaction_id": "4200000000209901010000000001"}, "RESOURCE_NOT_EXISTS"),
    ],
)
def test_refund_that_cannot_be_is_refused(yunan: Merchant, changed: dict[str, Any], code: str) -> None:
    assert yunan.refund(yunan.paid(), 100, **changed).json()["code"] == code


def test_refund_names_its_order_by_either_number(yunan: Merchant) -> None:
    number = yunan.paid()
    transaction_id = yunan.query(number)["transaction_id"]
    body = {"out_refund_no": fresh_number("RF"), "amount": {"refund": 1, "total": 5000, "currency": "CNY"}}

    assert refused(yunan.call("POST", REFUNDS, body)) == (400, "PARAM_ERROR")
    assert yunan.call("POST", REFUNDS, {**body, "transaction_id": transaction_id}).status_code == 200


def test_unpaid_order_and_unknown_refund(yunan: Merchant) -> None:
    assert refused(yunan.refund(yunan.prepay(), 100)) == (400, "INVALID_REQUEST")
    assert refused(yunan.refund(fresh_number(), 100)) == (404, "RESOURCE_NOT_EXISTS")
    assert refused(yunan.call("GET", f"{REFUNDS}/{fresh_number('RF')}")) == (404, "RESOURCE_NOT_EXISTS")


def test_refunds_of_one_order_are_a_minute_apart_and_never_exceed_it(own_sandbox: Sandbox) -> None:
    yunan = Merchant(own_sandbox)
    number = yunan.paid(total=5000)

    assert yunan.refund(number, 3000).status_code == 200
    assert refused(yunan.refund(number, 1000)) == (429, "FREQUENCY_LIMITED")
    assert yunan.refund(yunan.paid(), 1000).status_code == 200
    own_sandbox.clock(61)
    assert refused(yunan.refund(number, 2001)) == (400, "INVALID_REQUEST")
    assert yunan.refund(number, 2000).status_code == 200


def test_fifty_refunds_an_order_and_no_more(own_sandbox: Sandbox) -> None:
    yunan = Merchant(own_sandbox)
    number = yunan.paid(total=5000)

    for count in range(50):
        own_sandbox.clock(61 * count)
        assert yunan.refund(number, 1).status_code == 200
    own_sandbox.clock(61 * 50)

    assert refused(yunan.refund(number, 1)) == (403, "RULE_LIMIT")


def test_refund_within_365_days_of_success(own_sandbox: Sandbox) -> None:
    yunan = Merchant(own_sandbox)
    number = yunan.paid()

    own_sandbox.clock(365 * 86_400 - 60)
    assert yunan.refund(number, 100).status_code == 200
    own_sandbox.clock(365 * 86_400 + 60)
    assert refused(yunan.refund(number, 100)) == (403, "RULE_LIMIT")


@pytest.mark.parametrize(
    ("mode", "answer"),
    [("not_enough", (403, "NOT_ENOUGH")), ("reduce_frequency", (429, "FREQUENCY_LIMITED"))],
)
def test_refused_refund_succeeds_later_with_the_same_number(
    sandbox: Sandbox, yunan: Merchant, mode: str, answer: tuple[int, str]
) -> None:
    number, own = yunan.paid(), fresh_number("RF")
    with sandbox.faults(wechatpay={"mode": mode}):
        assert refused(yunan.refund(number, 100, out_refund_no=own)) == answer
    assert refused(yunan.call("GET", f"{REFUNDS}/{own}"))[0] == 404

    assert yunan.refund(number, 100, out_refund_no=own).status_code == 200


def test_lost_answer_to_a_refund_is_found_by_asking_again(sandbox: Sandbox, yunan: Merchant) -> None:
    number, own = yunan.paid(), fresh_number("RF")
    with (
        sandbox.faults(wechatpay={"mode": "cut", "kind": "refund"}),
        pytest.raises(httpx2.RemoteProtocolError),
    ):
        yunan.refund(number, 100, out_refund_no=own)

    assert look(yunan, own)["out_trade_no"] == number


@pytest.fixture
def abnormal(sandbox: Sandbox, yunan: Merchant) -> dict[str, Any]:
    with sandbox.faults(wechatpay={"mode": "abnormal", "times": 1}):
        accepted = yunan.refund(yunan.paid(), 5000).json()
    assert accepted["status"] == "PROCESSING"
    ended = look(yunan, accepted["out_refund_no"])
    assert ended["status"] == "ABNORMAL"
    return ended


def test_abnormal_refund_is_sent_to_another_card(yunan: Merchant, abnormal: dict[str, Any]) -> None:
    path = f"{REFUNDS}/{abnormal['refund_id']}/apply-abnormal-refund"
    body = {
        "out_refund_no": abnormal["out_refund_no"],
        "type": "USER_BANK_CARD",
        "bank_type": "ICBC_DEBIT",
        "bank_account": yunan.seal("6222020000000000001"),
        "real_name": yunan.seal("样例"),
    }

    assert refused(yunan.call("POST", path, {**body, "bank_account": "6222"})) == (400, "PARAM_ERROR")
    assert yunan.call("POST", path, body).json()["status"] == "PROCESSING"

    ended = look(yunan, abnormal["out_refund_no"])
    assert (ended["status"], ended["channel"]) == ("SUCCESS", "OTHER_BANKCARD")
    assert ended["user_received_account"] == "ICBC_DEBIT0001"
    assert refused(yunan.call("POST", path, body)) == (400, "INVALID_REQUEST")


def test_abnormal_refund_may_go_back_to_the_merchant(yunan: Merchant, abnormal: dict[str, Any]) -> None:
    path = f"{REFUNDS}/{abnormal['refund_id']}/apply-abnormal-refund"
    body = {"out_refund_no": abnormal["out_refund_no"], "type": "MERCHANT_BANK_CARD"}

    assert yunan.call("POST", path, body).status_code == 200


def test_closed_refund_gave_nothing_back(sandbox: Sandbox, own_sandbox: Sandbox) -> None:
    yunan = Merchant(own_sandbox)
    number = yunan.paid()
    own_sandbox.faults(wechatpay={"mode": "refund_closed", "times": 1})
    closed = yunan.refund(number, 5000).json()["out_refund_no"]
    assert look(yunan, closed)["status"] == "CLOSED"

    own_sandbox.clock(61)

    assert yunan.refund(number, 5000).status_code == 200


def test_mixed_trouble_never_loses_or_doubles_a_refund(sandbox: Sandbox, yunan: Merchant) -> None:
    """Asking again with the same number, whatever happens, ends in one refund."""
    number, own = yunan.paid(), fresh_number("RF")
    with sandbox.faults(wechatpay={"mode": "mixed", "share": 0.6, "seconds": 0}):
        eventually(lambda: _is_answered(lambda: yunan.refund(number, 5000, out_refund_no=own)))

    assert [
        r["amount"] for r in sandbox.payment_books(yunan.mchid)["refunds"] if r["out_trade_no"] == number
    ] == [5000]


def _is_answered(ask: Callable[[], httpx2.Response]) -> bool:
    try:
        return ask().status_code == 200
    except httpx2.RemoteProtocolError:
        return False
