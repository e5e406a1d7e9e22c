"""Apps, the people who hold WeChat, and the codes that tell an app who somebody is."""

import base64
import hashlib
import hmac
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from telehealth.sandbox import samples
from telehealth.sandbox.his import HOSPITALS
from telehealth.sandbox.keys import static_token
from telehealth.sandbox.party import World
from telehealth.sandbox.wechat_errors import Refusal

Kind = Literal["service", "mini"]
SCOPES = ("snsapi_base", "snsapi_userinfo")
#: By the wall clock.
CODE_LIFE_S = 300
USER_TOKEN_LIFE_S = 7200
REFRESH_TOKEN_LIFE_S = 30 * 86_400
#: People beyond the samples exist as soon as somebody names their number.
MOST_PEOPLE = 1_000_000

_OPENIDS = "wechat.openids"
_CODES = "wechat.codes"
_USER_TOKENS = "wechat.user_tokens"


@dataclass(frozen=True, slots=True)
class App:
    appid: str
    secret: str
    kind: Kind
    hospital: str


def new_apps() -> dict[str, Any]:
    """A service account and a mini-program a hospital: the appids its merchant collects under."""
    return {
        code: {
            "service": {"appid": f"wxsandbox{number:04d}0001", "secret": static_token()},
            "mini": {"appid": f"wxsandbox{number:04d}0002", "secret": static_token()},
            "union": static_token(),
        }
        for number, code in enumerate(HOSPITALS, 1)
    }


