"""What payments offer: paying, receipts and refunds, and the housekeeping that asks providers."""

from telehealth.core.feature import Feature
from telehealth.payments import api, callback_pages, jobs, pages

feature = Feature(
    name="payments",
    api=tuple(api.routes),
    pages=(*pages.routes, *callback_pages.routes),
    tasks=jobs.tasks,
    periodic=jobs.periodic,
    templates="telehealth.payments",
)
