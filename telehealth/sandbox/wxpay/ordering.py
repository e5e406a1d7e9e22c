"""The merchant's side of an order: prepay three ways, query by two numbers, close."""

from typing import Any
from urllib.parse import urlencode

from telehealth.sandbox.party import World
from telehealth.sandbox.wxpay.fields import (
    ClientAddress,
    Flag,
    Kind,
    Many,
    Moment,
    NoticeAddress,
    OneOf,
    Shape,
    Text,
    Whole,
)
from telehealth.sandbox.wxpay.gate import Answer, Call
from telehealth.sandbox.wxpay.merchants import Merchant
from telehealth.sandbox.wxpay.moments import read_moment
from telehealth.sandbox.wxpay.order_book import CLOSES_AFTER_S, Order, OrderBook, view
from telehealth.sandbox.wxpay.refusals import Refusal, field_error, invalid

#: One million yuan.
LARGEST = 100_000_000
OUT_TRADE_NO = Text(32, r"[0-9A-Za-z_\-|*]+", shortest=6)

_GOODS = Shape(
    {"merchant_goods_id": Text(32), "quantity": Whole(1, 10**6), "unit_price": Whole(0, LARGEST)},
    {"wechatpay_goods_id": Text(32), "goods_name": Text(256)},
)
_SCENE: dict[str, Kind] = {
    "device_id": Text(32),
    "store_info": Shape({"id": Text(32)}, {"name": Text(256), "area_code": Text(32), "address": Text(512)}),
}
_NEEDS: dict[str, Kind] = {
    "appid": Text(32),
    "mchid": Text(32),
    "description": Text(127),
    "out_trade_no": OUT_TRADE_NO,
    "notify_url": NoticeAddress(),
    "amount": Shape({"total": Whole(1, LARGEST)}, {"currency": OneOf(("CNY",))}),
}
_MAY: dict[str, Kind] = {
    "time_expire": Moment(),
    "attach": Text(128),
    "goods_tag": Text(32),
    "support_fapiao": Flag(),
    "detail": Shape(
        {}, {"cost_price": Whole(0, LARGEST), "invoice_id": Text(32), "goods_detail": Many(_GOODS)}
    ),
    "settle_info": Shape({}, {"profit_sharing": Flag()}),
}
_ANY_SCENE = Shape({"payer_client_ip": ClientAddress()}, _SCENE)
_H5_INFO = Shape(
    {"type": OneOf(("iOS", "Android", "Wap"))},
    {"app_name": Text(64), "app_url": Text(128), "bundle_id": Text(128), "package_name": Text(128)},
)
_H5_SCENE = Shape({"payer_client_ip": ClientAddress(), "h5_info": _H5_INFO}, _SCENE)
_SHAPES = {
    "JSAPI": Shape({**_NEEDS, "payer": Shape({"openid": Text(128)})}, {**_MAY, "scene_info": _ANY_SCENE}),
    "NATIVE": Shape(_NEEDS, {**_MAY, "scene_info": _ANY_SCENE}),
    "MWEB": Shape({**_NEEDS, "scene_info": _H5_SCENE}, _MAY),
}


class Ordering:
    def __init__(self, world: World, orders: OrderBook) -> None:
        self._world = world
        self._orders = orders

    async def jsapi(self, call: Call) -> Answer:
        return Answer({"prepay_id": self._prepay(call, "JSAPI").prepay_id})

    async def native(self, call: Call) -> Answer:
        return Answer({"code_url": code_url(self._prepay(call, "NATIVE"))})

    async def h5(self, call: Call) -> Answer:
        order = self._prepay(call, "MWEB")
        handle = urlencode({"prepay_id": order.prepay_id, "package": order.token})
        return Answer({"h5_url": f"{call.address}/wechatpay/till/h5?{handle}"})

    def _prepay(self, call: Call, trade_type: str) -> Order:
        asked = call.body
        _SHAPES[trade_type].check(asked)
        check_mchid(call.merchant, asked["mchid"])
        check_appid(call.merchant, asked["appid"])
        if trade_type == "JSAPI":
            self._check_openid(asked["payer"]["openid"], asked["appid"])
        with self._world.books.writing():
            known = self._orders.find(call.merchant.mchid, asked["out_trade_no"])
            if known is None:
                return self._orders.open(call.merchant, trade_type, asked, closes_at=self._closes_at(asked))
            if known.trade_type != trade_type or known.asked != asked:
                raise invalid("请求重入时，参数与首次请求时不一致。请检查参数后重试。")
            if known.is_paid:
                raise Refusal(400, "ORDERPAID", "该订单已支付")
            if known.state == "CLOSED":
                raise Refusal(400, "ORDER_CLOSED", "该订单已关闭，请更换商户订单号后重试")
            return self._orders.renew(known)

    def _closes_at(self, asked: Any) -> float:
        now_s = self._world.clock.now().timestamp()
        if "time_expire" not in asked:
            return now_s + CLOSES_AFTER_S
        closes_at = read_moment(asked["time_expire"])
        if closes_at <= now_s:
            raise field_error("/time_expire", "应晚于当前时间", value=asked["time_expire"])
        return closes_at

    def _check_openid(self, openid: str, appid: str) -> None:
        """One that WeChat's own books know must have been issued under this very appid."""
        known = self._world.books.recall("wechat.openids", openid)
        if not openid.startswith("o") or (known is not None and known.get("appid") != appid):
            raise field_error("/payer/openid", "无效的openid，或与appid不匹配", value=openid)

    async def by_out_trade_no(self, call: Call) -> Answer:
        self._check_query(call)
        return _shown(self._orders.find(call.merchant.mchid, call.path["out_trade_no"]))

    async def by_transaction_id(self, call: Call) -> Answer:
        self._check_query(call)
        return _shown(self._orders.by_transaction(call.merchant.mchid, call.path["transaction_id"]))

    @staticmethod
    def _check_query(call: Call) -> None:
        if set(call.query) != {"mchid"}:
            raise field_error("mchid", "应为唯一的查询参数", location="query")
        check_mchid(call.merchant, call.query["mchid"])

    async def close(self, call: Call) -> Answer:
        """Closing twice is one closing; what was paid cannot be closed."""
        Shape({"mchid": Text(32)}).check(call.body)
        check_mchid(call.merchant, call.body["mchid"])
        with self._world.books.writing():
            order = self._orders.find(call.merchant.mchid, call.path["out_trade_no"])
            if order is None:
                raise order_unknown()
            if order.is_paid:
                raise Refusal(400, "ORDERPAID", "该订单已支付，不能关闭")
            if order.state == "NOTPAY":
                self._orders.close(order)
        return Answer(status=204)


def code_url(order: Order) -> str:
    return f"weixin://wxpay/bizpayurl?pr={order.token}"


def check_mchid(merchant: Merchant, mchid: str) -> None:
    if mchid != merchant.mchid:
        raise Refusal(403, "NO_AUTH", "商户号与签名的商户号不一致")


def check_appid(merchant: Merchant, appid: str) -> None:
    if appid not in merchant.appids:
        raise Refusal(400, "APPID_MCHID_NOT_MATCH", "appid和mchid不匹配")


def order_unknown() -> Refusal:
    return Refusal(404, "ORDER_NOT_EXIST", "订单不存在")


def _shown(order: Order | None) -> Answer:
    if order is None:
        raise order_unknown()
    return Answer(view(order))
