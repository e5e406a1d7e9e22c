"""Who measures what: the `metrics` contributions, joined by app.py; `reporting` asks them each midnight."""

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from telehealth.core.clock import HospitalDay
from telehealth.core.figures import Figure, Metric
from telehealth.core.unit import Unit


@dataclass(frozen=True, slots=True)
class Measuring:
    """What one feature measures. `run(unit, hospital_id, day)` is called in a unit of that hospital."""

    metrics: tuple[Metric, ...]
    run: Callable[[Unit, UUID, HospitalDay], Awaitable[Sequence[Figure]]]


class Measures:
    """All contributions, joined by app.py."""

    def __init__(self, measurings: Iterable[Measuring]) -> None:
        self.measurings = tuple(measurings)
        self.metrics: Mapping[str, Metric] = {
            metric.name: metric for measuring in self.measurings for metric in measuring.metrics
        }

    async def of_day(self, unit: Unit, hospital_id: UUID, day: HospitalDay) -> list[Figure]:
        found: list[Figure] = []
        for measuring in self.measurings:
            found += await measuring.run(unit, hospital_id, day)
        return found
