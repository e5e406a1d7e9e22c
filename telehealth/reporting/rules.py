"""Adding figures up, hiding small counts, and what a daily report says."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any, Protocol
from uuid import UUID

from telehealth.core.clock import HospitalDay
from telehealth.core.figures import Metric, Shape

#: What a reader may choose; the last day is always yesterday.
PERIODS = (7, 30, 90)
#: The longest span of days that is added up at once.
LONGEST = 366
#: Before it nothing was counted, and the days before a span, which it is compared with, must exist.
EARLIEST = date(2000, 1, 1)
#: So many days back are counted again each night: refunds settle, refusals are overturned.
AGAIN = 31


class Counted(Protocol):
    @property
    def day(self) -> date: ...
    @property
    def metric(self) -> str: ...
    @property
    def department_id(self) -> UUID | None: ...
    @property
    def hits(self) -> int: ...
    @property
    def total(self) -> int: ...
    @property
    def late(self) -> int: ...
    @property
    def values(self) -> Sequence[int]: ...
    @property
    def parts(self) -> Mapping[str, int]: ...


@dataclass(frozen=True, slots=True)
class Span:
    first: HospitalDay
    last: HospitalDay

    @property
    def days(self) -> list[HospitalDay]:
        return [self.first + timedelta(days=n) for n in range(self.length)]

    @property
    def length(self) -> int:
        return (self.last - self.first).days + 1

    @property
    def before(self) -> "Span":
        """As many days, just before: what a figure is compared with."""
        end = self.first - timedelta(days=1)
        return Span(end - timedelta(days=self.length - 1), end)


def last_days(count: int, today: HospitalDay) -> Span:
    """Up to yesterday: today is not over."""
    return Span(today - timedelta(days=count), today - timedelta(days=1))


@dataclass(frozen=True, slots=True)
class Sum:
    hits: int = 0
    total: int = 0
    late: int = 0
    #: In order.
    values: tuple[int, ...] = ()
    parts: Mapping[str, int] = field(default_factory=dict)

    @property
    def share(self) -> float | None:
        return self.hits / self.total if self.total else None

    @property
    def median(self) -> int | None:
        return percentile(self.values, 50)

    @property
    def p95(self) -> int | None:
        return percentile(self.values, 95)

    def headline(self, shape: Shape) -> float | None:
        """The one number a metric is compared by."""
        if shape is Shape.LAG:
            return self.median
        return self.share if shape is Shape.SHARE else float(self.total)

    def shown(self, smallest: int) -> "Sum | None":
        """As anybody may see it: nothing where so few are counted that a person could be meant (GD17)."""
        return self if max(self.total, len(self.values)) >= smallest else None


def percentile(values: Sequence[int], percent: int) -> int | None:
    """Nearest rank, of values in order: a time that somebody did wait. None of nothing."""
    if not values:
        return None
    rank = max(1, -(-percent * len(values) // 100))
    return values[rank - 1]


def add_up(rows: Iterable[Counted]) -> Sum:
    hits = total = late = 0
    values: list[int] = []
    parts: dict[str, int] = {}
    for row in rows:
        hits, total, late = hits + row.hits, total + row.total, late + row.late
        values += row.values
        for name, count in row.parts.items():
            parts[name] = parts.get(name, 0) + count
    return Sum(hits, total, late, tuple(sorted(values)), parts)


def report_of(rows: Sequence[Counted], metrics: Mapping[str, Metric]) -> dict[str, Any]:
    """What the head should know of a day, as the figures of that day tell it (GD19)."""
    visits = add_up(row for row in rows if row.metric == "visits")
    owed = add_up(row for row in rows if row.metric == "attended_same_day")
    return {
        "visits": visits.total,
        "endings": dict(visits.parts),
        "owed": owed.total,
        "attended": owed.hits,
        "refunded_unattended": visits.parts.get("unattended", 0),
        "missed": _missed(rows, metrics),
        "complaints": add_up(row for row in rows if row.metric == "complaints").total
        if "complaints" in metrics
        else None,
        "alarms": add_up(row for row in rows if row.metric == "alarm_answer").total,
    }


def _missed(rows: Sequence[Counted], metrics: Mapping[str, Metric]) -> list[dict[str, Any]]:
    """Promises that were not kept, the most first; whose they are is the metric's owner, by department."""
    missed = [
        {
            "metric": row.metric,
            "department": str(row.department_id) if row.department_id else None,
            "late": row.late,
            "total": row.total,
        }
        for row in rows
        if row.late and row.metric in metrics and metrics[row.metric].is_promise
    ]
    return sorted(missed, key=lambda item: (-int(str(item["late"])), str(item["metric"])))
