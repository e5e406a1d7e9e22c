"""Doctors, their fees, and what they hold: who may sit online, and until when."""

from datetime import date
from typing import Any
from uuid import UUID

from pydantic import BaseModel
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from telehealth import directory
from telehealth.admin.pages.forms import render_form
from telehealth.admin.schemas import WithReason
from telehealth.admin.wording import CREDENTIALS, MISSING
from telehealth.core.access import Permission
from telehealth.core.errors import FieldsInvalid
from telehealth.core.i18n import N_
from telehealth.core.money import yuan
from telehealth.core.text import Day
from telehealth.core.unit import Unit
from telehealth.directory import Credential, Doctor, campuses, credentialing, departments, publishing
from telehealth.directory.errors import CredentialsMissing, DoctorNotFound
from telehealth.directory.schemas import CredentialDetails, DoctorDetails
from telehealth.directory.states import CredentialKind, Suspension
from telehealth.web.contract import page
from telehealth.web.forms import Form, blank, read_form
from telehealth.web.pages import redirect, render

NEEDS = Permission.MANAGE_DIRECTORY


class LastDay(BaseModel):
    last_day: Day


@page(needs=NEEDS)
async def doctor_list_page(request: Request, unit: Unit) -> Response:
    """Those who are suspended or whose credentials end soonest come first."""
    hospital_id = unit.actor.hospital
    rows = await directory.doctors(unit, hospital_id, include_left=True)
    names = {row.id: row.name for row in await departments(unit, hospital_id, include_closed=True)}
    ends = _soonest(await directory.credentials(unit, hospital_id), unit.today)
    lines = [
        {
            "id": row.id,
            "name": row.name,
            "title": row.title,
            "department": names.get(row.department_id, ""),
            "fee_online": row.fee_online,
            "fee_offline": row.fee_offline,
            "tags": _tags(row, unit.today),
            "ends_on": ends.get(row.id),
            "ends_soon": row.id in ends and (ends[row.id] - unit.today).days <= 30,
        }
        for row in rows
    ]
    lines.sort(key=lambda line: (line["ends_on"] is None, line["ends_on"] or date.max))
    return render(request, "admin/doctors.html", doctors=lines)


@page(needs=NEEDS)
async def new_doctor_page(request: Request, unit: Unit) -> Response:
    return await _form(request, unit, blank(campus_ids=[]))


@page(needs=NEEDS)
async def add_doctor_page(request: Request, unit: Unit) -> Response:
    form = await read_form(request, DoctorDetails)
    if form.model is None:
        return await _form(request, unit, form, status=422)
    try:
        row = await publishing.add_doctor(unit, unit.actor.hospital, form.model)
    except FieldsInvalid as error:
        return await _form(request, unit, form.refuse(error), status=422)
    return redirect(f"/admin/doctors/{row.id}", flash=N_("已添加，请登记资质后开通线上出诊"))


@page(needs=NEEDS)
async def doctor_page(request: Request, unit: Unit, doctor_id: UUID) -> Response:
    return await _show(request, unit, await _own(unit, doctor_id))


@page(needs=NEEDS)
async def edit_doctor_page(request: Request, unit: Unit, doctor_id: UUID) -> Response:
    row = await _own(unit, doctor_id)
    return await _form(request, unit, _filled(row), row=row)


@page(needs=NEEDS)
async def save_doctor_page(request: Request, unit: Unit, doctor_id: UUID) -> Response:
    row = await _own(unit, doctor_id)
    form = await read_form(request, DoctorDetails)
    if form.model is None:
        return await _form(request, unit, form, row=row, status=422)
    try:
        await publishing.edit_doctor(unit, doctor_id, form.model)
    except FieldsInvalid as error:
        return await _form(request, unit, form.refuse(error), row=row, status=422)
    return redirect(f"/admin/doctors/{doctor_id}", flash=N_("已保存，新的预约按新的内容"))


