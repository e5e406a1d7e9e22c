"""HTML routes of accounts."""

from telehealth.accounts.pages import patient, staff, wechat

routes = [*patient.routes, *staff.routes, *wechat.routes]
