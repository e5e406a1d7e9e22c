"""A split payment (`/v3/med-ins`): WeChat collects both halves behind one password."""

import hashlib
from collections.abc import Mapping
from datetime import datetime
from typing import Any
from urllib.parse import quote

from telehealth.patients.rules import DocumentKind, resident_check
from telehealth.payments.adapters.wechatpay.client import Merchant
from telehealth.payments.adapters.wechatpay.orders import UNKNOWN, appid
from telehealth.payments.adapters.wechatpay.sealing import seal_for
from telehealth.payments.adapters.wechatpay.wire import Said, packed, read, shortened, written
from telehealth.payments.errors import ProviderDown, ProviderRefused
from telehealth.payments.ports import HalfTruth, MixedAnswer, MixedFacts
from telehealth.payments.states import OrderType, Way

CASH_ONLY, INSURANCE_ONLY, BOTH = "CASH_ONLY", "INSURANCE_ONLY", "CASH_AND_INSURANCE"
#: Ours: the parts do not sum, or a half is asked for that is not there.
UNSOUND = "split_unsound"
EXISTS = "268512536"

_PATH = "/v3/med-ins/orders"
_ORDER_TYPES = {
    OrderType.REGISTRATION: "INT_REG_PAY",
    OrderType.CONSULT: "INT_RE_DIAG_PAY",
    OrderType.DRUG: "INT_RX_PAY",
    OrderType.EXAM: "DIAG_PAY",
}
_CARD_TYPES = {
    DocumentKind.RESIDENT_ID: "ID_CARD",
    DocumentKind.TAIWAN_TRAVEL: "MAINLAND_TRAVEL_PERMIT_FOR_TW",
    DocumentKind.FOREIGN_RESIDENT: "FOREIGN_PERMANENT_RESIDENT",
    DocumentKind.PASSPORT: "FOREIGNER_PASSPORT",
}
_TRAVEL_FROM = {"H": "MAINLAND_TRAVEL_PERMIT_FOR_HK", "M": "MAINLAND_TRAVEL_PERMIT_FOR_MO"}
#: Their number of the finer reason → a word staff can act on.
_REASONS = {
    "268545961": "payer_differs",
    "268545962": "payer_differs",
    "268545963": "no_insurance_code",
    "268545964": "no_such_relative",
    "268547120": "authorisation_spent",
    "268529476": UNSOUND,
    "268529477": UNSOUND,
    "268529481": UNSOUND,
    "268510610": "insurer_refused",
}
_TRUTHS = {
    "CREATED": HalfTruth.CREATED,
    "SUCCESS": HalfTruth.PAID,
    "REFUND": HalfTruth.REFUNDED,
    "FAIL": HalfTruth.FAILED,
}


class MixedSaid(Said):
    out_trade_no: str
    mix_trade_no: str
    mix_pay_status: str
    self_pay_status: str
    med_ins_pay_status: str


def is_offered(merchant: Merchant) -> bool:
    held = merchant.settings
    return bool(held.city_id and held.med_inst_no and held.med_inst_name)


async def order(merchant: Merchant, facts: MixedFacts) -> MixedAnswer:
    """A number that exists already is asked about instead: sealed fields differ each time they are made.

    Raises:
        ProviderRefused: `word` is "split_unsound", "document_not_offered", one of `_REASONS`, or theirs.
        ProviderDown, ProviderBusy.
    """
    check(facts)
    await merchant.learn_keys()
    serial, key = merchant.platform.to_seal()
    body = {name: value for name, value in _body(merchant, facts).items() if value not in ("", None)}
    body["payer"] = {
        "name": seal_for(key, facts.payer_name),
        "id_digest": seal_for(key, id_digest(facts.payer_number)),
        "card_type": card_type(facts.payer_document, facts.payer_number),
    }
    body["pay_for_relatives"] = bool(facts.relative_number)
    if facts.relative_number:
        body["relative"] = {
            "name": seal_for(key, facts.relative_name),
            "id_digest": seal_for(key, id_digest(facts.relative_number)),
            "card_type": card_type(facts.relative_document, facts.relative_number),
        }
    try:
        reply = await merchant.post(_PATH, packed(body), sealed_with=serial)
    except ProviderRefused as refusal:
        number = refusal.facts["number"]
        if number == EXISTS or refusal.facts["word"] == "ALREADY_EXISTS":
            return await query(merchant, facts.out_trade_no)
        raise ProviderRefused(word=_REASONS.get(number, refusal.facts["word"]), number=number) from None
    return _answer(reply.body, facts.out_trade_no)


def check(facts: MixedFacts) -> None:
    """The channel's identities, before it is asked. We neither add to nor take from the insurer's cash
    share, so what WeChat collects is exactly that.

    Raises:
        ProviderRefused: "split_unsound".
    """
    parts = (facts.fund, facts.personal, facts.other, facts.cash)
    sound = min(parts) >= 0 and sum(parts) == facts.total > 0 and bool(facts.prepay_id) == (facts.cash > 0)
    if not sound:
        raise ProviderRefused(word=UNSOUND)