@page(needs=NEEDS)
async def record_credential_page(request: Request, unit: Unit, doctor_id: UUID) -> Response:
    row = await _own(unit, doctor_id)
    form = await read_form(request, CredentialDetails)
    if form.model is None:
        return await _show(request, unit, row, form=form, status=422)
    try:
        await credentialing.record_credential(unit, row.hospital_id, form.model, doctor_id=doctor_id)
    except FieldsInvalid as error:
        return await _show(request, unit, row, form=form.refuse(error), status=422)
    return redirect(f"/admin/doctors/{doctor_id}", flash=N_("已登记"))


@page(needs=NEEDS)
async def revoke_credential_page(
    request: Request, unit: Unit, doctor_id: UUID, credential_id: UUID
) -> Response:
    await _own(unit, doctor_id)
    form = await read_form(request, WithReason)
    if form.model is None:
        return redirect(f"/admin/doctors/{doctor_id}", flash=N_("请填写原因"), kind="warn")
    await credentialing.revoke_credential(unit, credential_id, reason=form.model.reason)
    return redirect(f"/admin/doctors/{doctor_id}", flash=N_("已注销"))


@page(needs=NEEDS)
async def let_doctor_online_page(request: Request, unit: Unit, doctor_id: UUID) -> Response:
    row = await _own(unit, doctor_id)
    try:
        await credentialing.let_sit_online(unit, doctor_id)
    except CredentialsMissing as error:
        return await _show(request, unit, row, refusal=error.detail, status=409)
    return redirect(f"/admin/doctors/{doctor_id}", flash=N_("已开通线上出诊"))


@page(needs=NEEDS)
async def suspend_doctor_page(request: Request, unit: Unit, doctor_id: UUID) -> Response:
    await _own(unit, doctor_id)
    form = await read_form(request, WithReason)
    if form.model is None:
        return redirect(f"/admin/doctors/{doctor_id}", flash=N_("请填写原因"), kind="warn")
    await credentialing.suspend_doctor(unit, doctor_id, reason=form.model.reason)
    return redirect(f"/admin/doctors/{doctor_id}", flash=N_("已停止线上出诊"))


@page(needs=NEEDS)
async def doctor_leaves_page(request: Request, unit: Unit, doctor_id: UUID) -> Response:
    await _own(unit, doctor_id)
    form = await read_form(request, LastDay)
    if form.model is None:
        return redirect(f"/admin/doctors/{doctor_id}", flash=N_("请填写有效的日期"), kind="warn")
    await publishing.let_doctor_leave(unit, doctor_id, form.model.last_day)
    return redirect(f"/admin/doctors/{doctor_id}", flash=N_("已登记离任日期"))


async def _own(unit: Unit, doctor_id: UUID) -> Doctor:
    row = await directory.doctor(unit, doctor_id)
    if row.hospital_id != unit.actor.hospital:
        raise DoctorNotFound()
    return row


async def _show(
    request: Request,
    unit: Unit,
    row: Doctor,
    *,
    form: Form[Any] | None = None,
    refusal: str = "",
    status: int = 200,
) -> Response:
    held = await directory.credentials(unit, row.hospital_id, doctor_id=row.id)
    missing = await credentialing.missing_today(unit, row)
    renewed = request.query_params.get("renew", "")
    kinds = {str(kind): label for kind, label in CREDENTIALS.items()}
    return render_form(
        request,
        "admin/doctor.html",
        form or blank(kind=renewed if renewed in kinds else ""),
        status=status,
        doctor=row,
        tags=_tags(row, unit.today),
        missing=[MISSING[name] for name in missing],
        is_online=row.online,
        is_suspended=row.suspended,
        credentials=[_credential_line(credential, unit.today) for credential in reversed(held)],
        kinds=list(kinds.items()),
        refusal=refusal,
    )


