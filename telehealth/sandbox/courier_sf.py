"""SF Express: an account of its own for each hospital, labels, route pushes, and the couriers' desk."""

import json
import secrets
import sqlite3
from collections.abc import Mapping
from typing import Any, ClassVar

import anyio
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import BaseRoute, Route

from telehealth.sandbox import courier_sf_gate as gate
from telehealth.sandbox.courier_book import HOSPITALS, SF, ParcelBook, Unmovable, written
from telehealth.sandbox.courier_desk import Desk
from telehealth.sandbox.courier_kuaidi100_telling import Aggregating
from telehealth.sandbox.courier_label import label_pdf
from telehealth.sandbox.courier_moves import MOVES
from telehealth.sandbox.courier_pushing import JSON, Pushes
from telehealth.sandbox.courier_sf_orders import FORCED, Services
from telehealth.sandbox.faults import Fault
from telehealth.sandbox.keys import static_token
from telehealth.sandbox.party import Party, World

_LABELS = "sf.labels"
_PUSH_URLS = "sf.push"
_PRINT = "COM_RECE_CLOUD_PRINT_WAYBILLS"
_ACTED = ("lost_answer", "garbled", "garbled_inner")


class SFExpress(Party):
    name: ClassVar[str] = "sf"
    title: ClassVar[str] = "顺丰速运"
    desk: ClassVar[str] = "/sf/parcels"
    modes: ClassVar[Mapping[str, str]] = {
        "error_500": "未处理即 500；可用 service 限定接口，下同",
        "lost_answer": "已处理，应答丢失（500）；给 seconds 时先挂起",
        "garbled": "已处理，外层应答不是 JSON",
        "garbled_inner": "已处理，内层应答不是 JSON",
        "refused": "业务失败，代码可用 error_code 给定",
        "not_let_in": "签名类错误 A1006",
        "manual": "下单一律转人工筛单（filterResult 1）",
        "unserved": "下单一律不可达（filterResult 3）",
    }

    def __init__(self, world: World, keys: dict[str, Any]) -> None:
        super().__init__(world, keys)
        self._accounts = {held["partner_id"]: (code, held["checkword"]) for code, held in keys.items()}
        self.book = ParcelBook(world)
        self.pushes = Pushes(world, self.name, taken=_is_taken)
        self._services = Services(world, self.book).table()
        self._desk = Desk(self.book, self.pushes, self, [Aggregating(world)])

    @staticmethod
    def new_keys() -> dict[str, Any]:
        return {
            code: {
                "partner_id": "SANDBOX" + secrets.token_hex(6),
                "checkword": static_token(),
                "push_token": static_token(),
            }
            for code in HOSPITALS
        }

    def routes(self) -> list[BaseRoute]:
        return [
            Route("/std/service", self.door, methods=["POST"]),
            Route("/labels/{number}.pdf", self.label),
            Route("/push", self.put_push, methods=["PUT"]),
            Route("/orders/{hospital}/{order_no}/screening", self.screen, methods=["POST"]),
            *self._desk.routes(),
        ]

    def describe(self, base_url: str) -> dict[str, Any]:
        return {
            "base_url": f"{base_url}/sf/std/service",
            "desk_url": f"{base_url}/sf/parcels",
            "hospitals": {code: dict(held) for code, held in self.keys.items()},
        }

    def page_of_books(self) -> list[tuple[str, list[dict[str, Any]]]]:
        columns = ("company", "hospital", "order_no", "number", "filter_result", "state")
        parcels = [{name: row[name] for name in columns} for row in self.book.everything(30)]
        shown = ("number", "how", "state", "tries")
        pushes = [{name: push[name] for name in shown} for push in self.pushes.listing(limit=30)]
        return [("快件", parcels), ("路由推送", pushes)]

    async def run(self) -> None:
        await self.pushes.run()

    # The door.

    async def door(self, request: Request) -> Response:
        body, now_s = await request.body(), self.world.clock.wall().timestamp()
        fault: Fault | None = None
        try:
            call = gate.let_in(body, self._accounts, now_s)
            fault = await self.world.faults.meet(self.name, service=call.service, hospital=call.hospital)
            if fault is not None and (failed := self._fail(fault)) is not None:
                return failed
            inner = self._act(call, fault, self.world.address(request))
        except gate.NotLetIn as error:
            return gate.turned_away(error)
        except gate.Refusal as refusal:
            return gate.refused(refusal)
        if fault is not None and fault.mode in _ACTED:
            return await self._spoil(fault)
        return gate.said(inner)

    def _act(self, call: gate.Call, fault: Fault | None, address: str) -> dict[str, Any]:
        if call.service == _PRINT:
            return self._print(call, address)
        service = self._services.get(call.service)
        if service is None:
            raise gate.NotLetIn("A1005", "未知的服务")
        mode = "" if fault is None else fault.mode
        with self.world.books.writing():
            answer = service(call, mode)
        if mode in FORCED and call.service == "EXP_RECE_CREATE_ORDER":
            self.world.faults.spend(self.name)
        return answer

    def _fail(self, fault: Fault) -> Response | None:
        if fault.mode == "down":
            return PlainTextResponse("Service Unavailable", 503)
        if fault.mode == "timeout":
            return PlainTextResponse("Gateway Timeout", 504)
        if fault.mode == "throttled":
            return PlainTextResponse("Too Many Requests", 429)
        if fault.mode not in ("error_500", "refused", "not_let_in"):
            return None
        self.world.faults.spend(self.name)
        if fault.mode == "refused":
            raise gate.Refusal(str(fault.settings.get("error_code", "8196")), "信息异常")
        if fault.mode == "not_let_in":
            raise gate.NotLetIn("A1006", "数字签名无效")
        return PlainTextResponse("Internal Server Error", 500)

    async def _spoil(self, fault: Fault) -> Response:
        self.world.faults.spend(self.name)
        if fault.mode == "garbled":
            return PlainTextResponse("<html>系统维护</html>")
        if fault.mode == "garbled_inner":
            return gate.said("<xml>系统维护</xml>")
        await anyio.sleep(fault.number("seconds", 0))
        return PlainTextResponse("Internal Server Error", 500)

    # Labels.

    def _print(self, call: gate.Call, address: str) -> dict[str, Any]:
        asked = call.message
        documents = asked.get("documents")
        if not str(asked.get("templateCode", "")).endswith(call.partner) or not isinstance(documents, list):
            raise gate.Refusal("8196", "信息异常：模板")
        files = []
        for position, document in enumerate(documents, 1):
            number = str(document.get("masterWaybillNo"))
            parcel = self.book.parcel(number, SF)
            if parcel is None or parcel["hospital"] != call.hospital or parcel["state"] == "cancelled":
                raise gate.Refusal("8024", "未下单")
            token = secrets.token_urlsafe(16)
            self.world.books.note(_LABELS, number, token)
            url = f"{address}/sf/labels/{number}.pdf"
            files.append({"seqNo": position, "waybillNo": number, "url": url, "token": token, "pageCount": 1})
        shown = {"clientCode": call.partner, "fileType": "pdf", "files": files}
        return {"success": True, "obj": shown, "requestId": secrets.token_hex(8)}

    async def label(self, request: Request) -> Response:
        number = request.path_params["number"]
        parcel, token = self.book.parcel(number, SF), self.world.books.recall(_LABELS, number)
        if parcel is None or not token or request.headers.get("x-auth-token") != token:
            return PlainTextResponse("Forbidden", 403)
        pdf = label_pdf(number, "010WA-样例", json.loads(parcel["body"]))
        return Response(pdf, media_type="application/pdf")

    # What the account's owner and the clerks do.

    async def put_push(self, request: Request) -> Response:
        """`{"hospital": …, "url": …}`: where routes of that account go, as one registers it in the portal."""
        asked = await request.json()
        self.world.books.note(_PUSH_URLS, str(asked["hospital"]), str(asked["url"]))
        return Response(status_code=204)

    async def screen(self, request: Request) -> Response:
        """`{"result": 2}` for yes, 3 for no."""
        result = (await request.json()).get("result")
        try:
            if result not in (2, 3):
                raise Unmovable("result is 2 or 3")
            self.book.screen(request.path_params["hospital"], request.path_params["order_no"], str(result))
        except Unmovable as error:
            return JSONResponse({"error": str(error)}, 422)
        return Response(status_code=204)

    # Pushes.

    def tell(self, parcel: sqlite3.Row, scans: list[sqlite3.Row], *, how: str = "true") -> None:
        url = self._push_url(parcel["hospital"])
        if parcel["company"] != SF or not url:
            return
        lines = [_line(parcel, scan) for scan in scans]
        body = json.dumps({"Body": {"WaybillRoute": lines}}, ensure_ascii=False, separators=(",", ":"))
        if how == "forged":
            url = f"{url.rpartition('/')[0]}/{static_token()}"
        if how == "garbled":
            body = body[: len(body) // 2]
        self.pushes.tell(parcel["number"], url, body, JSON, how=how)

    def _push_url(self, hospital: str) -> str:
        if held := self.world.books.recall(_PUSH_URLS, hospital):
            return str(held)
        if not self.world.callbacks or hospital not in self.keys:
            return ""
        return f"{self.world.callbacks}/callbacks/sf/{hospital}/{self.keys[hospital]['push_token']}"


def _line(parcel: sqlite3.Row, scan: sqlite3.Row) -> dict[str, str]:
    return {
        "id": f"{scan['seq']:018d}",
        "mailno": parcel["number"],
        "orderid": parcel["order_no"],
        "acceptTime": written(scan["at"]),
        "acceptAddress": scan["place"],
        "remark": scan["remark"],
        "opCode": MOVES[scan["move"]].op,
    }


def _is_taken(answer: bytes) -> bool:
    try:
        return bool(json.loads(answer)["return_code"] == "0000")
    except (ValueError, KeyError, TypeError):
        return False
