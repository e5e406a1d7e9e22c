from telehealth.bookings import api, desk_pages, jobs, pages, staff_pages
from telehealth.bookings.audit_words import WORDS
from telehealth.bookings.cancelling import on_clinic_closed
from telehealth.bookings.contributing import worklist
from telehealth.bookings.leaving_helper import on_link_ended
from telehealth.bookings.measuring import MEASURING
from telehealth.bookings.paying import pay_subject
from telehealth.bookings.queries import demand
from telehealth.core.access import Permission
from telehealth.core.feature import Feature, RailLink
from telehealth.core.i18n import N_
from telehealth.patients import LinkEnded
from telehealth.schedule.events import ClinicClosed

feature = Feature(
    name="bookings",
    api=tuple(api.routes),
    # Before the pages with an id in their path.
    pages=(*pages.routes, *desk_pages.routes, *staff_pages.routes),
    tasks=jobs.tasks,
    deadlines=jobs.deadlines,
    periodic=jobs.periodic,
    subscriptions=((ClinicClosed, on_clinic_closed), (LinkEnded, on_link_ended)),
    rail=(RailLink("/staff/bookings", "ticket-check", N_("预约"), Permission.BOOK_FOR_PATIENT, 30),),
    templates="telehealth.bookings",
    contributions=(
        ("audit_words", WORDS),
        ("metrics", MEASURING),
        ("worklist", worklist),
        ("clinic_demand", demand),
        ("pay_subject", pay_subject),
    ),
)
