"""The administrator's pages, a module a subject."""

from telehealth.admin.pages import audit, calendar, departments, doctors, jobs, notices, rulebook, staff

routes = [
    *rulebook.routes,
    *staff.routes,
    *doctors.routes,
    *departments.routes,
    *notices.routes,
    *calendar.routes,
    *audit.routes,
    *jobs.routes,
]
