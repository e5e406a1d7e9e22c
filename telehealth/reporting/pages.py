"""The promise dashboard, the daily reports, and what a hospital publishes of its waiting times."""

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from telehealth.core.access import NOBODY, Actor, Permission
from telehealth.core.clock import HospitalDay
from telehealth.core.errors import FieldsInvalid
from telehealth.core.i18n import N_
from telehealth.core.measures import Measures
from telehealth.core.unit import Unit, Units
from telehealth.directory import DepartmentNotFound, said
from telehealth.reporting import exporting, queries
from telehealth.reporting.api import asked_span, day_of, report_file
from telehealth.reporting.daily import shown_report
from telehealth.reporting.presenting import card, departments_table, pains
from telehealth.reporting.publishing import published
from telehealth.reporting.reading import names_of, read_span
from telehealth.reporting.rules import PERIODS, Span
from telehealth.reporting.wording import tick_words
from telehealth.web.contract import page
from telehealth.web.pages import render, words
from telehealth.web.preferences import language

NEEDS = Permission.SEE_FIGURES
HERE, REPORTS = "/staff/figures", "/staff/daily-reports"
LIMIT = 31
_PERIODS = {7: N_("7天"), 30: N_("30天"), 90: N_("90天")}


@page(needs=NEEDS)
async def figures_page(request: Request, unit: Unit) -> Response:
    _, lang = words(request), language(request)
    span, department_id, errors = _asked(request, unit.today)
    found = await read_span(unit, unit.actor.hospital, span, department_id=department_id)
    metrics = unit.port(Measures).metrics
    by_name = {one.metric.name: one for one in found.series}
    names = names_of(found.departments, lang)
    return render(
        request,
        "reporting/figures.html",
        422 if errors else 200,
        span=span,
        is_sample=found.is_sample,
        is_empty=not found.rows,
        pains=pains(metrics, by_name, _),
        cards=[card(one, found.before[one.metric.name], _) for one in found.series],
        by_department=departments_table(metrics, found.rows, names, _),
        periods=[
            {
                "href": _href(days=days, department=department_id),
                "label": _(_PERIODS[days]),
                "current": span.length == days and span.last == unit.today - timedelta(days=1),
            }
            for days in PERIODS
        ],
        departments=[(str(row.id), names[row.id]) for row in found.departments],
        department=str(department_id or ""),
        file=f"{HERE}.csv?{_query(span, department_id)}",
        errors=errors,
        tick_words=lambda value, top: tick_words(value, top, _),
    )


@page(needs=NEEDS, limit="30/minute")
async def figures_file_page(request: Request, unit: Unit) -> Response:
    """The same rows for a spreadsheet; who took it, and of which days, is recorded."""
    span, department_id, errors = _asked(request, unit.today)
    if errors:
        raise FieldsInvalid(errors)
    found = await read_span(unit, unit.actor.hospital, span, department_id=department_id)
    names = names_of(found.departments, language(request))
    unit.audit("figures.exported", f"hospital:{unit.actor.hospital}", first=span.first, last=span.last)
    body = exporting.table(found.rows, unit.port(Measures).metrics, names, words(request))
    name = f"figures-{span.first:%Y%m%d}-{span.last:%Y%m%d}.csv"
    return Response(
        body,
        media_type="text/csv; charset=utf-8",
        headers={"content-disposition": f'attachment; filename="{name}"', "cache-control": "no-store"},
    )


@page(needs=NEEDS)
async def daily_reports_page(request: Request, unit: Unit) -> Response:
    before = _day(request.query_params.get("before", ""))
    rows = await queries.reports(unit, unit.actor.hospital, before=before, limit=LIMIT + 1)
    kept = rows[:LIMIT]
    return render(
        request,
        "reporting/daily_reports.html",
        reports=kept,
        older=f"{REPORTS}?before={kept[-1].day}" if len(rows) > LIMIT else "",
        newest=REPORTS if before else "",
    )


@page(needs=NEEDS)
async def daily_report_page(request: Request, unit: Unit, day: str) -> Response:
    return render(
        request,
        "reporting/daily_report.html",
        report=await shown_report(unit, day_of(day), language(request)),
    )


@page(needs=NEEDS, limit="30/minute")
async def daily_report_file_page(request: Request, units: Units, actor: Actor, day: str) -> Response:
    """The same as a PDF, for the morning round and the file."""
    return await report_file(units, actor, day_of(day), language(request))


@page(public=True)
async def published_figures_page(request: Request, units: Units, code: str) -> Response:
    """For anybody who chooses a hospital: how long people wait, by department (GD17)."""
    _, lang = words(request), language(request)
    found = await published(units, NOBODY, code, 30)
    return render(
        request,
        "reporting/published.html",
        code=code,
        hospital=said(found.hospital, "name", lang),
        span=found.span,
        smallest=found.smallest,
        is_sample=found.is_sample,
        table=departments_table(
            found.metrics, found.rows, names_of(found.departments, lang), _, smallest=found.smallest
        ),
    )


def _asked(request: Request, today: HospitalDay) -> tuple[Span, UUID | None, dict[str, str]]:
    """What the address asks for; nonsense falls back to thirty days, and says so."""
    params, _ = request.query_params, words(request)
    department_id = _uuid(params.get("department", ""))
    days = params.get("days", "")
    count = int(days) if days in map(str, PERIODS) else 30
    try:
        span = asked_span(_day(params.get("first", "")), _day(params.get("last", "")), count, today)
    except FieldsInvalid as error:
        return asked_span(None, None, 30, today), department_id, {k: _(v) for k, v in error.fields.items()}
    return span, department_id, {}


def _href(*, days: int, department: UUID | None) -> str:
    asked: Mapping[str, Any] = {"days": days, **({"department": department} if department else {})}
    return f"{HERE}?{urlencode(asked)}"


def _query(span: Span, department: UUID | None) -> str:
    asked = {"first": span.first.isoformat(), "last": span.last.isoformat()}
    return urlencode({**asked, **({"department": str(department)} if department else {})})


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def _uuid(text: str) -> UUID | None:
    """Raises DepartmentNotFound: an address that names none of ours."""
    if not text:
        return None
    try:
        return UUID(text)
    except ValueError:
        raise DepartmentNotFound() from None


routes = [
    Route(HERE, figures_page),
    Route(f"{HERE}.csv", figures_file_page),
    Route(REPORTS, daily_reports_page),
    Route(f"{REPORTS}/{{day}}.pdf", daily_report_file_page),
    Route(f"{REPORTS}/{{day}}", daily_report_page),
    Route("/h/{code}/figures", published_figures_page),
]
