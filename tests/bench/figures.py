"""One figure, one JSON object, one line."""

import json
import statistics
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Figure:
    name: str
    #: None when it could not be measured; `detail["error"]` says why.
    value: float | None
    unit: str
    goal: str
    detail: dict[str, Any] = field(default_factory=dict)

    def line(self) -> str:
        return json.dumps(asdict(self), ensure_ascii=False)


Figures = Iterator[Figure]


@dataclass(frozen=True, slots=True)
class Round:
    """One look at both sides, seconds apart, so that whatever else the machine does slows both."""

    ours: float
    pgbench: float

    @property
    def ratio(self) -> float:
        return self.ours / self.pgbench


def ratio(name: str, goal: str, rounds: Sequence[Round], **detail: Any) -> Figure:
    """The median of the rounds' ratios, with every round beside it."""
    return Figure(
        name,
        round(statistics.median(each.ratio for each in rounds), 3),
        "x pgbench",
        goal,
        {
            "rounds": [round(each.ratio, 3) for each in rounds],
            "holds_per_s": [round(each.ours) for each in rounds],
            "pgbench_tps": [round(each.pgbench) for each in rounds],
            **detail,
        },
    )
