"""Who works here, in which roles; adding, suspending, and issuing what was lost."""

from typing import Any
from uuid import UUID

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from telehealth.accounts import (
    MemberNotFound,
    MemberState,
    StaffMember,
    enrolling_staff,
    staff_member,
    staff_of,
)
from telehealth.accounts.errors import (
    AlreadyMember,
    LastAdministrator,
    LoginTaken,
    LoginUnknown,
    VouchedElsewhere,
)
from telehealth.accounts.states import MEMBER_LABELS
from telehealth.admin import placing
from telehealth.admin.pages.forms import render_form
from telehealth.admin.schemas import ChangeStaff, EnrolStaff, InviteStaff, WithReason
from telehealth.admin.wording import ROLES
from telehealth.core.access import Actor, Permission
from telehealth.core.errors import FieldsInvalid
from telehealth.core.i18n import N_
from telehealth.core.unit import Unit, Units
from telehealth.directory import doctors
from telehealth.web.contract import page
from telehealth.web.forms import Form, blank, read_form
from telehealth.web.pages import redirect, render

NEEDS = Permission.MANAGE_STAFF


@page(needs=NEEDS)
async def staff_list_page(request: Request, unit: Unit) -> Response:
    members = await staff_of(unit)
    return render(request, "admin/staff.html", members=[_line(member) for member in members])


@page(needs=NEEDS)
async def new_staff_page(request: Request, unit: Unit) -> Response:
    return await _new(request, unit, blank(roles=[]))


@page(needs=NEEDS)
async def enrol_staff_page(request: Request, unit: Unit) -> Response:
    """The initial password is in this answer and nowhere else."""
    form = await read_form(request, EnrolStaff)
    if form.model is None:
        return await _new(request, unit, form, status=422)
    try:
        enrolled = await placing.enrol(unit, form.model)
    except FieldsInvalid as error:
        return await _new(request, unit, form.refuse(error), status=422)
    except LoginTaken as error:
        return await _new(request, unit, form.refuse(FieldsInvalid({"login": error.detail})), status=422)
    return _issued(request, enrolled)


@page(needs=NEEDS)
async def invite_staff_page(request: Request, units: Units, actor: Actor) -> Response:
    form = await read_form(request, InviteStaff)
    error: FieldsInvalid | None = None
    if form.model is not None:
        wanted = form.model
        try:
            await enrolling_staff.invite(
                units, actor, login=wanted.login, name=wanted.name, name_en=wanted.name_en, roles=wanted.roles
            )
        except (LoginUnknown, AlreadyMember) as refused:
            error = FieldsInvalid({"login": refused.detail})
        except FieldsInvalid as refused:
            error = refused
    if error is not None:
        form = form.refuse(error)
    if form.model is None:
        return render_form(request, "admin/staff_invite.html", form, status=422, roles=_roles())
    return redirect("/admin/staff", flash=N_("已发出邀请，对方登录时选择本院即可接受"))


@page(needs=NEEDS)
async def new_invitation_page(request: Request) -> Response:
    return render_form(request, "admin/staff_invite.html", blank(roles=[]), roles=_roles())


@page(needs=NEEDS)
async def staff_member_page(request: Request, unit: Unit, member_id: UUID) -> Response:
    member = await _member(unit, member_id)
    form = blank(
        name=member.name,
        name_en=member.name_en,
        roles=member.roles,
        doctor_id=str(member.doctor_id or ""),
    )
    return await _edit(request, unit, member, form)


@page(needs=NEEDS)
async def change_staff_page(request: Request, unit: Unit, member_id: UUID) -> Response:
    member = await _member(unit, member_id)
    form = await read_form(request, ChangeStaff)
    if form.model is None:
        return await _edit(request, unit, member, form, status=422)
    try:
        await placing.change(unit, member_id, form.model)
    except FieldsInvalid as error:
        return await _edit(request, unit, member, form.refuse(error), status=422)
    except LastAdministrator as error:
        return await _edit(
            request, unit, member, form.refuse(FieldsInvalid({"roles": error.detail})), status=409
        )
    return redirect("/admin/staff", flash=N_("已保存，对方需重新登录"))


@page(needs=NEEDS)
async def suspend_staff_page(request: Request, unit: Unit, member_id: UUID) -> Response:
    member = await _member(unit, member_id)
    form = await read_form(request, WithReason)
    if form.model is None:
        return redirect(f"/admin/staff/{member_id}", flash=N_("请填写原因"), kind="warn")
    try:
        await enrolling_staff.suspend(unit, member.id, reason=form.model.reason)
    except LastAdministrator as error:
        return redirect(f"/admin/staff/{member_id}", flash=error.detail, kind="danger")
    return redirect("/admin/staff", flash=N_("已停用，对方已被退出登录"))


