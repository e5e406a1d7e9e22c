"""The work waiting for a member of staff, of all features, in the order of its promises."""

from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from telehealth.core.access import Actor, Role
from telehealth.core.i18n import N_
from telehealth.core.unit import Unit
from telehealth.core.work import Work, WorkGroup, grouped

Contribution = Callable[[Unit, Actor], Awaitable[Iterable[Mapping[str, Any]]]]

#: What an empty list says comes next, by role; the first that fits.
NEXT: Mapping[Role, str] = {
    Role.DOCTOR: N_("有患者付费或药师退回处方时，会自动出现在这里，并提醒您。"),
    Role.PHARMACIST: N_("医生提交处方后会自动出现在这里，按承诺时间排序。"),
    Role.PHARMACY: N_("患者缴费后，配药单会自动出现在这里，按承诺时间排序。"),
    Role.DESK: N_("号源待核验、患者告急、病历逾期时，会自动出现在这里。"),
    Role.REVIEWER: N_("有新的证件核验或爽约申诉时，会自动出现在这里。"),
    Role.FINANCE: N_("退款转人工或对账出现差异时，会自动出现在这里。"),
    Role.ADMIN: N_("有任务停滞或资质将到期时，会自动出现在这里。"),
    Role.HEAD: N_("每天零点后生成前一日的日报，会自动出现在这里。"),
}


@dataclass(frozen=True, slots=True)
class Waiting:
    groups: tuple[WorkGroup, ...]
    now: datetime

    @property
    def total(self) -> int:
        return sum(group.size for group in self.groups)

    @property
    def late(self) -> int:
        return sum(group.size for group in self.groups if group.code == "late")

    @property
    def items(self) -> list[Work]:
        return [item for group in self.groups for item in group.items]


async def waiting_for(unit: Unit, actor: Actor, parts: Iterable[Contribution]) -> Waiting:
    found: list[Mapping[str, Any]] = []
    for part in parts:
        found += await part(unit, actor)
    return Waiting(tuple(grouped(found, unit.now)), unit.now)


def what_comes_next(actor: Actor) -> str:
    """A message id."""
    return next((NEXT[role] for role in NEXT if role in actor.roles), N_("有新的事项时，会自动出现在这里。"))
