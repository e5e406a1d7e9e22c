"""What the dashboard, its file and its API read: one span of one hospital, whole or of one department."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from telehealth.core.measures import Measures
from telehealth.core.unit import Unit
from telehealth.directory import Department, department, departments
from telehealth.reporting import queries
from telehealth.reporting.models import DailyFigure
from telehealth.reporting.presenting import Names, Rows, Series, series_of
from telehealth.reporting.rules import Span, Sum, add_up


@dataclass(frozen=True, slots=True)
class Read:
    span: Span
    rows: Rows
    series: list[Series]
    #: As many days before, by metric.
    before: dict[str, Sum]
    departments: list[Department]

    @property
    def is_sample(self) -> bool:
        return any(row.is_sample for row in self.rows)


async def read_span(unit: Unit, hospital_id: UUID, span: Span, *, department_id: UUID | None = None) -> Read:
    """Three queries, however long the span. Raises DepartmentNotFound."""
    if department_id is not None:
        await department(unit, department_id)
    metrics = unit.port(Measures).metrics
    rows = await queries.figures(unit, hospital_id, span, department_id=department_id)
    earlier: dict[str, list[DailyFigure]] = {}
    for row in await queries.figures(unit, hospital_id, span.before, department_id=department_id):
        earlier.setdefault(row.metric, []).append(row)
    return Read(
        span,
        rows,
        series_of(metrics, rows, span),
        {name: add_up(earlier.get(name, [])) for name in metrics},
        list(await departments(unit, hospital_id, include_closed=True)),
    )


def names_of(rows: Sequence[Department], lang: str) -> Names:
    return {row.id: (row.name_en if lang == "en" and row.name_en else row.name) for row in rows}
