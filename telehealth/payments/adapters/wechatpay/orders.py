"""An order at WeChat Pay: ask for it, look at it, close it."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from pydantic import AwareDatetime

from telehealth.payments.adapters.wechatpay.client import Merchant
from telehealth.payments.adapters.wechatpay.wire import Said, packed, read, shortened, written
from telehealth.payments.errors import OrderPaid, ProviderDown, ProviderRefused
from telehealth.payments.ports import OrderAnswer, OrderFacts, OrderTruth
from telehealth.payments.states import Way

#: How each way is asked for, and what its answer holds.
PRODUCTS: Mapping[Way, tuple[str, str]] = {
    Way.JSAPI: ("jsapi", "prepay_id"),
    Way.MINI_PROGRAM: ("jsapi", "prepay_id"),
    Way.NATIVE: ("native", "code_url"),
    Way.H5: ("h5", "h5_url"),
}
#: Some pages of the vendor spell these one way, some the other.
PAID = frozenset({"ORDERPAID", "ORDER_PAID"})
CLOSED = frozenset({"ORDER_CLOSED", "ORDERCLOSED"})
UNKNOWN = frozenset({"ORDER_NOT_EXIST", "ORDERNOTEXIST", "RESOURCE_NOT_EXISTS"})

_PATH = "/v3/pay/transactions"
_TRUTHS = {
    "NOTPAY": OrderTruth.UNPAID,
    "USERPAYING": OrderTruth.UNPAID,
    "PAYERROR": OrderTruth.UNPAID,
    "SUCCESS": OrderTruth.PAID,
    # A refund was asked for: the money came in all the same.
    "REFUND": OrderTruth.PAID,
    "CLOSED": OrderTruth.CLOSED,
    "REVOKED": OrderTruth.CLOSED,
}


class PrepaySaid(Said):
    prepay_id: str = ""
    code_url: str = ""
    h5_url: str = ""


class Amount(Said):
    total: int
    currency: str = "CNY"


class OrderSaid(Said):
    mchid: str
    out_trade_no: str
    trade_state: str
    transaction_id: str = ""
    success_time: AwareDatetime | None = None
    amount: Amount | None = None


def appid(merchant: Merchant, way: Way) -> str:
    """An openid belongs to one of the two, so an order and the client's call name the same."""
    return merchant.settings.mini_appid if way is Way.MINI_PROGRAM else merchant.settings.appid


async def prepay(merchant: Merchant, facts: OrderFacts) -> dict[str, str]:
    """
    Raises:
        OrderPaid: it was asked for before, and paid since: look at it.
        ProviderDown, ProviderBusy, ProviderRefused.
    """
    if facts.way not in PRODUCTS:
        raise ProviderRefused(word="way_not_offered")
    product, name = PRODUCTS[facts.way]
    try:
        reply = await merchant.post(f"{_PATH}/{product}", packed(prepay_body(merchant, facts)))
    except ProviderRefused as refusal:
        if refusal.facts["word"] in PAID:
            raise OrderPaid(out_trade_no=facts.out_trade_no) from None
        raise
    value = str(getattr(read(PrepaySaid, reply.body), name))
    if not value:
        raise ProviderDown(reason="unreadable")
    if facts.way is Way.H5 and facts.return_url:
        value += ("&" if "?" in value else "?") + "redirect_url=" + quote(facts.return_url, safe="")
    return {name: value}


def prepay_body(merchant: Merchant, facts: OrderFacts) -> dict[str, Any]:
    """Nothing in here depends on when it is made: a repetition is the same, byte for byte."""
    body: dict[str, Any] = {
        "appid": appid(merchant, facts.way),
        "mchid": merchant.settings.mchid,
        "description": shortened(facts.description, size_bytes=127),
        "out_trade_no": facts.out_trade_no,
        "time_expire": written(facts.expires_at),
        "notify_url": merchant.notify_url("payments"),
        "amount": {"total": facts.amount, "currency": "CNY"},
    }
    if facts.way in (Way.JSAPI, Way.MINI_PROGRAM):
        body["payer"] = {"openid": facts.openid}
    if facts.way is Way.H5:
        address = merchant.settings.client_ip or facts.client_ip
        body["scene_info"] = {"payer_client_ip": address, "h5_info": {"type": "Wap"}}
    return body


async def query(merchant: Merchant, out_trade_no: str) -> OrderAnswer:
    """
    Raises:
        ProviderDown, ProviderBusy: nothing is known.
    """
    path = f"{_PATH}/out-trade-no/{quote(out_trade_no, safe='')}?mchid={merchant.settings.mchid}"
    try:
        reply = await merchant.get(path)
    except ProviderRefused as refusal:
        if refusal.facts["word"] in UNKNOWN:
            return OrderAnswer(OrderTruth.UNKNOWN)
        raise ProviderDown(reason="refused", word=refusal.facts["word"]) from None
    said = read(OrderSaid, reply.body)
    truth = _TRUTHS.get(said.trade_state)
    ours = (said.mchid, said.out_trade_no) == (merchant.settings.mchid, out_trade_no)
    currency_known = said.amount is None or said.amount.currency == "CNY"
    if truth is None or not ours or not currency_known:
        raise ProviderDown(reason="unreadable")
    if truth is not OrderTruth.PAID:
        return OrderAnswer(truth, amount=said.amount.total if said.amount else None)
    if said.amount is None or said.success_time is None or not said.transaction_id:
        raise ProviderDown(reason="unreadable")
    return OrderAnswer(truth, said.transaction_id, said.amount.total, said.success_time)


async def close(merchant: Merchant, out_trade_no: str) -> None:
    """Returns also for a number they never heard of, or closed before: no money can come in by it.

    Raises:
        OrderPaid.
        ProviderDown, ProviderBusy: nothing is known.
    """
    path = f"{_PATH}/out-trade-no/{quote(out_trade_no, safe='')}/close"
    try:
        await merchant.post(path, packed({"mchid": merchant.settings.mchid}))
    except ProviderRefused as refusal:
        word = refusal.facts["word"]
        if word in PAID:
            raise OrderPaid(out_trade_no=out_trade_no) from None
        if word not in CLOSED | UNKNOWN:
            raise ProviderDown(reason="refused", word=word) from None
