"""HTML routes of accounts."""

from telehealth.accounts.pages import handover, patient, staff, step_up, wechat, work

routes = [
    *handover.routes,
    *patient.routes,
    *staff.routes,
    *work.routes,
    *step_up.routes,
    *wechat.routes,
]
