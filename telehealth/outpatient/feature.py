"""The hospital's own bills on the phone, and the queue of an offline clinic."""

from telehealth.bookings.events import BookingsLeft
from telehealth.core.access import Permission
from telehealth.core.feature import Feature, RailLink
from telehealth.core.i18n import N_
from telehealth.outpatient import api, jobs, models, pages
from telehealth.outpatient.arriving import on_bookings_left
from telehealth.outpatient.audit_words import WORDS
from telehealth.outpatient.contributing import (
    booking_actions,
    me_links,
    queue_home,
    worklist,
)
from telehealth.outpatient.paying import pay_subject

__all__ = ["feature", "models"]

feature = Feature(
    name="outpatient",
    api=tuple(api.routes),
    pages=tuple(pages.routes),
    templates="telehealth.outpatient",
    tasks=jobs.tasks,
    periodic=jobs.periodic,
    deadlines=jobs.deadlines,
    subscriptions=((BookingsLeft, on_bookings_left),),
    rail=(
        RailLink("/staff/queue", "users-round", N_("候诊叫号"), Permission.CALL_QUEUE, 22),
        RailLink("/staff/bills", "receipt", N_("门诊缴费"), Permission.SEE_MONEY, 72),
    ),
    contributions=(
        ("audit_words", WORDS),
        ("patient_home", queue_home),
        ("booking_actions", booking_actions),
        ("me", me_links),
        ("worklist", worklist),
        ("pay_subject", pay_subject),
    ),
)
