"""A refund at WeChat Pay: ask for it under our number, and look what became of it."""

from typing import Any
from urllib.parse import quote

from pydantic import AwareDatetime

from telehealth.payments.adapters.wechatpay.client import Merchant
from telehealth.payments.adapters.wechatpay.sealing import seal_for
from telehealth.payments.adapters.wechatpay.wire import Said, packed, read, shortened
from telehealth.payments.errors import NotEnough, ProviderDown, ProviderRefused
from telehealth.payments.ports import BankCard, RefundAnswer, RefundFacts, RefundTruth

NOT_ENOUGH = frozenset({"NOT_ENOUGH", "NOTENOUGH"})
UNKNOWN = frozenset({"RESOURCE_NOT_EXISTS", "ORDER_NOT_EXIST", "REFUNDNOTEXIST"})

_PATH = "/v3/refund/domestic/refunds"
_TRUTHS = {
    "PROCESSING": RefundTruth.PROCESSING,
    "SUCCESS": RefundTruth.SETTLED,
    "CLOSED": RefundTruth.CLOSED,
    "ABNORMAL": RefundTruth.ABNORMAL,
}


class Amount(Said):
    refund: int
    total: int
    currency: str = "CNY"


class RefundSaid(Said):
    refund_id: str
    out_refund_no: str
    out_trade_no: str
    status: str
    amount: Amount
    success_time: AwareDatetime | None = None
    user_received_account: str = ""


async def refund(merchant: Merchant, facts: RefundFacts) -> RefundAnswer:
    """One number refunds once; the same again is answered with what became of it.

    Raises:
        NotEnough: the merchant's balance; the same number later.
        ProviderDown, ProviderBusy, ProviderRefused.
    """
    try:
        reply = await merchant.post(_PATH, packed(refund_body(merchant, facts)))
    except ProviderRefused as refusal:
        if refusal.facts["word"] in NOT_ENOUGH:
            raise NotEnough(number=facts.number) from None
        raise
    return _answer(reply.body, facts.number)


def refund_body(merchant: Merchant, facts: RefundFacts) -> dict[str, Any]:
    return {
        "out_trade_no": facts.out_trade_no,
        "out_refund_no": facts.number,
        "reason": shortened(facts.reason, size_bytes=80),
        "notify_url": merchant.notify_url("refunds"),
        "amount": {"refund": facts.amount, "total": facts.total, "currency": "CNY"},
    }


async def query_refund(merchant: Merchant, number: str) -> RefundAnswer:
    """
    Raises:
        ProviderDown, ProviderBusy: nothing is known.
    """
    try:
        reply = await merchant.get(f"{_PATH}/{quote(number, safe='')}")
    except ProviderRefused as refusal:
        if refusal.facts["word"] in UNKNOWN:
            return RefundAnswer(RefundTruth.UNKNOWN)
        raise ProviderDown(reason="refused", word=refusal.facts["word"]) from None
    return _answer(reply.body, number)


async def refund_elsewhere(
    merchant: Merchant, number: str, party_number: str, *, card: BankCard | None
) -> RefundAnswer:
    """`apply-abnormal-refund`: to another card of the payer's, or to the merchant's own.

    Raises:
        ProviderRefused: it is not abnormal, or they do not pay to this card.
        ProviderDown, ProviderBusy.
    """
    body, serial = {"out_refund_no": number, "type": "MERCHANT_BANK_CARD"}, ""
    if card is not None:
        await merchant.learn_keys()
        serial, key = merchant.platform.to_seal()
        body |= {
            "type": "USER_BANK_CARD",
            "bank_type": card.bank,
            "bank_account": seal_for(key, card.number),
            "real_name": seal_for(key, card.holder),
        }
    path = f"{_PATH}/{quote(party_number, safe='')}/apply-abnormal-refund"
    reply = await merchant.post(path, packed(body), sealed_with=serial)
    return _answer(reply.body, number)


def _answer(body: bytes, number: str) -> RefundAnswer:
    said = read(RefundSaid, body)
    truth = _TRUTHS.get(said.status)
    ours = said.out_refund_no == number and said.amount.currency == "CNY"
    dated = truth is not RefundTruth.SETTLED or said.success_time is not None
    if truth is None or not ours or not dated:
        raise ProviderDown(reason="unreadable")
    return RefundAnswer(
        truth,
        party_number=said.refund_id,
        amount=said.amount.refund,
        settled_at=said.success_time,
        received_by=said.user_received_account or None,
    )
