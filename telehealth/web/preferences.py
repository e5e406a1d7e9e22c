"""How a reader wants the pages: language, theme, large type. A cookie, no personal data."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, cast
from urllib.parse import parse_qsl, urlencode

from starlette.requests import HTTPConnection
from starlette.responses import Response

from telehealth.core.i18n import LANGUAGES, negotiate

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
    negotiated = {"lang": negotiate(request.headers.get("accept-language", ""))}
    found = checked(negotiated | dict(parse_qsl(request.cookies.get(COOKIE, ""))), **negotiated)
    request.scope["preferences"] = found
    return found


def checked(chosen: Mapping[str, object], lang: str = "zh-CN") -> Preferences:
    """Only what we know, whatever a cookie or a form says; `lang` where that says nothing of use."""
    return Preferences(
        lang=str(chosen["lang"]) if chosen.get("lang") in LANGUAGES else lang,
        theme=str(chosen["theme"]) if chosen.get("theme") in ("light", "dark") else "auto",
        elder=chosen.get("elder") in (True, "1"),
        host="wxmp" if chosen.get("host") == "wxmp" else "",
    )


def language(request: HTTPConnection) -> Lang:
    return cast(Lang, preferences(request).lang)


def keep(response: Response, chosen: Preferences, *, secure: bool) -> None:
    response.set_cookie(
        COOKIE, chosen.cookie(), max_age=365 * 86400, httponly=True, samesite="lax", secure=secure
    )
