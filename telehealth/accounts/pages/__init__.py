"""HTML routes of accounts."""

from telehealth.accounts.pages import patient, staff

routes = [*patient.routes, *staff.routes]
