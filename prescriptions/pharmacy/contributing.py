"""What the staff home shows of the dispatch queue."""

from typing import Any

from prescriptions.pharmacy import queries
from prescriptions.stock import NoPharmacy, own_pharmacy
from telehealth.core.access import Actor, Permission
from telehealth.core.i18n import N_
from telehealth.core.unit import Unit


async def worklist(unit: Unit, actor: Actor) -> list[dict[str, Any]]:
    if not actor.is_staff:
        return []
    return [*await _to_decide(unit, actor), *await _to_dispense(unit, actor)]


async def _to_decide(unit: Unit, actor: Actor) -> list[dict[str, Any]]:
    if not actor.may(Permission.MANAGE_REFUNDS):
        return []
    waiting = len(await queries.undecided(unit, actor.hospital))
    found = _item(N_("药费退款"), N_("终止，由财务决定退费"), "undo-2", "warn", waiting)
    return [found | {"href": "/staff/prescription-refunds"}] if waiting else []


async def _to_dispense(unit: Unit, actor: Actor) -> list[dict[str, Any]]:
    if not actor.may(Permission.DISPENSE):
        return []
    try:
        place = await own_pharmacy(unit, actor)
    except NoPharmacy:
        return []
    counted = await queries.counts(unit, place.id, unit.now)
    late, waiting = counted.late, counted.total
    held = await queries.count_held(unit, place.id)
    found = []
    if late:
        found.append(_item(N_("配药超过承诺时间"), N_("逾时会自动退费"), "clock-alert", "danger", late))
    if held:
        found.append(_item(N_("配药异常待处理"), N_("处理之前不会继续配药"), "triangle-alert", "warn", held))
    if waiting:
        found.append(_item(N_("配药单"), N_("按承诺时间排序"), "package", "info", waiting))
    return found


def _item(title: str, text: str, icon: str, kind: str, count: int) -> dict[str, Any]:
    return {
        "title": title, "text": text, "href": "/staff/dispatch", "icon": icon, "kind": kind, "count": count,
    }  # fmt: skip
