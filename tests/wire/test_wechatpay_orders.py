"""Our WeChat Pay adapter against the sandbox: orders, and whom to believe."""

import json
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs, urlsplit

import httpx2
import pytest
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat
from pydantic import SecretStr

from telehealth.core.clock import SHANGHAI, FixedClock
from telehealth.core.errors import DomainError
from telehealth.payments.adapters.desk import DeskProvider
from telehealth.payments.adapters.wechatpay import WeChatPayProvider
from telehealth.payments.adapters.wechatpay.client import Connections, Merchant
from telehealth.payments.adapters.wechatpay.orders import prepay_body
from telehealth.payments.adapters.wechatpay.wire import packed
from telehealth.payments.errors import (
    BillNotReady,
    NoticeRefused,
    OrderPaid,
    ProviderBusy,
    ProviderDown,
    ProviderRefused,
)
from telehealth.payments.ports import OrderAnswer, OrderTruth, RefundTruth
from telehealth.payments.states import Way
from tests.support.merchant import fresh_number
from tests.support.sandbox import Sandbox
from tests.support.wechatpay import Open, order_facts, refund_facts, wechatpay_settings


def calls(sandbox: Sandbox) -> list[tuple[str, str]]:
    return [(each["method"], each["target"].partition("?")[0]) for each in sandbox.requests("wechatpay")]


# The life of an order.


async def test_an_order_is_asked_for_paid_and_looked_at(sandbox: Sandbox, pay: WeChatPayProvider) -> None:
    facts = order_facts(amount=1999)
    prepaid = await pay.prepay(facts)
    assert prepaid["prepay_id"].startswith("wx")
    assert await pay.query("yunan", facts.out_trade_no) == OrderAnswer(OrderTruth.UNPAID, amount=1999)

    at = datetime.now(UTC).replace(microsecond=0)
    sandbox.till("pay", out_trade_no=facts.out_trade_no, success_time=at.isoformat()).raise_for_status()

    answer = await pay.query("yunan", facts.out_trade_no)
    assert (answer.truth, answer.amount, answer.paid_at) == (OrderTruth.PAID, 1999, at)
    assert answer.transaction_id


async def test_a_paid_order_stays_paid_when_a_refund_was_asked_for(
    sandbox: Sandbox, pay: WeChatPayProvider
) -> None:
    facts = order_facts()
    await pay.prepay(facts)
    sandbox.till("pay", out_trade_no=facts.out_trade_no).raise_for_status()
    await pay.refund(refund_facts(facts))
    assert (await pay.query("yunan", facts.out_trade_no)).truth is OrderTruth.PAID


async def test_the_amount_is_what_was_really_paid(sandbox: Sandbox, pay: WeChatPayProvider) -> None:
    facts = order_facts(amount=5000)
    await pay.prepay(facts)
    sandbox.till("pay", out_trade_no=facts.out_trade_no, total=4999).raise_for_status()
    assert (await pay.query("yunan", facts.out_trade_no)).amount == 4999


async def test_a_failed_try_leaves_the_order_unpaid(sandbox: Sandbox, pay: WeChatPayProvider) -> None:
    facts = order_facts()
    await pay.prepay(facts)
    sandbox.till("fail", out_trade_no=facts.out_trade_no).raise_for_status()
    assert (await pay.query("yunan", facts.out_trade_no)).truth is OrderTruth.UNPAID


async def test_a_number_nobody_asked_for_is_unknown(pay: WeChatPayProvider) -> None:
    assert await pay.query("yunan", fresh_number()) == OrderAnswer(OrderTruth.UNKNOWN)


async def test_asking_twice_with_the_same_facts_is_one_order(pay: WeChatPayProvider) -> None:
    facts = order_facts()
    assert await pay.prepay(facts) == await pay.prepay(facts)


async def test_the_same_facts_are_the_same_bytes(sandbox: Sandbox) -> None:
    merchant = Merchant(
        "yunan",
        wechatpay_settings(sandbox),
        Connections(),
        public_url="https://hospital.example",
        clock=FixedClock(datetime.now(UTC)),
    )
    for way in (Way.JSAPI, Way.MINI_PROGRAM, Way.NATIVE, Way.H5):
        facts = order_facts(way=way)
        first, second = (packed(prepay_body(merchant, facts)) for _ in range(2))
        assert first == second
        told = datetime.fromisoformat(json.loads(first)["time_expire"])
        assert told == facts.expires_at.replace(microsecond=0)
        assert told.utcoffset() == timedelta(hours=8)


