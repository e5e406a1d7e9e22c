"""HTML routes of a patient's account: signing in and out, "mine"."""

from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from telehealth.accounts import choosing, signing_in
from telehealth.accounts.doors import CODES_BY_PHONE, TRIES_BY_PHONE, knock_by_phone
from telehealth.accounts.errors import CodeBurned, CodeExpired, CodeWrong
from telehealth.accounts.pages.own import (
    choices_of,
    gather,
    known_name,
    remember_choices,
    session_lines,
    unread_of,
)
from telehealth.accounts.rules import local_phone, mask_phone
from telehealth.accounts.schemas import ChangeMe, RequestCode, SignInForm, masked_name
from telehealth.accounts.states import Channel, Lang
from telehealth.core.access import Actor, Permission
from telehealth.core.errors import DomainError
from telehealth.core.i18n import N_
from telehealth.core.unit import Unit, Units
from telehealth.web.authenticate import drop_cookie, session_id_of, set_cookie
from telehealth.web.contract import page
from telehealth.web.forms import Form, read_form
from telehealth.web.house import actor_of, house_of
from telehealth.web.pages import own_path, redirect, render, words
from telehealth.web.preferences import door_of, is_mini_program, language
from telehealth.web.problems import sentence, status_of


@page(public=True)
async def sign_in_page(request: Request) -> Response:
    """The first step asks for the phone only. Somebody already signed in goes on to where they were going."""
    target = own_path(request.query_params.get("next", "/"))
    actor = actor_of(request)
    if actor.is_known and not actor.is_staff:
        return redirect(target)
    return _ask_phone(request, {}, target, {}, 200)


@page(public=True)
async def send_code_page(request: Request, units: Units) -> Response:
    """Send a code and ask for it. A resend comes here too."""
    form = await read_form(request, RequestCode)
    target = own_path(str(form.values.get("next", "/")))
    if form.model is None:
        return _ask_phone(request, form.values, target, {"phone": words(request)(form.errors["phone"])}, 422)
    phone = form.model.phone
    try:
        await knock_by_phone(request, "code", CODES_BY_PHONE, phone)
        await signing_in.request_code(units, phone, Lang(language(request)))
    except DomainError as error:
        said, status = sentence(error, language(request)), status_of(error)
        if form.values.get("again"):
            # The code they have may still work: keep the box open beside the reason.
            return _ask_code(request, phone, target, {"code": said}, status)
        return _ask_phone(request, form.values, target, {"phone": said}, status)
    return _ask_code(request, phone, target, {}, 200, sent=True)


@page(public=True)
async def take_code_page(request: Request, units: Units) -> Response:
    form: Form[SignInForm] = await read_form(request, SignInForm)
    target = own_path(str(form.values.get("next", "/")))
    if form.model is None:
        _ = words(request)
        if "phone" in form.errors:
            return _ask_phone(request, form.values, target, {"phone": _(form.errors["phone"])}, 422)
        phone = str(form.values["phone"])
        return _ask_code(request, phone, target, {"code": _(form.errors["code"])}, 422)
    phone = form.model.phone
    try:
        await knock_by_phone(request, "sign-in", TRIES_BY_PHONE, phone)
        signed_in = await signing_in.sign_in_with_code(
            units,
            phone,
            form.model.code,
            channel="browser",
            door=Channel(door_of(request)),
            user_agent=request.headers.get("user-agent", ""),
            replaces=session_id_of(request),
        )
    except (CodeWrong, CodeBurned, CodeExpired) as error:
        return _ask_code(request, phone, target, {"code": sentence(error, language(request))}, 422)
    except DomainError as error:
        return _ask_code(
            request, phone, target, {"code": sentence(error, language(request))}, status_of(error)
        )
    response = redirect(target)
    set_cookie(response, house_of(request), signed_in.opened.token)
    remember_choices(request, response, signed_in.account)
    return response


@page(public=True)
async def sign_out_page(request: Request, units: Units) -> Response:
    """Always ends at a page that asks nothing, even when the session was gone before."""
    actor, session_id = actor_of(request), session_id_of(request)
    if actor.is_known and session_id is not None:
        async with units.of(actor) as unit:
            await choosing.sign_out(unit, actor, session_id)
    response = redirect("/staff/sign-in" if actor.is_staff else "/", flash=N_("已退出登录"))
    drop_cookie(response)
    return response


