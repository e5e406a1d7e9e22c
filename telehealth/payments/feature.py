"""What payments offer: paying, receipts and refunds, and the housekeeping that asks providers."""

from telehealth.core.access import Permission
from telehealth.core.feature import Feature, Periodic, RailLink
from telehealth.core.i18n import N_
from telehealth.payments import api, callback_pages, finance_api, finance_pages, jobs, pages
from telehealth.payments.reconciling import fetch_due
from telehealth.payments.worklist import worklist

feature = Feature(
    name="payments",
    api=(*api.routes, *finance_api.routes),
    pages=(*pages.routes, *callback_pages.routes, *finance_pages.routes),
    tasks=jobs.tasks,
    periodic=(*jobs.periodic, Periodic("payments.fetch_bills", 600, fetch_due)),
    templates="telehealth.payments",
    rail=(
        RailLink("/staff/money", "scale", N_("财务"), Permission.SEE_MONEY, 70),
        RailLink("/staff/money/refunds", "undo-2", N_("退款"), Permission.SEE_MONEY, 71),
    ),
    contributions=(("worklist", worklist),),
)
