"""The report of the day before, for the head (GD19): once after midnight, and of days that were missed."""

from datetime import time, timedelta
from typing import Any
from uuid import UUID

import sqlalchemy as sa
import structlog
from sqlalchemy.dialects.postgresql import insert

from telehealth.accounts import staff_of
from telehealth.core.access import HOUSE, Role
from telehealth.core.clock import HospitalDay, at_local
from telehealth.core.deadlines import set_deadline
from telehealth.core.i18n import translator
from telehealth.core.ids import new_id
from telehealth.core.jobs import Work, task
from telehealth.core.measures import Measures
from telehealth.core.unit import Unit, Units
from telehealth.directory import departments, hospital
from telehealth.notifications import Notice, notify
from telehealth.reporting import queries
from telehealth.reporting.counting import count_day
from telehealth.reporting.models import DailyReport
from telehealth.reporting.presenting import report_view
from telehealth.reporting.reading import names_of
from telehealth.reporting.rules import AGAIN, Span, report_of

log = structlog.get_logger(__name__)

#: The deadline of a hospital's day that is over.
DAY_OVER = "reporting.day_over"
#: The midnight sweeps have run by then: unattended visits, expired sheets.
REPORT_AT = time(0, 30)
#: After longer downtime, reports begin this many days back.
CATCH_UP = 31


async def plan_days(units: Units) -> None:
    """Housekeeping: every hospital that is live has the deadline of its day. Others may do the same."""
    async with units.system("daily reports") as unit:
        due = at_local(unit.today, REPORT_AT)
        due = due if due > unit.now else at_local(unit.today + timedelta(days=1), REPORT_AT)
        await unit.session.execute(_PLAN, {"kind": DAY_OVER, "due": due, "today": unit.today})


_PLAN = sa.text("""
insert into deadlines (kind, subject_id, hospital_id, due_at)
select :kind, h.id, h.id, :due from hospitals h where h.live_from <= :today
on conflict do nothing
""")


async def day_is_over(unit: Unit, hospital_id: UUID) -> None:
    """Deadline: the counting is a job, as it takes a while; the next midnight is set at once."""
    await unit.defer(report_days, hospital=hospital_id)
    tomorrow = at_local(unit.today + timedelta(days=1), REPORT_AT)
    await set_deadline(unit, DAY_OVER, hospital_id, tomorrow, hospital_id=hospital_id)


@task("reporting.report_days", retry_s=(30, 120, 600, 1800, 3600))
async def report_days(work: Work, *, hospital: str) -> None:
    """Each day that has no report yet, oldest first, each whole in itself; then the days before, again."""
    hospital_id = UUID(hospital)
    async with work.units.hospital(hospital_id, HOUSE) as unit:
        days = await missing_days(unit, hospital_id)
        again = _again(days, unit.today)
    for day in days:
        async with work.units.hospital(hospital_id, HOUSE) as unit:
            await make_report(unit, hospital_id, day)
    for day in again:
        async with work.units.hospital(hospital_id, HOUSE) as unit:
            await count_day(unit, hospital_id, day)


async def missing_days(unit: Unit, hospital_id: UUID) -> list[HospitalDay]:
    """Up to yesterday: from the last report on, or from when the hospital went live."""
    yesterday = unit.today - timedelta(days=1)
    last = await queries.last_report_on(unit, hospital_id)
    place = await hospital(unit, hospital_id)
    if last is not None:
        first = last + timedelta(days=1)
    else:
        # The first ever: only of yesterday, if the hospital was live.
        first = max(yesterday, place.live_from or unit.today)
    first = max(first, yesterday - timedelta(days=CATCH_UP - 1))
    return Span(first, yesterday).days


async def make_report(unit: Unit, hospital_id: UUID, day: HospitalDay) -> bool:
    """Count the day and report it. False when it was reported before: nobody is told twice."""
    await count_day(unit, hospital_id, day)
    rows = await queries.figures(unit, hospital_id, Span(day, day))
    body = report_of(rows, unit.port(Measures).metrics)
    made = await unit.session.scalar(
        insert(DailyReport)
        .values(
            id=new_id(), hospital_id=hospital_id, day=day, body=body, is_sample=False, made_at=unit.now
        )
        .on_conflict_do_nothing(index_elements=["hospital_id", "day"])
        .returning(DailyReport.id)
    )  # fmt: skip
    if made is None:
        return False
    unit.audit("report.made", f"daily_reports:{made}", hospital_id=hospital_id, day=day)
    await _tell_heads(unit, hospital_id, day, body)
    return True


async def open_report(unit: Unit, day: HospitalDay) -> DailyReport:
    """For the head who asks; the first reader is kept. Raises ReportNotFound."""
    row = await queries.report(unit, unit.actor.hospital, day)
    if row.read_at is None and Role.HEAD in unit.actor.roles:
        row.read_at, row.read_by = unit.now, unit.actor.account
        unit.audit("report.read", row, day=row.day)
    return row


async def shown_report(unit: Unit, day: HospitalDay, lang: str) -> dict[str, Any]:
    """Opened, in words of this language. Raises ReportNotFound."""
    row = await open_report(unit, day)
    names = names_of(await departments(unit, unit.actor.hospital, include_closed=True), lang)
    return report_view(row, unit.port(Measures).metrics, names, translator(lang))


async def _tell_heads(unit: Unit, hospital_id: UUID, day: HospitalDay, body: dict[str, object]) -> None:
    for member in await staff_of(unit, hospital_id):
        if member.works and Role.HEAD in member.roles:
            await notify(
                unit, Notice.DAILY_REPORT, member.account_id, hospital_id=hospital_id,
                href=f"/staff/daily-reports/{day}", on=day, visits=str(body["visits"]),
                attended=str(body["attended"]),
            )  # fmt: skip


def _again(days: list[HospitalDay], today: HospitalDay) -> list[HospitalDay]:
    """Days whose figures may have changed since; those just reported are fresh."""
    recent = Span(today - timedelta(days=AGAIN), today - timedelta(days=1)).days
    return [day for day in recent if day not in days]