@page(needs=Permission.OWN_ACCOUNT)
async def me_page(request: Request, units: Units, actor: Actor) -> Response:
    if actor.is_staff:
        return redirect("/staff/account")
    account = await choosing.own_account(units, actor)
    async with units.of(actor) as unit:
        rows = await choosing.own_sessions(unit, actor)
        current = await choosing.standing(unit, session_id_of(request))
        links = await gather(request, "me", unit, actor)
        unread = await unread_of(request, unit, actor)
        shown = await known_name(request, unit, actor)
    name = shown or masked_name(account.name) or words(request)("患者")
    return render(
        request,
        "accounts/me.html",
        tab="me",
        unread=unread,
        name=name,
        phone=mask_phone(account.phone or ""),
        links=links,
        choices=choices_of(request),
        sessions=session_lines(request, rows, current),
    )


@page(needs=Permission.OWN_ACCOUNT)
async def choose_page(request: Request, units: Units, actor: Actor) -> Response:
    """Language, colours and large type: kept with the account, and in this browser."""
    form = await read_form(request, ChangeMe)
    back = own_path(str(form.values.get("back", "/me")), "/me")
    if form.model is None:
        return redirect(back, flash=N_("没有保存，请从给出的选项中选择"), kind="danger")
    chosen = form.model
    account = await choosing.prefer(units, actor, lang=chosen.lang, theme=chosen.theme, elder=chosen.elder)
    response = redirect(back, flash=N_("已保存"))
    remember_choices(request, response, account)
    return response


@page(needs=Permission.OWN_ACCOUNT)
async def end_session_page(request: Request, unit: Unit, actor: Actor, id: UUID) -> Response:
    await choosing.sign_out(unit, actor, id)
    return redirect("/staff/account" if actor.is_staff else "/me", flash=N_("已让那台设备退出登录"))


@page(needs=Permission.OWN_ACCOUNT)
async def end_other_sessions_page(request: Request, unit: Unit, actor: Actor) -> Response:
    session_id = session_id_of(request)
    if session_id is not None:
        await choosing.sign_out_elsewhere(unit, actor, session_id)
    return redirect("/staff/account" if actor.is_staff else "/me", flash=N_("其他设备都已退出登录"))


def _ask_phone(
    request: Request, values: dict[str, Any], target: str, errors: dict[str, str], status: int
) -> Response:
    return render(
        request,
        "accounts/sign_in.html",
        status=status,
        next=target,
        phone=str(values.get("phone", "")),
        errors=errors,
        **_native_sign_in(request, target),
    )


def _native_sign_in(request: Request, target: str) -> dict[str, str]:
    """The mini-program's own page, where its web-view is open."""
    apps = list(house_of(request).settings.wechat.values())
    if not is_mini_program(request) or not apps:
        return {"native": "", "native_href": "", "jssdk": ""}
    address = urlencode({"next": target})
    return {
        "native": f"/pages/sign-in/sign-in?{address}",
        "native_href": f"/sign-in?{address}",
        "jssdk": apps[0].jssdk_url,
    }


def _ask_code(
    request: Request, phone: str, target: str, errors: dict[str, str], status: int, *, sent: bool = False
) -> Response:
    return render(
        request,
        "accounts/sign_in_code.html",
        status=status,
        next=target,
        phone=phone,
        shown_phone=local_phone(phone),
        back="/sign-in?" + urlencode({"next": target}),
        errors=errors,
        sent=sent,
    )


routes = [
    Route("/sign-in", sign_in_page),
    Route("/sign-in", take_code_page, methods=["POST"]),
    Route("/sign-in/code", send_code_page, methods=["POST"]),
    Route("/sign-out", sign_out_page, methods=["POST"]),
    Route("/me", me_page),
    Route("/me/preferences", choose_page, methods=["POST"]),
    Route("/me/sessions/others/end", end_other_sessions_page, methods=["POST"]),
    Route("/me/sessions/{id:uuid}/end", end_session_page, methods=["POST"]),
]
