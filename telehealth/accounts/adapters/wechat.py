"""WeChat as an identity: login codes, and the signature a page needs for the JS-SDK.

WeChat answers HTTP 200 with an `errcode`; 0 or none means success. Server tokens come from
`stable_token`, which returns the same token until shortly before it expires, so that processes
need not share one.
"""

import asyncio
import hashlib
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlencode

import httpx2

from telehealth.accounts.errors import WeChatCodeRefused, WeChatDown
from telehealth.accounts.ports import WeChatUser
from telehealth.core.clock import Clock
from telehealth.core.outgoing import OutgoingClient
from telehealth.core.settings import WeChat

#: Unknown, used, blocked: another code may do.
_CODE_REFUSED = frozenset({40029, 40163, 40226})
#: The token is not or no longer theirs.
_TOKEN_STALE = frozenset({40001, 42001})
#: Renewed this long before it ends.
_EARLY = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class _Kept:
    value: str
    until: datetime


class WeChatIdentities:
    def __init__(self, apps: Mapping[str, WeChat], clock: Clock) -> None:
        self._apps = apps
        self._clock = clock
        self._http = OutgoingClient()
        self._kept: dict[tuple[str, str], _Kept] = {}
        self._lock = asyncio.Lock()

    async def close(self) -> None:
        await self._http.aclose()

    def serves(self, hospital: str) -> bool:
        return hospital in self._apps

    def appid(self, hospital: str, *, mini: bool = False) -> str:
        app = self._apps[hospital]
        return app.mini_appid if mini else app.appid

    def authorise_url(self, hospital: str, *, return_url: str, state: str) -> str:
        app = self._apps[hospital]
        query = urlencode(
            {
                "appid": app.appid,
                "redirect_uri": return_url,
                "response_type": "code",
                "scope": "snsapi_base",
                "state": state,
            }
        )
        return f"{app.connect_url}/connect/oauth2/authorize?{query}#wechat_redirect"

    async def user_of_page_code(self, hospital: str, code: str) -> WeChatUser:
        app = self._apps[hospital]
        said = await self._get(
            app,
            "/sns/oauth2/access_token",
            appid=app.appid,
            secret=app.secret.get_secret_value(),
            code=code,
            grant_type="authorization_code",
        )
        return WeChatUser(app.appid, said["openid"], said.get("unionid"))

    async def user_of_mini_code(self, hospital: str, code: str) -> WeChatUser:
        app = self._apps[hospital]
        said = await self._get(
            app,
            "/sns/jscode2session",
            appid=app.mini_appid,
            secret=app.mini_secret.get_secret_value(),
            js_code=code,
            grant_type="authorization_code",
        )
        return WeChatUser(app.mini_appid, said["openid"], said.get("unionid"))

    async def page_signature(self, hospital: str, url: str) -> dict[str, str]:
        ticket = await self._ticket(hospital)
        nonce, stamp = secrets.token_urlsafe(12), str(int(self._clock.wall().timestamp()))
        return {
            "appId": self._apps[hospital].appid,
            "timestamp": stamp,
            "nonceStr": nonce,
            "signature": jssdk_signature(ticket, nonce, stamp, url),
        }

    async def _ticket(self, hospital: str) -> str:
        async with self._lock:
            try:
                return await self._fetch_ticket(hospital)
            except _TokenStale:
                # Once: somebody forced a new token, or theirs ran out early.
                del self._kept[hospital, "token"]
                return await self._fetch_ticket(hospital)

    async def _fetch_ticket(self, hospital: str) -> str:
        if (kept := self._fresh(hospital, "ticket")) is not None:
            return kept
        app = self._apps[hospital]
        token = await self._token(hospital)
        said = await self._get(app, "/cgi-bin/ticket/getticket", access_token=token, type="jsapi")
        return self._keep(hospital, "ticket", said["ticket"], said["expires_in"])

    async def _token(self, hospital: str) -> str:
        if (kept := self._fresh(hospital, "token")) is not None:
            return kept
        app = self._apps[hospital]
        body = {
            "grant_type": "client_credential",
            "appid": app.appid,
            "secret": app.secret.get_secret_value(),
        }
        said = await self._ask(app, "POST", "/cgi-bin/stable_token", json=body)
        return self._keep(hospital, "token", said["access_token"], said["expires_in"])

    def _fresh(self, hospital: str, what: str) -> str | None:
        kept = self._kept.get((hospital, what))
        return kept.value if kept is not None and kept.until > self._clock.wall() else None

    def _keep(self, hospital: str, what: str, value: str, lasts_s: int) -> str:
        until = self._clock.wall() + timedelta(seconds=int(lasts_s)) - _EARLY
        self._kept[hospital, what] = _Kept(value, until)
        return value

    async def _get(self, app: WeChat, path: str, **query: str) -> dict[str, Any]:
        return await self._ask(app, "GET", path, params=query)

    async def _ask(self, app: WeChat, method: str, path: str, **sent: Any) -> dict[str, Any]:
        try:
            answer = await self._http.request(method, f"{app.api_url}{path}", timeout=app.timeout_s, **sent)
            answer.raise_for_status()
            said = answer.json()
        except (httpx2.HTTPError, ValueError):
            # The address holds the secret: it goes into no log and no traceback.
            raise WeChatDown() from None
        if not isinstance(said, dict):
            raise WeChatDown()
        return _checked(said)


def jssdk_signature(ticket: str, nonce: str, stamp: str, url: str) -> str:
    """SHA-1 hex, as the JS-SDK wants it, over the page's address without its fragment."""
    text = f"jsapi_ticket={ticket}&noncestr={nonce}&timestamp={stamp}&url={url.partition('#')[0]}"
    return hashlib.sha1(text.encode(), usedforsecurity=False).hexdigest()


class _TokenStale(Exception):
    pass


def _checked(said: dict[str, Any]) -> dict[str, Any]:
    code = said.get("errcode", 0)
    if code in _CODE_REFUSED:
        raise WeChatCodeRefused(word=code)
    if code in _TOKEN_STALE:
        raise _TokenStale()
    if code:
        raise WeChatDown(word=code)
    return said
