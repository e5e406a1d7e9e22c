"""/demo: step into any role, and see the codes that phones would show."""

from dataclasses import dataclass
from typing import Any

import httpx2
import pyotp
import structlog
from pydantic import BaseModel, ConfigDict, Field
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from telehealth.accounts import patient_by_phone
from telehealth.core.access import Actor, Role
from telehealth.core.errors import NotFound
from telehealth.core.i18n import N_
from telehealth.core.unit import Unit, Units
from telehealth.demo.accounts import EVERY_PATIENT, PASSWORD, STAFF, DemoStaff
from telehealth.demo.queries import staff_member_by_login
from telehealth.web.authenticate import session_id_of, set_cookie
from telehealth.web.contract import page
from telehealth.web.forms import read_form
from telehealth.web.house import house_of
from telehealth.web.pages import own_path, redirect, render
from telehealth.web.preferences import MINI_HOST, enter_host
from telehealth.web.sessions import end_session, open_session

log = structlog.get_logger(__name__)

MESSAGES_SHOWN = 8
MESSAGE_KINDS = {"subscribe": N_("小程序订阅消息"), "template": N_("服务号消息")}


class Enter(BaseModel):
    model_config = ConfigDict(extra="ignore")

    who: str
    #: Where to, when not to one's own first page.
    next: str = Field("", max_length=200)
    #: As if the mini-program had opened its web-view.
    host: str = ""


@page(public=True)
async def demo_page(request: Request, units: Units) -> Response:
    sandbox = house_of(request).settings.sandbox_url
    return render(
        request,
        "demo/demo.html",
        staff=[_StaffCard(one, pyotp.TOTP(one.totp_secret).now()) for one in STAFF],
        patients=EVERY_PATIENT,
        password=PASSWORD,
        messages=await _messages(sandbox),
        wechat=await _wechat(sandbox),
        people=await _ask(f"{sandbox}/his/samples"),
        sandbox=sandbox,
        home=f"{house_of(request).settings.public_url}/demo",
    )


@page(public=True)
async def demo_codes_page(request: Request) -> Response:
    """The part of /demo that changes, for the page to fetch again."""
    sandbox = house_of(request).settings.sandbox_url
    staff = [_StaffCard(one, pyotp.TOTP(one.totp_secret).now()) for one in STAFF]
    return render(
        request,
        "demo/_codes.html",
        staff=staff,
        messages=await _messages(sandbox),
        wechat=await _wechat(sandbox),
    )


@page(public=True)
async def demo_enter_page(request: Request, units: Units) -> Response:
    """Sign in as one of the samples, without a code: the demo's shortcut, in no other profile."""
    form = await read_form(request, Enter)
    who = form.model.who if form.model else ""
    async with units.system("demo") as unit:
        actor, home = await _actor(unit, who)
        old = session_id_of(request)
        if old is not None:
            await end_session(unit, old)
        opened = await open_session(unit, actor, channel="browser", user_agent="demo")
        unit.audit("demo.entered", f"accounts:{actor.account}", account_id=actor.account)
    response = redirect(own_path(form.model.next, home) if form.model else home)
    set_cookie(response, house_of(request), opened.token)
    if form.model and form.model.host == MINI_HOST:
        enter_host(request, response, secure=house_of(request).settings.cookies_secure)
    return response


@dataclass(frozen=True, slots=True)
class _StaffCard:
    person: DemoStaff
    code: str


async def _actor(unit: Unit, who: str) -> tuple[Actor, str]:
    staff = next((one for one in STAFF if one.login == who), None)
    if staff is not None:
        member = await staff_member_by_login(unit, staff.login)
        if member is not None:
            roles = frozenset(Role(role) for role in member.roles)
            return Actor.signed_in(
                member.account_id, roles, hospital_id=member.hospital_id, name=member.name, assurance="totp"
            ), "/staff"
    account = await patient_by_phone(unit, f"+86{who}") if who.isdigit() else None
    if account is None:
        raise NotFound()
    return Actor.signed_in(account.id, frozenset({Role.PATIENT})), "/"


async def _messages(sandbox: str) -> list[dict[str, Any]]:
    found = await _ask(f"{sandbox}/sms/messages?limit={MESSAGES_SHOWN}")
    messages = found.get("messages", []) if isinstance(found, dict) else found
    return list(reversed(messages))[:MESSAGES_SHOWN]


async def _wechat(sandbox: str) -> list[dict[str, Any]]:
    """What arrived in somebody's WeChat, as its list of messages shows it: newest first."""
    found = await _ask(f"{sandbox}/wechat/messages")
    messages = found.get("messages", []) if isinstance(found, dict) else []
    return [
        {
            "title": next(iter(one["data"].values()), ""),
            "lines": list(one["data"].values())[1:],
            "person": one.get("nickname", ""),
            "label": MESSAGE_KINDS.get(one.get("kind", ""), MESSAGE_KINDS["template"]),
            "url": one["page"] if one["page"].startswith("http") else "",
        }
        for one in messages[:MESSAGES_SHOWN]
    ]


async def _ask(url: str) -> Any:
    """What a sandbox shows, or nothing while it is down."""
    try:
        async with httpx2.AsyncClient(timeout=2) as http:
            response = await http.get(url)
            response.raise_for_status()
            return response.json()
    except (httpx2.HTTPError, ValueError):
        log.warning("demo.sandbox_silent")
        return []


routes = [
    Route("/demo", demo_page),
    Route("/demo/codes", demo_codes_page),
    Route("/demo/enter", demo_enter_page, methods=["POST"]),
]
