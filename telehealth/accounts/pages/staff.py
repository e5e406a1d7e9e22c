"""HTML routes of staff: the steps of signing in, the home of the console, one's own account."""

from typing import Any
from urllib.parse import urlencode
from uuid import UUID

import segno
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from telehealth.accounts import choosing, signing_in_staff
from telehealth.accounts.doors import knock, knock_by_login
from telehealth.accounts.errors import SecondFactorUsed, SecondFactorWrong, StepExpired, StepOutOfOrder
from telehealth.accounts.pages.own import choices_of, remember_choices, session_lines
from telehealth.accounts.schemas import (
    BeginStaffSignIn,
    ChangePasswordForm,
    NewPasswordForm,
    SecondFactorForm,
)
from telehealth.accounts.signing_in_staff import Step
from telehealth.accounts.states import NextStep
from telehealth.core.access import Actor, Permission
from telehealth.core.errors import DomainError, FieldsInvalid
from telehealth.core.i18n import N_
from telehealth.core.unit import Units
from telehealth.web.authenticate import drop_cookie, session_id_of, set_cookie
from telehealth.web.contract import page
from telehealth.web.forms import read_form
from telehealth.web.house import actor_of, house_of
from telehealth.web.pages import own_path, redirect, render, words
from telehealth.web.preferences import language
from telehealth.web.problems import sentence, status_of

HOME = "/staff"
START = "/staff/sign-in"
#: Carries the ticket between the steps and nowhere else.
TICKET = "th_step"
PAGES = {
    NextStep.NEW_PASSWORD: f"{START}/password",
    NextStep.ENROLMENT: f"{START}/totp",
    NextStep.TOTP: f"{START}/totp",
}


@page(public=True)
async def staff_sign_in_page(request: Request) -> Response:
    target = own_path(request.query_params.get("next", HOME), HOME)
    if actor_of(request).is_staff:
        return redirect(target)
    return render(request, "accounts/staff_sign_in.html", next=target, login="", errors={})


@page(public=True)
async def take_password_page(request: Request, units: Units) -> Response:
    form = await read_form(request, BeginStaffSignIn)
    target = own_path(str(form.values.get("next", HOME)), HOME)
    login = str(form.values.get("login", ""))
    if form.model is None:
        return _start(request, target, login, _say(request, form.errors), 422)
    try:
        await knock_by_login(request, "staff-sign-in", form.model.login)
        step = await signing_in_staff.begin(
            units, house_of(request).tickets, form.model.login, form.model.password
        )
    except DomainError as error:
        return _start(request, target, login, {"": sentence(error, language(request))}, status_of(error))
    return _go_on(request, step, target)


@page(public=True)
async def first_password_page(request: Request, units: Units) -> Response:
    try:
        step = await _standing(request, units)
    except StepExpired:
        return _expired()
    if step.owes is not NextStep.NEW_PASSWORD:
        return redirect(_with_next(PAGES[step.owes], _target(request)))
    return render(request, "accounts/staff_password.html", next=_target(request), errors={})


@page(public=True)
async def take_first_password_page(request: Request, units: Units) -> Response:
    form = await read_form(request, NewPasswordForm)
    target = own_path(str(form.values.get("next", HOME)), HOME)
    errors, status = _say(request, form.errors), 422
    if form.model is not None and form.model.password != form.model.again:
        errors = {"again": words(request)(N_("两次输入的密码不一致"))}
    if form.model is not None and not errors:
        try:
            await knock(request, "staff-step")
            step = await signing_in_staff.choose_first_password(
                units, house_of(request).tickets, _ticket(request), form.model.password
            )
            return _go_on(request, step, target)
        except FieldsInvalid as error:
            errors = _say(request, error.fields)
        except (StepExpired, StepOutOfOrder):
            return _expired()
        except DomainError as error:
            errors, status = {"": sentence(error, language(request))}, status_of(error)
    return render(request, "accounts/staff_password.html", status=status, next=target, errors=errors)


