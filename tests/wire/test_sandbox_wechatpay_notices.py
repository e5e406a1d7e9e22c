"""Callbacks of the payment sandbox: sealed, signed, retried by the business clock, and spoilt on demand."""

import json
from collections.abc import Iterator
from typing import Any

import httpx2
import pytest

from tests.support.merchant import Inbox, Merchant, Notice, inbox
from tests.support.sandbox import Sandbox
from tests.support.waiting import eventually


@pytest.fixture
def receiver() -> Iterator[Inbox]:
    with inbox() as held:
        yield held


@pytest.fixture
def yunan(own_sandbox: Sandbox) -> Merchant:
    return Merchant(own_sandbox)


def opened(merchant: Merchant, notice: Notice) -> dict[str, Any]:
    found: dict[str, Any] = merchant.unseal(json.loads(notice.body)["resource"])
    return found


def sent(merchant: Merchant, about: str) -> dict[str, Any]:
    return next(notice for notice in merchant.sandbox.sent_notices() if notice["about"] == about)


def paid(merchant: Merchant, receiver: Inbox) -> str:
    return merchant.paid(notify_url=receiver.url)


def test_payment_is_told_as_the_query_shows_it(yunan: Merchant, receiver: Inbox) -> None:
    number = paid(yunan, receiver)

    notice = receiver.next()

    envelope = json.loads(notice.body)
    assert yunan.is_genuine(notice.headers, notice.body)
    assert notice.headers["Wechatpay-Serial"] == yunan.keys["public_key_id"]
    assert notice.headers["Request-ID"]
    assert envelope["event_type"] == "TRANSACTION.SUCCESS"
    assert envelope["resource_type"] == "encrypt-resource"
    assert envelope["resource"]["algorithm"] == "AEAD_AES_256_GCM"
    assert opened(yunan, notice) == yunan.query(number)


def test_callbacks_may_be_signed_with_the_certificate(yunan: Merchant, receiver: Inbox) -> None:
    url = f"{yunan.sandbox.base_url}/wechatpay/till/keys"
    httpx2.put(url, json={"mchid": yunan.mchid, "mode": "certificate"}).raise_for_status()
    paid(yunan, receiver)

    notice = receiver.next()

    assert notice.headers["Wechatpay-Serial"] == yunan.keys["certificate_serial_no"]
    assert yunan.is_genuine(notice.headers, notice.body)


@pytest.mark.parametrize("status", [200, 204])
def test_acknowledged_callback_does_not_come_again(yunan: Merchant, receiver: Inbox, status: int) -> None:
    receiver.answers = [status]
    number = paid(yunan, receiver)
    receiver.next()
    eventually(lambda: sent(yunan, number)["state"] == "done")

    yunan.sandbox.clock(86_400)
    paid(yunan, receiver)

    assert opened(yunan, receiver.next())["out_trade_no"] != number


def test_refused_callback_comes_again_on_schedule(yunan: Merchant, receiver: Inbox) -> None:
    """15s, 15s, 30s, 3m …: due by the business clock, same body, signed anew."""
    receiver.answers = [500, 400, 503]
    number = paid(yunan, receiver)
    first = receiver.next()

    bodies = {first.body}
    for moved_to in (15, 31, 62):
        eventually(lambda: sent(yunan, number)["state"] == "waiting" and not receiver.came.qsize())
        tries = sent(yunan, number)["tries"]
        yunan.sandbox.clock(moved_to)
        notice = receiver.next()
        assert yunan.is_genuine(notice.headers, notice.body)
        bodies.add(notice.body)
        eventually(lambda tries=tries: sent(yunan, number)["tries"] > tries)

    assert len(bodies) == 1
    assert sent(yunan, number)["state"] == "done"
    assert [answer["status"] for answer in sent(yunan, number)["answers"]] == [500, 400, 503, 204]


def test_callback_is_given_up_after_fifteen_retries(yunan: Merchant, receiver: Inbox) -> None:
    receiver.answers = [500] * 16
    number = paid(yunan, receiver)
    for tries in range(1, 17):
        eventually(lambda tries=tries: sent(yunan, number)["tries"] == tries)
        yunan.sandbox.clock(tries * 7 * 3600)

    assert sent(yunan, number)["state"] == "given_up"


def test_restart_goes_on_where_the_books_stand(yunan: Merchant, receiver: Inbox) -> None:
    receiver.answers = [500]
    number = paid(yunan, receiver)
    receiver.next()
    eventually(lambda: sent(yunan, number)["tries"] == 1)

    yunan.sandbox.kill()
    yunan.sandbox.start()
    yunan.sandbox.clock(16)

    assert opened(yunan, receiver.next())["out_trade_no"] == number


def test_refund_is_told_in_its_own_words(yunan: Merchant, receiver: Inbox) -> None:
    number = yunan.paid()

    own = yunan.refund(number, 1200, notify_url=receiver.url).json()["out_refund_no"]
    notice = receiver.next()

    said = opened(yunan, notice)
    assert json.loads(notice.body)["event_type"] == "REFUND.SUCCESS"
    assert (said["out_refund_no"], said["refund_status"]) == (own, "SUCCESS")
    assert said["amount"] == {"total": 5000, "refund": 1200, "payer_total": 5000, "payer_refund": 1200}


