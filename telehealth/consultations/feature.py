from telehealth.bookings.events import BookingPaid, BookingsLeft
from telehealth.consultations import (
    api,
    contributing_fhir,
    doctor_api,
    following_up,
    helper_pages,
    helping,
    models,
    pages,
    staff_pages,
    unfinished,
)
from telehealth.consultations.alerting import alert_staff
from telehealth.consultations.attaching import sweep_files
from telehealth.consultations.audit_words import WORDS
from telehealth.consultations.chatting import tell_unread
from telehealth.consultations.contributing import worklist
from telehealth.consultations.contributing_consents import HelperConsents, RecordingConsents
from telehealth.consultations.following_up import DUE, remind
from telehealth.consultations.gate import forget_tickets
from telehealth.consultations.measuring import MEASURING
from telehealth.consultations.nudging import nudge_doctors
from telehealth.consultations.opening import on_left, on_paid
from telehealth.consultations.unfinished import sweep_unfinished
from telehealth.consultations.welcoming import booking_actions
from telehealth.consultations.writing import UNREAD
from telehealth.core.access import Permission
from telehealth.core.deadlines import DeadlineKind
from telehealth.core.feature import Feature, Periodic, RailLink
from telehealth.core.i18n import N_
from telehealth.patients import LinkEnded

__all__ = ["feature", "models"]

feature = Feature(
    name="consultations",
    api=(*api.routes, *doctor_api.routes),
    pages=(*pages.routes, *helper_pages.routes, *staff_pages.routes),
    tasks=(alert_staff,),
    deadlines=(DeadlineKind(UNREAD, tell_unread), DeadlineKind(DUE, remind)),
    periodic=(
        Periodic("consultations.forget_tickets", 600, forget_tickets),
        Periodic("consultations.sweep_files", 3600, sweep_files),
        Periodic("consultations.nudge_doctors", 30, nudge_doctors),
        Periodic("consultations.sweep_unfinished", 60, sweep_unfinished),
    ),
    subscriptions=((BookingPaid, on_paid), (BookingsLeft, on_left), (LinkEnded, helping.on_link_ended)),
    rail=(RailLink("/staff/line", "stethoscope", N_("接诊台"), Permission.CONSULT, 5),),
    templates="telehealth.consultations",
    contributions=(
        ("audit_words", WORDS),
        ("metrics", MEASURING),
        ("consents", RecordingConsents()),
        ("consents", HelperConsents()),
        ("fhir", contributing_fhir.RESOURCES),
        ("fhir_seen", contributing_fhir.seen),
        ("booking_actions", booking_actions),
        ("worklist", worklist),
        ("worklist", unfinished.worklist),
        ("worklist", following_up.worklist),
    ),
)
