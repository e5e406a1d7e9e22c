"""Kuaidi100: follows parcels of every courier, asked or subscribed to. Never books one."""

import hashlib
import hmac
import json
import secrets
from collections.abc import Mapping
from typing import Any, ClassVar
from urllib.parse import parse_qs

import anyio
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import BaseRoute, Route

from telehealth.sandbox.courier_book import HOSPITALS, SF, ParcelBook
from telehealth.sandbox.courier_desk import Desk
from telehealth.sandbox.courier_kuaidi100_telling import Aggregating, journey
from telehealth.sandbox.faults import Fault
from telehealth.sandbox.keys import static_token
from telehealth.sandbox.party import Party, World

COMPANIES = (SF, "ems", "jd", "youzhengguonei", "debangkuaidi")


class Kuaidi100(Party):
    name: ClassVar[str] = "kuaidi100"
    title: ClassVar[str] = "快递100"
    desk: ClassVar[str] = "/kuaidi100/parcels"
    modes: ClassVar[Mapping[str, str]] = {
        "error_500": "未处理即 500",
        "lost_answer": "已处理，应答丢失（500）；给 seconds 时先挂起",
        "garbled": "已处理，应答不是 JSON",
        "not_let_in": "验签失败（503）",
    }

    def __init__(self, world: World, keys: dict[str, Any]) -> None:
        super().__init__(world, keys)
        self.book = ParcelBook(world)
        self._telling = Aggregating(world)
        self._desk = Desk(self.book, self._telling.pushes, self._telling, [])

    @staticmethod
    def new_keys() -> dict[str, Any]:
        return {
            code: {
                "customer": "SANDBOX" + secrets.token_hex(10).upper(),
                "key": static_token(),
                "salt": static_token(),
                "push_token": static_token(),
            }
            for code in HOSPITALS
        }

    def routes(self) -> list[BaseRoute]:
        return [
            Route("/poll/query.do", self.query, methods=["POST"]),
            Route("/poll", self.subscribe, methods=["POST"]),
            Route("/parcels", self.put_parcel, methods=["PUT"]),
            Route("/parcels/{number}/abort", self.abort, methods=["POST"]),
            *self._desk.routes(),
        ]

    def describe(self, base_url: str) -> dict[str, Any]:
        return {
            "query_url": f"{base_url}/kuaidi100/poll/query.do",
            "subscribe_url": f"{base_url}/kuaidi100/poll",
            "desk_url": f"{base_url}/kuaidi100/parcels",
            "companies": list(COMPANIES),
            "hospitals": {code: dict(held) for code, held in self.keys.items()},
        }

    def page_of_books(self) -> list[tuple[str, list[dict[str, Any]]]]:
        columns = ("number", "how", "state", "tries")
        pushes = self._telling.pushes.listing(limit=30)
        return [("订阅推送", [{name: push[name] for name in columns} for push in pushes])]

    async def run(self) -> None:
        await self._telling.pushes.run()

    # The two doors.

    async def query(self, request: Request) -> Response:
        form = _form(await request.body())
        fault = await self.world.faults.meet(self.name, door="query")
        if fault is not None and (failed := self._fail(fault)) is not None:
            return failed
        keys = {held["customer"]: held["key"] for held in self.keys.values()}
        customer, param = form.get("customer", ""), form.get("param", "")
        signed = hashlib.md5(
            (param + keys.get(customer, "") + customer).encode(), usedforsecurity=False
        ).hexdigest()
        if customer not in keys or not hmac.compare_digest(
            signed.upper().encode(), form.get("sign", "").encode()
        ):
            return _no("503", "验证签名失败")
        return await self._answer(fault, self._look_up(_object(param)))

    async def subscribe(self, request: Request) -> Response:
        form = _form(await request.body())
        fault = await self.world.faults.meet(self.name, door="subscribe")
        if fault is not None and (failed := self._fail(fault)) is not None:
            return failed
        return await self._answer(fault, self._subscribe(form))

    def _look_up(self, asked: Mapping[str, Any]) -> Response:
        company, number = str(asked.get("com", "")), str(asked.get("num", ""))
        if company not in COMPANIES or not number:
            return _no("400", "提交的数据不完整或者贵公司没授权")
        parcel = self.book.parcel(number, company)
        if parcel is None:
            return _no("500", "查询无结果，请隔段时间再查")
        phone = str(asked.get("phone") or "")
        if company == SF and not any(
            phone and known.endswith(phone) for known in json.loads(parcel["phones"])
        ):
            return _no("408", "验证码错误")
        scans = self.book.scans(number)
        return JSONResponse(journey(parcel, scans)) if scans else _no("500", "查询无结果，请隔段时间再查")

    def _subscribe(self, form: Mapping[str, str]) -> Response:
        asked = _object(form.get("param", ""))
        wanted = asked.get("parameters")
        hospital = next((code for code, held in self.keys.items() if held["key"] == asked.get("key")), "")
        if not hospital:
            return _no("600", "您不是合法的订阅者（即授权Key出错）")
        if form.get("schema") != "json" or not isinstance(wanted, dict) or not wanted.get("callbackurl"):
            return _no("700", "订阅方的订阅数据存在错误")
        if asked.get("company") not in COMPANIES:
            return _no("701", "拒绝订阅的快递公司")
        number, company = str(asked.get("number")), str(asked["company"])
        self.book.hand_in(company, number, [str(wanted.get("phone") or "")])
        is_new = self.book.subscribe(
            hospital, company, number, url=str(wanted["callbackurl"]), salt=str(wanted.get("salt") or "")
        )
        if not is_new:
            return _no("501", "重复订阅")
        return JSONResponse({"result": True, "returnCode": "200", "message": "提交成功"})

    def _fail(self, fault: Fault) -> Response | None:
        if fault.mode == "down":
            return PlainTextResponse("Service Unavailable", 503)
        if fault.mode == "timeout":
            return PlainTextResponse("Gateway Timeout", 504)
        if fault.mode == "throttled":
            return PlainTextResponse("Too Many Requests", 429)
        if fault.mode not in ("error_500", "not_let_in"):
            return None
        self.world.faults.spend(self.name)
        if fault.mode == "not_let_in":
            return _no("503", "验证签名失败")
        return PlainTextResponse("Internal Server Error", 500)

    async def _answer(self, fault: Fault | None, answer: Response) -> Response:
        if fault is None:
            return answer
        self.world.faults.spend(self.name)
        if fault.mode == "garbled":
            return PlainTextResponse("<html>系统维护</html>")
        await anyio.sleep(fault.number("seconds", 0))
        return PlainTextResponse("Internal Server Error", 500)

    # What other couriers' counters do.

    async def put_parcel(self, request: Request) -> Response:
        """`{"company": "ems", "number": …, "phone": …}`: handed in at a counter."""
        asked = await request.json()
        if asked.get("company") not in COMPANIES:
            return JSONResponse({"error": f"company is one of {', '.join(COMPANIES)}"}, 422)
        self.book.hand_in(asked["company"], str(asked["number"]), [str(asked.get("phone") or "")])
        return Response(status_code=204)

    async def abort(self, request: Request) -> Response:
        parcel = self.book.parcel(request.path_params["number"])
        if parcel is None:
            return JSONResponse({"error": "no such parcel"}, 422)
        self._telling.abort(parcel)
        return Response(status_code=204)


def _no(code: str, message: str) -> Response:
    return JSONResponse({"result": False, "returnCode": code, "message": message})


def _form(body: bytes) -> dict[str, str]:
    try:
        return {name: values[0] for name, values in parse_qs(body.decode()).items()}
    except ValueError:
        return {}


def _object(text: str) -> dict[str, Any]:
    try:
        found = json.loads(text)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}
