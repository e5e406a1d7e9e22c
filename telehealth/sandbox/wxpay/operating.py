"""The operator's switches and books: how callbacks go out, when refunds settle, what everybody owes."""

from collections.abc import Mapping
from typing import Any

import httpx2
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from telehealth.sandbox.party import World
from telehealth.sandbox.wxpay.fields import NoticeAddress
from telehealth.sandbox.wxpay.insured_book import InsuredBook
from telehealth.sandbox.wxpay.merchants import Merchant
from telehealth.sandbox.wxpay.moments import written
from telehealth.sandbox.wxpay.notices import MODES, Notices
from telehealth.sandbox.wxpay.order_book import OrderBook
from telehealth.sandbox.wxpay.people import RELATIVES, id_digest
from telehealth.sandbox.wxpay.refund_book import Refund, RefundBook
from telehealth.sandbox.wxpay.refusals import Refusal
from telehealth.sandbox.wxpay.till import Misuse, read_object, shown

SETTINGS = {"refund_settles_after_s": (int, float), "bills_at_once": (bool,)}


class Operating:
    def __init__(
        self,
        world: World,
        merchants: Mapping[str, Merchant],
        notices: Notices,
        orders: OrderBook,
        refunds: RefundBook,
        insured: InsuredBook,
    ) -> None:
        self._world = world
        self._books = world.books
        self._merchants = merchants
        self._notices = notices
        self._orders = orders
        self._refunds = refunds
        self._insured = insured

    def routes(self) -> list[BaseRoute]:
        return [
            Route("/till/books", self.show_books, methods=["GET"]),
            Route("/till/settings", self.put_settings, methods=["PUT"]),
            Route("/till/keys", self.put_key_mode, methods=["PUT"]),
            Route("/till/relatives", self.put_relative, methods=["PUT"]),
            Route("/till/notices", self.list_notices, methods=["GET"]),
            Route("/till/notices", self.put_notice_mode, methods=["PUT"]),
            Route("/till/notices", self.post_notice, methods=["POST"]),
            Route("/till/notices/{id}/replay", self.replay_notice, methods=["POST"]),
        ]

    async def show_books(self, request: Request) -> Response:
        """Everything in fen, of one `mchid` or of all, oldest first."""
        mchid = request.query_params.get("mchid")
        return JSONResponse(
            {
                "orders": [shown(order) for order in self._orders.everything(mchid)],
                "refunds": [shown_refund(refund) for refund in self._refunds.everything(mchid)],
                "medins": [
                    {
                        **self._insured.view(held),
                        "mchid": held["mchid"],
                        "created_at": written(held["created_at"]),
                        "refunds": held["refunds"],
                    }
                    for held in self._insured.everything(mchid)
                ],
            }
        )

    async def put_settings(self, request: Request) -> Response:
        """`{"refund_settles_after_s": n, "bills_at_once": bool}`, either or both; business seconds."""
        try:
            wanted = await read_object(request)
            for name, value in wanted.items():
                if type(value) not in SETTINGS.get(name, ()):
                    raise Misuse(422, f"there are {', '.join(SETTINGS)}")
        except Misuse as misuse:
            return JSONResponse({"error": misuse.error}, misuse.status)
        with self._books.writing():
            for name, value in wanted.items():
                self._books.note("wxpay.settings", name, value)
        return JSONResponse(self._books.leaf_through("wxpay.settings"))

    async def put_key_mode(self, request: Request) -> Response:
        """`{"mchid", "mode": "public_key" | "certificate"}`: the key callbacks are signed with."""
        try:
            wanted = await read_object(request)
        except Misuse as misuse:
            return JSONResponse({"error": misuse.error}, misuse.status)
        mchid, mode = wanted.get("mchid"), wanted.get("mode")
        if mchid not in self._merchants or mode not in ("public_key", "certificate"):
            return JSONResponse({"error": "mode is public_key or certificate"}, 422)
        self._books.note("wxpay.key_modes", str(mchid), mode)
        return JSONResponse({"mchid": mchid, "mode": mode})

    async def put_relative(self, request: Request) -> Response:
        """`{"payer": id number, "relative": id number}`: the payer may pay for the relative."""
        try:
            wanted = await read_object(request)
        except Misuse as misuse:
            return JSONResponse({"error": misuse.error}, misuse.status)
        numbers = [wanted.get("payer"), wanted.get("relative")]
        if not all(isinstance(number, str) and number.isascii() for number in numbers):
            return JSONResponse({"error": "payer and relative are ID numbers"}, 422)
        self._books.note(RELATIVES, "/".join(id_digest(str(number)) for number in numbers), True)
        return Response(status_code=204)

    # Callbacks.

    async def list_notices(self, _request: Request) -> Response:
        return JSONResponse({**self._notices.mode(), "modes": MODES, "notices": self._notices.listing()})

    async def put_notice_mode(self, request: Request) -> Response:
        """`{"mode", "seconds"?}`; see `notices.MODES`."""
        try:
            self._notices.set_mode(await read_object(request))
        except Misuse as misuse:
            return JSONResponse({"error": misuse.error}, misuse.status)
        except ValueError as error:
            return JSONResponse({"error": str(error)}, 422)
        return JSONResponse(self._notices.mode())

    async def post_notice(self, request: Request) -> Response:
        """`{"mchid", "url", "event_type", "resource"}`: any callback at all, truly signed."""
        try:
            wanted = await read_object(request)
            NoticeAddress().check(wanted.get("url"), "url")
            merchant, resource = self._merchants[wanted["mchid"]], wanted["resource"]
            if not isinstance(resource, dict) or not isinstance(wanted["event_type"], str):
                raise Misuse(422, "resource is an object, event_type a text")
        except (Misuse, Refusal, KeyError) as error:
            return JSONResponse({"error": str(error)}, 422)
        id = self._notices.tell(merchant, wanted["url"], wanted["event_type"], resource, about="operator")
        return JSONResponse({"id": id})

    async def replay_notice(self, request: Request) -> Response:
        """The last try once more, byte for byte with its old headers: what an eavesdropper could do."""
        found = self._notices.replay_of(request.path_params["id"])
        if found is None:
            return JSONResponse({"error": "no such notice, or it was never tried"}, 404)
        url, body, headers = found
        async with httpx2.AsyncClient(timeout=5, trust_env=False) as client:
            try:
                answer = await client.post(url, content=body.encode("utf-8"), headers=headers)
            except httpx2.HTTPError as error:
                return JSONResponse({"error": str(error)}, 502)
        return JSONResponse({"status": answer.status_code, "body": answer.text})


def shown_refund(refund: Refund) -> dict[str, Any]:
    return {
        "mchid": refund.mchid,
        "out_refund_no": refund.out_refund_no,
        "refund_id": refund.refund_id,
        "out_trade_no": refund.out_trade_no,
        "status": refund.status,
        "amount": refund.amount,
        "total": refund.total,
        "channel": refund.channel,
        "created_at": written(refund.created_at),
        "success_time": written(refund.success_at) if refund.success_at is not None else None,
    }
