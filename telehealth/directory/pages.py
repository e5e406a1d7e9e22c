"""The front door: hospitals, one hospital's home, and the service notice."""

import io
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import segno
from pydantic import BaseModel
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from telehealth.core.access import Permission
from telehealth.core.i18n import N_
from telehealth.core.unit import Unit
from telehealth.directory import accepting, queries, sharing
from telehealth.directory.advising import emergency_advice
from telehealth.directory.errors import NoticeOutdated
from telehealth.directory.models import Department, Hospital
from telehealth.directory.states import HospitalSwitch, NoticeChannel
from telehealth.directory.wording import blocks, said
from telehealth.web.contract import page
from telehealth.web.forms import read_form
from telehealth.web.house import house_of
from telehealth.web.pages import own_path, redirect, render
from telehealth.web.preferences import door_of, language

#: From this many hospitals on, the front page has a search box.
SEARCH_FROM = 8
#: Parts of the home page with a lower number stand above the quick services.
SERVICES_AT = 40
#: Quick services that fit two rows on a phone.
SERVICES_MOST = 8


@page(public=True)
async def home_page(request: Request, unit: Unit) -> Response:
    if unit.actor.is_staff:
        return redirect("/staff")
    lang = language(request)
    rows = await queries.hospitals(unit)
    actor = unit.actor
    parts = await _contributed(request, "home_parts", unit, actor) if actor.is_known else []
    wanted = request.query_params.get("q", "").strip()[:40]
    shown = [row for row in rows if wanted.lower() in f"{row.name} {row.name_en} {row.code}".lower()]
    return render(
        request,
        "directory/home.html",
        hospitals=[_hospital_line(row, lang) for row in shown],
        wanted=wanted,
        is_searchable=len(rows) >= SEARCH_FROM,
        cards=await _contributed(request, "patient_home", unit, actor) if actor.is_known else [],
        # Above the quick services what concerns one visit or one payment, under them what is a habit.
        parts=sorted(parts, key=lambda part: int(part["order"])),
        services=await _services(request, unit, actor) if actor.is_known else [],
        unread=await _unread(request, unit, actor) if actor.is_known else 0,
        services_at=SERVICES_AT,
        fine_links=_complaint_links(rows, lang, await _supervision(request, unit))
        if len(rows) < SEARCH_FROM
        else [],
    )


@page(public=True)
async def hospital_home_page(request: Request, unit: Unit, code: str) -> Response:
    lang = language(request)
    row = await queries.hospital_by_code(unit, code)
    is_live = row.is_live(unit.today)
    campuses = await queries.campuses(unit, row.id, live_only=is_live)
    departments = await queries.departments(unit, row.id) if is_live else ()
    notice = await queries.current_notice(unit, row.id)
    advice = await emergency_advice(unit, row.id)
    return render(
        request,
        "directory/hospital.html",
        hospital=row,
        name=said(row, "name", lang),
        is_live=is_live,
        campuses=[
            {
                "name": said(campus, "name", lang),
                "address": said(campus, "address", lang),
                "phone": campus.phone,
                "emergency_phone": campus.emergency_phone,
            }
            for campus in campuses
        ],
        # Staff look at what patients see; they book for them at the desk.
        is_bookable=not unit.actor.is_staff,
        departments=[
            _department_line(department, row, lang, is_bookable=not unit.actor.is_staff)
            for department in departments
        ],
        online=row.has(HospitalSwitch.ONLINE_CLINICS),
        offline=row.has(HospitalSwitch.OFFLINE_REGISTRATION),
        cards=await _contributed(request, "hospital_home", unit, unit.actor, row) if is_live else [],
        emergency_text=said(advice, "text", lang),
        emergency_phone=advice.phone,
        notice=notice,
        complaint_phone=row.complaint_phone,
        supervision_phone=(await _supervision(request, unit)).get(row.id, ""),
    )


@page(public=True)
async def booking_link_page(unit: Unit, scene: str) -> Response:
    return redirect(await sharing.booking_page(unit, scene))


@page(public=True)
async def booking_code_page(request: Request, unit: Unit, scene: str) -> Response:
    """The QR code of such a link, to print or to show: scanned in WeChat, it opens the mini-program."""
    await sharing.booking_page(unit, scene)
    drawn = io.BytesIO()
    address = f"{house_of(request).settings.public_url}/go/{scene}"
    segno.make(address, error="m").save(drawn, kind="svg", scale=8, border=4, light="#ffffff")
    return Response(drawn.getvalue(), media_type="image/svg+xml")


@page(public=True)
async def notice_page(request: Request, unit: Unit, notice_id: UUID) -> Response:
    return await _show_notice(request, unit, notice_id)


class Acceptance(BaseModel):
    sha256: str
    agree: bool = False
    next: str = ""


@page(needs=Permission.BOOK)
async def accept_notice_page(request: Request, unit: Unit, notice_id: UUID) -> Response:
    notice = await queries.notice(unit, notice_id)
    form = await read_form(request, Acceptance)
    if form.model is None or not form.model.agree:
        errors = {"agree": N_("请先阅读全文，并勾选同意")}
        return await _show_notice(request, unit, notice_id, errors=errors, status=422)
    try:
        await accepting.accept_notice(
            unit,
            notice.hospital_id,
            form.model.sha256,
            account_id=unit.actor.account,
            channel=NoticeChannel(door_of(request)),
        )
    except NoticeOutdated:
        latest = await queries.current_notice(unit, notice.hospital_id)
        return redirect(
            f"/notices/{latest.id if latest else notice_id}", flash=NoticeOutdated.detail, kind="warn"
        )
    return redirect(own_path(form.model.next, f"/notices/{notice_id}"), flash=N_("已记录您的同意"))


