"""Every SELECT of reporting. All pages read rows that were counted before, never the features' own."""

from collections.abc import Collection, Sequence
from datetime import date
from uuid import UUID

import sqlalchemy as sa

from telehealth.core.unit import Unit
from telehealth.reporting.errors import ReportNotFound
from telehealth.reporting.models import DailyFigure, DailyReport
from telehealth.reporting.rules import Span


async def figures(
    unit: Unit,
    hospital_id: UUID,
    span: Span,
    *,
    department_id: UUID | None = None,
    metrics: Collection[str] | None = None,
) -> Sequence[DailyFigure]:
    found = sa.select(DailyFigure).where(
        DailyFigure.hospital_id == hospital_id, DailyFigure.day.between(span.first, span.last)
    )
    if department_id is not None:
        found = found.where(DailyFigure.department_id == department_id)
    if metrics is not None:
        found = found.where(DailyFigure.metric.in_(metrics))
    return (await unit.session.scalars(found.order_by(DailyFigure.day, DailyFigure.metric))).all()


async def report(unit: Unit, hospital_id: UUID, day: date) -> DailyReport:
    """Raises ReportNotFound."""
    found = sa.select(DailyReport).where(DailyReport.hospital_id == hospital_id, DailyReport.day == day)
    row: DailyReport | None = (await unit.session.scalars(found)).one_or_none()
    if row is None:
        raise ReportNotFound()
    return row


async def reports(
    unit: Unit, hospital_id: UUID, *, before: date | None = None, limit: int
) -> Sequence[DailyReport]:
    """The latest first."""
    found = sa.select(DailyReport).where(DailyReport.hospital_id == hospital_id)
    if before is not None:
        found = found.where(DailyReport.day < before)
    return (await unit.session.scalars(found.order_by(DailyReport.day.desc()).limit(limit))).all()


async def last_report_on(unit: Unit, hospital_id: UUID) -> date | None:
    """Of days that were truly counted."""
    found = sa.select(sa.func.max(DailyReport.day)).where(
        DailyReport.hospital_id == hospital_id, sa.not_(DailyReport.is_sample)
    )
    last: date | None = await unit.session.scalar(found)
    return last


async def unread_reports(unit: Unit, hospital_id: UUID, *, since: date) -> Sequence[DailyReport]:
    found = sa.select(DailyReport).where(
        DailyReport.hospital_id == hospital_id,
        DailyReport.day >= since,
        DailyReport.read_at.is_(None),
        sa.not_(DailyReport.is_sample),
    )
    return (await unit.session.scalars(found.order_by(DailyReport.day))).all()
