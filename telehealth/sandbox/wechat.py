"""WeChat as a platform: who somebody is, the tokens an app speaks with, the messages it may send."""

import json
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, ClassVar

from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import BaseRoute, Route

from telehealth.sandbox.faults import Fault
from telehealth.sandbox.party import Party, World
from telehealth.sandbox.wechat_accounts import MOST_PEOPLE, SCOPES, Accounts, new_apps
from telehealth.sandbox.wechat_errors import Refusal
from telehealth.sandbox.wechat_messages import Messages
from telehealth.sandbox.wechat_pages import Pages
from telehealth.sandbox.wechat_tokens import Tokens

_CODE_CALLS = ("jscode2session", "oauth2")
_SENDS = ("subscribe_send", "template_send")
_TOKEN_CALLS = (*_SENDS, "getticket")
#: Fault mode → its error and the calls it befalls; none named means every call.
_REFUSING: Mapping[str, tuple[int, tuple[str, ...]]] = {
    "code_invalid": (40029, _CODE_CALLS),
    "code_used": (40163, _CODE_CALLS),
    "risk_blocked": (40226, ("jscode2session",)),
    "token_invalid": (40001, _TOKEN_CALLS),
    "token_expired": (42001, _TOKEN_CALLS),
    "no_consent": (43101, ("subscribe_send",)),
    "bad_value": (47003, _SENDS),
    "bad_openid": (40003, _SENDS),
    "bad_template": (40037, _SENDS),
    "bad_page": (41030, ("subscribe_send",)),
    "not_following": (43004, ("template_send",)),
    "minute_quota": (45011, ()),
    "busy": (-1, ()),
}
Act = Callable[[Request, Mapping[str, Any]], dict[str, Any]]


