"""What a person's own page shows and keeps, patient or staff."""

from dataclasses import replace
from typing import Any
from uuid import UUID

from starlette.requests import Request
from starlette.responses import Response

from telehealth.accounts.models import Account
from telehealth.core.access import Actor
from telehealth.core.unit import Unit
from telehealth.web.house import house_of
from telehealth.web.pages import words
from telehealth.web.preferences import keep, preferences


def remember_choices(request: Request, response: Response, account: Account) -> None:
    """What the account chose wins over what this browser remembers."""
    now = preferences(request)
    chosen = replace(
        now,
        lang=account.lang or now.lang,
        theme=account.theme or now.theme,
        elder=now.elder if account.elder is None else account.elder,
    )
    if chosen != now or account.lang or account.theme or account.elder is not None:
        keep(response, chosen, secure=house_of(request).settings.cookies_secure)


async def gather(request: Request, place: str, unit: Unit, actor: Actor) -> list[dict[str, Any]]:
    """What features above contribute to a list of this page, in their order."""
    found: list[dict[str, Any]] = []
    for part in house_of(request).contributions.get(place, []):
        found += await part(unit, actor)
    return found


async def known_name(request: Request, unit: Unit, actor: Actor) -> str:
    """The name on the document by which they showed who they are, or ""."""
    for part in house_of(request).contributions.get("known_name", []):
        if name := await part(unit, actor):
            return str(name)
    return ""


async def unread_of(request: Request, unit: Unit, actor: Actor) -> int:
    parts = house_of(request).contributions.get("unread", [])
    return sum([int(await part(unit, actor)) for part in parts])


def choices_of(request: Request) -> list[dict[str, Any]]:
    """The switches of a person's page: name, label, and (value, words, chosen) for each."""
    _, now = words(request), preferences(request)
    return [
        _switch("elder", _("字号"), [("0", _("标准版")), ("1", _("大字版"))], str(int(now.elder))),
        _switch(
            "theme",
            _("外观"),
            [("auto", _("跟随系统")), ("light", _("浅色")), ("dark", _("深色"))],
            now.theme,
        ),
        _switch("lang", _("语言"), [("zh-CN", "中文"), ("en", "English")], now.lang),
    ]


def session_lines(request: Request, rows: Any, current: UUID | None) -> list[dict[str, Any]]:
    """One line a session: what it runs on, when it was used, and whether it is this one."""
    _ = words(request)
    doors = {"browser": _("浏览器"), "app": _("手机应用"), "mini_program": _("小程序")}
    return [
        {
            "id": row.id,
            "title": " · ".join(
                part for part in (doors.get(row.channel, ""), row.device or device(row.user_agent)) if part
            ),
            "opened_at": row.created_at,
            "seen_at": row.seen_at,
            "current": row.id == current,
            "icon": "monitor" if row.channel == "browser" else "smartphone",
        }
        for row in rows
    ]


def device(user_agent: str) -> str:
    """A word somebody recognises their device by; never the whole string."""
    known = ("iPhone", "iPad", "Android", "HarmonyOS", "Windows", "Macintosh", "Linux")
    return next((name for name in known if name in user_agent), "")


def _switch(name: str, label: str, options: list[tuple[str, str]], now: str) -> dict[str, Any]:
    return {"name": name, "label": label, "options": [(v, text, v == now) for v, text in options]}
