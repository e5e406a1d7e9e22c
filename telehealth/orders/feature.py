from telehealth.core.feature import Feature
from telehealth.orders import api, bills, homing, pages, pricing, visits
from telehealth.orders.audit_words import WORDS

feature = Feature(
    name="orders",
    api=tuple(api.routes),
    pages=tuple(pages.routes),
    templates="telehealth.orders",
    contributions=(
        ("audit_words", WORDS),
        ("orders", visits.SOURCE),
        ("orders", bills.SOURCE),
        ("refund_tables", pricing.VISITS),
        ("home_parts", homing.home_parts),
        ("home_services", homing.home_services),
    ),
)