@page(public=True)
async def second_factor_page(request: Request, units: Units) -> Response:
    try:
        step = await _standing(request, units)
        if step.owes is NextStep.NEW_PASSWORD:
            return redirect(_with_next(PAGES[step.owes], _target(request)))
        return await _ask_totp(request, units, step, _target(request), {}, "", 200)
    except (StepExpired, StepOutOfOrder):
        return _expired()


@page(public=True)
async def take_second_factor_page(request: Request, units: Units) -> Response:
    form = await read_form(request, SecondFactorForm)
    target = own_path(str(form.values.get("next", HOME)), HOME)
    chosen = str(form.values.get("hospital_id", ""))
    errors, status = _say(request, form.errors), 422
    try:
        if form.model is None:
            step = await _standing(request, units)
            return await _ask_totp(request, units, step, target, errors, chosen, status)
        try:
            await knock(request, "staff-step")
            signed_in = await signing_in_staff.finish(
                units,
                house_of(request).tickets,
                _ticket(request),
                form.model.totp,
                hospital_id=form.model.hospital_id,
                channel="browser",
                user_agent=request.headers.get("user-agent", ""),
                replaces=session_id_of(request),
            )
        except FieldsInvalid as error:
            errors = _say(request, error.fields)
        except (SecondFactorWrong, SecondFactorUsed) as error:
            errors = {"totp": sentence(error, language(request))}
        except (StepExpired, StepOutOfOrder):
            return _expired()
        except DomainError as error:
            errors, status = {"totp": sentence(error, language(request))}, status_of(error)
        else:
            response = redirect(target)
            set_cookie(response, house_of(request), signed_in.opened.token)
            response.delete_cookie(TICKET, path=START)
            remember_choices(request, response, signed_in.account)
            return response
        step = await _standing(request, units)
        return await _ask_totp(request, units, step, target, errors, chosen, status)
    except (StepExpired, StepOutOfOrder):
        return _expired()


@page(needs=Permission.STAFF_HOME)
async def staff_account_page(request: Request, units: Units, actor: Actor) -> Response:
    return await _account(request, units, actor, {}, 200)


@page(needs=Permission.STAFF_HOME)
async def change_password_page(request: Request, units: Units, actor: Actor) -> Response:
    form = await read_form(request, ChangePasswordForm)
    errors, status = _say(request, form.errors), 422
    if form.model is not None and form.model.password != form.model.again:
        errors = {"again": words(request)(N_("两次输入的密码不一致"))}
    if form.model is not None and not errors:
        try:
            await knock_by_login(request, "staff-password", str(actor.account))
            await signing_in_staff.change_password(
                units, actor, current=form.model.current, password=form.model.password
            )
        except FieldsInvalid as error:
            errors = _say(request, error.fields)
        except DomainError as error:
            errors, status = {"current": sentence(error, language(request))}, status_of(error)
        else:
            response = redirect(START, flash=N_("密码已更换，请重新登录"))
            drop_cookie(response)
            return response
    return await _account(request, units, actor, errors, status)


async def _account(
    request: Request, units: Units, actor: Actor, errors: dict[str, str], status: int
) -> Response:
    account = await choosing.own_account(units, actor)
    async with units.of(actor) as unit:
        rows = await choosing.own_sessions(unit, actor)
        current = await choosing.standing(unit, session_id_of(request))
    return render(
        request,
        "accounts/staff_account.html",
        status=status,
        login=account.login,
        hospital=(await _hospital_names(request, units)).get(actor.hospital, ""),
        roles=[role_name(str(role)) for role in sorted(actor.roles)],
        choices=choices_of(request),
        sessions=session_lines(request, rows, current),
        errors=errors,
    )