class Accounts:
    def __init__(self, world: World, keys: Mapping[str, Any]) -> None:
        self._books = world.books
        self._clock = world.clock
        self._unions = {hospital: held["union"] for hospital, held in keys.items()}
        self.apps: Mapping[str, App] = {
            held[kind]["appid"]: App(held[kind]["appid"], held[kind]["secret"], kind, hospital)
            for hospital, held in keys.items()
            for kind in ("service", "mini")
        }
        names = {person.id: person.name for person in samples.EVERYBODY}
        self._nicknames = {
            number: f"样例微信·{names[id]}" for number, id in enumerate(samples.WECHAT_USERS, 1)
        }

    def app(self, appid: str | None, kind: Kind | None = None) -> App:
        if not appid:
            raise Refusal(41002)
        if appid not in self.apps:
            raise Refusal(40013)
        if kind is not None and self.apps[appid].kind != kind:
            raise Refusal(48001)
        return self.apps[appid]

    def app_with_secret(self, appid: str | None, secret: str | None, kind: Kind | None = None) -> App:
        app = self.app(appid, kind)
        if not secret:
            raise Refusal(41004)
        if not hmac.compare_digest(app.secret.encode(), secret.encode()):
            raise Refusal(40125)
        return app

    # People.

    def people(self) -> list[dict[str, Any]]:
        return [
            {
                "person": number,
                "nickname": nickname,
                "sample": samples.WECHAT_USERS[number - 1],
                "openids": {app.appid: self.openid(app, number) for app in self.apps.values()},
            }
            for number, nickname in self._nicknames.items()
        ]

    def nickname(self, person: int) -> str:
        return self._nicknames.get(person, f"样例微信用户{person}")

    def openid(self, app: App, person: int) -> str:
        """Differs per app; known from now on as one we gave out."""
        openid = "o" + _mark(app.secret, f"{app.appid}/{person}")[:27]
        if self._books.recall(_OPENIDS, openid) is None:
            self._books.note(_OPENIDS, openid, {"appid": app.appid, "person": person})
        return openid

    def unionid(self, app: App, person: int) -> str:
        """One for both apps of a hospital."""
        return "o" + _mark(self._unions[app.hospital], str(person))[:27]

    def holder(self, app: App, openid: str) -> int:
        """The person behind an openid of this app.

        Raises:
            Refusal: another app's openid, or nobody's.
        """
        held = self._books.recall(_OPENIDS, openid)
        if held is None or held["appid"] != app.appid:
            raise Refusal(40003)
        return int(held["person"])

    # Codes.

    def new_code(self, app: App, person: int, scope: str) -> str:
        code = "0" + secrets.token_urlsafe(24)[:31]
        held = {"appid": app.appid, "person": person, "scope": scope, "at": self._wall_s(), "used": False}
        self._books.note(_CODES, code, held)
        return code

    def _spend_code(self, app: App, code: str | None) -> dict[str, Any]:
        if not code:
            raise Refusal(41008)
        with self._books.writing():
            held: dict[str, Any] | None = self._books.recall(_CODES, code)
            if held is None or held["appid"] != app.appid or self._wall_s() - held["at"] > CODE_LIFE_S:
                raise Refusal(40029)
            if held["used"]:
                raise Refusal(40163)
            self._books.note(_CODES, code, {**held, "used": True})
        return held

    def session_of_code(self, query: Mapping[str, str]) -> dict[str, Any]:
        app = self.app_with_secret(query.get("appid"), query.get("secret"), "mini")
        _check_grant(query, "authorization_code")
        held = self._spend_code(app, query.get("js_code"))
        return {
            "session_key": base64.b64encode(secrets.token_bytes(16)).decode(),
            "openid": self.openid(app, held["person"]),
            "unionid": self.unionid(app, held["person"]),
        }

    # Pages: codes become user tokens.

    def token_of_code(self, query: Mapping[str, str]) -> dict[str, Any]:
        app = self.app_with_secret(query.get("appid"), query.get("secret"), "service")
        _check_grant(query, "authorization_code")
        held = self._spend_code(app, query.get("code"))
        refresh = f"sandbox-{secrets.token_urlsafe(64)}"
        session = {"appid": app.appid, "person": held["person"], "scope": held["scope"]}
        until = self._wall_s() + REFRESH_TOKEN_LIFE_S
        self._books.note(_USER_TOKENS, refresh, {**session, "use": "refresh", "until": until})
        return self._new_user_token(app, session, refresh)

    def refresh(self, query: Mapping[str, str]) -> dict[str, Any]:
        app = self.app(query.get("appid"), "service")
        _check_grant(query, "refresh_token")
        refresh = query.get("refresh_token", "")
        held = self._books.recall(_USER_TOKENS, refresh)
        if held is None or held["use"] != "refresh" or held["appid"] != app.appid:
            raise Refusal(40030)
        if held["until"] < self._wall_s():
            raise Refusal(42002)
        return self._new_user_token(app, held, refresh)

    def _new_user_token(self, app: App, session: Mapping[str, Any], refresh: str) -> dict[str, Any]:
        token = f"sandbox-{secrets.token_urlsafe(64)}"
        until = self._wall_s() + USER_TOKEN_LIFE_S
        kept = {name: session[name] for name in ("appid", "person", "scope")}
        self._books.note(_USER_TOKENS, token, {**kept, "use": "access", "until": until})
        answer = {
            "access_token": token,
            "expires_in": USER_TOKEN_LIFE_S,
            "refresh_token": refresh,
            "openid": self.openid(app, session["person"]),
            "scope": session["scope"],
        }
        if session["scope"] == "snsapi_userinfo":
            answer["unionid"] = self.unionid(app, session["person"])
        return answer

    def user_info(self, query: Mapping[str, str]) -> dict[str, Any]:
        held = self._books.recall(_USER_TOKENS, query.get("access_token", ""))
        if held is None or held["use"] != "access":
            raise Refusal(40001)
        if held["until"] < self._wall_s():
            raise Refusal(42001)
        app = self.app(held["appid"])
        if held["scope"] != "snsapi_userinfo":
            raise Refusal(48001)
        if query.get("openid") != self.openid(app, held["person"]):
            raise Refusal(40003)
        return {
            "openid": query["openid"],
            "nickname": self.nickname(held["person"]),
            "sex": 0,
            "province": "",
            "city": "",
            "country": "",
            "headimgurl": "",
            "privilege": [],
            "unionid": self.unionid(app, held["person"]),
        }

    def _wall_s(self) -> float:
        return self._clock.wall().timestamp()


def _mark(key: str, text: str) -> str:
    digest = hmac.new(key.encode(), text.encode(), hashlib.sha256).digest()
    return base64.urlsafe_b64encode(digest).decode()


def _check_grant(query: Mapping[str, str], wanted: str) -> None:
    if query.get("grant_type") != wanted:
        raise Refusal(40002)
