"""What a person sees of WeChat: the sign-in redirect, and a stand-in for its browser and its wallet.

`bridge.js` gives any page, also of another origin, the `WeixinJSBridge` that the true client injects.
"""

import json
import sqlite3
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from telehealth.sandbox.pages import page
from telehealth.sandbox.party import World
from telehealth.sandbox.wechat_accounts import MOST_PEOPLE, SCOPES, Accounts, App
from telehealth.sandbox.wechat_errors import Refusal
from telehealth.sandbox.wechat_tokens import Tokens

#: Cookies ignore the port, so this one also reaches the page's own server on the same host.
_COOKIE = "sandbox_wechat_person"
_BRIDGE = Path(__file__).parent / "templates" / "wechat_bridge.js"
_OPEN_TO_PAGES = {
    "Access-Control-Allow-Origin": "*",
    "Access-Control-Allow-Methods": "GET, POST, OPTIONS",
    "Access-Control-Allow-Headers": "content-type",
}


class Pages:
    def __init__(self, world: World, accounts: Accounts, tokens: Tokens) -> None:
        self._books = world.books
        self._accounts = accounts
        self._tokens = tokens

    def routes(self) -> list[BaseRoute]:
        return [
            Route("/connect/oauth2/authorize", self.authorize, methods=["GET"]),
            Route("/connect/oauth2/authorize", self.decide, methods=["POST"]),
            Route("/bridge.js", self.bridge, methods=["GET"]),
            Route("/browser", self.browser, methods=["GET"]),
            Route("/me", self.show_me, methods=["GET"]),
            Route("/me", self.choose_me, methods=["PUT"]),
            Route("/bill", self.bill, methods=["GET"]),
            Route("/jssdk", self.check_page, methods=["POST", "OPTIONS"]),
        ]

    # Sign-in of a page.

    async def authorize(self, request: Request) -> Response:
        """`snsapi_base` goes straight back; `snsapi_userinfo` asks the person."""
        asked = dict(request.query_params)
        app, trouble = self._check(asked)
        if app is None:
            return page("wechat_authorize.html", 400, trouble=trouble, nickname="")
        person = self._me(request)
        if asked["scope"] == "snsapi_userinfo":
            return page("wechat_authorize.html", trouble="", nickname=self._accounts.nickname(person))
        return self._back(asked, code=self._accounts.new_code(app, person, asked["scope"]))

    async def decide(self, request: Request) -> Response:
        asked = dict(request.query_params)
        app, trouble = self._check(asked)
        if app is None:
            return page("wechat_authorize.html", 400, trouble=trouble, nickname="")
        form = dict(parse_qsl((await request.body()).decode("utf-8", "replace")))
        if form.get("outcome") != "allow":
            return self._back(asked)  # as the platform does: the state, and no code
        return self._back(asked, code=self._accounts.new_code(app, self._me(request), asked["scope"]))

    def _check(self, asked: Mapping[str, str]) -> tuple[App | None, str]:
        try:
            app = self._accounts.app(asked.get("appid"), "service")
        except Refusal:
            return None, "AppID 参数错误"
        if not _is_web_address(asked.get("redirect_uri", "")):
            return None, "redirect_uri 域名与后台配置不一致（10003）"
        if asked.get("response_type") != "code" or asked.get("scope") not in SCOPES:
            return None, "Scope 参数错误或没有 Scope 权限（10005）"
        if len(asked.get("state", "")) > 128:
            return None, "state 超过 128 字节"
        return app, ""

    @staticmethod
    def _back(asked: Mapping[str, str], **added: str) -> Response:
        return RedirectResponse(
            _with_query(asked["redirect_uri"], **added, state=asked.get("state", "")), 302
        )

    # Who holds the phone.

    def _me(self, request: Request) -> int:
        chosen = request.cookies.get(_COOKIE, "")
        if chosen.isdecimal() and 1 <= int(chosen) <= MOST_PEOPLE:
            return int(chosen)
        return int(self._books.recall("wechat", "me") or 1)

    async def show_me(self, request: Request) -> Response:
        return self._shown(self._me(request))

    async def choose_me(self, request: Request) -> Response:
        """`{"person": N}`: this browser from now on, and whoever brings no cookie."""
        asked = await _object(request)
        person = asked.get("person")
        if isinstance(person, bool) or not isinstance(person, int) or not 1 <= person <= MOST_PEOPLE:
            return JSONResponse({"error": "person is a number from 1"}, 422)
        self._books.note("wechat", "me", person)
        answer = self._shown(person)
        answer.set_cookie(_COOKIE, str(person), samesite="lax", httponly=True)
        return answer

    def _shown(self, person: int) -> Response:
        openids = {app.appid: self._accounts.openid(app, person) for app in self._accounts.apps.values()}
        nickname = self._accounts.nickname(person)
        return JSONResponse({"person": person, "nickname": nickname, "openids": openids})

    # The stand-in browser and wallet.

    async def bridge(self, request: Request) -> Response:
        """The script a page inside WeChat finds already there."""
        me = json.dumps(self._accounts.nickname(self._me(request)), ensure_ascii=False)
        script = _BRIDGE.read_text("utf-8").replace('"@NICKNAME@"', me)
        headers = {"Cache-Control": "no-store", "Cross-Origin-Resource-Policy": "cross-origin"}
        return Response(script, media_type="text/javascript; charset=utf-8", headers=headers)

    async def browser(self, request: Request) -> Response:
        url = request.query_params.get("url", "")
        return page(
            "wechat_browser.html",
            url=url if _is_web_address(url) else "",
            people=self._accounts.people(),
            me=self._me(request),
        )

    async def bill(self, request: Request) -> Response:
        """What the payment sheet shows of an order: `total` and its `insured` part in fen, null when unknown.

        Read from the books of the payment party, which shares our file.
        """
        mixed = self._books.recall("wxpay.medins", request.query_params.get("mixTradeNo", ""))
        if mixed is not None:
            asked = mixed["asked"]
            insured = sum(asked.get(f"med_ins_{leg}_fee", 0) for leg in ("gov", "self", "other"))
            return JSONResponse({"total": asked["total_fee"], "insured": insured}, headers=_OPEN_TO_PAGES)
        number = request.query_params.get("package", "").removeprefix("prepay_id=")
        try:
            found = self._books.rows("SELECT total FROM wxpay_orders WHERE prepay_id = ?", number)
        except sqlite3.OperationalError:  # this sandbox has no payment party
            found = []
        total = found[0]["total"] if found else None
        return JSONResponse({"total": total, "insured": 0}, headers=_OPEN_TO_PAGES)

    async def check_page(self, request: Request) -> Response:
        """`wx.config`: whether the page signed its own address with the ticket."""
        if request.method == "OPTIONS":
            return Response(status_code=204, headers=_OPEN_TO_PAGES)
        is_signed = self._tokens.is_page_signed(await _object(request))
        said = "config:ok" if is_signed else "config:invalid signature"
        return JSONResponse({"errMsg": said}, headers=_OPEN_TO_PAGES)


async def _object(request: Request) -> dict[str, Any]:
    try:
        body = json.loads(await request.body())
    except ValueError:
        return {}
    return body if isinstance(body, dict) else {}


def _is_web_address(url: str) -> bool:
    parts = urlsplit(url)
    return parts.scheme in ("http", "https") and bool(parts.hostname)


def _with_query(url: str, **added: str) -> str:
    parts = urlsplit(url)
    kept = parse_qsl(parts.query, keep_blank_values=True)
    return urlunsplit(parts._replace(query=urlencode([*kept, *added.items()])))
