"""What clients read of a hospital's figures. No schema here has a doctor, a drug or a brand (REG14)."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from telehealth.core.i18n import translator
from telehealth.reporting.models import DailyReport
from telehealth.reporting.presenting import Series
from telehealth.reporting.rules import Sum


class FiguresQuery(BaseModel):
    model_config = ConfigDict(extra="forbid")

    days: int = Field(default=30, ge=1, le=366, description="so many days, up to yesterday")
    first: date | None = Field(default=None, description="with `last`: any span of at most 366 days")
    last: date | None = None
    department_id: UUID | None = None


class SumView(BaseModel):
    total: int
    hits: int
    late: int = Field(description="promises not kept")
    share: float | None
    median_s: int | None
    p95_s: int | None
    parts: dict[str, int]

    @classmethod
    def of(cls, found: Sum) -> "SumView":
        return cls(
            total=found.total,
            hits=found.hits,
            late=found.late,
            share=found.share,
            median_s=found.median,
            p95_s=found.p95,
            parts=dict(found.parts),
        )


class DaySumView(SumView):
    day: date


class MetricView(BaseModel):
    name: str
    title: str
    meaning: str
    shape: str = Field(description="lag (seconds), share (hits of total), count")
    pain: str | None = Field(description="the one of the six it stands for")
    whole: SumView
    before: SumView = Field(description="as many days before")
    days: list[DaySumView]

    @classmethod
    def of(cls, series: Series, before: Sum, lang: str) -> "MetricView":
        say, metric = translator(lang), series.metric
        return cls(
            name=metric.name,
            title=say(metric.title),
            meaning=say(metric.meaning),
            shape=str(metric.shape),
            pain=metric.pain and str(metric.pain),
            whole=SumView.of(series.whole),
            before=SumView.of(before),
            days=[
                DaySumView(day=day, **SumView.of(found).model_dump())
                for day, found in sorted(series.by_day.items())
            ],
        )


class FiguresView(BaseModel):
    first: date
    last: date
    is_sample: bool
    metrics: list[MetricView]


class PublishedCell(BaseModel):
    metric: str
    count: int | None = Field(description="null: too few to show")
    median_s: int | None
    p95_s: int | None
    share: float | None


class PublishedDepartment(BaseModel):
    department_id: UUID
    name: str
    figures: list[PublishedCell]


class PublishedView(BaseModel):
    first: date
    last: date
    smallest_count: int
    departments: list[PublishedDepartment]


class DailyReportView(BaseModel):
    day: date
    made_at: datetime
    read_at: datetime | None
    is_sample: bool
    visits: int
    endings: dict[str, int]
    owed: int
    attended: int
    refunded_unattended: int
    missed: list[dict[str, Any]] = Field(description="metric, department id, late, total")
    complaints: int | None
    alarms: int

    @classmethod
    def of(cls, row: DailyReport) -> "DailyReportView":
        return cls(day=row.day, made_at=row.made_at, read_at=row.read_at, is_sample=row.is_sample, **row.body)
