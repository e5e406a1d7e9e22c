"""Calls to WeChat's platform, and the server tokens an app speaks with.

WeChat answers HTTP 200 with an `errcode`; 0 or none means success. Tokens come from `stable_token`,
which returns the same one until shortly before it expires, so that processes need not share it.
"""

import asyncio
from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import httpx2

from telehealth.accounts.errors import WeChatDown
from telehealth.core.clock import Clock
from telehealth.core.outgoing import OutgoingClient
from telehealth.core.settings import WeChat

#: The token is not or no longer theirs.
_TOKEN_STALE = frozenset({40001, 42001})
#: Renewed this long before it ends.
_EARLY = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class Kept:
    value: str
    until: datetime


class WeChatCalls:
    """One for the whole process: both apps of every hospital, for identities and messages alike."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._http = OutgoingClient()
        self._tokens: dict[str, Kept] = {}
        self._locks: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)

    async def close(self) -> None:
        await self._http.aclose()

    async def ask(self, app: WeChat, method: str, path: str, **sent: Any) -> dict[str, Any]:
        """The answer, whatever its `errcode`. Raises WeChatDown; its `unsent` says nothing was done there."""
        try:
            answer = await self._http.request(method, f"{app.api_url}{path}", timeout=app.timeout_s, **sent)
            answer.raise_for_status()
            said = answer.json()
        except (httpx2.ConnectError, httpx2.ConnectTimeout):
            # The address holds the secret or a token: it goes into no log and no traceback.
            raise WeChatDown(unsent=True) from None
        except (httpx2.HTTPError, ValueError):
            raise WeChatDown() from None
        if not isinstance(said, dict):
            raise WeChatDown()
        return said

    async def with_token(
        self, app: WeChat, method: str, path: str, *, mini: bool = False, **sent: Any
    ) -> dict[str, Any]:
        """The answer to a call that carries the app's server token; a stale one is fetched again once."""
        params = dict(sent.pop("params", {}))
        token = await self._token(app, mini=mini)
        said = await self.ask(app, method, path, params={"access_token": token, **params}, **sent)
        if said.get("errcode") in _TOKEN_STALE:
            # Somebody forced a new token, or theirs ran out early.
            token = await self._token(app, mini=mini, instead_of=token)
            said = await self.ask(app, method, path, params={"access_token": token, **params}, **sent)
        return said

    async def _token(self, app: WeChat, *, mini: bool, instead_of: str = "") -> str:
        appid, secret = (app.mini_appid, app.mini_secret) if mini else (app.appid, app.secret)
        async with self._locks[appid]:
            kept = self._tokens.get(appid)
            if kept is not None and kept.until > self._clock.wall() and kept.value != instead_of:
                return kept.value
            body = {
                "grant_type": "client_credential",
                "appid": appid,
                "secret": secret.get_secret_value(),
            }
            try:
                said = await self.ask(app, "POST", "/cgi-bin/stable_token", json=body)
            except WeChatDown:
                # Whatever the token was for, nothing of it was sent.
                raise WeChatDown(unsent=True) from None
            if said.get("errcode") or not isinstance(said.get("access_token"), str):
                raise WeChatDown(unsent=True, word=said.get("errcode"))
            until = self._clock.wall() + timedelta(seconds=int(said["expires_in"])) - _EARLY
            self._tokens[appid] = Kept(said["access_token"], until)
            return self._tokens[appid].value