async def _ask_totp(
    request: Request,
    units: Units,
    step: Step,
    target: str,
    errors: dict[str, str],
    chosen: str,
    status: int,
) -> Response:
    enrolment, qr = None, ""
    if step.owes is NextStep.ENROLMENT:
        enrolment = await signing_in_staff.show_enrolment(units, house_of(request).tickets, step.ticket)
        qr = segno.make(enrolment.uri, error="m").svg_data_uri(scale=5, light="#ffffff")
    return render(
        request,
        "accounts/staff_totp.html",
        status=status,
        next=target,
        errors=errors,
        qr=qr,
        secret="" if enrolment is None else _in_fours(enrolment.secret),
        hospitals=await _hospital_options(request, units, step),
        chosen=chosen,
    )


async def _hospital_options(request: Request, units: Units, step: Step) -> list[tuple[str, str]]:
    if len(step.hospital_ids) < 2:
        return []
    names = await _hospital_names(request, units)
    return [(str(id), names.get(id, str(id))) for id in step.hospital_ids]


async def _hospital_names(request: Request, units: Units) -> dict[UUID, str]:
    """Hospitals by id, as the directory above contributes them: Chinese and English names."""
    names: dict[UUID, tuple[str, str]] = {}
    async with units.public() as unit:
        for part in house_of(request).contributions.get("hospital_names", []):
            names |= await part(unit)
    english = language(request) == "en"
    return {id: (en if english and en else zh) for id, (zh, en) in names.items()}


def role_name(role: str) -> str:
    """A Chinese message id for a role."""
    return ROLE_NAMES.get(role, role)


ROLE_NAMES = {
    "desk": N_("门诊服务台"),
    "doctor": N_("医生"),
    "pharmacist": N_("药师"),
    "pharmacy": N_("药房"),
    "reviewer": N_("审核员"),
    "finance": N_("财务"),
    "admin": N_("管理员"),
    "head": N_("院长"),
}


def _start(request: Request, target: str, login: str, errors: dict[str, str], status: int) -> Response:
    return render(
        request, "accounts/staff_sign_in.html", status=status, next=target, login=login, errors=errors
    )


def _go_on(request: Request, step: Step, target: str) -> Response:
    response = redirect(_with_next(PAGES[step.owes], target))
    response.set_cookie(
        TICKET,
        step.ticket,
        max_age=int(signing_in_staff.TICKET_LASTS.total_seconds()),
        path=START,
        httponly=True,
        samesite="strict",
        secure=house_of(request).settings.cookies_secure,
    )
    return response


async def _standing(request: Request, units: Units) -> Step:
    return await signing_in_staff.look(units, house_of(request).tickets, _ticket(request))


def _ticket(request: Request) -> str:
    return request.cookies.get(TICKET, "")


def _expired() -> Response:
    response = redirect(START, flash=N_("登录步骤已过期，请重新输入密码"), kind="warn")
    response.delete_cookie(TICKET, path=START)
    return response


def _target(request: Request) -> str:
    return own_path(request.query_params.get("next", HOME), HOME)


def _with_next(path: str, target: str) -> str:
    return path if target == HOME else f"{path}?{urlencode({'next': target})}"


def _say(request: Request, errors: dict[str, str]) -> dict[str, Any]:
    _ = words(request)
    return {field: _(text) for field, text in errors.items()}


def _in_fours(secret: str) -> str:
    return " ".join(secret[at : at + 4] for at in range(0, len(secret), 4))


routes = [
    Route("/staff/sign-in", staff_sign_in_page),
    Route("/staff/sign-in", take_password_page, methods=["POST"]),
    Route("/staff/sign-in/password", first_password_page),
    Route("/staff/sign-in/password", take_first_password_page, methods=["POST"]),
    Route("/staff/sign-in/totp", second_factor_page),
    Route("/staff/sign-in/totp", take_second_factor_page, methods=["POST"]),
    Route("/staff/account", staff_account_page),
    Route("/staff/account/password", change_password_page, methods=["POST"]),
]