async def test_the_same_number_with_another_amount_is_refused(pay: WeChatPayProvider) -> None:
    facts = order_facts(amount=5000)
    await pay.prepay(facts)
    with pytest.raises(ProviderRefused) as refused:
        await pay.prepay(order_facts(facts.out_trade_no, amount=4000))
    assert refused.value.facts["word"] == "INVALID_REQUEST"


async def test_repeating_a_prepay_that_was_paid_since_says_so(
    sandbox: Sandbox, pay: WeChatPayProvider
) -> None:
    facts = order_facts()
    await pay.prepay(facts)
    sandbox.till("pay", out_trade_no=facts.out_trade_no).raise_for_status()
    with pytest.raises(OrderPaid):
        await pay.prepay(facts)


async def test_a_closed_order_takes_no_money(sandbox: Sandbox, pay: WeChatPayProvider) -> None:
    facts = order_facts()
    await pay.prepay(facts)
    await pay.close("yunan", facts.out_trade_no)
    await pay.close("yunan", facts.out_trade_no)
    assert sandbox.till("pay", out_trade_no=facts.out_trade_no).status_code == 409
    assert (await pay.query("yunan", facts.out_trade_no)).truth is OrderTruth.CLOSED


async def test_a_paid_order_cannot_be_closed(sandbox: Sandbox, pay: WeChatPayProvider) -> None:
    facts = order_facts()
    await pay.prepay(facts)
    sandbox.till("pay", out_trade_no=facts.out_trade_no).raise_for_status()
    with pytest.raises(OrderPaid):
        await pay.close("yunan", facts.out_trade_no)


async def test_closing_what_never_reached_them_is_done_at_once(pay: WeChatPayProvider) -> None:
    await pay.close("yunan", fresh_number())


async def test_numbers_travel_as_they_are_written(pay: WeChatPayProvider) -> None:
    """`|` and `*` are allowed in a number and coded in a path: what is signed is what is sent."""
    facts = order_facts(fresh_number("CH|*"))
    await pay.prepay(facts)
    assert (await pay.query("yunan", facts.out_trade_no)).truth is OrderTruth.UNPAID


# Ways.


async def test_what_a_page_pays_with_is_signed_for_its_app(sandbox: Sandbox, pay: WeChatPayProvider) -> None:
    facts = order_facts()
    prepaid = await pay.prepay(facts)
    call = pay.invocation("yunan", Way.JSAPI, prepaid["prepay_id"])
    assert call["appId"] == sandbox.credentials["wechatpay"]["hospitals"]["yunan"]["appid"]
    assert sandbox.till("jsapi", **call).json() == {"err_msg": "get_brand_wcpay_request:ok"}
    assert (await pay.query("yunan", facts.out_trade_no)).truth is OrderTruth.PAID


async def test_a_mini_programs_call_names_no_app_and_is_fresh_each_time(
    sandbox: Sandbox, pay: WeChatPayProvider
) -> None:
    facts = order_facts(way=Way.MINI_PROGRAM)
    prepaid = await pay.prepay(facts)
    first, call = (pay.invocation("yunan", Way.MINI_PROGRAM, prepaid["prepay_id"]) for _ in range(2))
    assert "appId" not in call
    assert first["nonceStr"] != call["nonceStr"]
    assert sandbox.till("jsapi", **call).json() == {"err_msg": "get_brand_wcpay_request:ok"}


async def test_a_desktop_shows_a_code_and_a_phone_browser_goes_and_comes_back(
    pay: WeChatPayProvider,
) -> None:
    native = await pay.prepay(order_facts(way=Way.NATIVE, openid=""))
    assert native["code_url"].startswith("weixin://")

    back = "https://hospital.example/pay/1/wait?from=wechat"
    h5 = await pay.prepay(order_facts(way=Way.H5, openid="", client_ip="127.0.0.1", return_url=back))
    assert parse_qs(urlsplit(h5["h5_url"]).query)["redirect_url"] == [back]


