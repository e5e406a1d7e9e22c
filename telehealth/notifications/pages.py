"""HTML routes of the inbox: patients see it as a tab, staff as a page of the console."""

from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from telehealth.accounts import Lang, choosing
from telehealth.core.access import Actor, Permission
from telehealth.core.errors import FieldsInvalid
from telehealth.core.i18n import N_
from telehealth.core.settings import Notices
from telehealth.core.unit import Unit, Units
from telehealth.notifications import consenting, preferring, queries, reading, tracing
from telehealth.notifications.labels import DELIVERY_LABELS, RUNG_LABELS, reason_label
from telehealth.notifications.states import CHANNEL_LABELS, TOPIC_LABELS
from telehealth.notifications.wechat_templates import FAMILY_LABELS
from telehealth.web.contract import page
from telehealth.web.pages import redirect, render, unchanged, words
from telehealth.web.pagination import cut, decode_cursor
from telehealth.web.preferences import language

ON_A_PAGE = 20
TRACED = "/staff/deliveries"


@page(needs=Permission.OWN_ACCOUNT)
async def inbox_page(request: Request, unit: Unit, actor: Actor) -> Response:
    cursor = request.query_params.get("after", "")[:400]
    rows = await queries.inbox(
        unit, actor.account, before=reading.position(decode_cursor(cursor, 1)), limit=ON_A_PAGE
    )
    kept, after = cut(rows, ON_A_PAGE, lambda row: (row.id,))
    home = root(actor)
    shown = render(
        request,
        "notifications/inbox.html",
        **shell(actor),
        letters=[reading.letter(row, language(request)) for row in kept],
        unread=await reading.unread(unit, actor),
        newer=home if cursor else "",
        older=f"{home}?{urlencode({'after': after})}" if after else "",
    )
    return unchanged(request, shown)


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
async def unread_badge_page(request: Request, unit: Unit, actor: Actor) -> Response:
    """The number on the messages tab, for the page to fetch again."""
    unread = await reading.unread(unit, actor)
    return unchanged(request, render(request, "notifications/_unread.html", unread=unread))


@page(needs=Permission.OWN_ACCOUNT)
async def notice_settings_page(request: Request, units: Units, actor: Actor) -> Response:
    account = await choosing.own_account(units, actor)
    return render(
        request,
        "notifications/settings.html",
        **shell(actor),
        back=root(actor),
        topics=await preferring.wanted(units, actor),
        labels=TOPIC_LABELS,
        lang=account.lang or Lang.ZH,
        apps=[] if actor.is_staff else await consenting.linked(units, actor),
        families=FAMILY_LABELS,
        hours=units.port(Notices),
    )


@page(needs=Permission.OWN_ACCOUNT)
async def save_notice_settings_page(request: Request, units: Units, actor: Actor) -> Response:
    form = await request.form(max_fields=40, max_files=0)
    for topic in preferring.topics_of(actor):
        ticked = form.getlist(str(topic))
        # Staff are told by WeChat nowhere, so their form does not ask.
        by_wechat = None if actor.is_staff else "wechat" in ticked
        await preferring.prefer(units, actor, topic, sms="sms" in ticked, wechat=by_wechat)
    if form.get("lang") in tuple(Lang):
        await choosing.prefer(units, actor, lang=Lang(str(form.get("lang"))))
    return redirect(f"{root(actor)}/settings", flash=N_("已保存"))


@page(needs=Permission.TRACE_MESSAGES)
async def deliveries_page(request: Request, units: Units, actor: Actor) -> Response:
    """Somebody says they were not told: what was tried, when, and what came of it."""
    phone, cursor = request.query_params.get("phone", "")[:30], request.query_params.get("after", "")[:400]
    rows: list[tracing.Trace] = []
    error = ""
    try:
        rows = await tracing.trace(
            units, actor, phone=phone, limit=ON_A_PAGE, lang=language(request),
            before=reading.position(decode_cursor(cursor, 1)),
        )  # fmt: skip
    except FieldsInvalid as invalid:
        error = words(request)(invalid.fields.get("phone", N_("翻页位置无效")))
    kept, after = cut(rows, ON_A_PAGE, lambda row: (row.id,))
    async with units.hospital(actor.hospital, actor) as unit:
        shares = await tracing.delivery_shares(unit)
    return render(
        request,
        "notifications/deliveries.html",
        422 if error else 200,
        traces=kept,
        phone=phone,
        error=error,
        shares=shares,
        channels=CHANNEL_LABELS,
        delivery_labels=DELIVERY_LABELS,
        rung_labels=RUNG_LABELS,
        reason_of=reason_label,
        ahead=units.clock.business() - units.clock.wall(),
        newer=f"{TRACED}?{urlencode({'phone': phone})}" if cursor else "",
        older=f"{TRACED}?{urlencode({'phone': phone, 'after': after})}" if after else "",
    )


def root(actor: Actor) -> str:
    return "/staff/messages" if actor.is_staff else "/messages"


def shell(actor: Actor) -> dict[str, Any]:
    if actor.is_staff:
        return {"layout": "web/console.html", "root": root(actor)}
    return {"layout": "web/phone.html", "root": root(actor), "tab": "messages"}


def _at(prefix: str) -> list[Route]:
    return [
        Route(prefix, inbox_page),
        Route(f"{prefix}/unread", unread_badge_page),
        Route(f"{prefix}/reading", read_all_page, methods=["POST"]),
        Route(f"{prefix}/settings", notice_settings_page),
        Route(f"{prefix}/settings", save_notice_settings_page, methods=["POST"]),
        Route(f"{prefix}/{{id:uuid}}", message_page),
    ]


routes = [*_at("/messages"), *_at("/staff/messages"), Route(TRACED, deliveries_page)]
