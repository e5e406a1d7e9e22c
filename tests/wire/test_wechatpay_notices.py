"""Our WeChat Pay adapter against the sandbox: what they tell us unasked, and what only claims to be so."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx2
import pytest

from telehealth.core.clock import FixedClock
from telehealth.payments.adapters.wechatpay import WeChatPayProvider
from telehealth.payments.errors import NoticeRefused
from telehealth.payments.ports import Notice, OrderFacts
from tests.support.merchant import Inbox, Merchant, inbox
from tests.support.merchant import Notice as Came
from tests.support.sandbox import Sandbox
from tests.support.wechatpay import Open, order_facts, refund_facts


@pytest.fixture
def letters(sandbox: Sandbox) -> Iterator[Inbox]:
    """Where callbacks of this test go; afterwards they go out as ever."""
    with inbox() as held:
        yield held
    sandbox.payment_notices("normal")


@pytest.fixture
def told(opened: Open, letters: Inbox) -> WeChatPayProvider:
    """A provider whose callbacks reach the inbox."""
    return opened(notify_url=letters.url.removesuffix("/notices"))


async def paid(sandbox: Sandbox, pay: WeChatPayProvider, **changed: Any) -> OrderFacts:
    facts = order_facts(**changed)
    await pay.prepay(facts)
    sandbox.till("pay", out_trade_no=facts.out_trade_no).raise_for_status()
    return facts


def told_by_operator(sandbox: Sandbox, letters: Inbox, event: str, resource: dict[str, Any]) -> Came:
    """Any callback at all, truly signed and sealed for `yunan`."""
    wanted = {
        "mchid": Merchant(sandbox).mchid,
        "url": letters.url,
        "event_type": event,
        "resource": resource,
    }
    httpx2.post(f"{sandbox.base_url}/wechatpay/till/notices", json=wanted).raise_for_status()
    return letters.next()


def refusal(pay: WeChatPayProvider, came: Came, *, topic: str = "payments", **changed: str) -> str:
    with pytest.raises(NoticeRefused) as refused:
        pay.read_notice("yunan", topic, {**dict(came.headers.items()), **changed}, came.body)
    return refused.value.verdict


async def test_a_payment_is_told_to_the_address_of_its_hospital(
    sandbox: Sandbox, told: WeChatPayProvider, letters: Inbox
) -> None:
    facts = await paid(sandbox, told, amount=1999)
    came = letters.next()
    notice = told.read_notice("yunan", "payments", dict(came.headers.items()), came.body)
    assert notice == Notice("TRANSACTION.SUCCESS", facts.out_trade_no, None, 1999)
    asked = [order for order in sandbox.sent_notices() if order["about"] == facts.out_trade_no]
    assert all(each["url"].endswith("/callbacks/wechatpay/yunan/payments") for each in asked)


async def test_a_refund_is_told_by_our_number(
    sandbox: Sandbox, told: WeChatPayProvider, letters: Inbox
) -> None:
    order = await paid(sandbox, told)
    letters.next()
    facts = refund_facts(order, amount=1200)
    await told.refund(facts)
    came = letters.next()
    notice = told.read_notice("yunan", "refunds", dict(came.headers.items()), came.body)
    assert notice == Notice("REFUND.SUCCESS", order.out_trade_no, facts.number, 1200)


@pytest.mark.parametrize(
    ("mode", "verdict"),
    [
        ("probe", "bad_signature"),
        ("forged", "bad_signature"),
        ("truncated", "bad_signature"),
        ("stale", "stale"),
    ],
)
async def test_a_spoilt_callback_proves_nothing_and_the_true_one_does(
    sandbox: Sandbox, told: WeChatPayProvider, letters: Inbox, mode: str, verdict: str
) -> None:
    letters.answers += [401]
    sandbox.payment_notices(mode)
    facts = await paid(sandbox, told)
    assert refusal(told, letters.next()) == verdict
    came = letters.next()
    notice = told.read_notice("yunan", "payments", dict(came.headers.items()), came.body)
    assert notice.out_trade_no == facts.out_trade_no


async def test_the_same_callback_twice_says_the_same(
    sandbox: Sandbox, told: WeChatPayProvider, letters: Inbox
) -> None:
    sandbox.payment_notices("twice")
    await paid(sandbox, told)
    first, second = (
        told.read_notice("yunan", "payments", dict(came.headers.items()), came.body)
        for came in (letters.next(), letters.next())
    )
    assert first == second


async def test_a_callback_replayed_six_minutes_later_is_stale(
    sandbox: Sandbox, told: WeChatPayProvider, opened: Open, letters: Inbox
) -> None:
    await paid(sandbox, told)
    later = opened(clock=FixedClock(datetime.now(UTC) + timedelta(minutes=6)))
    assert refusal(later, letters.next()) == "stale"


async def test_headers_are_read_whatever_their_case(
    sandbox: Sandbox, told: WeChatPayProvider, letters: Inbox
) -> None:
    await paid(sandbox, told)
    came = letters.next()
    for spelt in (str.lower, str.upper):
        headers = {spelt(name): value for name, value in came.headers.items()}
        assert told.read_notice("yunan", "payments", headers, came.body).event == "TRANSACTION.SUCCESS"


async def test_one_changed_byte_or_a_missing_header_is_enough(
    sandbox: Sandbox, told: WeChatPayProvider, letters: Inbox
) -> None:
    await paid(sandbox, told)
    came = letters.next()
    assert refusal(told, Came(came.headers, came.body + b" ")) == "bad_signature"
    assert refusal(told, Came(came.headers, json.dumps(json.loads(came.body)).encode())) == "bad_signature"
    assert refusal(told, came, **{"Wechatpay-Nonce": "other"}) == "bad_signature"
    assert refusal(told, Came({}, came.body)) == "bad_signature"


async def test_a_callback_of_another_hospital_proves_nothing_here(
    sandbox: Sandbox, opened: Open, letters: Inbox
) -> None:
    codes = list(sandbox.credentials["wechatpay"]["hospitals"])[:2]
    pay = opened(*codes, notify_url=letters.url.removesuffix("/notices"))
    await paid(sandbox, pay, hospital=codes[0])
    came = letters.next()
    for code in (codes[1], "elsewhere"):
        with pytest.raises(NoticeRefused):
            pay.read_notice(code, "payments", dict(came.headers.items()), came.body)


@pytest.mark.parametrize(
    ("topic", "event", "changed"),
    [
        ("payments", "TRANSACTION.SUCCESS", {"mchid": "1900000999"}),
        ("payments", "TRANSACTION.SUCCESS", {"mchid": ""}),
        ("payments", "TRANSACTION.SUCCESS", {"appid": "wx0000000000000000"}),
        ("refunds", "TRANSACTION.SUCCESS", {}),
        ("payments", "REFUND.SUCCESS", {}),
        ("payments", "COUPON.USE", {}),
        ("elsewhere", "TRANSACTION.SUCCESS", {}),
    ],
)
async def test_truly_signed_but_about_others_is_foreign(
    sandbox: Sandbox, pay: WeChatPayProvider, letters: Inbox, topic: str, event: str, changed: dict[str, str]
) -> None:
    keys = Merchant(sandbox).keys
    resource = {"mchid": keys["mchid"], "appid": keys["appid"], "out_trade_no": "CH-000001", **changed}
    assert refusal(pay, told_by_operator(sandbox, letters, event, resource), topic=topic) == "foreign"


@pytest.mark.parametrize("resource", [{}, {"out_trade_no": 7}, {"out_trade_no": "CH-1", "amount": "1.00"}])
async def test_truly_signed_but_not_in_words_we_know_is_unreadable(
    sandbox: Sandbox, pay: WeChatPayProvider, letters: Inbox, resource: dict[str, Any]
) -> None:
    came = told_by_operator(sandbox, letters, "TRANSACTION.SUCCESS", resource)
    assert refusal(pay, came) == "unreadable"


async def test_a_refund_without_our_number_is_unreadable(
    sandbox: Sandbox, pay: WeChatPayProvider, letters: Inbox
) -> None:
    resource = {"mchid": Merchant(sandbox).mchid, "out_trade_no": "CH-000001"}
    came = told_by_operator(sandbox, letters, "REFUND.SUCCESS", resource)
    assert refusal(pay, came, topic="refunds") == "unreadable"


async def test_sealed_with_another_key_is_unreadable(
    sandbox: Sandbox, told: WeChatPayProvider, opened: Open, letters: Inbox
) -> None:
    await paid(sandbox, told)
    assert refusal(opened(apiv3_key="y" * 32), letters.next()) == "unreadable"


async def test_a_callback_signed_with_a_new_certificate_is_read_once_it_was_fetched(
    sandbox: Sandbox, told: WeChatPayProvider, letters: Inbox
) -> None:
    """They send it again; in between any call, or `learn_keys`, has fetched what was missing."""
    mchid = Merchant(sandbox).mchid
    set_mode = f"{sandbox.base_url}/wechatpay/till/keys"
    httpx2.put(set_mode, json={"mchid": mchid, "mode": "certificate"}).raise_for_status()
    try:
        facts = await paid(sandbox, told)
        came = letters.next()
    finally:
        httpx2.put(set_mode, json={"mchid": mchid, "mode": "public_key"}).raise_for_status()

    assert not await told.learn_keys("yunan")
    assert refusal(told, came) == "unknown_key"
    assert await told.learn_keys("yunan")
    notice = told.read_notice("yunan", "payments", dict(came.headers.items()), came.body)
    assert notice.out_trade_no == facts.out_trade_no


async def test_strangers_cannot_make_us_fetch_certificates_again_and_again(
    sandbox: Sandbox, told: WeChatPayProvider, letters: Inbox
) -> None:
    await paid(sandbox, told)
    came = letters.next()
    fetched = []
    for attempt in range(3):
        assert refusal(told, came, **{"Wechatpay-Serial": f"{attempt:040X}"}) == "unknown_key"
        fetched.append(await told.learn_keys("yunan"))
    assert fetched == [True, False, False]
