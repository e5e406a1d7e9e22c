"""HTML pages: the Jinja environment, its words and filters, and `render`.

Templates receive finished values; they never compare states. `_` translates Chinese message ids.
"""

import hashlib
import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache, partial
from typing import Any
from urllib.parse import quote, unquote, urlsplit

import structlog
from babel.dates import format_date
from jinja2 import (
    ChoiceLoader,
    Environment,
    PackageLoader,
    StrictUndefined,
    pass_context,
    select_autoescape,
)
from lucide.jinja import lucide
from markupsafe import Markup
from starlette.requests import HTTPConnection, Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from telehealth.core.errors import DomainError, Unauthenticated
from telehealth.core.feature import Feature, RailLink
from telehealth.core.i18n import (
    format_clock,
    format_day,
    format_fen,
    format_instant,
    format_until,
    plural,
    translator,
)
from telehealth.web.assets import Assets
from telehealth.web.house import House, actor_of, house_of
from telehealth.web.labels import label
from telehealth.web.preferences import language, preferences
from telehealth.web.problems import sentence

FLASH = "th_flash"
# Browsers read a backslash as a slash and drop tabs and line ends wherever they stand.
_OWN_PATH = re.compile(r"/(?![/\\])[^\\\x00-\x20\x7f]*")
LANGS = ("zh-CN", "en")
#: From which difference on the business clock counts as moved.
_MOVED = timedelta(seconds=2)


@dataclass(frozen=True, slots=True)
class UI:
    """What every template knows about its reader."""

    lang: str
    theme: str
    elder: bool
    host: str
    demo: bool
    path: str
    banner: str | None = None


class Pages:
    """One environment a language, so that `_` needs no context."""

    def __init__(self, features: Sequence[Feature], assets: Assets) -> None:
        packages = ["telehealth.web", *(feature.templates for feature in features if feature.templates)]
        self.rail = sorted((link for feature in features for link in feature.rail), key=lambda x: x.order)
        loader = ChoiceLoader([PackageLoader(package) for package in packages])
        self._environments = {lang: _environment(lang, loader, assets) for lang in LANGS}

    def html(self, request: HTTPConnection, template: str, context: Mapping[str, Any]) -> str:
        lang = language(request)
        return self._environments[lang].get_template(template).render(**self._always(request), **context)

    def _always(self, request: HTTPConnection) -> dict[str, Any]:
        chosen, house, actor = preferences(request), house_of(request), actor_of(request)
        return {
            "request": request,
            "ui": UI(
                lang=chosen.lang,
                theme=chosen.theme,
                elder=chosen.elder,
                host=chosen.host,
                demo=house.settings.is_demo,
                path=request.url.path,
                banner=_moved_clock(house, chosen.lang),
            ),
            "actor": actor if actor.is_known else None,
            "flash": _flash(request),
            "now": house.units.clock.business(),
            "rail": self.links(request),
        }

    def links(self, request: HTTPConnection) -> list[dict[str, Any]]:
        """The staff console's rail: what this person may open, and where they are."""
        actor, path = actor_of(request), request.url.path
        if not actor.is_staff:
            return []
        _ = translator(language(request))
        mine: list[RailLink] = [link for link in self.rail if link.permission in actor.permissions]
        here = max(
            (x.href for x in mine if path == x.href or path.startswith(x.href + "/")), default="", key=len
        )
        return [
            {"href": x.href, "icon": x.icon, "label": _(x.label), "current": x.href == here, "badge": 0}
            for x in mine
        ]


def render(request: Request, template: str, /, status: int = 200, **context: Any) -> Response:
    pages: Pages = request.app.state.pages
    response = HTMLResponse(pages.html(request, template, context), status)
    response.headers["content-language"] = language(request)
    if FLASH in request.cookies:
        response.delete_cookie(FLASH, path="/")
    return response


def redirect(to: str, *, flash: str = "", kind: str = "ok") -> Response:
    """303 to one of our own pages. `flash` is a Chinese sentence, translated when it is shown."""
    response = RedirectResponse(to, 303)
    if flash:
        value = quote(json.dumps({"kind": kind, "text": flash}))
        response.set_cookie(FLASH, value, max_age=60, httponly=True, samesite="lax", path="/")
    return response


def unchanged(request: Request, response: Response) -> Response:
    """304 where the reader has this very answer already: what a part that keeps itself fresh mostly hears."""
    etag = f'"{hashlib.sha256(bytes(response.body)).hexdigest()[:32]}"'
    if request.headers.get("if-none-match") == etag:
        return Response(status_code=304, headers={"etag": etag})
    response.headers["etag"] = etag
    return response


def own_path(target: str, otherwise: str = "/") -> str:
    """`target` when it is a path of this site, so that links survive sign-in and nobody is led away."""
    return target if _OWN_PATH.fullmatch(target) else otherwise