async def _show_notice(
    request: Request, unit: Unit, notice_id: UUID, *, errors: dict[str, str] | None = None, status: int = 200
) -> Response:
    notice = await queries.notice(unit, notice_id)
    hospital = await queries.hospital(unit, notice.hospital_id)
    latest = await queries.current_notice(unit, hospital.id)
    lang = language(request)
    can_accept = unit.actor.may(Permission.BOOK) and latest is not None and latest.id == notice.id
    accepted = await queries.acceptance(unit, unit.actor.account, notice.id) if can_accept else None
    return render(
        request,
        "directory/notice.html",
        status,
        notice=notice,
        hospital=hospital,
        hospital_name=said(hospital, "name", lang),
        notice_title=said(notice, "title", lang),
        blocks=blocks(said(notice, "body", lang)),
        latest_href="" if latest is None or latest.id == notice.id else f"/notices/{latest.id}",
        can_accept=can_accept and accepted is None,
        accepted_at=accepted.accepted_at if accepted else None,
        next=own_path(request.query_params.get("next", ""), ""),
        errors=errors or {},
        complaint_phone=hospital.complaint_phone,
        supervision_phone=(await _supervision(request, unit)).get(hospital.id, ""),
    )


@dataclass(frozen=True, slots=True)
class DepartmentLine:
    name: str
    about: str
    href: str
    tags: tuple[tuple[str, str], ...]


def _hospital_line(row: Hospital, lang: str) -> dict[str, Any]:
    return {"name": said(row, "name", lang), "phone": row.phone, "href": f"/h/{row.code}"}


def _complaint_links(rows: Any, lang: str, supervision: Mapping[UUID, str]) -> list[dict[str, str]]:
    """Everybody must be able to complain from the first page on, and above the hospital too (REG68)."""
    return [
        {
            "href": f"tel:{row.complaint_phone}",
            "name": said(row, "name", lang),
            "phone": row.complaint_phone,
            "supervision": supervision.get(row.id, ""),
        }
        for row in rows
    ]


async def _supervision(request: Request, unit: Unit) -> Mapping[UUID, str]:
    """Hospital → the authority's phone, from whoever above knows it."""
    found: dict[UUID, str] = {}
    for part in house_of(request).contributions.get("supervision") or []:
        found |= await part(unit)
    return found


def _department_line(
    department: Department, hospital: Hospital, lang: str, *, is_bookable: bool
) -> DepartmentLine:
    """A department links to the door it has: online care when licensed, else the hospital's desk."""
    online = department.online and hospital.has(HospitalSwitch.ONLINE_CLINICS)
    offline = hospital.has(HospitalSwitch.OFFLINE_REGISTRATION)
    kind = "online" if online else "offline" if offline else ""
    tags = (
        *((("brand", N_("线上复诊")),) if online else ()),
        *((("info", N_("线下挂号")),) if offline else ()),
    )
    href = f"/h/{hospital.code}/book?kind={kind}&department={department.id}" if kind and is_bookable else ""
    return DepartmentLine(said(department, "name", lang), said(department, "about", lang), href, tags)


async def _services(request: Request, unit: Unit, actor: Any) -> list[dict[str, Any]]:
    """The grid of quick services: booking, what features above put there, then what is one's own."""
    own = [
        {"href": row["href"], "icon": row["icon"], "label": row["title"], "order": _place_of(row["href"])}
        for row in await _contributed(request, "me", unit, actor)
        if row["href"] not in _NO_SERVICES
    ]
    first = [
        {"href": "#hospitals", "icon": "calendar-plus", "label": N_("预约就诊"), "order": 10},
        {"href": "/messages", "icon": "message-circle", "label": N_("消息"), "order": 50},
    ]
    found = [*first, *await _contributed(request, "home_services", unit, actor), *own]
    return sorted(found, key=lambda row: int(row["order"]))[:SERVICES_MOST]


def _place_of(href: str) -> int:
    return 60 + (_OFTEN.index(href) if href in _OFTEN else len(_OFTEN))


#: What people come for, most often first; the rest follows in the order of its features.
_OFTEN = ("/people", "/records", "/prescriptions", "/bills", "/family")
#: Nobody comes to the front page for these; "my own" has them.
_NO_SERVICES = frozenset({"/strikes", "/shares"})


async def _unread(request: Request, unit: Unit, actor: Any) -> int:
    found = house_of(request).contributions.get("unread") or []
    return sum([int(await part(unit, actor)) for part in found])


async def _contributed(request: Request, place: str, *arguments: Any) -> list[dict[str, Any]]:
    """Cards that features above add to this view."""
    found = house_of(request).contributions.get(place) or []
    return [card for contribute in found for card in await contribute(*arguments)]


routes = [
    Route("/", home_page),
    Route("/h/{code}", hospital_home_page),
    Route("/go/{scene}", booking_link_page),
    Route("/go/{scene}/code.svg", booking_code_page),
    Route("/notices/{notice_id:uuid}", notice_page),
    Route("/notices/{notice_id:uuid}/acceptance", accept_notice_page, methods=["POST"]),
]
