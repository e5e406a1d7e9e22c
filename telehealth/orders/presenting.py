"""Lines and promises as pages show them: finished values, no state to compare."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from telehealth.core.i18n import N_
from telehealth.core.orders import Line, Opened
from telehealth.core.promises import SETTLED, Owner, Promise, Standing
from telehealth.orders.rules import OWN_STANDINGS, OWNERS, STANDINGS
from telehealth.patients import Person

#: A clock that runs for days says less than a date.
LONGEST_TIMER = timedelta(hours=2)
_ICONS = {
    Standing.AHEAD: "circle-dashed",
    Standing.RUNNING: "hourglass",
    Standing.KEPT: "circle-check",
    Standing.DELAYED: "circle-check",
    Standing.LATE: "triangle-alert",
    Standing.MISSED: "circle-x",
}


@dataclass(frozen=True, slots=True)
class Step:
    """One promise on the timeline."""

    made: Promise
    icon: str
    look: str
    label: str
    tone: str
    owner: str
    is_own: bool
    is_current: bool
    #: A clock beside it runs.
    counts_down: bool
    #: Whether what happens otherwise is still to be said, as a warning or as what happened.
    says_otherwise: bool
    otherwise_is_past: bool


def steps_of(order: Opened, now: datetime) -> list[Step]:
    """The first that is not settled is the current one."""
    current = next((made for made in order.promises if made.standing not in SETTLED), None)
    return [_step(made, now, is_current=made is current) for made in order.promises]


def _step(made: Promise, now: datetime, *, is_current: bool) -> Step:
    is_own = made.owner is Owner.PATIENT
    label, tone = (OWN_STANDINGS if is_own else STANDINGS)[made.standing]
    runs = made.standing is Standing.RUNNING and made.due_at is not None and made.due_on is None
    is_kept = made.standing in (Standing.KEPT, Standing.DELAYED)
    return Step(
        made=made,
        icon=_ICONS[made.standing],
        look=str(made.standing),
        label=label,
        tone=tone,
        owner=OWNERS[made.owner],
        is_own=is_own,
        is_current=is_current,
        counts_down=runs and made.due_at is not None and made.due_at - now < LONGEST_TIMER,
        says_otherwise=bool(made.otherwise) and not is_kept,
        otherwise_is_past=made.standing is Standing.MISSED,
    )


def rows_of(lines: Sequence[Line], people: Mapping[UUID, Person]) -> list[dict[str, Any]]:
    """`patient` is named where an account looks after more than one."""
    return [
        {
            "line": line,
            "patient": people[line.person_id].name if line.person_id in people and len(people) > 1 else "",
        }
        for line in lines
    ]


NOTHING: Mapping[str, tuple[str, str, str]] = {
    "all": (N_("还没有订单"), "/", N_("去预约")),
    "todo": (N_("没有要处理的事"), "/orders", N_("看全部订单")),
    "coming": (N_("没有待就诊的预约"), "/", N_("去预约")),
    "on_the_way": (N_("没有在途的药品和退款"), "/orders", N_("看全部订单")),
    "over": (N_("还没有结束的订单"), "/orders", N_("看全部订单")),
}
