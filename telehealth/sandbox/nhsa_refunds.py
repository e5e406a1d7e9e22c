"""How an order stands, what was given back of it, and what a refund may ask."""

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from telehealth.sandbox.dates import SHANGHAI
from telehealth.sandbox.nhsa_envelope import Call, Refusal, fen_of, yuan

LEGS = ("fund", "account", "other", "cash")
#: Provinces number these differently; a client keeps a table of its own.
ORD_STAS: Mapping[str, str] = {
    "0": "已保存",
    "1": "预结算完成",
    "6": "结算完成",
    "7": "已全部退款",
    "8": "医保已全部退款",
    "9": "自费已全部退款",
    "10": "自费已部分退款",
    "11": "医保已全部退款，自费已部分退款",
    "12": "已撤销",
    "16": "结算失败",
}
_STATUS_OF_STATE = {"uploaded": "0", "priced": "1", "revoked": "12", "failed": "16"}


def ord_stas(order: Mapping[str, Any]) -> str:
    """The platform's code for where an order and its refunds stand."""
    state = order["state"]
    if state in _STATUS_OF_STATE:
        return _STATUS_OF_STATE[state]
    insured = sum(order[leg] for leg in LEGS if leg != "cash")
    insured_back = sum(returned(order, leg) for leg in LEGS if leg != "cash")
    cash_back = returned(order, "cash")
    if insured_back == insured and cash_back == order["cash"] and order["refunds"]:
        return "7"
    if insured and insured_back == insured:
        return "11" if cash_back else "8"
    if cash_back and not insured_back:
        return "9" if cash_back == order["cash"] else "10"
    return "6"


def returned(order: Mapping[str, Any], leg: str) -> int:
    return sum(int(refund[leg]) for refund in order["refunds"].values())


def asked_refund(call: Call) -> dict[str, Any]:
    kind = call.text("refdType")
    if not re.fullmatch(r"\d{14}", call.text("appRefdTime")):
        raise Refusal("PARAM_ERROR", "appRefdTime 形如 yyyyMMddHHmmss")
    asked: dict[str, Any] = {
        "kind": kind,
        "fund": call.fen("fundRefdAmt"),
        "account": call.fen("psnAcctRefdAmt"),
        "other": fen_of(call.data.get("othFundRefdAmt", "0.00"), "othFundRefdAmt"),
        "cash": call.fen("cashRefdAmt"),
    }
    insured = asked["fund"] + asked["account"] + asked["other"]
    if kind not in ("ALL", "CASH", "HI") or (kind == "CASH" and insured) or (kind == "HI" and asked["cash"]):
        raise Refusal("PARAM_ERROR", "refdType 与各项退款金额不符")
    if call.fen("totlRefdAmt") != insured + asked["cash"] or insured + asked["cash"] == 0:
        raise Refusal("REFUND_SUM_MISMATCH", "退款总额与各项之和不符")
    return asked


def refund_answer(order: Mapping[str, Any], serial: str) -> dict[str, Any]:
    refund = order["refunds"][serial]
    return {
        "payOrdId": order["payOrdId"],
        "appRefdSn": serial,
        "refdSn": refund["refdSn"],
        "refStatus": "SUCC",
        "refdTime": compact(refund["refunded_at"]),
        "ordStas": ord_stas(order),
        **refund_amounts(refund),
    }


def refund_amounts(refund: Mapping[str, Any]) -> dict[str, str]:
    return {
        "totlRefdAmt": yuan(sum(refund[leg] for leg in LEGS)),
        "fundRefdAmt": yuan(refund["fund"]),
        "psnAcctRefdAmt": yuan(refund["account"]),
        "othFundRefdAmt": yuan(refund["other"]),
        "cashRefdAmt": yuan(refund["cash"]),
    }


def compact(instant: str) -> str:
    return f"{datetime.fromisoformat(instant).astimezone(SHANGHAI):%Y%m%d%H%M%S}"