class WeChat(Party):
    name: ClassVar[str] = "wechat"
    title: ClassVar[str] = "微信（登录、JS-SDK、消息）"
    modes: ClassVar[Mapping[str, str]] = {
        "code_invalid": "登录码无效（40029）",
        "code_used": "登录码已用（40163）",
        "risk_blocked": "高风险用户被拦截（40226）",
        "token_invalid": "access_token 失效（40001）",
        "token_expired": "access_token 过期（42001）",
        "no_consent": "用户未授权订阅消息（43101）",
        "bad_value": "模板参数不合规（47003）",
        "bad_openid": "openid 无效（40003）",
        "bad_template": "模板编号无效（40037）",
        "bad_page": "小程序页面不存在（41030）",
        "not_following": "用户没有关注服务号（43004）",
        "minute_quota": "分钟频率上限（45011）",
        "busy": "系统繁忙（-1）",
        "lost_answer": "已处理，应答丢失（500）",
    }

    def __init__(self, world: World, keys: dict[str, Any]) -> None:
        super().__init__(world, keys)
        with world.books.writing():
            self.accounts = Accounts(world, keys)
            self.accounts.people()
        self.tokens = Tokens(world, self.accounts)
        self.messages = Messages(world, self.accounts, self.tokens)
        self.pages = Pages(world, self.accounts, self.tokens)

    @staticmethod
    def new_keys() -> dict[str, Any]:
        return new_apps()

    def routes(self) -> list[BaseRoute]:
        accounts, tokens, messages = self.accounts, self.tokens, self.messages
        return [
            self._call("/sns/jscode2session", "jscode2session", _of_query(accounts.session_of_code)),
            self._call("/sns/oauth2/access_token", "oauth2", _of_query(accounts.token_of_code)),
            self._call("/sns/oauth2/refresh_token", "refresh_token", _of_query(accounts.refresh)),
            self._call("/sns/userinfo", "userinfo", _of_query(accounts.user_info)),
            self._call("/cgi-bin/ticket/getticket", "getticket", _of_query(tokens.ticket)),
            self._call(
                "/cgi-bin/stable_token", "stable_token", lambda _, body: tokens.stable_token(body), "POST"
            ),
            self._call(
                "/cgi-bin/message/subscribe/send",
                "subscribe_send",
                lambda request, body: messages.subscribe_send(_token(request), body),
                "POST",
            ),
            self._call(
                "/cgi-bin/message/template/send",
                "template_send",
                lambda request, body: messages.template_send(_token(request), body),
                "POST",
            ),
            *self.pages.routes(),
            Route("/people", self.list_people, methods=["GET"]),
            Route("/people/{person:int}", _by_hand(self.put_person), methods=["PUT"]),
            Route("/people/{person:int}/js-code", _by_hand(self.post_js_code), methods=["POST"]),
            Route("/people/{person:int}/oauth-code", _by_hand(self.post_oauth_code), methods=["POST"]),
            Route("/people/{person:int}/consents", _by_hand(self.post_consent), methods=["POST"]),
            Route("/people/{person:int}/consents", self.list_consents, methods=["GET"]),
            Route("/messages", self.list_messages, methods=["GET"]),
            Route("/templates", self.list_templates, methods=["GET"]),
            Route("/templates", _by_hand(self.put_template), methods=["PUT"]),
            Route("/tokens/age", _by_hand(self.age_tokens), methods=["POST"]),
        ]

    def describe(self, base_url: str) -> dict[str, Any]:
        """`service` and `mini` are the installation's own; `apps` has a pair for every hospital."""
        apps = {code: {"service": held["service"], "mini": held["mini"]} for code, held in self.keys.items()}
        return {
            "api_url": f"{base_url}/wechat",
            "open_url": f"{base_url}/wechat",
            "bridge_url": f"{base_url}/wechat/bridge.js",
            "browser_url": f"{base_url}/wechat/browser",
            **apps["yunan"],
            "apps": apps,
            "templates": {
                kind: {t["name"]: id for id, t in self.messages.templates().items() if t["kind"] == kind}
                for kind in ("subscribe", "template")
            },
            "people_url": f"{base_url}/wechat/people",
            "messages_url": f"{base_url}/wechat/messages",
        }

    def page_of_books(self) -> list[tuple[str, list[dict[str, Any]]]]:
        people = [{"person": p["person"], "nickname": p["nickname"]} for p in self.accounts.people()]
        sent = [
            {"person": m["person"], "name": m["name"], "data": "；".join(m["data"].values()), "at": m["at"]}
            for m in self.messages.sent()[:30]
        ]
        templates = [{"id": id, **template} for id, template in self.messages.templates().items()]
        return [("微信用户", people), ("最近消息", sent), ("消息模板", templates)]

    # The platform's doors.

    def _call(self, path: str, call: str, act: Act, method: str = "GET") -> Route:
        async def endpoint(request: Request) -> Response:
            try:
                fault = await self.world.faults.meet(self.name, call=call)
                if fault is not None and (failed := self._fail(fault, call)) is not None:
                    return failed
                answer = act(request, await _body(request) if method == "POST" else {})
            except Refusal as refusal:
                return JSONResponse({"errcode": refusal.errcode, "errmsg": refusal.errmsg})
            if fault is not None and fault.mode == "lost_answer":
                self.world.faults.spend(self.name)
                return PlainTextResponse("Internal Server Error", 500)
            if path.startswith("/cgi-bin/") and call != "stable_token":
                answer = {"errcode": 0, "errmsg": "ok", **answer}
            return JSONResponse(answer)

        return Route(path, endpoint, methods=[method])

    def _fail(self, fault: Fault, call: str) -> Response | None:
        if fault.mode == "down":
            return PlainTextResponse("Service Unavailable", 503)
        if fault.mode == "timeout":
            return PlainTextResponse("Gateway Timeout", 504)
        if fault.mode == "throttled":
            raise Refusal(45009)
        errcode, befalls = _REFUSING.get(fault.mode, (0, ()))
        if errcode and (not befalls or call in befalls):
            self.world.faults.spend(self.name)
            raise Refusal(errcode)
        return None

    # The operator's doors.

    async def list_people(self, _request: Request) -> Response:
        return JSONResponse({"label": "样例数据，均为虚构", "people": self.accounts.people()})

    async def put_person(self, request: Request) -> Response:
        """`{"follows": false}`: the person no longer follows the service accounts."""
        body = await _body(request)
        for app in self.accounts.apps.values():
            if app.kind == "service":
                person = request.path_params["person"]
                self.messages.follow(app, person, follows=body.get("follows") is not False)
        return Response(status_code=204)

    async def post_js_code(self, request: Request) -> Response:
        """What `wx.login` gives a mini-program: `{"appid"?}` → `{"code", "openid"}`."""
        return await self._hand_out(request, lambda body: (body.get("appid"), "mini", "jscode"))

    async def post_oauth_code(self, request: Request) -> Response:
        """What a redirect of the page sign-in carries: `{"appid"?, "scope"?}` → `{"code", "openid"}`."""
        return await self._hand_out(
            request, lambda body: (body.get("appid"), "service", body.get("scope", SCOPES[0]))
        )

    async def _hand_out(
        self, request: Request, asked: Callable[[Mapping[str, Any]], tuple[Any, Any, Any]]
    ) -> Response:
        person = request.path_params["person"]
        appid, kind, scope = asked(await _body(request))
        app = self.accounts.app(appid or self.keys["yunan"][kind]["appid"], kind)
        if not 1 <= person <= MOST_PEOPLE or scope not in ("jscode", *SCOPES):
            raise ValueError("no such person or scope")
        code = self.accounts.new_code(app, person, scope)
        return JSONResponse(
            {
                "code": code,
                "openid": self.accounts.openid(app, person),
                "unionid": self.accounts.unionid(app, person),
            }
        )

    async def post_consent(self, request: Request) -> Response:
        """The tap on "allow": `{"template_id", "appid"?, "times"?}`."""
        body = await _body(request)
        app = self.accounts.app(body.get("appid") or self.keys["yunan"]["mini"]["appid"], "mini")
        left = self.messages.consent(
            app, request.path_params["person"], str(body.get("template_id")), int(body.get("times", 1))
        )
        return JSONResponse({"left": left})

    async def list_consents(self, request: Request) -> Response:
        return JSONResponse({"left": self.messages.consents(request.path_params["person"])})

    async def list_messages(self, request: Request) -> Response:
        """Newest first."""
        person = request.query_params.get("person", "")
        return JSONResponse({"messages": self.messages.sent(int(person) if person.isdecimal() else None)})

    async def list_templates(self, _request: Request) -> Response:
        return JSONResponse({"templates": self.messages.templates()})

    async def put_template(self, request: Request) -> Response:
        """`{"id", "name", "kind": "subscribe"|"template", "fields": ["thing1", …]}`."""
        body = await _body(request)
        self.messages.put_template(str(body["id"]), body)
        return JSONResponse({"templates": self.messages.templates()})

    async def age_tokens(self, request: Request) -> Response:
        """`{"seconds": N}`: server tokens and tickets end that much sooner."""
        seconds = (await _body(request)).get("seconds")
        if not isinstance(seconds, int | float):
            raise ValueError("seconds is a number")
        self.tokens.age_all(seconds)
        return Response(status_code=204)


async def _body(request: Request) -> dict[str, Any]:
    raw = await request.body()
    try:
        body = json.loads(raw) if raw else {}
    except ValueError:
        body = None
    if not isinstance(body, dict):
        raise Refusal(47001)
    return body


def _of_query(act: Callable[[Mapping[str, str]], dict[str, Any]]) -> Act:
    return lambda request, _body: act(request.query_params)


def _token(request: Request) -> str | None:
    return request.query_params.get("access_token")


def _by_hand(handler: Callable[[Request], Awaitable[Response]]) -> Callable[[Request], Awaitable[Response]]:
    """An operator's mistake is told in plain words."""

    async def endpoint(request: Request) -> Response:
        try:
            return await handler(request)
        except Refusal as refusal:
            return JSONResponse({"error": refusal.errmsg}, 422)
        except (KeyError, ValueError) as error:
            return JSONResponse({"error": str(error)}, 422)

    return endpoint
