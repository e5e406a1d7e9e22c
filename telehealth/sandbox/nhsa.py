"""The national insurance platform: one door for every function, and the page where a person authorises."""

import secrets
from collections.abc import Callable, Mapping
from datetime import date, datetime, timedelta
from typing import Any, ClassVar
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

import anyio
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from telehealth.sandbox import nhsa_lists
from telehealth.sandbox.faults import Fault
from telehealth.sandbox.keys import static_token
from telehealth.sandbox.nhsa_envelope import (
    INSTITUTIONS,
    SIGN_IN,
    Call,
    Institution,
    Key,
    Refusal,
    Signatures,
    answer,
    check_envelope,
    read_json,
    respond,
)
from telehealth.sandbox.nhsa_orders import AUTHORISED_FOR, MSGIDS, Orders
from telehealth.sandbox.nhsa_people import MED_TYPES, REGIONS, People, cert_digest
from telehealth.sandbox.nhsa_refunds import ORD_STAS
from telehealth.sandbox.pages import page
from telehealth.sandbox.party import Party, World

_SIGNS = "nhsa.signs"
#: By the wall clock: a sign-in is a session, which no business clock ages.
SIGNED_IN_FOR = timedelta(hours=24)
_ACTED = ("lost_answer", "garbled")


class NHSA(Party):
    name: ClassVar[str] = "nhsa"
    title: ClassVar[str] = "医保信息平台"
    modes: ClassVar[Mapping[str, str]] = {
        "refused": "业务失败：infcode -1，原因可用 err_msg 给定",
        "error_500": "未处理即 500",
        "lost_answer": "已处理，应答丢失（500）；给 seconds 时先挂起",
        "garbled": "已处理，应答不是 JSON",
        "sign_expired": "签到编号一律失效",
        "fund_includes_account": "fundPay 含个人账户（可限 region）",
        "wrong_split": "现金多报一分，合计不等于总额（可限 region）",
    }

    def __init__(self, world: World, keys: dict[str, Any]) -> None:
        super().__init__(world, keys)
        self.people = People(world.books)
        self.orders = Orders(world, self.people)
        by_app = {
            keys[one.hospital]["app_id"]: Key(keys[one.hospital]["app_id"], keys[one.hospital]["secret"], one)
            for one in INSTITUTIONS.values()
        }
        self._signatures = Signatures(by_app)
        self._functions: Mapping[str, Callable[[Call], dict[str, Any]]] = {
            SIGN_IN: self._sign_in,
            "1101": self.people.lookup,
            "2601": self.orders.reverse,
            "3201": lambda call: nhsa_lists.totals(self.orders, call),
            "3202": lambda call: nhsa_lists.details(self.orders, call),
            "5203": lambda call: nhsa_lists.history(self.orders, self.people, call),
            "6201": self.orders.upload,
            "6202": self.orders.price,
            "6203": self.orders.refund,
            "6301": self.orders.query,
            "6401": self.orders.revoke,
        }
        base = world.books.recall("his", "base")
        with world.books.writing():
            self.people.seed(date.fromisoformat(base["born_by"]) if base else world.clock.today())

    @staticmethod
    def new_keys() -> dict[str, Any]:
        return {
            one.hospital: {"app_id": "SANDBOX" + secrets.token_hex(8), "secret": static_token()}
            for one in INSTITUTIONS.values()
        }

    def routes(self) -> list[BaseRoute]:
        return [
            Route("/api", self.door, methods=["POST"]),
            Route("/authorise", self.show_authorisation, methods=["GET"]),
            Route("/authorise", self.decide_authorisation, methods=["POST"]),
            Route("/people", self.list_people, methods=["GET"]),
            Route("/people/{certno}", self.put_person, methods=["PUT"]),
            Route("/people/{certno}/authorisation", self.post_authorisation, methods=["POST"]),
            Route("/orders/{number}/settlement", self.post_settlement, methods=["POST"]),
            Route("/books", self.show_books, methods=["GET"]),
        ]

    def describe(self, base_url: str) -> dict[str, Any]:
        return {
            "api_url": f"{base_url}/nhsa/api",
            "authorise_url": f"{base_url}/nhsa/authorise",
            "institutions": {
                one.hospital: {
                    "fixmedins_code": one.code,
                    "fixmedins_name": one.name,
                    "mdtrtarea_admvs": one.region,
                    **self.keys[one.hospital],
                }
                for one in INSTITUTIONS.values()
            },
            "regions": dict(REGIONS),
            "med_types": dict(MED_TYPES),
            "ord_stas": dict(ORD_STAS),
            "authorised_for_s": int(AUTHORISED_FOR.total_seconds()),
            "people_url": f"{base_url}/nhsa/people",
            "books_url": f"{base_url}/nhsa/books",
        }

    def page_of_books(self) -> list[tuple[str, list[dict[str, Any]]]]:
        columns = ("payOrdId", "state", "total", "fund", "account", "other", "cash", "name", "settled_at")
        orders = [{name: o[name] for name in columns} for o in self.orders.everything().values()]
        people = [
            {name: person[name] for name in ("name", "certno", "region", "insutype", "med_types", "account")}
            for person in self.people.everybody()
        ]
        return [("医保订单（分）", orders[-30:]), ("参保人（账户余额为分）", people)]

    # The platform's door.

    async def door(self, request: Request) -> Response:
        body = await request.body()
        arrived = self.world.clock.now()
        envelope: dict[str, Any] = {}
        try:
            institution = self._signatures.verify(request, body, self.world.clock.wall())
            envelope = read_json(body)
            fault = await self.world.faults.meet(
                self.name, infno=str(envelope.get("infno")), institution=institution.code
            )
            if fault is not None and (failed := self._fail(fault)) is not None:
                return failed
            output = self._act(envelope, institution, fault)
        except Refusal as refusal:
            msgid = str(envelope.get("msgid", ""))
            said = answer(msgid, arrived, self.world.clock.now(), error=refusal.err_msg)
            return respond(said, refusal.status)
        if fault is not None and fault.mode in _ACTED:
            return await self._spoil(fault)
        return respond(answer(envelope["msgid"], arrived, self.world.clock.now(), output=output))

    def _fail(self, fault: Fault) -> Response | None:
        """The answer of a platform that does not even look at the message."""
        if fault.mode == "down":
            return PlainTextResponse("Service Unavailable", 503)
        if fault.mode == "timeout":
            return PlainTextResponse("Gateway Timeout", 504)
        if fault.mode == "throttled":
            after = {"Retry-After": str(int(fault.number("retry_after_s", 2)))}
            return PlainTextResponse("Too Many Requests", 429, after)
        if fault.mode == "error_500":
            self.world.faults.spend(self.name)
            return PlainTextResponse("Internal Server Error", 500)
        if fault.mode == "refused":
            self.world.faults.spend(self.name)
            raise Refusal("BUSINESS_ERROR", str(fault.settings.get("err_msg", "医保业务处理失败")))
        return None

    async def _spoil(self, fault: Fault) -> Response:
        self.world.faults.spend(self.name)
        if fault.mode == "garbled":
            return PlainTextResponse("<html>系统维护</html>")
        await anyio.sleep(fault.number("seconds", 0))
        return PlainTextResponse("Internal Server Error", 500)

    def _act(
        self, envelope: Mapping[str, Any], institution: Institution, fault: Fault | None
    ) -> dict[str, Any]:
        check_envelope(envelope, institution)
        infno, msgid = envelope["infno"], envelope["msgid"]
        function = self._functions.get(infno)
        if function is None:
            raise Refusal("INFNO_UNKNOWN", f"没有交易 {infno}")
        if infno != SIGN_IN:
            self._check_sign_in(envelope, institution, fault)
        data = envelope["input"].get("signIn" if infno == SIGN_IN else "data")
        if not isinstance(data, dict):
            raise Refusal("PARAM_ERROR", "input 缺少 data 对象（9001 为 signIn）")
        self._take_msgid(msgid, infno, institution)
        with self.world.books.writing():
            output = function(Call(infno, msgid, institution, envelope, data, fault))
            if fault is not None and fault.mode in ("fund_includes_account", "wrong_split"):
                if "fundPay" in output:
                    self.world.faults.spend(self.name)
            done = {"institution": institution.code, "infno": infno, "payOrdId": output.get("payOrdId", "")}
            self.world.books.note(MSGIDS, msgid, done)
        return output

    def _take_msgid(self, msgid: str, infno: str, institution: Institution) -> None:
        """A number is spent by its first message, whatever became of it."""
        with self.world.books.writing():
            if self.world.books.recall(MSGIDS, msgid) is not None:
                raise Refusal("MSGID_REPEATED", "报文编号重复")
            taken = {"institution": institution.code, "infno": infno, "payOrdId": ""}
            self.world.books.note(MSGIDS, msgid, taken)

    def _sign_in(self, call: Call) -> dict[str, Any]:
        call.text("opter_no")
        number, now = secrets.token_hex(15), self.world.clock.wall()
        held = {"institution": call.institution.code, "at": now.isoformat()}
        self.world.books.note(_SIGNS, number, held)
        return {"signinoutb": {"sign_no": number, "sign_time": now.isoformat(timespec="seconds")}}

    def _check_sign_in(
        self, envelope: Mapping[str, Any], institution: Institution, fault: Fault | None
    ) -> None:
        held = self.world.books.recall(_SIGNS, str(envelope.get("sign_no")))
        if fault is not None and fault.mode == "sign_expired":
            self.world.faults.spend(self.name)
            held = None
        if (
            held is None
            or held["institution"] != institution.code
            or self.world.clock.wall() - datetime.fromisoformat(held["at"]) > SIGNED_IN_FOR
        ):
            raise Refusal("SIGN_NO_INVALID", "签到编号无效，请重新签到")

    # The person's page.

    async def show_authorisation(self, request: Request) -> Response:
        asked = dict(request.query_params)
        institution = INSTITUTIONS.get(asked.get("institution", ""))
        if institution is None or not _is_web_address(asked.get("redirect_uri", "")):
            return page("nhsa_authorise.html", 400, institution=None, people=[], is_named=False)
        people = [
            {
                "certno": person["certno"],
                "name": person["name"],
                "region": REGIONS.get(person["region"], person["region"] or "未参保"),
                "kinds": "、".join(MED_TYPES.get(code, code) for code in person["med_types"]),
                "is_named": cert_digest(person["certno"]) == asked.get("cert_digest"),
            }
            for person in self.people.everybody()
        ]
        is_named = any(person["is_named"] for person in people)
        return page("nhsa_authorise.html", institution=institution, people=people, is_named=is_named)

    async def decide_authorisation(self, request: Request) -> Response:
        asked = dict(request.query_params)
        institution = INSTITUTIONS.get(asked.get("institution", ""))
        form = dict(parse_qsl((await request.body()).decode("utf-8", "replace")))
        person = self.people.find(form.get("certno", ""))
        back = asked.get("redirect_uri", "")
        if institution is None or not _is_web_address(back):
            return page("nhsa_authorise.html", 400, institution=None, people=[], is_named=False)
        state = asked.get("state", "")
        if form.get("outcome") != "allow" or person is None or not person["region"]:
            error = "refused" if form.get("outcome") != "allow" else "not_insured"
            return RedirectResponse(_with_query(back, error=error, state=state), 303)
        number = self.orders.authorise(person["certno"], institution.code)
        return RedirectResponse(_with_query(back, payAuthNo=number, state=state), 303)

    # The operator's doors.

    async def list_people(self, _request: Request) -> Response:
        return JSONResponse({"label": "样例数据，均为虚构", "people": self.people.everybody()})

    async def put_person(self, request: Request) -> Response:
        """`{"name", "region", "insutype", "med_types", "balance" (fen), "fund_rate_bp", "other_rate_bp"}`."""
        try:
            body = await request.json()
            if not isinstance(body, dict):
                raise ValueError("expected an object")
            return JSONResponse(self.people.put(request.path_params["certno"], body))
        except ValueError as error:
            return JSONResponse({"error": str(error)}, 422)

    async def post_authorisation(self, request: Request) -> Response:
        """What the page does when the person agrees, for a test without a browser."""
        code = request.query_params.get("institution", "")
        person = self.people.find(request.path_params["certno"])
        if person is None or code not in INSTITUTIONS:
            return JSONResponse({"error": "no such person or institution"}, 404)
        return JSONResponse({"payAuthNo": self.orders.authorise(person["certno"], code)})

    async def post_settlement(self, request: Request) -> Response:
        with self.world.books.writing():
            settled = self.orders.settle(request.path_params["number"])
        return Response(status_code=204 if settled else 409)

    async def show_books(self, _request: Request) -> Response:
        """Everything in fen, for whoever compares it with a ledger."""
        accounts = {person["certno"]: person["account"] for person in self.people.everybody()}
        return JSONResponse({"orders": self.orders.everything(), "accounts": accounts})


def _is_web_address(url: str) -> bool:
    parts = urlsplit(url)
    return parts.scheme in ("http", "https") and bool(parts.netloc)


def _with_query(url: str, **added: str) -> str:
    parts = urlsplit(url)
    kept = parse_qsl(parts.query, keep_blank_values=True)
    return urlunsplit(parts._replace(query=urlencode([*kept, *added.items()])))
