"""What the staff's list of work shows of the dispatch queue: each order with its promise and who has it."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any
from uuid import UUID

from prescriptions.pharmacy import queries
from prescriptions.pharmacy.models import DispatchOrder
from prescriptions.states import AT_PHARMACY, DispatchState
from prescriptions.stock import NoPharmacy, own_pharmacy
from telehealth.accounts import staff_of
from telehealth.core.access import Actor, Permission
from telehealth.core.i18n import N_
from telehealth.core.unit import Unit
from telehealth.core.work import SHOWN, rest_of
from telehealth.rulebook import desk_promises

_BOARD, _REFUNDS = "/staff/dispatch", "/staff/prescription-refunds"


async def worklist(unit: Unit, actor: Actor) -> list[dict[str, Any]]:
    if not actor.is_staff:
        return []
    return [*await _to_decide(unit, actor), *await _to_dispense(unit, actor)]


async def _to_decide(unit: Unit, actor: Actor) -> list[dict[str, Any]]:
    if not actor.may(Permission.MANAGE_REFUNDS):
        return []
    rows = await queries.undecided(unit, actor.hospital)
    within = timedelta(hours=(await desk_promises(unit, actor.hospital)).refund_decision_hours)
    return [
        {
            "title": N_("药费退款"),
            "text": N_("终止，由财务决定退费"),
            "href": _REFUNDS,
            "icon": "undo-2",
            "kind": "warn",
            "due_at": row.ended_at + within if row.ended_at else None,
            "since": row.ended_at,
            "owner": N_("财务"),
        }
        for row in rows
    ]


async def _to_dispense(unit: Unit, actor: Actor) -> list[dict[str, Any]]:
    if not actor.may(Permission.DISPENSE):
        return []
    try:
        place = await own_pharmacy(unit, actor)
    except NoPharmacy:
        return []
    names = {row.account_id: row.name for row in await staff_of(unit, actor.hospital)}
    rows = await queries.lane(unit, place.id, AT_PHARMACY, limit=SHOWN + 1)
    shown = rows[:SHOWN]
    counted = len(shown)
    if len(rows) > SHOWN:
        counted = (await queries.counts(unit, place.id, unit.now)).total
    return [
        *(
            _trouble(found, since=trouble.opened_at)
            for trouble, found in await queries.held(unit, place.id, limit=SHOWN)
        ),
        *(_order(row, names) for row in shown),
        *rest_of(shown, counted, N_("更多配药单"), _BOARD, icon="package", kind="info"),
    ]


def _trouble(row: DispatchOrder, *, since: Any) -> dict[str, Any]:
    return {
        "title": N_("配药异常待处理"),
        "text": row.number,
        "href": f"{_BOARD}/{row.id}",
        "icon": "triangle-alert",
        "kind": "danger",
        "due_at": row.promised_at,
        "since": since,
        "owner": N_("药房"),
    }


def _order(row: DispatchOrder, names: Mapping[UUID, str]) -> dict[str, Any]:
    """Packed by the promise, or the money goes back by itself."""
    here = f"{_BOARD}/{row.id}"
    is_free = row.state is DispatchState.WAITING
    is_packed = row.state is DispatchState.PACKED
    return {
        "title": N_("已打包，待交接") if is_packed else N_("配药单"),
        "text": row.number,
        "href": here,
        "icon": "package-check" if is_packed else "package",
        "kind": "info",
        # What is packed kept its promise.
        "due_at": None if is_packed else row.promised_at,
        "since": row.paid_at,
        "owner": names.get(row.claimed_by, "") if row.claimed_by else "",
        "claim": {"action": f"{here}/claim", "label": N_("领单")} if is_free else None,
    }
