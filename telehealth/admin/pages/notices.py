"""Service notices: the versions there were, and publishing the next."""

from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from telehealth import directory
from telehealth.admin.pages.forms import render_form
from telehealth.core.access import Permission
from telehealth.core.i18n import N_
from telehealth.core.unit import Unit
from telehealth.directory import accepting
from telehealth.directory.schemas import NoticeText
from telehealth.directory.wording import blocks
from telehealth.web.contract import page
from telehealth.web.forms import Form, blank, read_form
from telehealth.web.pages import redirect, render

NEEDS = Permission.MANAGE_NOTICES


@page(needs=NEEDS)
async def notice_versions_page(request: Request, unit: Unit) -> Response:
    hospital_id = unit.actor.hospital
    rows = await directory.notices(unit, hospital_id)
    counts = await directory.acceptance_counts(unit, hospital_id)
    return render(
        request,
        "admin/notices.html",
        notices=[
            {
                "id": row.id,
                "version": row.version,
                "title": row.title,
                "published_at": row.published_at,
                "sha256": row.sha256[:12],
                "accepted": counts.get(row.id, 0),
                "is_current": row is rows[0],
            }
            for row in rows
        ],
    )


@page(needs=NEEDS)
async def new_notice_page(request: Request, unit: Unit) -> Response:
    latest = await directory.current_notice(unit, unit.actor.hospital)
    fields = NoticeText.model_fields
    form = blank(**{name: getattr(latest, name) if latest else "" for name in fields})
    return _form(request, form)


@page(needs=NEEDS)
async def publish_notice_page(request: Request, unit: Unit) -> Response:
    """First a preview of what will be asked of everybody, then the publication."""
    form = await read_form(request, NoticeText)
    if form.model is None:
        return _form(request, form, status=422)
    text = form.model
    if form.values.get("step") != "publish":
        preview = {"zh": blocks(text.body), "en": blocks(text.body_en)}
        return _form(request, form, preview=preview)
    await accepting.publish_notice(
        unit,
        unit.actor.hospital,
        title=text.title,
        title_en=text.title_en,
        body=text.body,
        body_en=text.body_en,
    )
    return redirect("/admin/notices", flash=N_("已发布，所有患者下次预约时须重新阅读"))


def _form(
    request: Request, form: Form[Any], *, preview: dict[str, Any] | None = None, status: int = 200
) -> Response:
    return render_form(request, "admin/notice_form.html", form, status=status, preview=preview)


routes = [
    Route("/admin/notices", notice_versions_page),
    Route("/admin/notices", publish_notice_page, methods=["POST"]),
    Route("/admin/notices/new", new_notice_page),
]
