"""HTML routes of the inbox: patients see it as a tab, staff as a page of the console."""

from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from telehealth.core.access import Actor, Permission
from telehealth.core.i18n import N_
from telehealth.core.unit import Unit, Units
from telehealth.notifications import preferring, queries, reading
from telehealth.notifications.states import TOPIC_LABELS
from telehealth.web.contract import page
from telehealth.web.pages import redirect, render, words
from telehealth.web.pagination import cut, decode_cursor
from telehealth.web.preferences import language

ON_A_PAGE = 20


@page(needs=Permission.OWN_ACCOUNT)
async def inbox_page(request: Request, unit: Unit, actor: Actor) -> Response:
    cursor = request.query_params.get("after", "")[:400]
    rows = await queries.inbox(
        unit, actor.account, before=reading.position(decode_cursor(cursor, 1)), limit=ON_A_PAGE
    )
    kept, after = cut(rows, ON_A_PAGE, lambda row: (row.id,))
    home = root(actor)
    return render(
        request,
        "notifications/inbox.html",
        **shell(actor),
        letters=[reading.letter(row, language(request)) for row in kept],
        unread=await reading.unread(unit, actor),
        newer=home if cursor else "",
        older=f"{home}?{urlencode({'after': after})}" if after else "",
    )


@page(needs=Permission.OWN_ACCOUNT)
async def message_page(request: Request, unit: Unit, actor: Actor, id: UUID) -> Response:
    """Opening a message reads it."""
    row = await reading.read(unit, actor, id)
    await unit.session.flush()
    return render(
        request,
        "notifications/message.html",
        **shell(actor),
        back=root(actor),
        letter=reading.letter(row, language(request)),
        unread=await reading.unread(unit, actor),
    )


@page(needs=Permission.OWN_ACCOUNT)
async def read_all_page(unit: Unit, actor: Actor) -> Response:
    await reading.read_all(unit, actor)
    return redirect(root(actor), flash=N_("已全部标为已读"))


@page(needs=Permission.OWN_ACCOUNT)
async def notice_settings_page(request: Request, units: Units, actor: Actor) -> Response:
    _ = words(request)
    wanted = await preferring.wanted(units, actor)
    return render(
        request,
        "notifications/settings.html",
        **shell(actor),
        back=root(actor),
        topics=[(str(topic), _(TOPIC_LABELS[topic]), sms) for topic, sms in wanted.items()],
    )


@page(needs=Permission.OWN_ACCOUNT)
async def save_notice_settings_page(request: Request, units: Units, actor: Actor) -> Response:
    form = await request.form(max_fields=20, max_files=0)
    ticked = set(form.getlist("sms"))
    for topic in preferring.topics_of(actor):
        await preferring.prefer(units, actor, topic, sms=str(topic) in ticked)
    return redirect(f"{root(actor)}/settings", flash=N_("已保存"))


def root(actor: Actor) -> str:
    return "/staff/messages" if actor.is_staff else "/messages"


def shell(actor: Actor) -> dict[str, Any]:
    if actor.is_staff:
        return {"layout": "web/console.html", "root": root(actor)}
    return {"layout": "web/phone.html", "root": root(actor), "tab": "messages"}


def _at(prefix: str) -> list[Route]:
    return [
        Route(prefix, inbox_page),
        Route(f"{prefix}/reading", read_all_page, methods=["POST"]),
        Route(f"{prefix}/settings", notice_settings_page),
        Route(f"{prefix}/settings", save_notice_settings_page, methods=["POST"]),
        Route(f"{prefix}/{{id:uuid}}", message_page),
    ]


routes = [*_at("/messages"), *_at("/staff/messages")]
