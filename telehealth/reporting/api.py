"""JSON routes of a hospital's figures and its daily reports."""

from datetime import date

from pydantic import BaseModel, ConfigDict, Field, field_validator
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from telehealth.core.access import NOBODY, Actor, Permission
from telehealth.core.clock import HospitalDay
from telehealth.core.errors import FieldsInvalid
from telehealth.core.i18n import N_
from telehealth.core.unit import Unit, Units
from telehealth.directory import DepartmentNotFound, HospitalNotFound, hospital, said
from telehealth.reporting import daily, queries
from telehealth.reporting.errors import ReportNotFound
from telehealth.reporting.printing import printed
from telehealth.reporting.publishing import Published, published
from telehealth.reporting.reading import read_span
from telehealth.reporting.rules import EARLIEST, LONGEST, PERIODS, Span, last_days
from telehealth.reporting.schemas import (
    DailyReportView,
    FiguresQuery,
    FiguresView,
    MetricView,
    PublishedCell,
    PublishedDepartment,
    PublishedView,
)
from telehealth.web.contract import operation
from telehealth.web.pagination import Page, PageQuery, decode_cursor, encode_cursor
from telehealth.web.preferences import language

NEEDS = Permission.SEE_FIGURES
NOT_OFFERED = "请从给出的选项中选择"


class PublishedQuery(BaseModel):
    model_config = ConfigDict(extra="forbid")

    days: int = Field(default=30, json_schema_extra={"enum": list(PERIODS)})

    @field_validator("days")
    @classmethod
    def _is_a_period(cls, days: int) -> int:
        """A day more or less would be one day's count, however small, by taking one from the other (GD17)."""
        if days not in PERIODS:
            raise ValueError(NOT_OFFERED)
        return days


@operation(needs=NEEDS, raises=(DepartmentNotFound,))
async def show_figures(request: Request, unit: Unit, query: FiguresQuery) -> FiguresView:
    """Every metric of a span of days: added up, as many days before, and day by day."""
    span = asked_span(query.first, query.last, query.days, unit.today)
    found = await read_span(unit, unit.actor.hospital, span, department_id=query.department_id)
    lang = language(request)
    return FiguresView(
        first=span.first,
        last=span.last,
        is_sample=found.is_sample,
        metrics=[MetricView.of(one, found.before[one.metric.name], lang) for one in found.series],
    )


@operation(public=True, raises=(HospitalNotFound,))
async def show_published_figures(
    request: Request, units: Units, query: PublishedQuery, code: str
) -> PublishedView:
    """By department, small counts hidden (GD17). No sign-in."""
    return _published(await published(units, NOBODY, code, query.days), language(request))


@operation(needs=NEEDS)
async def list_daily_reports(unit: Unit, query: PageQuery) -> Page[DailyReportView]:
    """The latest first."""
    key = decode_cursor(query.after, 1)
    before = _day(key[0]) if key else None
    rows = await queries.reports(unit, unit.actor.hospital, before=before, limit=query.limit + 1)
    kept = rows[: query.limit]
    more = encode_cursor(kept[-1].day.isoformat()) if len(rows) > query.limit else ""
    return Page(items=[DailyReportView.of(row) for row in kept], next=more)


@operation(needs=NEEDS, raises=(ReportNotFound,))
async def show_daily_report(unit: Unit, day: str) -> DailyReportView:
    """`day` as 2026-11-21."""
    return DailyReportView.of(await daily.open_report(unit, day_of(day)))


@operation(needs=NEEDS, raises=(ReportNotFound,), limit="30/minute", media="application/pdf")
async def show_daily_report_file(request: Request, units: Units, actor: Actor, day: str) -> Response:
    """The report as a PDF, in the language asked for."""
    return await report_file(units, actor, day_of(day), language(request))


async def report_file(units: Units, actor: Actor, day: HospitalDay, lang: str) -> Response:
    """Raises ReportNotFound."""
    async with units.of(actor) as unit:
        report = await daily.shown_report(unit, day, lang)
        place = said(await hospital(unit, actor.hospital), "name", lang)
    return Response(
        await printed(report, place, lang),
        media_type="application/pdf",
        headers={
            "content-disposition": f'inline; filename="daily-report-{day:%Y%m%d}.pdf"',
            "cache-control": "private, no-store",
        },
    )


def asked_span(first: date | None, last: date | None, days: int, today: HospitalDay) -> Span:
    """Raises FieldsInvalid. What lies ahead is left out: a day is counted when it is over."""
    if first is None and last is None:
        return last_days(days, today)
    yesterday = last_days(1, today).last
    span = Span(first or yesterday, min(last or yesterday, yesterday))
    if span.length < 1:
        raise FieldsInvalid({"first": N_("开始日期须早于今天，且不晚于结束日期")})
    if span.first < EARLIEST:
        raise FieldsInvalid({"first": N_("请填写有效的日期")})
    if span.length > LONGEST:
        raise FieldsInvalid({"first": N_("一次最多查询366天")})
    return span


def day_of(text: str) -> HospitalDay:
    """Raises ReportNotFound: what is no day has no report."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise ReportNotFound() from None


def _day(key: object) -> date:
    try:
        return date.fromisoformat(str(key))
    except ValueError:
        raise FieldsInvalid({"after": "翻页位置无效"}) from None


def _published(found: Published, lang: str) -> PublishedView:
    return PublishedView(
        first=found.span.first,
        last=found.span.last,
        smallest_count=found.smallest,
        departments=[
            PublishedDepartment(
                department_id=row.id,
                name=row.name_en if lang == "en" and row.name_en else row.name,
                figures=[
                    PublishedCell(
                        metric=name,
                        count=max(one.total, len(one.values)) if one else None,
                        median_s=one.median if one else None,
                        p95_s=one.p95 if one else None,
                        share=one.share if one else None,
                    )
                    for name, one in found.of(row.id).items()
                ],
            )
            for row in found.departments
        ],
    )


routes = [
    Route("/figures", show_figures),
    Route("/daily-reports", list_daily_reports),
    Route("/daily-reports/{day}/file", show_daily_report_file),
    Route("/daily-reports/{day}", show_daily_report),
    Route("/hospitals/{code}/figures", show_published_figures),
]
