"""HTML routes of accounts."""

from telehealth.accounts.pages import patient, staff, step_up, wechat

routes = [*patient.routes, *staff.routes, *step_up.routes, *wechat.routes]