def error_page(request: HTTPConnection, error: DomainError, status: int) -> Response:
    if isinstance(error, Unauthenticated):
        staff = request.url.path.startswith(("/staff", "/admin"))
        return redirect(f"{'/staff' if staff else ''}/sign-in?next={quote(_way_back(request))}")
    pages: Pages = request.app.state.pages
    lang = language(request)
    context = {"status": status, "code": error.code, "detail": sentence(error, lang)}
    context |= {"asked": request.scope.get("method") in ("GET", "HEAD"), "back": _came_from(request)}
    if status >= 500:
        context["reference"] = str(structlog.contextvars.get_contextvars().get("request_id", ""))
    return HTMLResponse(pages.html(request, "web/error.html", context), status, {"content-language": lang})


def _way_back(request: HTTPConnection) -> str:
    """Where to go on after signing in: this page, or the page whose form was sent."""
    if request.scope.get("method") in ("GET", "HEAD"):
        return request.url.path + (f"?{request.url.query}" if request.url.query else "")
    return _came_from(request) or "/"


def _came_from(request: HTTPConnection) -> str:
    """The page of ours that led here, or ""."""
    came_from = urlsplit(request.headers.get("referer", ""))
    if came_from.netloc != request.url.netloc:
        return ""
    return own_path(came_from.path + (f"?{came_from.query}" if came_from.query else ""))


def words(request: HTTPConnection) -> Callable[[str], str]:
    """The translator of this request, for the few texts a page handler makes itself."""
    return translator(language(request))


def _moved_clock(house: House, lang: str) -> str | None:
    """What the demo's readers must know: that what a hospital means by "now" is not what they do."""
    clock, _ = house.units.clock, translator(lang)
    if not house.settings.is_demo or abs(clock.business() - clock.wall()) < _MOVED:
        return None
    return _("演示时间 %(now)s") % {"now": format_instant(clock.business(), lang)}


def _flash(request: HTTPConnection) -> dict[str, str] | None:
    try:
        found = json.loads(unquote(request.cookies.get(FLASH, "")))
    except (ValueError, RecursionError):
        return None
    if not isinstance(found, dict) or not isinstance(found.get("text"), str):
        return None
    kind = found.get("kind") if found.get("kind") in ("ok", "warn", "danger", "info") else "info"
    return {"kind": str(kind), "text": translator(language(request))(found["text"])}


def _environment(lang: str, loader: ChoiceLoader, assets: Assets) -> Environment:
    environment = Environment(
        loader=loader,
        autoescape=select_autoescape(["html"], default=True),
        undefined=StrictUndefined,
        extensions=["jinja2.ext.i18n", "jinja2.ext.do"],
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    environment.install_gettext_callables(  # type: ignore[attr-defined]
        translator(lang), plural(lang), newstyle=True
    )
    environment.globals |= {"static": assets.url, "icon": icon, "url": _url, "label": _label}
    environment.filters |= {
        "fen": lambda amount: format_fen(amount, lang),
        "shanghai": lambda instant: format_instant(instant, lang),
        "day": lambda day: format_day(day, lang),
        "month": lambda day: format_date(day, "MMM", locale=lang.replace("-", "_")),
        "said": lambda text: _said(text, lang),
        "short_day": lambda day: format_day(day, lang, "short"),
        "day_clock": lambda instant: format_instant(instant, lang, "short"),
        "clock_time": lambda instant: format_clock(instant, lang),
        "until": partial(_until, lang),
        "masked": masked,
        "iso": lambda instant: instant.isoformat(),
        "say": lambda error: sentence(error, lang),
        # For labels that reach a template as Chinese text, such as a state's name.
        "t": translator(lang),
    }
    return environment


def _until(lang: str, instant: datetime, now: datetime | None = None) -> str:
    return format_until(instant, lang, now)


def _said(text: str | Mapping[str, str], lang: str) -> str:
    """A contributed text: a message id, or names that were said in both languages."""
    return translator(lang)(text) if isinstance(text, str) else text[lang]


@pass_context
def _label(context: Any, name: str) -> str:
    ui = context["ui"]
    return translator(ui.lang)(label(name, ui.host))


@pass_context
def _url(context: Any, name: str, **params: Any) -> str:
    return str(context["request"].app.url_path_for(name, **params))


@lru_cache(maxsize=512)
def icon(name: str, cls: str = "i") -> Markup:
    """An inline SVG; decoration only, so it is hidden from readers."""
    drawn = lucide(name, size=None, **{"class": cls})
    return Markup(str(drawn).replace("<svg", '<svg aria-hidden="true" focusable="false"', 1))  # noqa: S704


def masked(text: str) -> str:
    """王小明 → 王**; 13800001234 → 138****1234; an ID keeps its first three and last four."""
    if text.isdigit() or (len(text) > 8 and text[:-1].isdigit()):
        return f"{text[:3]}{'*' * max(4, len(text) - 7)}{text[-4:]}" if len(text) > 7 else "****"
    return text[:1] + "*" * max(1, len(text) - 1)
