"""WeChat as an identity: login codes, and the signature a page needs for the JS-SDK.

What WeChat's answers mean; how it is called and with which token is `wechat_calls`'.
"""

import asyncio
import hashlib
import secrets
from collections.abc import Mapping
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

from telehealth.accounts.adapters.wechat_calls import Kept, WeChatCalls
from telehealth.accounts.errors import WeChatCodeRefused, WeChatDown
from telehealth.accounts.ports import WeChatUser
from telehealth.core.clock import Clock
from telehealth.core.settings import WeChat

#: Unknown, used, blocked: another code may do.
_CODE_REFUSED = frozenset({40029, 40163, 40226})
#: Renewed this long before it ends.
_EARLY = timedelta(minutes=5)


class WeChatIdentities:
    def __init__(self, apps: Mapping[str, WeChat], calls: WeChatCalls, clock: Clock) -> None:
        self._apps = apps
        self._calls = calls
        self._clock = clock
        self._tickets: dict[str, Kept] = {}
        self._lock = asyncio.Lock()

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
            kept = self._tickets.get(hospital)
            if kept is not None and kept.until > self._clock.wall():
                return kept.value
            app = self._apps[hospital]
            said = await self._calls.with_token(
                app, "GET", "/cgi-bin/ticket/getticket", params={"type": "jsapi"}
            )
            _checked(said)
            until = self._clock.wall() + timedelta(seconds=int(said["expires_in"])) - _EARLY
            self._tickets[hospital] = Kept(said["ticket"], until)
            return self._tickets[hospital].value

    async def _get(self, app: WeChat, path: str, **query: str) -> dict[str, Any]:
        return _checked(await self._calls.ask(app, "GET", path, params=query))


def jssdk_signature(ticket: str, nonce: str, stamp: str, url: str) -> str:
    """SHA-1 hex, as the JS-SDK wants it, over the page's address without its fragment."""
    text = f"jsapi_ticket={ticket}&noncestr={nonce}&timestamp={stamp}&url={url.partition('#')[0]}"
    return hashlib.sha1(text.encode(), usedforsecurity=False).hexdigest()


def _checked(said: dict[str, Any]) -> dict[str, Any]:
    code = said.get("errcode", 0)
    if code in _CODE_REFUSED:
        raise WeChatCodeRefused(word=code)
    if code:
        raise WeChatDown(word=code)
    return said
