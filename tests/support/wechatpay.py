"""Our own WeChat Pay adapter, pointed at the sandbox's merchants."""

import itertools
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx2
from pydantic import SecretStr

from telehealth.core.clock import Clock, SystemClock
from telehealth.core.settings import WeChatPay
from telehealth.payments.adapters.wechatpay import WeChatPayProvider
from telehealth.payments.ports import OrderFacts, RefundFacts
from telehealth.payments.states import Way
from tests.support.merchant import fresh_number
from tests.support.sandbox import Sandbox

Open = Callable[..., WeChatPayProvider]

#: Nobody listens there: callbacks are for those tests that open an inbox.
NOWHERE = "http://127.0.0.1:9"
_people = itertools.count(1)


def wechatpay_settings(
    sandbox: Sandbox,
    code: str = "yunan",
    *,
    notify_url: str = NOWHERE,
    certificates: bool = False,
    **changed: Any,
) -> WeChatPay:
    """`certificates`: the merchant holds no public key of the platform, and fetches certificates."""
    keys = sandbox.credentials["wechatpay"]["hospitals"][code]
    said = {
        "base_url": sandbox.credentials["wechatpay"]["base_url"],
        "mchid": keys["mchid"],
        "appid": keys["appid"],
        "mini_appid": keys["mini_appid"],
        "serial_no": keys["serial_no"],
        "private_key": SecretStr(keys["private_key"]),
        "apiv3_key": SecretStr(keys["apiv3_key"]),
        "public_key_id": "" if certificates else keys["public_key_id"],
        "public_key": "" if certificates else keys["public_key"],
        "notify_url": notify_url,
        "client_ip": "203.0.113.7",
        "city_id": "110100",
        "med_inst_no": f"H{keys['mchid']}",
        "med_inst_name": "样例医院",
        "timeout_s": 8.0,
    }
    return WeChatPay(**{**said, **changed})


def wechatpay(
    sandbox: Sandbox,
    *codes: str,
    clock: Clock | None = None,
    transport: httpx2.AsyncBaseTransport | None = None,
    **changed: Any,
) -> WeChatPayProvider:
    """Of the hospitals `codes`, `yunan` unless told otherwise. Close it when done."""
    merchants = {code: wechatpay_settings(sandbox, code, **changed) for code in codes or ("yunan",)}
    return WeChatPayProvider(merchants, public_url=NOWHERE, clock=clock or SystemClock(), transport=transport)


def order_facts(number: str | None = None, *, amount: int = 5000, **changed: Any) -> OrderFacts:
    said = {
        "hospital": "yunan",
        "out_trade_no": number or fresh_number(),
        "way": Way.JSAPI,
        "amount": amount,
        "description": "线上复诊",
        "expires_at": datetime.now(UTC) + timedelta(minutes=15),
        "openid": f"oSAMPLE{next(_people):06d}",
    }
    return OrderFacts(**{**said, **changed})


def refund_facts(order: OrderFacts, *, amount: int | None = None, **changed: Any) -> RefundFacts:
    said = {
        "hospital": order.hospital,
        "out_trade_no": order.out_trade_no,
        "number": fresh_number("RF"),
        "amount": order.amount if amount is None else amount,
        "total": order.amount,
        "reason": "当日未就诊，全额退款",
    }
    return RefundFacts(**{**said, **changed})
