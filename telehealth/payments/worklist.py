"""What waits for finance today, on the staff home."""

from typing import Any

from telehealth.core.access import Actor, Permission
from telehealth.core.i18n import N_
from telehealth.core.unit import Unit
from telehealth.payments import finance_queries, queries, reconciliation_queries


async def worklist(unit: Unit, actor: Actor) -> list[dict[str, Any]]:
    if not actor.is_staff or not actor.may(Permission.MANAGE_REFUNDS):
        return []
    parked = await finance_queries.count_parked(unit)
    differing = await reconciliation_queries.count_open(unit)
    orders = len(await queries.orders_that_differ(unit, actor))
    cards = [
        (
            parked,
            N_("退款待处理"),
            N_("渠道没有受理或需要在窗口退现金，请逐笔处理"),
            "/staff/money/refunds",
            "undo-2",
        ),
        (
            differing,
            N_("对账差异待说明"),
            N_("我方账本与渠道账单或医保清单不一致，请认领并说明"),
            "/staff/money/differences",
            "scale",
        ),
        (
            orders,
            N_("渠道金额与订单不一致"),
            N_("这些订单没有入账，请与渠道核实"),
            "/staff/money/differences",
            "circle-alert",
        ),
    ]
    return [
        {"title": title, "text": text, "href": href, "icon": icon, "kind": "warn", "count": count}
        for count, title, text, href, icon in cards
        if count
    ]
