"""How a reader wants the pages: language, theme, large type. A cookie, no personal data."""

from dataclasses import dataclass
from typing import Literal, cast
from urllib.parse import parse_qsl, urlencode

from starlette.requests import HTTPConnection
from starlette.responses import Response

from telehealth.core.i18n import negotiate

COOKIE = "th_ui"
Lang = Literal["zh-CN", "en"]


@dataclass(frozen=True, slots=True)
class Preferences:
    lang: str = "zh-CN"
    theme: str = "auto"
    elder: bool = False
    #: "wxmp" inside the mini-program's web-view, which draws its own bar.
    host: str = ""

    def cookie(self) -> str:
        return urlencode(
            {"lang": self.lang, "theme": self.theme, "elder": int(self.elder), "host": self.host}
        )


def preferences(request: HTTPConnection) -> Preferences:
    cached = request.scope.get("preferences")
    if isinstance(cached, Preferences):
        return cached
    chosen = dict(parse_qsl(request.cookies.get(COOKIE, "")))
    lang = chosen.get("lang", "")
    if lang not in ("zh-CN", "en"):
        lang = negotiate(request.headers.get("accept-language", ""))
    theme = chosen.get("theme", "auto")
    found = Preferences(
        lang=lang,
        theme=theme if theme in ("light", "dark") else "auto",
        elder=chosen.get("elder") == "1",
        host="wxmp" if chosen.get("host") == "wxmp" else "",
    )
    request.scope["preferences"] = found
    return found


def language(request: HTTPConnection) -> Lang:
    return cast(Lang, preferences(request).lang)


def keep(response: Response, chosen: Preferences, *, secure: bool) -> None:
    response.set_cookie(
        COOKIE, chosen.cookie(), max_age=365 * 86400, httponly=True, samesite="lax", secure=secure
    )
