"""What payments offer: paying, receipts and refunds, and the housekeeping that asks providers."""

from typing import Any

from telehealth.core.access import Actor, Permission
from telehealth.core.feature import Feature, Periodic, RailLink
from telehealth.core.i18n import N_
from telehealth.core.unit import Unit
from telehealth.payments import api, books_api, callback_pages, doors, finance_api, finance_pages, jobs, pages
from telehealth.payments.audit_words import WORDS
from telehealth.payments.measuring import MEASURING
from telehealth.payments.reconciling import fetch_due
from telehealth.payments.sharing_bills import family_bills
from telehealth.payments.worklist import worklist


async def me_links(_: Unit, actor: Actor) -> list[dict[str, Any]]:
    if not actor.may(Permission.PAY):
        return []
    return [{"title": N_("费用与退款"), "href": "/receipts", "icon": "receipt", "text": N_("收据、退款进度")}]


feature = Feature(
    name="payments",
    api=(*api.routes, *finance_api.routes, *books_api.routes),
    pages=(*pages.routes, *doors.routes, *callback_pages.routes, *finance_pages.routes),
    tasks=jobs.tasks,
    periodic=(*jobs.periodic, Periodic("payments.fetch_bills", 600, fetch_due)),
    templates="telehealth.payments",
    rail=(
        RailLink("/staff/money", "scale", N_("财务"), Permission.SEE_MONEY, 70),
        RailLink("/staff/money/refunds", "undo-2", N_("退款"), Permission.SEE_MONEY, 71),
    ),
    contributions=(
        ("audit_words", WORDS),
        ("me", me_links),
        ("worklist", worklist),
        ("family_bills", family_bills),
        ("metrics", MEASURING),
    ),
)
