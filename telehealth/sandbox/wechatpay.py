"""WeChat Pay: a merchant of its own for each hospital, the payers' pages, the operator's till."""

from collections.abc import Mapping
from typing import Any, ClassVar

from starlette.routing import BaseRoute, Mount, Route

from telehealth.sandbox.party import Party, World
from telehealth.sandbox.wxpay.bills import Bills
from telehealth.sandbox.wxpay.gate import Answer, Call, Gate
from telehealth.sandbox.wxpay.insured_book import InsuredBook
from telehealth.sandbox.wxpay.insuring import Insuring
from telehealth.sandbox.wxpay.merchants import TOLD, load_merchants, new_keys
from telehealth.sandbox.wxpay.moments import written
from telehealth.sandbox.wxpay.notices import Notices
from telehealth.sandbox.wxpay.operating import Operating, shown_refund
from telehealth.sandbox.wxpay.order_book import OrderBook
from telehealth.sandbox.wxpay.ordering import Ordering
from telehealth.sandbox.wxpay.refund_book import RefundBook
from telehealth.sandbox.wxpay.refunding import Refunding
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
        "not_enough": "退款：商户余额不足（403 NOT_ENOUGH）",
        "abnormal": "退款：原路被拒，终态 ABNORMAL",
        "refund_closed": "退款：终态 CLOSED",
        "reduce_frequency": "退款：要求降低频率（429）",
        "cash_fails": "医保混合支付：自费部分失败",
        "insurance_fails": "医保混合支付：自费成功后医保部分失败",
        "insurer_timeout": "医保混合支付：自费成功后医保无应答，撤销故障后继续",
    }

    def __init__(self, world: World, keys: dict[str, Any]) -> None:
        super().__init__(world, keys)
        self.merchants = load_merchants(keys)
        self.notices = Notices(world, self.merchants)
        self.orders = OrderBook(world, self.merchants, self.notices)
        self.refunds = RefundBook(world, self.merchants, self.notices)
        self.insured = InsuredBook(world, self.merchants, self.orders, self.notices)
        self._gate = Gate(world, self.name, self.merchants)
        self._ordering = Ordering(world, self.orders)
        self._refunding = Refunding(world, self.orders, self.refunds)
        self._bills = Bills(world, self.orders, self.refunds)
        self._insuring = Insuring(world, self.orders, self.insured)
        self._till = Till(world, self.merchants, self.orders, self.insured)
        self._operating = Operating(
            world, self.merchants, self.notices, self.orders, self.refunds, self.insured
        )

    @staticmethod
    def new_keys() -> dict[str, Any]:
        return new_keys()

    def routes(self) -> list[BaseRoute]:
        return [Mount("/v3", routes=self.vendor_routes()), *self._till.routes(), *self._operating.routes()]

    def vendor_routes(self) -> list[BaseRoute]:
        """The API below `/v3`. `kind` is what a fault may name; see `modes`."""
        ordering, refunding, bills, insuring = self._ordering, self._refunding, self._bills, self._insuring
        pay, refunds, medins, way = (
            "/pay/transactions", "/refund/domestic/refunds", "/med-ins/orders", self._gate.open,
        )  # fmt: skip
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
            Route(refunds, way("refund", refunding.ask), methods=["POST"]),
            Route(f"{refunds}/{{out_refund_no}}", way("refund_query", refunding.look)),
            Route(
                f"{refunds}/{{refund_id}}/apply-abnormal-refund",
                way("refund_elsewhere", refunding.send_elsewhere),
                methods=["POST"],
            ),
            Route("/bill/tradebill", way("bill", bills.trades)),
            Route("/bill/fundflowbill", way("bill", bills.flow)),
            Route("/billdownload/file", way("bill_download", bills.download, signed=False)),
            Route(medins, way("medins", insuring.ask), methods=["POST"]),
            Route(f"{medins}/mix-trade-no/{{mix_trade_no}}", way("medins_query", insuring.by_mix_trade_no)),
            Route(f"{medins}/out-trade-no/{{out_trade_no}}", way("medins_query", insuring.by_out_trade_no)),
            Route("/med-ins/refunds/notify", way("medins_refund", insuring.tell_refund), methods=["POST"]),
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
        refunds = [shown_refund(refund) for refund in self.refunds.everything()[-30:]]
        insured = [self.insured.view(held) for held in self.insured.everything()[-30:]]
        columns = ("mix_trade_no", "mix_pay_status", "self_pay_status", "med_ins_pay_status", "total_fee")
        notices = [
            {name: notice[name] for name in ("event_type", "about", "state", "tries", "due_at")}
            for notice in self.notices.listing(limit=30)
        ]
        return [
            ("订单（分）", orders),
            ("退款（分）", refunds),
            ("医保混合订单（分）", [{name: one[name] for name in columns} for one in insured]),
            ("通知", notices),
        ]

    async def run(self) -> None:
        await self.notices.run(self._move_on)

    def _move_on(self) -> None:
        """What time alone brings about."""
        self.refunds.settle_due()
        self.insured.settle_pending()

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
