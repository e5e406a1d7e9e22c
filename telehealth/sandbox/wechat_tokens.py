"""Server tokens in stable mode, and the JS-SDK's tickets and signatures. All by the wall clock."""

import hashlib
import secrets
from collections.abc import Mapping
from typing import Any

from telehealth.sandbox.dates import SHANGHAI
from telehealth.sandbox.party import World
from telehealth.sandbox.wechat_accounts import Accounts, App, Kind
from telehealth.sandbox.wechat_errors import Refusal

TOKEN_LIFE_S = 7200
#: Shortly before a token ends a new one is handed out, and both are good.
OVERLAP_S = 300
FORCED_A_DAY = 20
FORCED_APART_S = 30

_TOKENS = "wechat.tokens"
_CURRENT = "wechat.current_token"
_TICKETS = "wechat.tickets"


class Tokens:
    def __init__(self, world: World, accounts: Accounts) -> None:
        self._books = world.books
        self._clock = world.clock
        self._accounts = accounts

    def stable_token(self, asked: Mapping[str, Any]) -> dict[str, Any]:
        app = self._accounts.app_with_secret(asked.get("appid"), asked.get("secret"))
        if asked.get("grant_type") != "client_credential":
            raise Refusal(40002)
        now = self._wall_s()
        with self._books.writing():
            current = self._books.recall(_CURRENT, app.appid)
            if asked.get("force_refresh") is True:
                self._count_forced(app, now)
                if current is not None:
                    self._cut_off(current["token"], now)
                current = None
            if current is None or current["until"] - OVERLAP_S <= now:
                current = self._new_token(app, now)
        return {"access_token": current["token"], "expires_in": int(current["until"] - now)}

    def _new_token(self, app: App, now: float) -> dict[str, Any]:
        # As long as the platform reserves the right to: a client's column must hold 512.
        token = f"sandbox-{secrets.token_urlsafe(378)}"
        current = {"token": token, "until": now + TOKEN_LIFE_S}
        self._books.note(_TOKENS, token, {"appid": app.appid, "until": now + TOKEN_LIFE_S, "cut": False})
        self._books.note(_CURRENT, app.appid, current)
        return current

    def _cut_off(self, token: str, now: float) -> None:
        held = self._books.recall(_TOKENS, token)
        self._books.note(_TOKENS, token, {**held, "cut": True, "until": now})

    def _count_forced(self, app: App, now: float) -> None:
        today = self._clock.wall().astimezone(SHANGHAI).date().isoformat()
        held = self._books.recall("wechat.forced", app.appid) or {"day": today, "count": 0, "at": 0.0}
        if now - held["at"] < FORCED_APART_S:
            raise Refusal(45011)
        count = held["count"] if held["day"] == today else 0
        if count >= FORCED_A_DAY:
            raise Refusal(45009)
        self._books.note("wechat.forced", app.appid, {"day": today, "count": count + 1, "at": now})

    def check(self, token: str | None, kind: Kind) -> App:
        """The app a server token belongs to."""
        if not token:
            raise Refusal(41001)
        held = self._books.recall(_TOKENS, token)
        if held is None or held["cut"]:
            raise Refusal(40001)
        if held["until"] <= self._wall_s():
            raise Refusal(42001)
        return self._accounts.app(held["appid"], kind)

    def age_all(self, seconds: float) -> None:
        """Bring the end of every server token and ticket nearer, for a test that cannot wait two hours."""
        with self._books.writing():
            for book in (_TOKENS, _CURRENT, _TICKETS):
                for key, held in self._books.leaf_through(book).items():
                    self._books.note(book, key, {**held, "until": held["until"] - seconds})

    # The JS-SDK.

    def ticket(self, query: Mapping[str, str]) -> dict[str, Any]:
        app = self.check(query.get("access_token"), "service")
        if query.get("type") != "jsapi":
            raise Refusal(40097)
        now = self._wall_s()
        with self._books.writing():
            held = self._books.recall(_TICKETS, app.appid)
            if held is None or held["until"] <= now:
                held = {"ticket": f"sandbox-{secrets.token_urlsafe(56)}", "until": now + TOKEN_LIFE_S}
                self._books.note(_TICKETS, app.appid, held)
        return {"ticket": held["ticket"], "expires_in": int(held["until"] - now)}

    def is_page_signed(self, asked: Mapping[str, Any]) -> bool:
        """Whether `wx.config` of this page was signed with the ticket its app holds now."""
        held = self._books.recall(_TICKETS, str(asked.get("appId")))
        if held is None or held["until"] <= self._wall_s():
            return False
        signed = jssdk_signature(
            held["ticket"],
            nonce=str(asked.get("nonceStr")),
            timestamp=str(asked.get("timestamp")),
            url=str(asked.get("url")),
        )
        return signed == asked.get("signature")

    def _wall_s(self) -> float:
        return self._clock.wall().timestamp()


def jssdk_signature(ticket: str, *, nonce: str, timestamp: str, url: str) -> str:
    """SHA-1 over the page's address without its fragment."""
    page = url.partition("#")[0]
    text = f"jsapi_ticket={ticket}&noncestr={nonce}&timestamp={timestamp}&url={page}"
    return hashlib.sha1(text.encode(), usedforsecurity=False).hexdigest()
