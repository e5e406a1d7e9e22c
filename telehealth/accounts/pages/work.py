"""The home of the staff console: the work waiting, kept fresh by `live.js`, walked by keyboard."""

import hashlib
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from telehealth.accounts.pages.own import unread_of
from telehealth.accounts.waiting import Waiting, waiting_for, what_comes_next
from telehealth.core.access import Actor, Permission
from telehealth.core.i18n import format_age
from telehealth.core.unit import Units
from telehealth.core.work import Work
from telehealth.web.contract import page
from telehealth.web.house import house_of
from telehealth.web.pages import render, words
from telehealth.web.preferences import language

HOME = "/staff"


@page(needs=Permission.STAFF_HOME)
async def staff_home_page(request: Request, units: Units, actor: Actor) -> Response:
    """What waits for this person now, as the features contribute it."""
    async with units.of(actor) as unit:
        found = await waiting_for(unit, actor, house_of(request).contributions.get("worklist", []))
        unread = await unread_of(request, unit, actor)
    return render(
        request, "accounts/staff_home.html", work=_drawn(request, found), unread=unread,
        next=what_comes_next(actor),
    )  # fmt: skip


@page(needs=Permission.STAFF_HOME)
async def staff_work_page(request: Request, units: Units, actor: Actor) -> Response:
    """The list alone; a list that did not change costs its reader nothing."""
    async with units.of(actor) as unit:
        found = await waiting_for(unit, actor, house_of(request).contributions.get("worklist", []))
    response = render(
        request, "accounts/_work.html", work=_drawn(request, found), next=what_comes_next(actor)
    )
    etag = f'"{hashlib.sha256(bytes(response.body)).hexdigest()[:32]}"'
    if request.headers.get("if-none-match") == etag:
        return Response(status_code=304, headers={"etag": etag})
    response.headers["etag"] = etag
    return response


def _drawn(request: Request, found: Waiting) -> dict[str, Any]:
    _ = words(request)
    lang = language(request)
    sentence = _("%(total)s 项待办，其中 %(late)s 项已超时") if found.late else _("%(total)s 项待办")
    return {
        "total": found.total,
        "late": found.late,
        "sentence": sentence % {"total": found.total, "late": found.late},
        "groups": [
            {
                "code": group.code,
                "title": group.title,
                "size": group.size,
                "items": [_line(item, found, lang) for item in group.items],
            }
            for group in found.groups
        ],
    }


def _line(item: Work, found: Waiting, lang: str) -> dict[str, Any]:
    is_late = item.is_late(found.now)
    distance = format_age(abs(found.now - item.due_at), lang) if item.due_at else ""
    return {
        "item": item,
        # Stays the same while the list moves, so that the focus finds its line again.
        "key": "w-" + hashlib.sha256(f"{item.href}{item.title}".encode()).hexdigest()[:12],
        "is_late": is_late,
        "is_alarm": item.kind == "danger",
        "late_by": distance if is_late else "",
        "left": "" if is_late else distance,
        "age": format_age(found.now - item.since, lang) if item.since and item.since <= found.now else "",
    }


routes = [Route(HOME, staff_home_page), Route(f"{HOME}/work", staff_work_page)]
