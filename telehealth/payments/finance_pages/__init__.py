"""The staff console's pages about money, for finance and the head of the hospital."""

from telehealth.payments.finance_pages import day, differences, exports, files, refunds, statements

routes = [
    *day.routes,
    *exports.routes,
    *files.routes,
    *differences.routes,
    *refunds.routes,
    *statements.routes,
]
