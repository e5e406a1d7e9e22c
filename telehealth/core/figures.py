"""What a hospital measures of itself: the shape of the `metrics` contribution.

Each feature counts what it owns, for one hospital and one day, from rows that stay: counting a day again
gives the same figures, or truer ones (a refund that settled since). `reporting` keeps, adds up and draws
them, and knows nothing of where they come from. Definitions are told in docs/reporting.md.

No figure is about one doctor's drugs or one brand's prescriptions, and none can be: a figure belongs to a
hospital, a department and a day (REG14).
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any
from uuid import UUID


class Shape(StrEnum):
    #: Seconds from one event to another: `values`; `total` counts those begun, `late` those past a promise.
    LAG = "lag"
    #: `hits` of `total`.
    SHARE = "share"
    #: How many, by `parts`.
    COUNT = "count"


class Pain(StrEnum):
    """The six pains of seeing a doctor (GD20): each has one metric."""

    HARD = "hard"
    TEDIOUS = "tedious"
    LOST = "lost"
    DOUBTFUL = "doubtful"
    CROWDED = "crowded"
    URGENT = "urgent"


@dataclass(frozen=True, slots=True)
class Metric:
    """`title`, `meaning`, `owner` and the words of `parts` are message ids."""

    name: str
    title: str
    meaning: str
    shape: Shape
    #: Whose promise it is.
    owner: str = ""
    pain: Pain | None = None
    #: A high share is good news; of a lag less is always better.
    high_is_good: bool = True
    #: The share that kept its promise is what is missed: it stands in the daily report.
    is_promise: bool = False
    #: Shown to anybody, per department, small counts hidden (GD17).
    is_public: bool = False
    parts: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Figure:
    metric: str
    #: None: of the hospital as a whole, where no department can be named.
    department_id: UUID | None = None
    hits: int = 0
    total: int = 0
    #: Promises not kept.
    late: int = 0
    values: tuple[int, ...] = ()
    parts: Mapping[str, int] = field(default_factory=dict)


def seconds(values: Iterable[float | None]) -> tuple[int, ...]:
    """Whole seconds in order; a lag that began before what it is counted from is none: 0."""
    return tuple(sorted(max(0, round(float(value))) for value in values if value is not None))


def by_department(rows: Iterable[Any]) -> Mapping[UUID | None, list[Any]]:
    """Rows with a `department_id`, apart."""
    found: dict[UUID | None, list[Any]] = {}
    for row in rows:
        found.setdefault(row.department_id, []).append(row)
    return found
