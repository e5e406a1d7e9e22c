"""The hospital's own row, its campuses and departments: names, go-live days, switches."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from telehealth.admin.pages.forms import render_form
from telehealth.admin.wording import DEPARTMENTS, SWITCHES
from telehealth.core.access import Actor, Permission
from telehealth.core.errors import FieldsInvalid
from telehealth.core.i18n import N_
from telehealth.core.unit import Unit, Units
from telehealth.directory import (
    Campus,
    CampusNotFound,
    Department,
    DepartmentNotFound,
    campus,
    campuses,
    department,
    departments,
    hospital,
    publishing,
)
from telehealth.directory.errors import CodeTaken
from telehealth.directory.schemas import CampusDetails, DepartmentDetails, HospitalDetails
from telehealth.web.contract import page
from telehealth.web.forms import Form, blank, read_form
from telehealth.web.pages import redirect, render, words

NEEDS = Permission.MANAGE_DIRECTORY


@page(needs=NEEDS)
async def departments_page(request: Request, unit: Unit) -> Response:
    hospital_id = unit.actor.hospital
    places = await campuses(unit, hospital_id, live_only=False)
    _ = words(request)
    names = {place.id: place.name for place in places}
    return render(
        request,
        "admin/departments.html",
        hospital=await hospital(unit, hospital_id),
        campuses=places,
        departments=[
            {
                "id": row.id,
                "name": row.name,
                "code": row.code,
                "kind": DEPARTMENTS[row.kind],
                "campuses": _("、").join(names.get(x, "") for x in row.campus_ids),
                "tags": _tags(row),
            }
            for row in await departments(unit, hospital_id, include_closed=True)
        ],
    )


@page(needs=NEEDS)
async def hospital_settings_page(request: Request, unit: Unit) -> Response:
    row = await hospital(unit, unit.actor.hospital)
    return _hospital_form(request, blank(**_values(row, HospitalDetails)))


@page(needs=NEEDS)
async def save_hospital_page(request: Request, unit: Unit) -> Response:
    form = await read_form(request, HospitalDetails)
    if form.model is None:
        return _hospital_form(request, form, status=422)
    await publishing.edit_hospital(unit, unit.actor.hospital, form.model)
    return redirect("/admin/departments", flash=N_("已保存"))


@page(needs=NEEDS)
async def new_campus_page(request: Request) -> Response:
    return _campus_form(request, blank(switches=[], order="0"), "")


@page(needs=NEEDS)
async def campus_page(request: Request, unit: Unit, campus_id: UUID) -> Response:
    row = await _own_campus(unit, campus_id)
    return _campus_form(request, blank(**_values(row, CampusDetails)), str(row.id))


@page(needs=NEEDS)
async def save_campus_page(request: Request, units: Units, actor: Actor) -> Response:
    """Add, or change the one in the path. A code that is taken is told beside the field."""
    campus_id = request.path_params.get("campus_id")
    form = await read_form(request, CampusDetails)
    if form.model is None:
        return _campus_form(request, form, str(campus_id or ""), status=422)
    try:
        async with units.of(actor) as unit:
            if campus_id is None:
                await publishing.add_campus(unit, actor.hospital, form.model)
            else:
                await publishing.edit_campus(unit, (await _own_campus(unit, campus_id)).id, form.model)
    except CodeTaken as error:
        return _campus_form(
            request, form.refuse(FieldsInvalid({"code": error.detail})), str(campus_id or ""), status=409
        )
    return redirect("/admin/departments", flash=N_("已保存"))


@page(needs=NEEDS)
async def new_department_page(request: Request, unit: Unit) -> Response:
    return await _department_form(request, unit, blank(campus_ids=[], open=True, order="0"), "")


@page(needs=NEEDS)
async def department_page(request: Request, unit: Unit, department_id: UUID) -> Response:
    row = await _own_department(unit, department_id)
    return await _department_form(request, unit, blank(**_values(row, DepartmentDetails)), str(row.id))


@page(needs=NEEDS)
async def save_department_page(request: Request, units: Units, actor: Actor) -> Response:
    department_id = request.path_params.get("department_id")
    form = await read_form(request, DepartmentDetails)
    if form.model is not None:
        try:
            async with units.of(actor) as unit:
                if department_id is None:
                    await publishing.add_department(unit, actor.hospital, form.model)
                else:
                    row = await _own_department(unit, department_id)
                    await publishing.edit_department(unit, row.id, form.model)
        except CodeTaken as error:
            form.refuse(FieldsInvalid({"code": error.detail}))
        except FieldsInvalid as error:
            form.refuse(error)
    if form.model is None:
        async with units.of(actor) as unit:
            return await _department_form(request, unit, form, str(department_id or ""), status=422)
    return redirect("/admin/departments", flash=N_("已保存"))


async def _own_campus(unit: Unit, campus_id: UUID) -> Campus:
    row = await campus(unit, campus_id)
    if row.hospital_id != unit.actor.hospital:
        raise CampusNotFound()
    return row


async def _own_department(unit: Unit, department_id: UUID) -> Department:
    row = await department(unit, department_id)
    if row.hospital_id != unit.actor.hospital:
        raise DepartmentNotFound()
    return row


def _hospital_form(request: Request, form: Form[Any], *, status: int = 200) -> Response:
    return render_form(request, "admin/hospital_form.html", form, status=status, switches=_switches())


def _campus_form(request: Request, form: Form[Any], campus_id: str, *, status: int = 200) -> Response:
    return render_form(
        request, "admin/campus_form.html", form, status=status, campus_id=campus_id, switches=_switches()
    )


async def _department_form(
    request: Request, unit: Unit, form: Form[Any], department_id: str, *, status: int = 200
) -> Response:
    places = await campuses(unit, unit.actor.hospital, live_only=False)
    return render_form(
        request,
        "admin/department_form.html",
        form,
        status=status,
        department_id=department_id,
        campuses=[(str(row.id), row.name) for row in places],
        kinds=[(str(kind), label) for kind, label in DEPARTMENTS.items()],
    )


def _switches() -> list[tuple[str, str]]:
    return [(str(switch), label) for switch, label in SWITCHES.items()]


def _values(row: Any, model: Any) -> dict[str, Any]:
    """A row as the texts and lists its form shows."""
    values = {name: getattr(row, name) for name in model.model_fields}
    for name, value in values.items():
        if isinstance(value, Mapping):
            values[name] = [key for key, is_on in value.items() if is_on]
        elif isinstance(value, list):
            values[name] = [str(item) for item in value]
        elif hasattr(value, "isoformat"):
            values[name] = value.isoformat()
    return values


def _tags(row: Department) -> list[tuple[str, str]]:
    tags = [] if row.open else [("", N_("已停用"))]
    tags += [("brand", N_("线上许可"))] if row.online else []
    tags += [("info", N_("须传舌象"))] if row.tongue_required else []
    return tags + ([("info", N_("图片优先"))] if row.images_first else [])


routes = [
    Route("/admin/departments", departments_page),
    Route("/admin/departments", save_department_page, methods=["POST"]),
    Route("/admin/departments/new", new_department_page),
    Route("/admin/departments/{department_id:uuid}", department_page),
    Route("/admin/departments/{department_id:uuid}", save_department_page, methods=["POST"]),
    Route("/admin/hospital", hospital_settings_page),
    Route("/admin/hospital", save_hospital_page, methods=["POST"]),
    Route("/admin/campuses", save_campus_page, methods=["POST"]),
    Route("/admin/campuses/new", new_campus_page),
    Route("/admin/campuses/{campus_id:uuid}", campus_page),
    Route("/admin/campuses/{campus_id:uuid}", save_campus_page, methods=["POST"]),
]
