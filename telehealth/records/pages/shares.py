"""My shares: choose papers and days, show the code to scan, see who opened it, take it back."""

from datetime import datetime
from typing import Any
from uuid import UUID

import segno
from markupsafe import Markup
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from telehealth.core.access import Actor, Permission
from telehealth.core.errors import DomainError, FieldsInvalid
from telehealth.core.i18n import N_
from telehealth.core.unit import Unit, Units
from telehealth.patients import people_of
from telehealth.records import queries, sharing
from telehealth.records.choosing import chosen_papers
from telehealth.records.errors import ShareNotFound
from telehealth.records.issuing import Press
from telehealth.records.models import Share
from telehealth.records.pages.own import person_id
from telehealth.records.refreshing import policy_at
from telehealth.records.schemas import MakeShareForm
from telehealth.records.showing import items_of
from telehealth.records.states import PAPER_ICONS, PAPER_WORDS
from telehealth.web.contract import page
from telehealth.web.forms import Form, blank, read_form
from telehealth.web.pages import redirect, render
from telehealth.web.preferences import language
from telehealth.web.problems import sentence, status_of

P = Permission


@page(needs=P.BOOK)
async def shares_page(request: Request, unit: Unit, actor: Actor) -> Response:
    rows = await queries.shares_of(unit, actor.account)
    counts = await queries.view_counts(unit, [row.id for row in rows])
    names = {person.id: link.name for link, person in await people_of(unit, actor.account)}
    shown = [_row(row, names, counts.get(row.id, 0), unit.now) for row in rows]
    return render(
        request,
        "records/shares.html",
        open=[row for row in shown if row["is_open"]],
        ended=[row for row in shown if not row["is_open"]],
    )


@page(needs=P.BOOK)
async def new_share_page(request: Request, unit: Unit, actor: Actor) -> Response:
    paper = request.query_params.get("paper", "")
    return await _choose(request, unit, actor, blank(papers=[paper] if paper else [], days="7"))


@page(needs=P.BOOK, limit="20/hour")
async def make_share_page(request: Request, units: Units, actor: Actor) -> Response:
    form = await read_form(request, MakeShareForm)
    status = 422
    if form.model is not None:
        try:
            share = await sharing.make(
                units, actor, form.model.person_id, chosen_papers(form.model.papers),
                days=form.model.days, label=form.model.label, with_code=form.model.with_code,
            )  # fmt: skip
            return redirect(f"/shares/{share.id}", flash=N_("已生成分享，请把链接或二维码给对方"))
        except FieldsInvalid as error:
            form.refuse(error)
        except DomainError as error:
            form.errors["__all__"], status = sentence(error, language(request)), status_of(error)
    async with units.account(actor.account, actor) as unit:
        return await _choose(request, unit, actor, form, status=status)


@page(needs=P.BOOK)
async def share_page(request: Request, unit: Unit, actor: Actor, share_id: UUID) -> Response:
    share = await queries.share(unit, actor.account, share_id)
    names = {person.id: link.name for link, person in await people_of(unit, actor.account)}
    views = await queries.share_views(unit, [share_id])
    papers = await queries.papers(unit, share.paper_ids)
    link = f"{unit.port(Press).public_url.rstrip('/')}/shared/{share.token}"
    titles = {paper.id: paper.name for paper in papers}
    count = (await queries.view_counts(unit, [share_id])).get(share_id, 0)
    return render(
        request,
        "records/share.html",
        share=_row(share, names, count, unit.now),
        link=link,
        qr=_square(link),
        code=share.view_code,
        used=share.opened_by is not None,
        papers=[
            {
                "title": paper.name,
                "what": PAPER_WORDS[paper.kind],
                "icon": PAPER_ICONS[paper.kind],
                "on": paper.on,
            }
            for paper in papers
        ],
        views=[
            {
                "at": view.at,
                "device": view.device,
                "what": titles.get(view.paper_id, "") if view.paper_id else "",
            }
            for view in views
        ],
    )


@page(needs=P.BOOK)
async def revoke_share_page(unit: Unit, share_id: UUID) -> Response:
    await sharing.revoke(unit, share_id)
    return redirect(f"/shares/{share_id}", flash=N_("已收回，链接立即失效"))


async def _choose(
    request: Request, unit: Unit, actor: Actor, form: Form[Any], *, status: int = 200
) -> Response:
    people = await people_of(unit, actor.account)
    if not people:
        return render(request, "records/nobody.html")
    wanted = person_id(str(form.values.get("person_id") or request.query_params.get("person", "")))
    person = next((each for _, each in people if each.id == wanted), people[0][1])
    items = await items_of(unit, person.id)
    days = [1, 3, 7, 30]
    if items:
        days = list((await policy_at(unit, items[0].hospital_id)).records.share_days)
    return render(
        request,
        "records/share_new.html",
        status,
        form=form,
        person=person,
        people=[
            {"label": link.name, "href": f"/shares/new?person={each.id}", "current": each.id == person.id}
            for link, each in people
        ],
        items=[
            {
                "value": f"{item.kind}:{item.id}",
                "item": item,
                "what": PAPER_WORDS[item.kind],
                "checked": f"{item.kind}:{item.id}" in _listed(form.values.get("papers")),
            }
            for item in items
        ],
        days=days,
    )


def _listed(value: Any) -> list[str]:
    return value if isinstance(value, list) else [value] if value else []


def _row(share: Share, names: dict[UUID, str], views: int, now: datetime) -> dict[str, Any]:
    if share.person_id not in names and share.is_open(now):
        raise ShareNotFound()
    tag = (
        ("ok", N_("有效")) if share.is_open(now) else ("", N_("已收回") if share.revoked_at else N_("已到期"))
    )
    return {
        "id": share.id,
        "href": f"/shares/{share.id}",
        "label": share.label,
        "person": names.get(share.person_id, ""),
        "count": len(share.paper_ids),
        "views": views,
        "until": share.expires_at,
        "made_at": share.made_at,
        "ended_at": share.revoked_at or share.expires_at,
        "is_open": share.is_open(now),
        "tag": tag,
    }


def _square(text: str) -> Markup:
    drawn = segno.make(text, error="m", micro=False).svg_inline(
        border=2, scale=6, dark="#000", light="#fff", svgclass="qr", lineclass=None, omitsize=True
    )
    return Markup(drawn)  # noqa: S704 - drawn by us, of our own address


routes = [
    Route("/shares", shares_page),
    Route("/shares", make_share_page, methods=["POST"]),
    Route("/shares/new", new_share_page),
    Route("/shares/{share_id:uuid}", share_page),
    Route("/shares/{share_id:uuid}/revocation", revoke_share_page, methods=["POST"]),
]