async def test_without_a_named_address_the_payers_own_is_sent(opened: Open) -> None:
    pay = opened(client_ip="")
    with pytest.raises(ProviderRefused) as refused:
        await pay.prepay(order_facts(way=Way.H5, openid="", client_ip="127.0.0.1"))
    assert refused.value.facts["word"] == "PARAM_ERROR"
    await pay.prepay(order_facts(way=Way.H5, openid="", client_ip="198.51.100.3"))


async def test_ways_follow_from_what_a_merchant_has(opened: Open) -> None:
    pay = opened(mini_appid="")
    offered = {way for way in Way if pay.offers("yunan", way)}
    assert offered == {Way.JSAPI, Way.H5, Way.NATIVE}
    assert not any(pay.offers("elsewhere", way) for way in Way)
    with pytest.raises(ProviderRefused):
        await pay.query("elsewhere", "CH-000000")


async def test_each_hospital_has_a_merchant_of_its_own(sandbox: Sandbox, opened: Open) -> None:
    codes = list(sandbox.credentials["wechatpay"]["hospitals"])[:2]
    pay = opened(*codes)
    facts = order_facts(hospital=codes[0])
    await pay.prepay(facts)
    assert (await pay.query(codes[0], facts.out_trade_no)).truth is OrderTruth.UNPAID
    assert (await pay.query(codes[1], facts.out_trade_no)).truth is OrderTruth.UNKNOWN


# Whom to believe.


@pytest.mark.parametrize("mode", ["forged_answer", "stale_answer", "probe_answer"])
async def test_an_answer_they_did_not_just_sign_tells_nothing(
    sandbox: Sandbox, pay: WeChatPayProvider, mode: str
) -> None:
    facts = order_facts()
    await pay.prepay(facts)
    with sandbox.faults(wechatpay={"mode": mode}), pytest.raises(ProviderDown):
        await pay.query("yunan", facts.out_trade_no)
    assert (await pay.query("yunan", facts.out_trade_no)).truth is OrderTruth.UNPAID


@pytest.mark.parametrize("mode", ["forged_answer", "stale_answer", "probe_answer"])
async def test_no_such_order_is_believed_only_when_they_signed_it(
    sandbox: Sandbox, pay: WeChatPayProvider, mode: str
) -> None:
    """Else whoever sits in between could make us forget a payment."""
    with sandbox.faults(wechatpay={"mode": mode}), pytest.raises(ProviderDown):
        await pay.query("yunan", fresh_number())


async def test_another_platform_key_than_theirs_believes_nothing(opened: Open) -> None:
    stranger = generate_private_key(65537, 2048).public_key()
    pem = stranger.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
    with pytest.raises(ProviderDown):
        await opened(public_key=pem).query("yunan", fresh_number())


async def test_a_wrong_merchant_key_leaves_everything_unknown(opened: Open) -> None:
    """Nothing is refused for good: what waits goes on once the key is mended."""
    key = generate_private_key(65537, 2048)
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    pay = opened(private_key=SecretStr(pem))
    with pytest.raises(ProviderDown) as down:
        await pay.prepay(order_facts())
    assert down.value.facts["reason"] == "sign_error"
    with pytest.raises(ProviderDown):
        await pay.refund(refund_facts(order_facts()))


async def test_a_wrong_clock_is_no_refusal_either(opened: Open) -> None:
    pay = opened(clock=FixedClock(datetime.now(UTC) - timedelta(minutes=6)))
    with pytest.raises(ProviderDown) as down:
        await pay.prepay(order_facts())
    assert down.value.facts["reason"] == "sign_error"


async def test_without_a_public_key_certificates_are_fetched_once(sandbox: Sandbox, opened: Open) -> None:
    pay = opened(certificates=True)
    facts = order_facts()
    sandbox.forget_requests()
    await pay.prepay(facts)
    await pay.query("yunan", facts.out_trade_no)
    fetched = [path for _, path in calls(sandbox) if path.endswith("/v3/certificates")]
    assert len(fetched) == 1


async def test_without_certificates_no_answer_is_believed(sandbox: Sandbox, opened: Open) -> None:
    pay = opened(certificates=True, apiv3_key=SecretStr("x" * 32))
    with pytest.raises(ProviderDown):
        await pay.query("yunan", fresh_number())


