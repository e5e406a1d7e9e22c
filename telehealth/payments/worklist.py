"""What waits for finance, on the staff's list of work: one line each, with its promise and whose it is."""

from datetime import timedelta
from typing import Any

from telehealth.core.access import Actor, Permission
from telehealth.core.i18n import N_, translator
from telehealth.core.unit import Unit
from telehealth.core.work import SHOWN, rest_of
from telehealth.payments import finance_queries, queries, reconciliation_queries
from telehealth.payments.comparing import DifferenceKind
from telehealth.payments.models import Difference, Refund
from telehealth.payments.wording import DIFFERENCE_KINDS, PARTIES
from telehealth.rulebook import desk_promises

_REFUNDS, _DIFFERENCES = "/staff/money/refunds", "/staff/money/differences"
_FINANCE = N_("财务")


async def worklist(unit: Unit, actor: Actor) -> list[dict[str, Any]]:
    if not actor.is_staff or not actor.may(Permission.MANAGE_REFUNDS):
        return []
    promises = await desk_promises(unit, actor.hospital)
    return [
        *await _parked(unit, timedelta(hours=promises.refund_decision_hours)),
        *await _differing(unit, timedelta(hours=promises.difference_hours)),
        *await _orders(unit, actor),
    ]


async def _parked(unit: Unit, within: timedelta) -> list[dict[str, Any]]:
    rows = await finance_queries.parked(unit, limit=SHOWN)
    count = await finance_queries.count_parked(unit) if len(rows) == SHOWN else len(rows)
    return [
        *(_refund(row, within) for row in rows),
        *rest_of(rows, count, N_("更多待处理的退款"), _REFUNDS, icon="undo-2", kind="warn", owner=_FINANCE),
    ]


def _refund(row: Refund, within: timedelta) -> dict[str, Any]:
    return {
        "title": N_("退款待处理"),
        "text": _each(N_("%(number)s：渠道没有受理或需要在窗口退现金"), number=row.number),
        "href": f"{_REFUNDS}/{row.id}",
        "icon": "undo-2",
        "kind": "warn",
        "due_at": row.requested_at + within,
        "since": row.requested_at,
        "owner": _FINANCE,
    }


async def _differing(unit: Unit, within: timedelta) -> list[dict[str, Any]]:
    rows = await reconciliation_queries.differences(unit, is_open=True, limit=SHOWN)
    count = await reconciliation_queries.count_open(unit) if len(rows) == SHOWN else len(rows)
    return [
        *(_difference(row, within) for row in rows),
        *rest_of(rows, count, N_("更多对账差异"), _DIFFERENCES, icon="scale", kind="warn", owner=_FINANCE),
    ]


def _difference(row: Difference, within: timedelta) -> dict[str, Any]:
    texts = {}
    for lang in ("zh-CN", "en"):
        _ = translator(lang)
        kind = _(DIFFERENCE_KINDS[DifferenceKind(row.kind)][0])
        texts[lang] = f"{_(PARTIES.get(row.party, row.party))} · {kind} · {row.day:%Y-%m-%d}"
    here = f"{_DIFFERENCES}/{row.id}"
    return {
        "title": N_("对账差异待说明"),
        "text": texts,
        "href": here,
        "icon": "scale",
        "kind": "warn",
        "due_at": row.found_at + within,
        "since": row.found_at,
        "owner": row.owner_name,
        "claim": None if row.owner_id else {"action": f"{here}/ownership", "label": N_("由我负责")},
    }


async def _orders(unit: Unit, actor: Actor) -> list[dict[str, Any]]:
    """They were not booked; the channel has to be asked."""
    count = len(await queries.orders_that_differ(unit, actor))
    text = N_("这些订单没有入账，请与渠道核实")
    return rest_of(
        (), count, N_("渠道金额与订单不一致"), _DIFFERENCES,
        text=text, icon="circle-alert", kind="warn", owner=_FINANCE,
    )  # fmt: skip


def _each(message: str, **values: str) -> dict[str, str]:
    return {lang: translator(lang)(message) % values for lang in ("zh-CN", "en")}