def pay_type(facts: MixedFacts) -> str:
    if facts.cash == facts.total:
        return CASH_ONLY
    return BOTH if facts.cash else INSURANCE_ONLY


def _body(merchant: Merchant, facts: MixedFacts) -> dict[str, Any]:
    """In clear; which fields are there depends on which halves are."""
    kind, held = pay_type(facts), merchant.settings
    body: dict[str, Any] = {
        "mix_pay_type": kind,
        "order_type": _ORDER_TYPES[OrderType(facts.order_kind)],
        "appid": appid(merchant, facts.way),
        "openid": facts.openid,
        "out_trade_no": facts.out_trade_no,
        "serial_no": facts.serial_no,
        "city_id": held.city_id,
        "med_inst_no": held.med_inst_no,
        "med_inst_name": held.med_inst_name,
        "total_fee": facts.total,
        "callback_url": merchant.notify_url("mixed"),
        "attach": shortened(facts.attach, size_bytes=128),
        # Left on, it loses real money: never anything else.
        "med_ins_test_env": False,
    }
    if kind != CASH_ONLY:
        body |= {
            "pay_order_id": facts.pay_order_id,
            "pay_auth_no": facts.pay_auth_no,
            "geo_location": facts.location,
            "med_ins_order_create_time": written(facts.created_at),
            "med_ins_gov_fee": facts.fund,
            "med_ins_self_fee": facts.personal,
            "med_ins_other_fee": facts.other,
            "med_ins_cash_fee": facts.cash,
        }
    if kind != INSURANCE_ONLY:
        body |= {"prepay_id": facts.prepay_id, "wechat_pay_cash_fee": facts.cash}
    return body


async def query(merchant: Merchant, out_trade_no: str) -> MixedAnswer:
    """An order they never heard of has no half at all: three times NONE.

    Raises:
        ProviderDown, ProviderBusy: nothing is known.
    """
    try:
        reply = await merchant.get(f"{_PATH}/out-trade-no/{quote(out_trade_no, safe='')}")
    except ProviderRefused as refusal:
        if refusal.facts["word"] in UNKNOWN:
            return MixedAnswer(HalfTruth.NONE, HalfTruth.NONE, HalfTruth.NONE)
        raise ProviderDown(reason="refused", word=refusal.facts["word"]) from None
    return _answer(reply.body, out_trade_no)


def invocation(merchant: Merchant, mix_trade_no: str, prepay_id: str | None, way: Way) -> dict[str, str]:
    """`mixTradeNo` is not part of what is signed; without a cash half nothing is."""
    account = appid(merchant, way)
    parameters = {"mixTradeNo": mix_trade_no}
    if way is not Way.MINI_PROGRAM:
        parameters["appid"] = account
    if prepay_id:
        parameters |= merchant.key.client_call(account, prepay_id, now_s=merchant.now_s())
    return parameters


async def tell_refunded(
    merchant: Merchant, mix_trade_no: str, *, number: str, parts: Mapping[str, int], at: datetime
) -> None:
    """`parts` of gov, self and other, in fen. The same number again changes nothing."""
    body = {
        "med_refund_total_fee": sum(parts.values()),
        **{f"med_refund_{part}_fee": amount for part, amount in parts.items()},
        "refund_time": written(at),
        "out_refund_no": number,
    }
    path = f"/v3/med-ins/refunds/notify?mix_trade_no={quote(mix_trade_no, safe='')}"
    await merchant.post(path, packed(body))


def id_digest(number: str) -> str:
    """MD5 of the number as it is normalised: upper case, a 15-digit resident ID made 18.

    Source: INTEGRATIONS §2.2, with its vector.
    """
    text = number.strip().upper()
    if len(text) == 15 and text.isdecimal():
        text = f"{text[:6]}19{text[6:]}"
        text += resident_check(text)
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()


def card_type(document: str, number: str) -> str:
    """
    Raises:
        ProviderRefused: the channel has no word for such a document.
    """
    if document == DocumentKind.HK_MACAU_TRAVEL:
        found = _TRAVEL_FROM.get(number[:1].upper())
    else:
        found = {str(kind): word for kind, word in _CARD_TYPES.items()}.get(document)
    if found is None:
        raise ProviderRefused(word="document_not_offered")
    return found


def _answer(body: bytes, out_trade_no: str) -> MixedAnswer:
    said = read(MixedSaid, body)
    if said.out_trade_no != out_trade_no:
        raise ProviderDown(reason="unreadable")
    return MixedAnswer(
        whole=_truth(said.mix_pay_status, "MIX_PAY"),
        cash=_truth(said.self_pay_status, "SELF_PAY"),
        insured=_truth(said.med_ins_pay_status, "MED_INS_PAY"),
        mix_trade_no=said.mix_trade_no,
    )


def _truth(status: str, half: str) -> HalfTruth:
    """Words we do not know (MIX_PAY_USER_PAYING …) are not final."""
    if status == f"NO_{half}":
        return HalfTruth.NONE
    return _TRUTHS.get(status.removeprefix(f"{half}_"), HalfTruth.CREATED)
