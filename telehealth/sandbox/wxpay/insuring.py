"""The merchant's side of an insured order: make one, look at it, tell of an insurance refund."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from telehealth.sandbox.party import World
from telehealth.sandbox.wxpay.fields import Flag, Kind, Many, Moment, NoticeAddress, OneOf, Shape, Text, Whole
from telehealth.sandbox.wxpay.gate import Answer, Call
from telehealth.sandbox.wxpay.insured_book import INSURER, InsuredBook
from telehealth.sandbox.wxpay.order_book import Order, OrderBook
from telehealth.sandbox.wxpay.ordering import LARGEST, OUT_TRADE_NO, check_appid
from telehealth.sandbox.wxpay.people import check_person, check_relative, credential_of, id_digest
from telehealth.sandbox.wxpay.refunding import OUT_REFUND_NO
from telehealth.sandbox.wxpay.refusals import Refusal, field_error, invalid, rule_limit
from telehealth.sandbox.wxpay.signing import open_field

EXISTS = 268512536
BAD_PAY_AUTH_NO = 268547120
INSURER_REJECTED = 268510610
#: total against what WeChat collects, total against what the insurer left, and the two against each other.
AMOUNTS_DISAGREE = (268529477, 268529476, 268529481)
PAY_AUTH_LIVES_S = 600
PAY_AUTH_USED = "wxpay.pay_auth_used"

_FEE = Whole(0, LARGEST)
_CARD_TYPES = (
    "ID_CARD",
    "HOUSEHOLD_REGISTRATION",
    "FOREIGNER_PASSPORT",
    "MAINLAND_TRAVEL_PERMIT_FOR_TW",
    "MAINLAND_TRAVEL_PERMIT_FOR_MO",
    "MAINLAND_TRAVEL_PERMIT_FOR_HK",
    "FOREIGN_PERMANENT_RESIDENT",
)
_ORDER_TYPES = (
    "REG_PAY", "DIAG_PAY", "IN_HOSP_PAY", "PHARMACY_PAY", "INSURANCE_PAY", "MED_PAY", "COVID_EXAM_PAY",
    "COVID_ANTIGEN_PAY", "INT_REG_PAY", "INT_RE_DIAG_PAY", "INT_RX_PAY",
)  # fmt: skip
_ADD_TYPES = ("DEFAULT_ADD_TYPE", "FREIGHT", "OTHER_MEDICAL_EXPENSES")
_REDUCE_TYPES = (
    "DEFAULT_REDUCE_TYPE", "HOSPITAL_REDUCE", "PHARMACY_DISCOUNT", "DISCOUNT", "PRE_PAYMENT",
    "DEPOSIT_DEDUCTION",
)  # fmt: skip
_PERSON = Shape({"name": Text(1024), "id_digest": Text(1024), "card_type": OneOf(_CARD_TYPES)})
_INSURED: dict[str, Kind] = {
    "pay_order_id": Text(64),
    "pay_auth_no": Text(40),
    "geo_location": Text(40, r"-?\d{1,3}(\.\d+)?,-?\d{1,2}(\.\d+)?"),
    "med_ins_order_create_time": Moment(),
    "med_ins_gov_fee": _FEE,
    "med_ins_self_fee": _FEE,
    "med_ins_other_fee": _FEE,
    "med_ins_cash_fee": _FEE,
}
_CASH: dict[str, Kind] = {"prepay_id": Text(64), "wechat_pay_cash_fee": Whole(1, LARGEST)}
_NEEDS: dict[str, Kind] = {
    "mix_pay_type": OneOf(("CASH_ONLY", "INSURANCE_ONLY", "CASH_AND_INSURANCE")),
    "order_type": OneOf(_ORDER_TYPES),
    "appid": Text(32),
    "openid": Text(128),
    "payer": _PERSON,
    "out_trade_no": Text(64, OUT_TRADE_NO.pattern),
    "serial_no": Text(20),
    "city_id": Text(8),
    "med_inst_name": Text(128),
    "med_inst_no": Text(32),
    "total_fee": Whole(1, LARGEST),
    "callback_url": NoticeAddress(),
}
_MAY: dict[str, Kind] = {
    "pay_for_relatives": Flag(),
    "relative": _PERSON,
    "channel_no": Text(32),
    "cash_add_detail": Many(Shape({"cash_add_fee": _FEE, "cash_add_type": OneOf(_ADD_TYPES)})),
    "cash_reduce_detail": Many(Shape({"cash_reduce_fee": _FEE, "cash_reduce_type": OneOf(_REDUCE_TYPES)})),
    "attach": Text(128),
    "passthrough_request_content": Text(2048),
    "extends": Text(1024),
    "med_ins_test_env": Flag(),
}
_NOTHING = Whole(0, 0)
_SHAPES = {
    "CASH_ONLY": Shape(
        {**_NEEDS, **_CASH},
        {
            **_MAY,
            "med_ins_gov_fee": _NOTHING,
            "med_ins_self_fee": _NOTHING,
            "med_ins_other_fee": _NOTHING,
            "med_ins_cash_fee": _FEE,
        },
    ),
    "INSURANCE_ONLY": Shape({**_NEEDS, **_INSURED}, {**_MAY, "wechat_pay_cash_fee": _NOTHING}),
    "CASH_AND_INSURANCE": Shape({**_NEEDS, **_INSURED, **_CASH}, _MAY),
}
_REFUND = Shape(
    {
        "med_refund_total_fee": _FEE,
        "med_refund_gov_fee": _FEE,
        "med_refund_self_fee": _FEE,
        "med_refund_other_fee": _FEE,
        "refund_time": Moment(),
        "out_refund_no": OUT_REFUND_NO,
    }
)


class Insuring:
    def __init__(self, world: World, orders: OrderBook, insured: InsuredBook) -> None:
        self._world = world
        self._books = world.books
        self._orders = orders
        self._insured = insured

    async def ask(self, call: Call) -> Answer:
        asked = call.body
        _NEEDS["mix_pay_type"].check(asked.get("mix_pay_type"), "/mix_pay_type")
        _SHAPES[asked["mix_pay_type"]].check(asked)
        check_appid(call.merchant, asked["appid"])
        if asked.get("med_ins_test_env"):
            raise field_error("/med_ins_test_env", "未开通医保测试环境")
        check_amounts(asked)
        patient = self._patient(call)
        with self._books.writing():
            if self._insured.by_out_trade_no(call.merchant.mchid, asked["out_trade_no"]):
                raise Refusal(400, "ALREADY_EXISTS", "混合订单已存在", number=EXISTS)
            if "prepay_id" in asked:
                self._check_cash_order(call, asked)
            if "pay_order_id" in asked:
                self._check_insurance(asked, patient["id_digest"])
            held = self._insured.open(call.merchant, asked)
        return Answer(self._insured.view(held))

    def _patient(self, call: Call) -> Mapping[str, Any]:
        """In clear: the relative if there is one, else the payer. Both must be who they say."""
        asked = call.body
        if ("relative" in asked) != (asked.get("pay_for_relatives") is True):
            raise field_error("/relative", "与 pay_for_relatives 应同时给出")
        people: dict[str, dict[str, Any]] = {
            name: {
                "card_type": asked[name]["card_type"],
                **{
                    part: open_field(call.merchant, call.serial, asked[name][part], at=f"/{name}/{part}")
                    for part in ("name", "id_digest")
                },
            }
            for name in ("payer", "relative")
            if name in asked
        }
        for name, person in people.items():
            Text(32, r"[0-9a-f]{32}", shortest=32).check(person["id_digest"], f"/{name}/id_digest")
            check_person(self._books, person, at=name)
        if "relative" in people:
            check_relative(self._books, people["payer"], people["relative"])
        return people["relative" if "relative" in people else "payer"]

    def _check_cash_order(self, call: Call, asked: Mapping[str, Any]) -> None:
        order: Order | None = self._orders.by_prepay_id(asked["prepay_id"])
        if order is None or order.mchid != call.merchant.mchid:
            raise invalid("prepay_id 不存在")
        if (order.out_trade_no, order.appid, order.openid) != (
            asked["out_trade_no"], asked["appid"], asked["openid"],
        ):  # fmt: skip
            raise invalid("prepay_id 与 out_trade_no、appid 或 openid 不一致")
        if order.total != asked["wechat_pay_cash_fee"] or order.state != "NOTPAY":
            raise invalid("自费金额与预下单金额不一致，或自费单状态不允许")

    def _check_insurance(self, asked: Mapping[str, Any], digest: str) -> None:
        """The insurer's order is this patient's, and the authorisation is its own, fresh and unused."""
        number = credential_of(self._books, digest)
        theirs = self._books.recall(INSURER, asked["pay_order_id"])
        if theirs is None or theirs["medOrgOrd"] != asked["serial_no"] or theirs["state"] != "priced":
            raise Refusal(400, "INVALID_REQUEST", "医保局拒绝：支付订单无效", number=INSURER_REJECTED)
        auth_no = asked["pay_auth_no"]
        used = self._books.recall(PAY_AUTH_USED, auth_no) is not None
        if used or theirs["payAuthNo"] != auth_no or id_digest(theirs["certno"]) != id_digest(number):
            raise Refusal(400, "INVALID_REQUEST", "授权码无效或已使用", number=BAD_PAY_AUTH_NO)
        if self._is_stale(auth_no):
            raise Refusal(400, "INVALID_REQUEST", "授权码已过期", number=BAD_PAY_AUTH_NO)
        self._books.note(PAY_AUTH_USED, auth_no, asked["out_trade_no"])

    def _is_stale(self, auth_no: str) -> bool:
        held = self._books.recall("nhsa.authorisations", auth_no)
        if held is None:
            return True
        age = self._world.clock.now() - datetime.fromisoformat(held["issued_at"])
        return age.total_seconds() > PAY_AUTH_LIVES_S

    async def by_mix_trade_no(self, call: Call) -> Answer:
        return self._shown(call, self._insured.find(call.path["mix_trade_no"]))

    async def by_out_trade_no(self, call: Call) -> Answer:
        number = call.path["out_trade_no"]
        return self._shown(call, self._insured.by_out_trade_no(call.merchant.mchid, number))

    def _shown(self, call: Call, held: dict[str, Any] | None) -> Answer:
        if call.query:
            raise field_error(next(iter(call.query)), "不是接口定义的参数", location="query")
        return Answer(self._insured.view(_own(call, held)))

    async def tell_refund(self, call: Call) -> Answer:
        """`refunds/notify`: the merchant says what the insurer gave back. The same again changes nothing."""
        if set(call.query) != {"mix_trade_no"}:
            raise field_error("mix_trade_no", "应为唯一的查询参数", location="query")
        _REFUND.check(call.body)
        with self._books.writing():
            held = _own(call, self._insured.find(call.query["mix_trade_no"]))
            known = held["refunds"].get(call.body["out_refund_no"])
            if known is None:
                _check_refund(held, call.body)
                self._insured.note_refund(held, call.body)
            elif known != call.body:
                raise invalid("退款单号已用于其他金额")
        return Answer(status=204)


def check_amounts(asked: Mapping[str, Any]) -> None:
    """The provider's three identities, in fen.

    Raises:
        Refusal: with the number of the first that does not hold.
    """
    added = sum(part["cash_add_fee"] for part in asked.get("cash_add_detail", []))
    reduced = sum(part["cash_reduce_fee"] for part in asked.get("cash_reduce_detail", []))
    insured = sum(asked.get(f"med_ins_{leg}_fee", 0) for leg in ("gov", "self", "other"))
    collected = asked.get("wechat_pay_cash_fee", 0)
    left = asked.get("med_ins_cash_fee", collected - added + reduced)
    holds = (
        asked["total_fee"] == insured + collected + reduced,
        asked["total_fee"] == insured + left + added,
        collected == left + added - reduced,
    )
    for number, is_held in zip(AMOUNTS_DISAGREE, holds, strict=True):
        if not is_held:
            raise invalid("金额不满足勾稽关系", number=number)


def _check_refund(held: Mapping[str, Any], asked: Mapping[str, Any]) -> None:
    legs = ("gov", "self", "other")
    if asked["med_refund_total_fee"] != sum(asked[f"med_refund_{leg}_fee"] for leg in legs):
        raise rule_limit("医保退款总额与各项之和不符")
    if held["insurance"] not in ("MED_INS_PAY_SUCCESS", "MED_INS_PAY_REFUND"):
        raise invalid("医保部分未支付，不能退款")
    for leg in legs:
        before = sum(refund[f"med_refund_{leg}_fee"] for refund in held["refunds"].values())
        if before + asked[f"med_refund_{leg}_fee"] > held["asked"][f"med_ins_{leg}_fee"]:
            raise rule_limit("医保退款金额超过原支付金额")


def _own(call: Call, held: dict[str, Any] | None) -> dict[str, Any]:
    if held is None or held["mchid"] != call.merchant.mchid:
        raise Refusal(404, "ORDER_NOT_EXIST", "混合订单不存在")
    return held