@pytest.mark.parametrize(("mode", "status"), [("abnormal", "ABNORMAL"), ("refund_closed", "CLOSED")])
def test_refund_that_failed_is_told_too(yunan: Merchant, receiver: Inbox, mode: str, status: str) -> None:
    yunan.sandbox.faults(wechatpay={"mode": mode, "times": 1})

    yunan.refund(yunan.paid(), 5000, notify_url=receiver.url)

    notice = receiver.next()
    assert json.loads(notice.body)["event_type"] == f"REFUND.{status}"
    assert "success_time" not in opened(yunan, notice)


def test_refund_without_an_address_is_told_nobody(yunan: Merchant) -> None:
    own = yunan.refund(yunan.paid(), 5000).json()["out_refund_no"]
    assert yunan.call("GET", f"/v3/refund/domestic/refunds/{own}").json()["status"] == "SUCCESS"

    assert all(notice["about"] != own for notice in yunan.sandbox.sent_notices())


# On demand.


def test_lost_callback_never_comes(yunan: Merchant, receiver: Inbox) -> None:
    yunan.sandbox.payment_notices("lost")
    lost = paid(yunan, receiver)
    yunan.sandbox.payment_notices("normal")
    kept = paid(yunan, receiver)

    assert opened(yunan, receiver.next())["out_trade_no"] == kept
    assert sent(yunan, lost)["state"] == "lost"
    assert yunan.query(lost)["trade_state"] == "SUCCESS"


def test_callback_comes_twice_byte_for_byte(yunan: Merchant, receiver: Inbox) -> None:
    yunan.sandbox.payment_notices("twice")
    paid(yunan, receiver)

    first, second = receiver.next(), receiver.next()

    assert first.body == second.body


def test_callbacks_come_in_reverse(yunan: Merchant, receiver: Inbox) -> None:
    yunan.sandbox.payment_notices("reordered", seconds=3600)
    numbers = [paid(yunan, receiver) for _ in range(3)]

    yunan.sandbox.clock(3600)

    assert [opened(yunan, receiver.next())["out_trade_no"] for _ in range(3)] == numbers[::-1]


def test_late_callback_waits_for_the_business_clock(yunan: Merchant, receiver: Inbox) -> None:
    yunan.sandbox.payment_notices("late", seconds=600)
    late = paid(yunan, receiver)
    yunan.sandbox.payment_notices("normal")
    prompt = paid(yunan, receiver)
    assert opened(yunan, receiver.next())["out_trade_no"] == prompt

    yunan.sandbox.clock(601)

    assert opened(yunan, receiver.next())["out_trade_no"] == late


@pytest.mark.parametrize("mode", ["probe", "forged", "stale", "truncated"])
def test_spoilt_callback_comes_first_and_must_not_be_believed(
    yunan: Merchant, receiver: Inbox, mode: str
) -> None:
    receiver.answers = [401]
    yunan.sandbox.payment_notices(mode)
    number = paid(yunan, receiver)

    spoilt, honest = receiver.next(), receiver.next()

    assert not yunan.is_genuine(spoilt.headers, spoilt.body)
    assert yunan.is_genuine(honest.headers, honest.body)
    if mode == "probe":
        assert spoilt.headers["Wechatpay-Signature"].startswith("WECHATPAY/SIGNTEST/")
    eventually(lambda: sent(yunan, number)["state"] == "done")
    assert sent(yunan, number)["answers"] == [{"as": mode, "status": 401}, {"as": "true", "status": 204}]


def test_replay_is_the_same_bytes_with_the_same_headers(yunan: Merchant, receiver: Inbox) -> None:
    number = paid(yunan, receiver)
    first = receiver.next()
    eventually(lambda: sent(yunan, number)["state"] == "done")

    url = f"{yunan.sandbox.base_url}/wechatpay/till/notices/{sent(yunan, number)['id']}/replay"
    assert httpx2.post(url).json()["status"] == 204

    again = receiver.next()
    assert again.body == first.body
    assert again.headers["Wechatpay-Signature"] == first.headers["Wechatpay-Signature"]


def test_operator_may_tell_of_an_order_nobody_made(yunan: Merchant, receiver: Inbox) -> None:
    resource = {"out_trade_no": "NOBODY-0001", "trade_state": "SUCCESS", "amount": {"total": 1}}
    answer = yunan.sandbox.till(
        "notices", mchid=yunan.mchid, url=receiver.url, event_type="TRANSACTION.SUCCESS", resource=resource
    )

    assert answer.status_code == 200
    assert opened(yunan, receiver.next()) == resource


def test_nobody_is_called_beyond_this_machine(yunan: Merchant) -> None:
    number = yunan.paid(notify_url="https://hospital.example/notices")

    eventually(lambda: sent(yunan, number)["tries"] == 1)

    assert sent(yunan, number)["answers"] == [{"as": "true", "status": 0}]


def test_unknown_mode_is_refused(yunan: Merchant) -> None:
    url = f"{yunan.sandbox.base_url}/wechatpay/till/notices"

    assert httpx2.put(url, json={"mode": "sulking"}).status_code == 422
    assert httpx2.get(url).json()["mode"] == "normal"
