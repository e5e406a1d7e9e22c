"""Staff pages of the schedule: the week, the weekly templates, and planning from them."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from typing import Any
from uuid import UUID

from pydantic import Field
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from telehealth.core.access import Actor, Permission
from telehealth.core.clock import HospitalDay
from telehealth.core.errors import DomainError, FieldsInvalid
from telehealth.core.i18n import N_
from telehealth.core.unit import Unit, Units
from telehealth.directory import calendar_days, campuses, departments, doctor, doctors, doctors_by_id, said
from telehealth.rulebook import current_policy
from telehealth.rulebook.rules import Channel, ClinicKind
from telehealth.schedule import planning, queries
from telehealth.schedule.api import row_of
from telehealth.schedule.queries import ClinicOffer
from telehealth.schedule.rules import HalfDay, half_hours
from telehealth.schedule.schemas import AddTemplate, Input, NearDay
from telehealth.schedule.states import ClinicState
from telehealth.schedule.wording import CHANNEL_LABELS, HALF_LABELS, KIND_LABELS, WEEKDAY_LABELS
from telehealth.web.contract import page
from telehealth.web.forms import Form, blank, read_form
from telehealth.web.house import house_of
from telehealth.web.pages import redirect, render, words
from telehealth.web.preferences import language
from telehealth.web.problems import sentence, status_of

TEMPLATES = "/staff/clinics/templates"
HALVES = list(HalfDay)


@page(needs=Permission.SEE_CLINICS)
async def clinic_week_page(request: Request, unit: Unit) -> Response:
    """The week of one campus: seats, seats taken by channel, and demand against capacity (SJ10)."""
    lang = language(request)
    places = await campuses(unit, unit.actor.hospital, live_only=False)
    chosen = _choose(places, request.query_params.get("campus", ""))
    monday = _monday(request.query_params.get("week", ""), unit.today)
    days = [monday + timedelta(days=n) for n in range(7)]
    offers: list[ClinicOffer] = []
    if chosen is not None:
        offers = await queries.week_of_clinics(
            unit, unit.actor.hospital, campus_id=chosen.id, first=days[0], last=days[-1]
        )
    demand = await _demand(request, unit, [offer.clinic.id for offer in offers])
    closed_days = await calendar_days(unit, unit.actor.hospital, days[0], days[-1])

    def href(week: HospitalDay) -> str:
        return f"/staff/clinics?week={week.isoformat()}" + (f"&campus={chosen.id}" if chosen else "")

    return render(
        request,
        "schedule/week.html",
        campuses=[(row.id, said(row, "name", lang)) for row in places],
        campus=chosen.id if chosen else "",
        week=monday,
        earlier=href(monday - timedelta(days=7)),
        later=href(monday + timedelta(days=7)),
        this_week=href(_monday("", unit.today)),
        days=[
            {
                "day": day,
                "weekday": WEEKDAY_LABELS[day.weekday()],
                "is_today": day == unit.today,
                "off": bool(closed_days.get(day)) and not closed_days[day].is_working,
                "reason": closed_days[day].reason if day in closed_days else "",
            }
            for day in days
        ],
        rows=_by_doctor(offers, days, lang),
        totals=_totals(offers, demand),
        departments=_by_department(offers, demand, lang),
        may_plan=unit.actor.may(Permission.PLAN_CLINICS),
        may_book=unit.actor.may(Permission.BOOK_FOR_PATIENT),
    )


@page(needs=Permission.PLAN_CLINICS)
async def clinic_templates_page(request: Request, unit: Unit) -> Response:
    return await _templates(request, unit, blank(capacity="16", kind="internet", half="morning", weekday="0"))


@page(needs=Permission.PLAN_CLINICS)
async def add_clinic_template_page(request: Request, units: Units, actor: Actor) -> Response:
    form = await read_form(request, AddTemplate)
    if form.model is not None:
        try:
            async with units.of(actor) as unit:
                who = await doctor(unit, form.model.doctor_id)
                await planning.add_template(
                    unit, actor.hospital, row_of(form.model), doctor=who, campus_id=form.model.campus_id
                )
            return redirect(TEMPLATES, flash=N_("已添加排班，点“生成门诊”后开始放号"))
        except FieldsInvalid as error:
            form.refuse(error)
        except DomainError as error:
            form.errors["__all__"] = sentence(error, language(request))
    async with units.of(actor) as unit:
        return await _templates(request, unit, form, status=422)


@page(needs=Permission.PLAN_CLINICS)
async def drop_clinic_template_page(unit: Unit, template_id: UUID) -> Response:
    await planning.drop_template(unit, template_id)
    return redirect(TEMPLATES, flash=N_("已删除排班，已生成的门诊不受影响"))


class PlanForm(Input):
    last: NearDay = Field()


@page(needs=Permission.PLAN_CLINICS)
async def plan_clinics_page(request: Request, units: Units, actor: Actor) -> Response:
    form = await read_form(request, PlanForm)
    if form.model is not None:
        try:
            async with units.of(actor) as unit:
                last = max(form.model.last, unit.today)
                await planning.plan_clinics(unit, actor.hospital, first=unit.today, last=last)
            return redirect("/staff/clinics", flash=N_("已生成门诊，重复生成只补缺少的"))
        except DomainError as error:
            form.errors["last"] = sentence(error, language(request))
            async with units.of(actor) as unit:
                return await _templates(request, unit, blank(), plan=form, status=status_of(error))
    async with units.of(actor) as unit:
        return await _templates(request, unit, blank(), plan=form, status=422)


async def _templates(
    request: Request, unit: Unit, form: Form[Any], *, plan: Form[Any] | None = None, status: int = 200
) -> Response:
    lang, hospital_id = language(request), unit.actor.hospital
    policy = (await current_policy(unit, hospital_id)).policy
    rows = await queries.templates(unit, hospital_id)
    people = await doctors_by_id(unit, [row.doctor_id for row in rows])
    places = {row.id: row for row in await campuses(unit, hospital_id, live_only=False)}
    kinds = {row.id: row for row in await departments(unit, hospital_id, include_closed=True)}
    _ = words(request)
    lines = [
        {
            "id": row.id,
            "doctor": said(people[row.doctor_id], "name", lang),
            "department": said(kinds[row.department_id], "name", lang) if row.department_id in kinds else "",
            "campus": said(places[row.campus_id], "name", lang) if row.campus_id in places else "",
            "weekday": WEEKDAY_LABELS[row.weekday],
            "half": HALF_LABELS[row.half],
            "kind": KIND_LABELS[row.kind],
            "is_offline": row.kind is ClinicKind.OFFLINE,
            "hours": _hours(row.starts, row.ends, half_hours(row.half, policy)),
            "minutes": row.slot_minutes or policy.schedule.slot_minutes,
            "capacity": row.capacity,
            "holidays": row.runs_on_holidays,
            "sort": (row.weekday, HALVES.index(row.half)),
        }
        for row in rows
    ]
    lines.sort(key=lambda line: (str(line["campus"]), str(line["doctor"]), line["sort"]))
    return render(
        request,
        "schedule/templates.html",
        status,
        lines=lines,
        form=form,
        plan=plan or blank(last=(unit.today + timedelta(days=policy.schedule.horizon_days)).isoformat()),
        doctors=[
            (row.id, f"{said(row, 'name', lang)} · {said(kinds[row.department_id], 'name', lang)}")
            for row in await doctors(unit, hospital_id)
            if row.department_id in kinds
        ],
        campuses=[(row.id, said(row, "name", lang)) for row in places.values()],
        weekdays=[(n, _(label)) for n, label in enumerate(WEEKDAY_LABELS)],
        halves=[
            (half.value, f"{_(HALF_LABELS[half])} {_hours(None, None, half_hours(half, policy))}")
            for half in HALVES
        ],
        kinds=[(kind.value, _(label)) for kind, label in KIND_LABELS.items()],
        slot_minutes=policy.schedule.slot_minutes,
        horizon=policy.schedule.horizon_days,
    )


def _hours(starts: Any, ends: Any, half: tuple[Any, Any]) -> str:
    return f"{starts or half[0]:%H:%M}–{ends or half[1]:%H:%M}"


def _choose(places: Sequence[Any], wanted: str) -> Any:
    return next((row for row in places if str(row.id) == wanted), places[0] if places else None)


def _monday(text: str, today: HospitalDay) -> HospitalDay:
    try:
        day = date.fromisoformat(text)
    except ValueError:
        day = today
    if not date(2000, 1, 10) <= day <= date(2199, 12, 1):
        day = today
    return day - timedelta(days=day.weekday())


async def _demand(request: Request, unit: Unit, clinic_ids: list[UUID]) -> dict[UUID, int]:
    """How many people asked for a seat of each clinic, as the features above know it."""
    found: dict[UUID, int] = {}
    for part in house_of(request).contributions.get("clinic_demand", []):
        found |= await part(unit, clinic_ids)
    return found


def _by_doctor(offers: Iterable[ClinicOffer], days: list[HospitalDay], lang: str) -> list[dict[str, Any]]:
    grouped: dict[UUID, list[ClinicOffer]] = defaultdict(list)
    for offer in offers:
        grouped[offer.doctor.id].append(offer)
    return [
        {
            "doctor": said(found[0].doctor, "name", lang),
            "title": said(found[0].doctor, "title", lang),
            "department": said(found[0].department, "name", lang),
            "days": [[_cell(offer) for offer in found if offer.clinic.day == day] for day in days],
        }
        for found in grouped.values()
    ]


def _cell(offer: ClinicOffer) -> dict[str, Any]:
    row = offer.clinic
    looks = {ClinicKind.OFFLINE: "offline", ClinicKind.INTERNET: ""}
    return {
        "href": f"/staff/clinics/{row.id}",
        "half": HALF_LABELS[row.half],
        "starts_at": row.starts_at,
        "kind": KIND_LABELS[row.kind],
        "taken": row.taken_online + row.taken_desk + row.taken_phone,
        "capacity": row.capacity,
        # Where every channel may take everything there is nothing to tell.
        "shares": shares(row) if row.quota_online < row.capacity else [],
        "look": looks[row.kind] if row.state is ClinicState.OPEN else "closed",
    }


def shares(row: Any) -> list[dict[str, Any]]:
    """Seats taken of what each channel may take."""
    numbers = {
        Channel.ONLINE: (row.taken_online, row.quota_online),
        Channel.DESK: (row.taken_desk, row.quota_desk),
        Channel.PHONE: (row.taken_phone, row.quota_phone),
    }
    return [
        {"label": CHANNEL_LABELS[channel], "taken": taken, "quota": quota}
        for channel, (taken, quota) in numbers.items()
    ]


def _totals(offers: Iterable[ClinicOffer], demand: dict[UUID, int]) -> dict[str, int]:
    open_rows = [offer.clinic for offer in offers if offer.clinic.state is ClinicState.OPEN]
    taken = {
        "online": sum(row.taken_online for row in open_rows),
        "desk": sum(row.taken_desk for row in open_rows),
        "phone": sum(row.taken_phone for row in open_rows),
    }
    return taken | {
        "clinics": len(open_rows),
        "capacity": sum(row.capacity for row in open_rows),
        "taken": sum(taken.values()),
        "demand": sum(demand.get(row.id, 0) for row in open_rows),
        "full": sum(row.capacity <= row.taken_online + row.taken_desk + row.taken_phone for row in open_rows),
    }


def _by_department(offers: Iterable[ClinicOffer], demand: dict[UUID, int], lang: str) -> list[dict[str, Any]]:
    grouped: dict[UUID, list[ClinicOffer]] = defaultdict(list)
    for offer in offers:
        grouped[offer.department.id].append(offer)
    return [
        {"name": said(found[0].department, "name", lang)} | _totals(found, demand)
        for found in grouped.values()
    ]


routes = [
    Route("/staff/clinics", clinic_week_page),
    Route("/staff/clinics/templates", clinic_templates_page),
    Route("/staff/clinics/templates", add_clinic_template_page, methods=["POST"]),
    Route("/staff/clinics/templates/{template_id:uuid}/removal", drop_clinic_template_page, methods=["POST"]),
    Route("/staff/clinics/plan", plan_clinics_page, methods=["POST"]),
]
