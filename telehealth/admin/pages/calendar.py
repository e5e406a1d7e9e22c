"""The hospital's working days, a month at a time."""

import calendar
import re
from datetime import date
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from telehealth import directory
from telehealth.admin.pages.forms import render_form
from telehealth.admin.schemas import ChangeDay, FillYear
from telehealth.core.access import Permission
from telehealth.core.calendar import working_by
from telehealth.core.clock import HospitalDay, add_months
from telehealth.core.i18n import N_
from telehealth.core.unit import Unit
from telehealth.directory import CalendarDay, calendaring
from telehealth.web.contract import page
from telehealth.web.forms import Form, blank, read_form
from telehealth.web.pages import redirect

NEEDS = Permission.MANAGE_CALENDAR
WEEKDAYS = (N_("周一"), N_("周二"), N_("周三"), N_("周四"), N_("周五"), N_("周六"), N_("周日"))
_MONTH = re.compile(r"20[0-9]{2}-(0[1-9]|1[0-2])")


@page(needs=NEEDS)
async def calendar_page(request: Request, unit: Unit) -> Response:
    chosen = request.query_params.get("day", "")
    return await _show(request, unit, _month(request, unit), blank(day=chosen))


@page(needs=NEEDS)
async def change_day_page(request: Request, unit: Unit) -> Response:
    form = await read_form(request, ChangeDay)
    if form.model is None:
        return await _show(request, unit, _month(request, unit), form, status=422)
    wanted = form.model
    await calendaring.set_day(
        unit,
        unit.actor.hospital,
        wanted.day,
        is_working=wanted.is_working == "yes",
        reason=wanted.reason,
    )
    return redirect(f"/admin/calendar?month={wanted.day:%Y-%m}", flash=N_("已保存，排班按新的日历"))


@page(needs=NEEDS)
async def fill_year_page(request: Request, unit: Unit) -> Response:
    """The days of one year, in its request."""
    form = await read_form(request, FillYear)
    if form.model is None:
        return redirect("/admin/calendar", flash=N_("请选择年份"), kind="warn")
    await calendaring.fill_calendar(unit, unit.actor.hospital, (form.model.year,))
    return redirect(
        f"/admin/calendar?month={form.model.year}-01", flash=N_("已载入国家公布的节假日，人工改动保留")
    )


async def _show(
    request: Request, unit: Unit, first: HospitalDay, form: Form[Any], *, status: int = 200
) -> Response:
    weeks = calendar.Calendar().monthdatescalendar(first.year, first.month)
    noted = await directory.calendar_days(unit, unit.actor.hospital, weeks[0][0], weeks[-1][-1])
    is_working = working_by({day: row.is_working for day, row in noted.items()})
    chosen = _day(str(form.values.get("day", "")))
    return render_form(
        request,
        "admin/calendar.html",
        form,
        status=status,
        month=first,
        weekdays=WEEKDAYS,
        weeks=[
            [_cell(day, first, unit.today, is_working(day), noted.get(day)) for day in week] for week in weeks
        ],
        previous=f"{add_months(first, -1):%Y-%m}",
        following=f"{add_months(first, 1):%Y-%m}",
        chosen=chosen,
        chosen_is_working=is_working(chosen) if chosen else False,
        chosen_reason=noted[chosen].reason if chosen in noted else "",
        forecast=any(row.is_forecast for day, row in noted.items() if day.month == first.month),
        years=[unit.today.year, unit.today.year + 1],
    )


def _month(request: Request, unit: Unit) -> HospitalDay:
    """The first of the month in the address, else of the chosen day, else of today."""
    text = request.query_params.get("month", "")
    if _MONTH.fullmatch(text):
        return date.fromisoformat(f"{text}-01")
    return (_day(request.query_params.get("day", "")) or unit.today).replace(day=1)


def _day(text: str) -> HospitalDay | None:
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return None
    return day if 2000 <= day.year < 2100 else None


def _cell(
    day: HospitalDay, month: HospitalDay, today: HospitalDay, is_working: bool, row: CalendarDay | None
) -> dict[str, Any]:
    return {
        "day": day,
        "is_other_month": day.month != month.month,
        "is_today": day == today,
        "is_working": is_working,
        "is_unusual": is_working is not (day.weekday() < 5),
        "reason": row.reason if row else "",
        "by_staff": row is not None and row.changed_by is not None,
    }


routes = [
    Route("/admin/calendar", calendar_page),
    Route("/admin/calendar", change_day_page, methods=["POST"]),
    Route("/admin/calendar/years", fill_year_page, methods=["POST"]),
]
