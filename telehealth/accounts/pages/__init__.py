"""HTML routes of accounts."""

from telehealth.accounts.pages import handover, patient, staff, step_up, wechat

routes = [*handover.routes, *patient.routes, *staff.routes, *step_up.routes, *wechat.routes]