async def _form(
    request: Request, unit: Unit, form: Form[Any], *, row: Doctor | None = None, status: int = 200
) -> Response:
    hospital_id = unit.actor.hospital
    return render_form(
        request,
        "admin/doctor_form.html",
        form,
        status=status,
        doctor=row,
        departments=[(str(x.id), x.name) for x in await departments(unit, hospital_id, include_closed=True)],
        campuses=[(str(x.id), x.name) for x in await campuses(unit, hospital_id, live_only=False)],
    )


def _filled(row: Doctor) -> Form[Any]:
    return blank(
        department_id=str(row.department_id),
        campus_ids=[str(campus) for campus in row.campus_ids],
        name=row.name,
        name_en=row.name_en,
        title=row.title,
        title_en=row.title_en,
        good_at=row.good_at,
        good_at_en=row.good_at_en,
        practising_since=row.practising_since.isoformat(),
        multi_site=row.multi_site,
        fee_online=yuan(row.fee_online),
        fee_offline=yuan(row.fee_offline),
    )


def _soonest(rows: Any, today: date) -> dict[UUID, date]:
    """Per doctor, the day the first needed kind runs out, counting only its latest credential."""
    latest: dict[tuple[UUID, CredentialKind], date] = {}
    for row in rows:
        if row.doctor_id is not None and row.revoked_at is None:
            key = (row.doctor_id, row.kind)
            latest[key] = max(row.valid_until, latest.get(key, date.min))
    soonest: dict[UUID, date] = {}
    for (doctor_id, _), day in latest.items():
        soonest[doctor_id] = min(day, soonest.get(doctor_id, date.max))
    return soonest


def _tags(row: Doctor, today: date) -> list[tuple[str, str]]:
    if not row.works_on(today):
        return [("", N_("已离任"))]
    if row.suspension is Suspension.CREDENTIAL:
        return [("danger", N_("资质到期，已自动停诊"))]
    if row.suspended:
        return [("danger", N_("已停止线上出诊"))]
    return [("ok", N_("线上出诊"))] if row.online else [("", N_("未开通线上"))]


def _credential_line(row: Credential, today: date) -> dict[str, Any]:
    if row.revoked_at is not None:
        tag = ("", N_("已注销"))
    elif row.valid_until < today:
        tag = ("danger", N_("已过期"))
    elif row.valid_from > today:
        tag = ("info", N_("未生效"))
    elif (row.valid_until - today).days <= 30:
        tag = ("warn", N_("即将到期"))
    else:
        tag = ("ok", N_("有效"))
    return {
        "id": row.id,
        "kind": str(row.kind),
        "label": CREDENTIALS[row.kind],
        "number": row.number,
        "scope": row.scope,
        "valid_from": row.valid_from,
        "valid_until": row.valid_until,
        "tag": tag,
        "can_revoke": row.revoked_at is None and row.valid_until >= today,
    }


routes = [
    Route("/admin/doctors", doctor_list_page),
    Route("/admin/doctors", add_doctor_page, methods=["POST"]),
    Route("/admin/doctors/new", new_doctor_page),
    Route("/admin/doctors/{doctor_id:uuid}", doctor_page),
    Route("/admin/doctors/{doctor_id:uuid}", save_doctor_page, methods=["POST"]),
    Route("/admin/doctors/{doctor_id:uuid}/edit", edit_doctor_page),
    Route("/admin/doctors/{doctor_id:uuid}/credentials", record_credential_page, methods=["POST"]),
    Route(
        "/admin/doctors/{doctor_id:uuid}/credentials/{credential_id:uuid}/revocation",
        revoke_credential_page,
        methods=["POST"],
    ),
    Route("/admin/doctors/{doctor_id:uuid}/online", let_doctor_online_page, methods=["POST"]),
    Route("/admin/doctors/{doctor_id:uuid}/suspension", suspend_doctor_page, methods=["POST"]),
    Route("/admin/doctors/{doctor_id:uuid}/leaving", doctor_leaves_page, methods=["POST"]),
]
