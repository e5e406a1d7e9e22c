"""The merchant's side of a refund: ask, ask again, look, send an abnormal one elsewhere."""

from collections.abc import Mapping, Sequence
from typing import Any

from telehealth.sandbox.party import World
from telehealth.sandbox.wxpay.fields import Kind, Many, NoticeAddress, OneOf, Shape, Text, Whole
from telehealth.sandbox.wxpay.gate import Answer, Call
from telehealth.sandbox.wxpay.order_book import Order, OrderBook
from telehealth.sandbox.wxpay.ordering import LARGEST, OUT_TRADE_NO
from telehealth.sandbox.wxpay.refund_book import Refund, RefundBook, view
from telehealth.sandbox.wxpay.refusals import Refusal, field_error, invalid, rule_limit
from telehealth.sandbox.wxpay.signing import open_field

MOST_PER_ORDER = 50
APART_S = 60
REFUNDABLE_FOR_S = 365 * 86_400
OUT_REFUND_NO = Text(64, r"[0-9A-Za-z_\-|*@]+")

_GOODS = Shape(
    {
        "merchant_goods_id": Text(32),
        "unit_price": Whole(0, LARGEST),
        "refund_amount": Whole(0, LARGEST),
        "refund_quantity": Whole(1, 10**6),
    },
    {"wechatpay_goods_id": Text(32), "goods_name": Text(256)},
)
_FROM = Shape({"account": OneOf(("AVAILABLE", "UNAVAILABLE")), "amount": Whole(1, LARGEST)})
_AMOUNT = Shape(
    {"refund": Whole(1, LARGEST), "total": Whole(1, LARGEST), "currency": OneOf(("CNY",))},
    {"from": Many(_FROM, 2)},
)
_MAY: dict[str, Kind] = {
    "transaction_id": Text(32),
    "out_trade_no": OUT_TRADE_NO,
    "reason": Text(80),
    "notify_url": NoticeAddress(),
    "funds_account": OneOf(("AVAILABLE",)),
    "goods_detail": Many(_GOODS),
}
_ASKED = Shape({"out_refund_no": OUT_REFUND_NO, "amount": _AMOUNT}, _MAY)
_ELSEWHERE = Shape(
    {"out_refund_no": OUT_REFUND_NO, "type": OneOf(("USER_BANK_CARD", "MERCHANT_BANK_CARD"))},
    {"bank_type": Text(16), "bank_account": Text(1024), "real_name": Text(1024)},
)


class Refunding:
    def __init__(self, world: World, orders: OrderBook, refunds: RefundBook) -> None:
        self._world = world
        self._orders = orders
        self._refunds = refunds

    async def ask(self, call: Call) -> Answer:
        """One number refunds once: the same again is answered with what became of it."""
        asked = call.body
        _ASKED.check(asked)
        with self._world.books.writing():
            order = self._order(call.merchant.mchid, asked)
            known = self._refunds.find(call.merchant.mchid, asked["out_refund_no"])
            if known is not None:
                if known.asked != asked:
                    raise invalid("订单金额或退款金额与之前请求不一致，请核实后再试")
                return Answer(view(known))
            self._check(order, asked["amount"], self._refunds.of_order(order))
            self._fail(call)
            outcomes = {"abnormal": "ABNORMAL", "refund_closed": "CLOSED"}
            outcome = outcomes.get(call.fault.mode, "SUCCESS") if call.fault else "SUCCESS"
            if outcome != "SUCCESS":
                self._world.faults.spend("wechatpay")
            refund = self._refunds.open(order, asked, outcome=outcome)
            self._orders.mark_refunded(order)
        return Answer(view(refund))

    def _order(self, mchid: str, asked: Mapping[str, Any]) -> Order:
        if "transaction_id" in asked:
            order = self._orders.by_transaction(mchid, asked["transaction_id"])
        elif "out_trade_no" in asked:
            order = self._orders.find(mchid, asked["out_trade_no"])
        else:
            raise field_error("/transaction_id", "与out_trade_no必填其一")
        if order is None:
            raise Refusal(404, "RESOURCE_NOT_EXISTS", "订单不存在")
        if asked.get("out_trade_no", order.out_trade_no) != order.out_trade_no:
            raise invalid("微信支付订单号与商户订单号不是同一笔订单")
        return order

    def _check(self, order: Order, amount: Mapping[str, Any], before: Sequence[Refund]) -> None:
        now_s = self._world.clock.now().timestamp()
        if order.success_at is None:
            raise invalid("订单未支付，不能退款")
        if amount["total"] != order.total:
            raise invalid("原订单金额与请求不一致")
        if sum(part["amount"] for part in amount.get("from", [])) not in (0, amount["refund"]):
            raise field_error("/amount/from", "各账户出资之和应等于退款金额")
        if now_s - order.success_at > REFUNDABLE_FOR_S:
            raise rule_limit("订单已超过可退款的最大期限（支付成功后365天）")
        if len(before) >= MOST_PER_ORDER:
            raise rule_limit("同一订单最多退款50次")
        gone = sum(refund.amount for refund in before if refund.status != "CLOSED")
        if gone + amount["refund"] > order.total:
            raise invalid("申请退款金额超过订单可退金额")
        if before and now_s - max(refund.created_at for refund in before) < APART_S:
            raise Refusal(429, "FREQUENCY_LIMITED", "同一订单两次退款至少间隔1分钟")

    def _fail(self, call: Call) -> None:
        if call.meets("not_enough"):
            self._world.faults.spend("wechatpay")
            raise Refusal(403, "NOT_ENOUGH", "基本账户余额不足，请充值后用原退款单号重试")
        if call.meets("reduce_frequency"):
            self._world.faults.spend("wechatpay")
            raise Refusal(429, "FREQUENCY_LIMITED", "订单较早，请降低频率后用相同参数重试")

    async def look(self, call: Call) -> Answer:
        if call.query:
            raise field_error(next(iter(call.query)), "不是接口定义的参数", location="query")
        self._refunds.settle_due()
        refund = self._refunds.find(call.merchant.mchid, call.path["out_refund_no"])
        if refund is None:
            raise refund_unknown()
        return Answer(view(refund))

    async def send_elsewhere(self, call: Call) -> Answer:
        """`apply-abnormal-refund`: to another card of the payer, or back to the merchant's own."""
        asked = call.body
        _ELSEWHERE.check(asked)
        with self._world.books.writing():
            refund = self._refunds.by_refund_id(call.merchant.mchid, call.path["refund_id"])
            if refund is None or refund.out_refund_no != asked["out_refund_no"]:
                raise refund_unknown()
            account = _new_account(call)
            if refund.status != "ABNORMAL":
                raise invalid("退款单不是异常状态")
            self._refunds.send_elsewhere(refund, account=account)
            changed = self._refunds.find(refund.mchid, refund.out_refund_no)
        return Answer(view(changed or refund))


def _new_account(call: Call) -> str:
    asked = call.body
    if asked["type"] == "MERCHANT_BANK_CARD":
        return "商户银行卡"
    for name in ("bank_type", "bank_account", "real_name"):
        if name not in asked:
            raise field_error(f"/{name}", "退款到用户银行卡时必填")
    opened = [
        open_field(call.merchant, call.serial, asked[name], at=f"/{name}")
        for name in ("bank_account", "real_name")
    ]
    return f"{asked['bank_type']}{opened[0][-4:]}"


def refund_unknown() -> Refusal:
    return Refusal(404, "RESOURCE_NOT_EXISTS", "退款单不存在")
