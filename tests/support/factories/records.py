"""Reports a hospital told, and papers handed out of them."""

from datetime import timedelta
from uuid import UUID

from telehealth.core.access import Actor
from telehealth.core.unit import Units
from telehealth.hospital.reports import (
    DiagnosticReport,
    FetchedReports,
    Flag,
    ReportKind,
    ReportLine,
    ReportStatus,
)
from telehealth.records import sharing
from telehealth.records.models import Report, Share
from telehealth.records.queries import reports_of
from telehealth.records.refreshing import store_reports, told_in
from telehealth.records.states import PaperKind

LINES = (
    ReportLine("总胆固醇", "5.62", "mmol/L", "0–5.18", Flag.HIGH),
    ReportLine("甘油三酯", "1.48", "mmol/L", "0–1.7", Flag.NORMAL),
)


async def add_report(
    units: Units, hospital_id: UUID, person_id: UUID, *, resource_id: str = "r1", **facts: object
) -> Report:
    """As if the hospital's system had told it yesterday."""
    async with units.system("test") as unit:
        at = unit.now - timedelta(days=1)
        told = DiagnosticReport(
            **{
                "resource_id": resource_id,
                "version_id": "1",
                "kind": ReportKind.LABORATORY,
                "status": ReportStatus.FINAL,
                "title": "血脂四项",
                "performer": "检验科",
                "taken_at": at,
                "reported_at": at + timedelta(hours=4),
                "lines": LINES,
                "conclusion": "样例结论：总胆固醇升高",
                "digest": "0" * 64,
                **facts,
            }  # type: ignore[arg-type]
        )
        since = unit.today - timedelta(days=400)
        others = [told_in(row) for row in await reports_of(unit, person_id) if row.resource_id != resource_id]
        fetched = FetchedReports("p1", since, unit.now, (told, *others))
        await store_reports(unit, hospital_id, person_id, fetched)
        return next(row for row in await reports_of(unit, person_id) if row.resource_id == resource_id)


async def add_share(
    units: Units, actor: Actor, report: Report, *, days: int = 7, with_code: bool = False
) -> Share:
    return await sharing.make(
        units, actor, report.person_id, [(PaperKind.REPORT, report.id)], days=days, with_code=with_code
    )
