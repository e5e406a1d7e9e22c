"""Mobile settlement: 6201 upload, 6202 pay order, 6203 refund, 6301 query, 6401 revoke, 2601 reversal.

An order is one note under `nhsa.orders`, amounts in fen. Whoever collects the payment (the payment sandbox)
settles it by writing `state` "settled" and `settled_at` into that note.
"""

import hashlib
import json
import re
import secrets
from collections.abc import Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from telehealth.sandbox.dates import SHANGHAI
from telehealth.sandbox.nhsa_envelope import Call, Refusal, fen_of, yuan
from telehealth.sandbox.nhsa_people import ORDERS_OF, People
from telehealth.sandbox.nhsa_refunds import (
    LEGS,
    ORD_STAS,
    asked_refund,
    compact,
    ord_stas,
    refund_amounts,
    refund_answer,
    returned,
)
from telehealth.sandbox.party import World

ORDERS = "nhsa.orders"
#: `institution/medOrgOrd` → payOrdId.
NUMBERS = "nhsa.numbers"
AUTHORISATIONS = "nhsa.authorisations"
MSGIDS = "nhsa.msgids"
AUTHORISED_FOR = timedelta(minutes=10)


class Orders:
    def __init__(self, world: World, people: People) -> None:
        self._books = world.books
        self._clock = world.clock
        self._people = people

    # 6201

    def upload(self, call: Call) -> dict[str, Any]:
        """A repetition with the same `medOrgOrd` and the same content gets the same answer."""
        self._check_organisation(call)
        number = call.text("medOrgOrd", longest=20)
        digest = _digest(call.data)
        known = self._books.recall(NUMBERS, f"{call.institution.code}/{number}")
        if known is not None:
            order = self._books.recall(ORDERS, known)
            if order["digest"] != digest or order["state"] in ("revoked", "failed"):
                raise Refusal("ORDER_EXISTS", "该机构订单号已上传过其他内容或已撤销")
            return _uploaded(order)
        person = self._people.insured_person(call)
        total = _total_of_lines(call)
        self._spend_authorisation(call, person["certno"])
        order = self._new_order(call, person, total) | {"digest": digest}
        self._keep_new(order)
        return _uploaded(order)

    def _new_order(self, call: Call, person: Mapping[str, Any], total: int) -> dict[str, Any]:
        if call.text("acctUsedFlag") not in ("0", "1"):
            raise Refusal("PARAM_ERROR", "acctUsedFlag 为 0 或 1")
        call.text("feeType")
        call.text("chrgBchno")
        return {
            "payOrdId": f"ORD{person['region']}{self._stamp()}{secrets.token_hex(4).upper()}",
            "payToken": secrets.token_hex(16),
            "medOrgOrd": call.text("medOrgOrd", longest=20),
            "institution": call.institution.code,
            "state": "uploaded",
            "total": total,
            **dict.fromkeys(LEGS, 0),
            "payAuthNo": call.text("payAuthNo"),
            "certno": person["certno"],
            "name": person["name"],
            "region": person["region"],
            "med_type": call.text("medType"),
            "uses_account": call.data["acctUsedFlag"] == "1",
            "made_at": self._now_text(),
            "settled_at": None,
            "refunds": {},
        }

    def _keep_new(self, order: Mapping[str, Any]) -> None:
        number, certno = order["payOrdId"], order["certno"]
        self._books.note(ORDERS, number, order)
        self._books.note(NUMBERS, f"{order['institution']}/{order['medOrgOrd']}", number)
        self._books.note(ORDERS_OF, certno, [*(self._books.recall(ORDERS_OF, certno) or []), number])

    def _spend_authorisation(self, call: Call, certno: str) -> None:
        number = call.text("payAuthNo", longest=40)
        held = self._books.recall(AUTHORISATIONS, number)
        if held is None or held["certno"] != certno or held["institution"] != call.institution.code:
            raise Refusal("PAY_AUTH_NO_INVALID", "电子凭证授权号与人员或机构不符")
        if held["used"]:
            raise Refusal("PAY_AUTH_NO_USED", "电子凭证授权号已使用")
        if self._clock.now() - datetime.fromisoformat(held["issued_at"]) > AUTHORISED_FOR:
            raise Refusal("PAY_AUTH_NO_EXPIRED", "电子凭证授权号已过期，请重新授权")
        self._books.note(AUTHORISATIONS, number, {**held, "used": True})

    def authorise(self, certno: str, institution: str) -> str:
        """The person said yes: a number for one payment at one institution."""
        number = f"SANDBOX{secrets.token_hex(12)}"
        held = {"certno": certno, "institution": institution, "issued_at": self._now_text(), "used": False}
        self._books.note(AUTHORISATIONS, number, held)
        return number

    # 6202, 6301

    def price(self, call: Call) -> dict[str, Any]:
        """Divide the fee, once: asking again answers the same split."""
        order = self._order(call)
        if order["state"] == "uploaded":
            order |= self._split(order) | {"state": "priced"}
            self._books.note(ORDERS, order["payOrdId"], order)
        elif order["state"] != "priced":
            raise Refusal("ORDER_STATE", f"订单{ORD_STAS[ord_stas(order)]}，不能预结算")
        return self._amounts(call, order)

    def _split(self, order: Mapping[str, Any]) -> dict[str, int]:
        """The sample city's rule: the fund's share rounded half up, the account next, cash the rest."""
        person = self._people.find(order["certno"])
        assert person is not None  # noqa: S101 - an order names somebody the insurer knows
        total = int(order["total"])
        fund = (total * person["fund_rate_bp"] + 5_000) // 10_000
        other = min((total * person["other_rate_bp"] + 5_000) // 10_000, total - fund)
        left = max(self._people.account(order["certno"]), 0) if order["uses_account"] else 0
        account = min(left, total - fund - other)
        return {"fund": fund, "other": other, "account": account, "cash": total - fund - other - account}

    def query(self, call: Call) -> dict[str, Any]:
        order = self._order(call)
        settled = order["settled_at"]
        return {
            **self._amounts(call, order),
            "medOrgOrd": order["medOrgOrd"],
            "traceTime": self._stamp(),
            "hiChrgTime": compact(settled) if settled else "",
            "hiDocSn": f"DOC{order['payOrdId'][3:]}" if settled else "",
            "refdList": [
                {"appRefdSn": serial, **refund_amounts(refund), "refStatus": "SUCC"}
                for serial, refund in order["refunds"].items()
            ],
        }

    def _amounts(self, call: Call, order: Mapping[str, Any]) -> dict[str, Any]:
        fund, cash = order["fund"], order["cash"]
        if call.fault is not None and call.fault.settings.get("region", order["region"]) == order["region"]:
            fund += order["account"] if call.has("fund_includes_account") else 0
            cash += 1 if call.has("wrong_split") else 0
        return {
            "payOrdId": order["payOrdId"],
            "ordStas": ord_stas(order),
            "feeSumamt": yuan(order["total"]),
            "ownPayAmt": yuan(cash),
            "psnAcctPay": yuan(order["account"]),
            "fundPay": yuan(fund),
            "othFundPay": yuan(order["other"]),
            "deposit": "0.00",
        }

    # 6203

    def refund(self, call: Call) -> dict[str, Any]:
        """One `appRefdSn` refunds once: repeated alike it answers alike, repeated otherwise it is refused."""
        self._check_organisation(call)
        order = self._order(call, needs_token=False)
        serial = call.text("appRefdSn", longest=64)
        asked = asked_refund(call)
        known = order["refunds"].get(serial)
        if known is not None:
            if any(known[name] != asked[name] for name in ("kind", *LEGS)):
                raise Refusal("REFUND_CONFLICT", "该退款流水号已用于其他金额")
            return refund_answer(order, serial)
        if order["state"] not in ("settled", "refunded"):
            raise Refusal("ORDER_STATE", f"订单{ORD_STAS[ord_stas(order)]}，不能退款")
        for leg in LEGS:
            if asked[leg] > order[leg] - returned(order, leg):
                raise Refusal("REFUND_EXCEEDS", "退款金额超过可退金额")
        number = f"RFD{self._stamp()}{secrets.token_hex(4).upper()}"
        order["refunds"][serial] = {**asked, "refdSn": number, "refunded_at": self._now_text()}
        if ord_stas(order) in ("7", "8", "11"):
            order["state"] = "refunded"
        self._books.note(ORDERS, order["payOrdId"], order)
        return refund_answer(order, serial)

    # 6401, 2601

    def revoke(self, call: Call) -> dict[str, Any]:
        order = self._order(call)
        self._revoke(order)
        return {"payOrdId": order["payOrdId"], "ordStas": ord_stas(order)}

    def reverse(self, call: Call) -> dict[str, Any]:
        """2601 undoes an upload or a pricing whose answer never came, by the number of its message."""
        original = self._books.recall(MSGIDS, call.text("omsgid", longest=30))
        infno = call.text("oinfno")
        if original is None or original["institution"] != call.institution.code or original["infno"] != infno:
            raise Refusal("ORIGINAL_NOT_FOUND", "原交易不存在")
        if infno not in ("6201", "6202"):
            raise Refusal("NOT_REVERSIBLE", "该交易不支持冲正")
        if not original["payOrdId"]:
            raise Refusal("ORIGINAL_NOT_FOUND", "原交易未成功")
        order = self._books.recall(ORDERS, original["payOrdId"])
        self._revoke(order)
        return {"payOrdId": order["payOrdId"], "ordStas": ord_stas(order)}

    def _revoke(self, order: dict[str, Any]) -> None:
        if order["state"] in ("settled", "refunded"):
            raise Refusal("ORDER_STATE", f"订单{ORD_STAS[ord_stas(order)]}，不能撤销，请退款")
        if order["state"] != "revoked":
            order["state"] = "revoked"
            self._books.note(ORDERS, order["payOrdId"], order)

    # Behind them.

    def of_person(self, certno: str) -> list[dict[str, Any]]:
        """Every order that ever touched this person's account."""
        everything = self.everything()
        return [everything[number] for number in self._books.recall(ORDERS_OF, certno) or []]

    def everything(self) -> dict[str, dict[str, Any]]:
        return self._books.leaf_through(ORDERS)

    def settle(self, number: str) -> bool:
        """What the payment side does when everything was collected; a hand on the operator's door."""
        order = self._books.recall(ORDERS, number)
        if order is None or order["state"] != "priced":
            return False
        self._books.note(ORDERS, number, {**order, "state": "settled", "settled_at": self._now_text()})
        return True

    def _order(self, call: Call, *, needs_token: bool = True) -> dict[str, Any]:
        order: dict[str, Any] | None = self._books.recall(ORDERS, call.text("payOrdId"))
        if order is None or order["institution"] != call.institution.code:
            raise Refusal("ORDER_NOT_FOUND", "订单不存在")
        if needs_token and call.text("payToken") != order["payToken"]:
            raise Refusal("PAY_TOKEN_INVALID", "支付订单令牌不正确")
        return order

    @staticmethod
    def _check_organisation(call: Call) -> None:
        if call.text("orgCodg") != call.institution.code:
            raise Refusal("INSTITUTION_INVALID", "orgCodg 与机构不符")

    def _now_text(self) -> str:
        return self._clock.now().astimezone(SHANGHAI).isoformat()

    def _stamp(self) -> str:
        return f"{self._clock.now().astimezone(SHANGHAI):%Y%m%d%H%M%S}"


def _digest(data: Mapping[str, Any]) -> str:
    """Of the whole upload but the authorisation, which a repetition after a lost answer may have renewed."""
    content = {name: value for name, value in data.items() if name not in ("payAuthNo", "ecToken")}
    text = json.dumps(content, sort_keys=True, ensure_ascii=False, default=str)
    return hashlib.sha256(text.encode()).hexdigest()


def _total_of_lines(call: Call) -> int:
    lines = call.data.get("feedetailList")
    if not isinstance(lines, list) or not lines or not all(isinstance(line, dict) for line in lines):
        raise Refusal("PARAM_ERROR", "feedetailList 至少一条")
    total = 0
    for line in lines:
        if not all(isinstance(line.get(name), str) and line[name] for name in ("feedetlSn", "medListCodg")):
            raise Refusal("PARAM_ERROR", "费用明细缺少流水号或目录编码")
        amount = fen_of(line.get("detItemFeeSumamt"), "detItemFeeSumamt")
        count = str(line.get("cnt") or "1")
        if not re.fullmatch(r"\d{1,6}(\.\d{1,4})?", count):
            raise Refusal("PARAM_ERROR", "cnt 不是数量")
        if round(fen_of(line.get("pric"), "pric") * Decimal(count)) != amount:
            raise Refusal("FEE_SUM_MISMATCH", "单价乘数量与明细金额不符")
        total += amount
    if total != call.fen("medfeeSumamt") or total == 0:
        raise Refusal("FEE_SUM_MISMATCH", "明细金额合计与费用总额不符")
    return total


def _uploaded(order: Mapping[str, Any]) -> dict[str, Any]:
    return {"payOrdId": order["payOrdId"], "payToken": order["payToken"]}
