"""What anybody may read of a hospital: by department, how long people wait; small counts hidden (GD17)."""

from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID

from telehealth.core.access import Actor
from telehealth.core.figures import Metric
from telehealth.core.measures import Measures
from telehealth.core.unit import Units
from telehealth.directory import Department, Hospital, departments, live_hospital
from telehealth.reporting import queries
from telehealth.reporting.models import DailyFigure
from telehealth.reporting.rules import Span, Sum, add_up, last_days
from telehealth.rulebook import PolicyMissing, current_policy
from telehealth.rulebook.sections_work import Reporting


@dataclass(frozen=True, slots=True)
class Published:
    hospital: Hospital
    span: Span
    smallest: int
    departments: list[Department]
    metrics: Mapping[str, Metric]
    rows: list[DailyFigure]

    def of(self, department_id: UUID) -> dict[str, Sum | None]:
        """By metric; None where so few are counted that a person could be meant."""
        found: dict[str, Sum | None] = {}
        for name in self.metrics:
            rows = [row for row in self.rows if row.metric == name and row.department_id == department_id]
            found[name] = add_up(rows).shown(self.smallest)
        return found

    @property
    def is_sample(self) -> bool:
        return any(row.is_sample for row in self.rows)


async def published(units: Units, actor: Actor, code: str, days: int) -> Published:
    """Raises HospitalNotFound, HospitalNotLive. Departments of which nothing was counted are left out."""
    async with units.public(actor) as unit:
        place = await live_hospital(unit, code)
    async with units.hospital(place.id, actor) as unit:
        span = last_days(days, unit.today)
        metrics = {name: one for name, one in unit.port(Measures).metrics.items() if one.is_public}
        rows = [
            row
            for row in await queries.figures(unit, place.id, span, metrics=set(metrics))
            if row.department_id is not None
        ]
        counted = {row.department_id for row in rows}
        found = [row for row in await departments(unit, place.id) if row.id in counted]
        try:
            smallest = (await current_policy(unit, place.id)).policy.reporting.smallest_count
        except PolicyMissing:
            smallest = Reporting().smallest_count
    return Published(place, span, smallest, found, metrics, rows)