@page(needs=NEEDS)
async def reinstate_staff_page(request: Request, unit: Unit, member_id: UUID) -> Response:
    member = await _member(unit, member_id)
    form = await read_form(request, WithReason)
    if form.model is None:
        return redirect(f"/admin/staff/{member_id}", flash=N_("请填写原因"), kind="warn")
    await enrolling_staff.reinstate(unit, member.id, reason=form.model.reason)
    return redirect("/admin/staff", flash=N_("已恢复"))


@page(needs=NEEDS)
async def reset_second_factor_page(request: Request, unit: Unit, member_id: UUID) -> Response:
    try:
        await enrolling_staff.reset_second_factor(unit, member_id)
    except VouchedElsewhere as error:
        return redirect(f"/admin/staff/{member_id}", flash=error.detail, kind="danger")
    return redirect(f"/admin/staff/{member_id}", flash=N_("已重置，对方下次登录时重新绑定动态口令"))


@page(needs=NEEDS)
async def reset_password_page(request: Request, unit: Unit, member_id: UUID) -> Response:
    try:
        enrolled = await enrolling_staff.reset_password(unit, member_id)
    except VouchedElsewhere as error:
        return redirect(f"/admin/staff/{member_id}", flash=error.detail, kind="danger")
    return _issued(request, enrolled)


async def _member(unit: Unit, member_id: UUID) -> StaffMember:
    member = await staff_member(unit, member_id)
    if member is None or member.hospital_id != unit.actor.hospital:
        raise MemberNotFound()
    return member


async def _new(request: Request, unit: Unit, form: Form[Any], *, status: int = 200) -> Response:
    return render_form(
        request, "admin/staff_new.html", form, status=status, roles=_roles(), doctors=await _doctors(unit)
    )


async def _edit(
    request: Request, unit: Unit, member: StaffMember, form: Form[Any], *, status: int = 200
) -> Response:
    return render_form(
        request,
        "admin/staff_member.html",
        form,
        status=status,
        member=_line(member),
        roles=_roles(),
        doctors=await _doctors(unit),
        is_self=member.account_id == unit.actor.account_id,
    )


def _issued(request: Request, enrolled: enrolling_staff.Enrolled) -> Response:
    return render(
        request, "admin/staff_issued.html", member=_line(enrolled.member), password=enrolled.initial_password
    )


async def _doctors(unit: Unit) -> list[tuple[str, str]]:
    return [(str(row.id), f"{row.name} {row.title}") for row in await doctors(unit, unit.actor.hospital)]


def _roles() -> list[tuple[str, str]]:
    return [(str(role), label) for role, label in ROLES.items()]


def _line(member: StaffMember) -> dict[str, Any]:
    known = {str(role): label for role, label in ROLES.items()}
    kinds = {MemberState.ACTIVE: "ok", MemberState.SUSPENDED: "danger", MemberState.INVITED: "info"}
    return {
        "id": member.id,
        "login": member.login,
        "name": member.name,
        "name_en": member.name_en,
        "roles": [known.get(role, role) for role in member.roles],
        "kind": kinds[member.status],
        "label": MEMBER_LABELS[member.status],
        "is_suspended": member.status is MemberState.SUSPENDED,
    }


routes = [
    Route("/admin/staff", staff_list_page),
    Route("/admin/staff", enrol_staff_page, methods=["POST"]),
    Route("/admin/staff/new", new_staff_page),
    Route("/admin/staff/invitations", new_invitation_page),
    Route("/admin/staff/invitations", invite_staff_page, methods=["POST"]),
    Route("/admin/staff/{member_id:uuid}", staff_member_page),
    Route("/admin/staff/{member_id:uuid}", change_staff_page, methods=["POST"]),
    Route("/admin/staff/{member_id:uuid}/suspension", suspend_staff_page, methods=["POST"]),
    Route("/admin/staff/{member_id:uuid}/reinstatement", reinstate_staff_page, methods=["POST"]),
    Route("/admin/staff/{member_id:uuid}/second-factor-reset", reset_second_factor_page, methods=["POST"]),
    Route("/admin/staff/{member_id:uuid}/password-reset", reset_password_page, methods=["POST"]),
]