# When they do not answer.


@pytest.mark.parametrize(
    ("fault", "expected"),
    [
        ({"mode": "down"}, ProviderDown),
        ({"mode": "error_500"}, ProviderDown),
        ({"mode": "lost_answer"}, ProviderDown),
        ({"mode": "cut"}, ProviderDown),
        ({"mode": "throttled"}, ProviderBusy),
    ],
)
async def test_trouble_at_their_end_has_our_name(
    sandbox: Sandbox, pay: WeChatPayProvider, fault: dict[str, str], expected: type[DomainError]
) -> None:
    facts = order_facts()
    with sandbox.faults(wechatpay=fault), pytest.raises(expected):
        await pay.prepay(facts)
    await pay.prepay(facts)
    assert (await pay.query("yunan", facts.out_trade_no)).truth is OrderTruth.UNPAID


@pytest.mark.parametrize("mode", ["slow", "timeout"])
async def test_who_answers_too_late_did_not_answer(sandbox: Sandbox, opened: Open, mode: str) -> None:
    pay = opened(timeout_s=0.3)
    facts = order_facts()
    with sandbox.faults(wechatpay={"mode": mode, "seconds": 1.5}), pytest.raises(ProviderDown) as down:
        await pay.prepay(facts)
    assert down.value.facts["reason"] == "timeout"


@pytest.mark.parametrize("mode", ["lost_answer", "cut"])
async def test_an_order_made_while_the_answer_was_lost_is_found_and_repeated(
    sandbox: Sandbox, pay: WeChatPayProvider, mode: str
) -> None:
    facts = order_facts()
    with sandbox.faults(wechatpay={"mode": mode, "times": 1}), pytest.raises(ProviderDown):
        await pay.prepay(facts)
    assert (await pay.query("yunan", facts.out_trade_no)).truth is OrderTruth.UNPAID
    assert (await pay.prepay(facts))["prepay_id"]


async def test_a_close_whose_answer_was_lost_is_repeated(sandbox: Sandbox, pay: WeChatPayProvider) -> None:
    facts = order_facts()
    await pay.prepay(facts)
    with sandbox.faults(wechatpay={"mode": "lost_answer", "kind": "close"}), pytest.raises(ProviderDown):
        await pay.close("yunan", facts.out_trade_no)
    await pay.close("yunan", facts.out_trade_no)


async def test_nobody_at_the_address_is_down(opened: Open) -> None:
    with pytest.raises(ProviderDown):
        await opened(base_url="http://127.0.0.1:9").query("yunan", fresh_number())


@pytest.mark.parametrize(
    "response",
    [
        httpx2.Response(200, content=b"not json"),
        httpx2.Response(404, json={"code": "ORDER_NOT_EXIST"}),
        httpx2.Response(302, headers={"location": "https://elsewhere.example"}),
    ],
)
async def test_what_a_proxy_says_in_their_place_tells_nothing(
    sandbox: Sandbox, response: httpx2.Response
) -> None:
    clock = FixedClock(datetime.now(UTC))
    pay = WeChatPayProvider(
        {"yunan": wechatpay_settings(sandbox)},
        public_url="https://hospital.example",
        clock=clock,
        transport=httpx2.MockTransport(lambda _request: response),
    )
    with pytest.raises(ProviderDown):
        await pay.query("yunan", fresh_number())
    await pay.aclose()


# The window.


async def test_cash_moves_by_hand_only() -> None:
    desk, facts = DeskProvider(), order_facts(way=Way.CASH)
    assert [way for way in Way if desk.offers("yunan", way)] == [Way.CASH]
    assert await desk.prepay(facts) == {}
    assert (await desk.query("yunan", facts.out_trade_no)).truth is OrderTruth.UNPAID
    await desk.close("yunan", facts.out_trade_no)
    assert (await desk.query_refund("yunan", "RF-1")).truth is RefundTruth.UNKNOWN
    with pytest.raises(ProviderRefused) as refused:
        await desk.refund(refund_facts(facts))
    assert refused.value.facts["word"] == "hand_out"
    with pytest.raises(NoticeRefused):
        desk.read_notice("yunan", "payments", {}, b"")
    with pytest.raises(BillNotReady):
        await desk.bill("yunan", datetime.now(SHANGHAI).date())
