"""The operator's buttons and the payer's pages: what people do in WeChat, without WeChat."""

import json
import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from telehealth.sandbox.his import HOSPITALS
from telehealth.sandbox.pages import page
from telehealth.sandbox.party import World
from telehealth.sandbox.wxpay.insured_book import InsuredBook
from telehealth.sandbox.wxpay.merchants import Merchant
from telehealth.sandbox.wxpay.moments import any_moment, written
from telehealth.sandbox.wxpay.order_book import NotPayable, Order, OrderBook
from telehealth.sandbox.wxpay.ordering import code_url
from telehealth.sandbox.wxpay.signing import is_signed

_OPEN_TO_PAGES = {
    "Access-Control-Allow-Origin": "*",
    "Access-Control-Allow-Methods": "POST, OPTIONS",
    "Access-Control-Allow-Headers": "content-type",
}


class Misuse(Exception):
    def __init__(self, status: int, error: str) -> None:
        super().__init__(error)
        self.status = status
        self.error = error


class Till:
    def __init__(
        self, world: World, merchants: Mapping[str, Merchant], orders: OrderBook, insured: InsuredBook
    ) -> None:
        self._world = world
        self._merchants = merchants
        self._orders = orders
        self._insured = insured

    def routes(self) -> list[BaseRoute]:
        return [
            Route("/till/pay", self.pay, methods=["POST"]),
            Route("/till/fail", self.fail, methods=["POST"]),
            Route("/till/jsapi", self.jsapi, methods=["POST", "OPTIONS"]),
            Route("/till/medins", self.medins, methods=["POST", "OPTIONS"]),
            Route("/till/h5", self.show_h5, methods=["GET"]),
            Route("/till/scan/{token}", self.show_scan, methods=["GET"]),
            Route("/till/cashier", self.cashier, methods=["POST"]),
        ]

    # Buttons.

    async def pay(self, request: Request) -> Response:
        """`{out_trade_no or prepay_id or mix_trade_no, mchid?, payer?, success_time?, total?, force?}`.

        `total` books another amount than was asked, `force` pays what is closed or expired. An insured
        order is paid in both halves, without the signature a client would bring.
        """
        try:
            asked = await read_object(request)
            if "mix_trade_no" in asked:
                held = self._mixed(asked["mix_trade_no"])
                return JSONResponse(self._insured.view(self._insured.pay(held, self._cash_of(held))))
            order = self._named(asked)
            if type(asked.get("total", 0)) is not int:
                raise Misuse(422, "total is fen")
            paid = self._orders.pay(
                order,
                payer=asked.get("payer"),
                at=any_moment(asked["success_time"]) if "success_time" in asked else None,
                total=asked.get("total"),
                even_if_over=asked.get("force") is True,
            )
        except Misuse as misuse:
            return JSONResponse({"error": misuse.error}, misuse.status)
        except ValueError:
            return JSONResponse({"error": "success_time is an instant"}, 422)
        except NotPayable as refused:
            return JSONResponse({"error": refused.state}, 409)
        return JSONResponse(shown(paid))

    async def fail(self, request: Request) -> Response:
        """A try that comes to nothing: the order stays NOTPAY."""
        try:
            order = self._named(await read_object(request))
        except Misuse as misuse:
            return JSONResponse({"error": misuse.error}, misuse.status)
        return JSONResponse(shown(self._orders.fail(order)))

    def _named(self, asked: Mapping[str, Any]) -> Order:
        if "prepay_id" in asked:
            order = self._orders.by_prepay_id(str(asked["prepay_id"]))
            found = [order] if order else []
        else:
            found = self._orders.named(str(asked.get("out_trade_no")), asked.get("mchid"))
        if not found:
            raise Misuse(404, "no such order")
        if len(found) > 1:
            raise Misuse(409, "several merchants have this number: name the mchid")
        return found[0]

    # What a page inside WeChat calls.

    async def jsapi(self, request: Request) -> Response:
        """The bridge's `getBrandWCPayRequest`: the signature is checked, then the person pays.

        `outcome` may be `cancel` or `fail`. Without `appId` it is a mini-program's call: its first line is
        the appid the order was made under.
        """
        if request.method == "OPTIONS":
            return Response(status_code=204, headers=_OPEN_TO_PAGES)
        try:
            asked = await read_object(request)
            order = self.check_client_call(asked)
            outcome = asked.get("outcome", "ok")
            if outcome == "ok":
                self._orders.pay(order)
            elif outcome == "fail":
                self._orders.fail(order)
        except (Misuse, NotPayable) as refused:
            said = {"err_msg": "get_brand_wcpay_request:fail", "err_desc": str(refused)}
            return JSONResponse(said, headers=_OPEN_TO_PAGES)
        word = outcome if outcome in ("ok", "cancel") else "fail"
        return JSONResponse({"err_msg": f"get_brand_wcpay_request:{word}"}, headers=_OPEN_TO_PAGES)

    async def medins(self, request: Request) -> Response:
        """`requestMedicalInsurancePay`: `{mixTradeNo}` and, if there is cash, the five signed fields.

        There is no word for "cancelled": whoever gives up gets `fail`. `outcome` may be `fail`.
        """
        if request.method == "OPTIONS":
            return Response(status_code=204, headers=_OPEN_TO_PAGES)
        said = {"err_msg": "requestMedicalInsurancePay:fail"}
        try:
            asked = await read_object(request)
            held = self._mixed(asked.get("mixTradeNo"))
            cash = self._cash_of(held)
            if cash is not None and self.check_client_call(asked).number != cash.number:
                raise Misuse(400, "prepay_id 与混合订单不一致")
            if asked.get("outcome", "ok") == "ok":
                self._insured.pay(held, cash)
                said = {"err_msg": "requestMedicalInsurancePay:ok"}
        except (Misuse, NotPayable) as refused:
            said["err_desc"] = str(refused)
        return JSONResponse(said, headers=_OPEN_TO_PAGES)

    def _mixed(self, mix_trade_no: object) -> dict[str, Any]:
        held = self._insured.find(str(mix_trade_no))
        if held is None:
            raise Misuse(404, "no such insured order")
        return held

    def _cash_of(self, held: Mapping[str, Any]) -> Order | None:
        if "prepay_id" not in held["asked"]:
            return None
        return self._orders.find(held["mchid"], held["asked"]["out_trade_no"])

    def check_client_call(self, asked: Mapping[str, Any]) -> Order:
        """The order of a client-side call, whose four lines its merchant must have signed.

        Raises:
            Misuse: some field is wrong, or the signature.
        """
        package = str(asked.get("package", ""))
        order = self._orders.by_prepay_id(package.removeprefix("prepay_id="))
        if not package.startswith("prepay_id=") or order is None or order.trade_type != "JSAPI":
            raise Misuse(400, "prepay_id 无效")
        appid = asked.get("appId", order.appid)
        stamp, nonce, signature = (asked.get(name) for name in ("timeStamp", "nonceStr", "paySign"))
        if not all(isinstance(text, str) for text in (appid, stamp, nonce, signature)):
            raise Misuse(400, "timeStamp、nonceStr、paySign 均为字符串")
        if asked.get("signType") != "RSA" or not re.fullmatch(r"\d{10}", str(stamp)) or not nonce:
            raise Misuse(400, "signType 应为 RSA，timeStamp 应为秒")
        lines = tuple(str(line).encode("utf-8") for line in (appid, stamp, nonce, package))
        if appid != order.appid or not is_signed(
            self._merchants[order.mchid].public_half, lines, str(signature)
        ):
            raise Misuse(400, "支付验证签名失败")
        return order

    # The payer's pages.

    async def show_h5(self, request: Request) -> Response:
        """The page `h5_url` names. As in reality it wants to know which site sent the payer."""
        order = self._orders.by_token(request.query_params.get("package", ""))
        if not request.headers.get("referer"):
            return page("wxpay_cashier.html", 400, order=None, trouble="商家参数格式有误，请联系商家解决")
        if order is None or order.trade_type != "MWEB":
            return page("wxpay_cashier.html", 404, order=None, trouble="支付链接无效，请返回商家重新下单")
        return self._cashier_page(order, back=request.query_params.get("redirect_url", ""))

    async def show_scan(self, request: Request) -> Response:
        """What a phone shows after scanning `code_url`."""
        order = self._orders.by_token(request.path_params["token"])
        if order is None or order.trade_type != "NATIVE":
            return page("wxpay_cashier.html", 404, order=None, trouble="二维码无效，请返回商家重新下单")
        return self._cashier_page(order)

    async def cashier(self, request: Request) -> Response:
        form = dict(parse_qsl((await request.body()).decode("utf-8", "replace")))
        order = self._orders.by_token(form.get("token", ""))
        if order is None or order.trade_type == "JSAPI":
            return page("wxpay_cashier.html", 404, order=None, trouble="支付链接无效，请返回商家重新下单")
        if form.get("outcome") == "pay":
            try:
                order = self._orders.pay(order)
            except NotPayable:
                return self._cashier_page(order, back=form.get("back", ""))
        if _is_web_address(form.get("back", "")):
            return RedirectResponse(form["back"], 303)
        return self._cashier_page(order)

    def _cashier_page(self, order: Order, *, back: str = "") -> Response:
        now_s = self._world.clock.now().timestamp()
        said = {"NOTPAY": "", "CLOSED": "订单已关闭", "SUCCESS": "支付成功", "REFUND": "订单已退款"}
        trouble = said[order.state]
        if order.state == "NOTPAY" and order.prepaid_until <= now_s:
            trouble = "支付链接已过期，请返回商家重新发起"
        return page(
            "wxpay_cashier.html",
            order=order,
            merchant=HOSPITALS[self._merchants[order.mchid].hospital].name,
            yuan=f"{order.total // 100}.{order.total % 100:02d}",
            trouble=trouble,
            back=back if _is_web_address(back) else "",
        )


async def read_object(request: Request) -> dict[str, Any]:
    try:
        asked = json.loads(await request.body())
    except ValueError:
        asked = None
    if not isinstance(asked, dict):
        raise Misuse(422, "expected a JSON object")
    return asked


def shown(order: Order) -> dict[str, Any]:
    """An order in the operator's words: fen, and everything needed to find it again."""
    return {
        "mchid": order.mchid,
        "out_trade_no": order.out_trade_no,
        "transaction_id": order.transaction_id,
        "trade_type": order.trade_type,
        "state": order.state,
        "total": order.total,
        "openid": order.openid,
        "prepay_id": order.prepay_id,
        "code_url": code_url(order) if order.trade_type == "NATIVE" else None,
        "created_at": written(order.created_at),
        "success_time": written(order.success_at) if order.success_at is not None else None,
        "failed_tries": order.failed_tries,
    }


def _is_web_address(url: str) -> bool:
    parts = urlsplit(url)
    return parts.scheme in ("http", "https") and bool(parts.hostname)
