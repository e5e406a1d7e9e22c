"""WeChat Pay: a merchant of its own for each hospital, the payers' pages, the operator's till."""

from collections.abc import Mapping
from typing import Any, ClassVar

from starlette.routing import BaseRoute, Mount, Route

from telehealth.sandbox.party import Party, World
from telehealth.sandbox.wxpay.gate import Answer, Call, Gate
from telehealth.sandbox.wxpay.merchants import TOLD, load_merchants, new_keys
from telehealth.sandbox.wxpay.moments import written
from telehealth.sandbox.wxpay.notices import Notices
from telehealth.sandbox.wxpay.order_book import OrderBook
from telehealth.sandbox.wxpay.ordering import Ordering
from telehealth.sandbox.wxpay.signing import seal
from telehealth.sandbox.wxpay.till import Till


class WeChatPay(Party):
    name: ClassVar[str] = "wechatpay"
    vendor_root: ClassVar[str] = "/v3"
    title: ClassVar[str] = "微信支付（API v3）"
    modes: ClassVar[Mapping[str, str]] = {
        "error_500": "未处理即 500 SYSTEM_ERROR",
        "lost_answer": "已入账，应答丢失（500）；可用 kind 限定接口",
        "cut": "已入账，应答前断开连接；可用 kind 限定接口",
        "mixed": "每个请求以 share（默认 0.2）的概率遇到应答丢失、断开、500 或变慢",
        "forged_answer": "应答签名不符",
        "stale_answer": "应答时间戳过期十分钟",
        "probe_answer": "应答是签名探测（WECHATPAY/SIGNTEST/）",
    }

    def __init__(self, world: World, keys: dict[str, Any]) -> None:
        super().__init__(world, keys)
        self.merchants = load_merchants(keys)
        self.notices = Notices(world, self.merchants)
        self.orders = OrderBook(world, self.merchants, self.notices)
        self._gate = Gate(world, self.name, self.merchants)
        self._ordering = Ordering(world, self.orders)
        self._till = Till(world, self.merchants, self.orders)

    @staticmethod
    def new_keys() -> dict[str, Any]:
        return new_keys()

    def routes(self) -> list[BaseRoute]:
        return [Mount("/v3", routes=self.vendor_routes()), *self._till.routes()]

    def vendor_routes(self) -> list[BaseRoute]:
        """The API below `/v3`. `kind` is what a fault may name; see `modes`."""
        ordering, way = self._ordering, self._gate.open
        pay = "/pay/transactions"
        return [
            Route("/certificates", way("certificates", self.certificates)),
            Route(f"{pay}/jsapi", way("prepay", ordering.jsapi), methods=["POST"]),
            Route(f"{pay}/native", way("prepay", ordering.native), methods=["POST"]),
            Route(f"{pay}/h5", way("prepay", ordering.h5), methods=["POST"]),
            Route(f"{pay}/id/{{transaction_id}}", way("query", ordering.by_transaction_id)),
            Route(f"{pay}/out-trade-no/{{out_trade_no}}", way("query", ordering.by_out_trade_no)),
            Route(
                f"{pay}/out-trade-no/{{out_trade_no}}/close", way("close", ordering.close), methods=["POST"]
            ),
        ]

    def describe(self, base_url: str) -> dict[str, Any]:
        return {
            "base_url": f"{base_url}/wechatpay",
            "till_url": f"{base_url}/wechatpay/till",
            "hospitals": {code: {name: held[name] for name in TOLD} for code, held in self.keys.items()},
        }

    def page_of_books(self) -> list[tuple[str, list[dict[str, Any]]]]:
        orders = [
            {
                "mchid": order.mchid,
                "out_trade_no": order.out_trade_no,
                "trade_type": order.trade_type,
                "state": order.state,
                "total": order.total,
                "success_time": written(order.success_at) if order.success_at is not None else "",
            }
            for order in self.orders.everything()[-30:]
        ]
        return [("订单（分）", orders)]

    async def run(self) -> None:
        await self.notices.run(lambda: None)

    async def certificates(self, call: Call) -> Answer:
        """The platform certificate, sealed with the merchant's own key."""
        held = call.merchant.by_certificate
        wall = self.world.clock.wall().timestamp()
        return Answer(
            {
                "data": [
                    {
                        "serial_no": held.serial,
                        "effective_time": written(wall - 86_400),
                        "expire_time": written(wall + 86_400 * 365),
                        "encrypt_certificate": seal(
                            call.merchant.apiv3_key,
                            held.certificate.encode("ascii"),
                            associated_data="certificate",
                        ),
                    }
                ]
            }
        )
