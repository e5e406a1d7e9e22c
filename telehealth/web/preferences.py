"""How a reader wants the pages: language, theme, large type. A cookie, no personal data."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Literal, cast
from urllib.parse import parse_qsl, urlencode

from starlette.requests import HTTPConnection
from starlette.responses import Response

from telehealth.core.i18n import LANGUAGES, negotiate

COOKIE = "th_ui"
#: Pages inside the mini-program's web-view, whose own bar has title and way back, and which cannot pay.
MINI_HOST = "wxmp"
Lang = Literal["zh-CN", "en"]


class Surface(StrEnum):
    """Where a page is open, which decides how one can pay there and whom WeChat says we are."""

    WECHAT = "wechat"
    MINI_PROGRAM = "mini_program"
    PHONE = "phone"
    DESKTOP = "desktop"


@dataclass(frozen=True, slots=True)
class Preferences:
    lang: str = "zh-CN"
    theme: str = "auto"
    elder: bool = False
    #: MINI_HOST inside the mini-program's web-view, which draws its own bar; "app" inside the hospital's app.
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
    if is_mini_program(request):
        found = replace(found, host=MINI_HOST)
    request.scope["preferences"] = found
    return found


def checked(chosen: Mapping[str, object], lang: str = "zh-CN") -> Preferences:
    """Only what we know, whatever a cookie or a form says; `lang` where that says nothing of use."""
    return Preferences(
        lang=str(chosen["lang"]) if chosen.get("lang") in LANGUAGES else lang,
        theme=str(chosen["theme"]) if chosen.get("theme") in ("light", "dark") else "auto",
        elder=chosen.get("elder") in (True, "1"),
        host=str(chosen["host"]) if chosen.get("host") in (MINI_HOST, "app") else "",
    )


def language(request: HTTPConnection) -> Lang:
    return cast(Lang, preferences(request).lang)


def surface(request: HTTPConnection) -> Surface:
    """By what the client says of itself: it decides what is offered, never what is allowed."""
    agent = request.headers.get("user-agent", "")
    if preferences(request).host == MINI_HOST:
        return Surface.MINI_PROGRAM
    # Nobody may frame our pages but the demo's stand-in for WeChat's browser, which cannot change the agent.
    if "MicroMessenger" in agent or request.headers.get("sec-fetch-dest") == "iframe":
        return Surface.WECHAT
    return Surface.PHONE if "Mobile" in agent or "Android" in agent else Surface.DESKTOP


def door_of(request: HTTPConnection) -> str:
    """XY15: through which door somebody came, kept with what they do: "browser", "app", "mini_program"."""
    channel = str(request.scope.get("channel", "browser"))
    if channel in ("mini_program", "web_view") or preferences(request).host == MINI_HOST:
        return "mini_program"
    return "app" if channel == "app" else "browser"


def is_mini_program(request: HTTPConnection) -> bool:
    """What the client says, not what a cookie remembers: WeChat names it in every web-view."""
    return "miniProgram" in request.headers.get("user-agent", "")


def enter_host(request: HTTPConnection, response: Response, *, secure: bool) -> None:
    """From now on this browser is the mini-program's web-view, which draws its own bar."""
    keep(response, replace(preferences(request), host=MINI_HOST), secure=secure)


def keep(response: Response, chosen: Preferences, *, secure: bool) -> None:
    response.set_cookie(
        COOKIE, chosen.cookie(), max_age=365 * 86400, httponly=True, samesite="lax", secure=secure
    )
