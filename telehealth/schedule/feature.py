from telehealth.core.access import Permission
from telehealth.core.feature import Feature, Periodic, RailLink
from telehealth.core.i18n import N_
from telehealth.directory import DoctorReinstated, DoctorSuspended
from telehealth.schedule import api, pages
from telehealth.schedule.audit_words import WORDS
from telehealth.schedule.closing import on_doctor_reinstated, on_doctor_suspended
from telehealth.schedule.planning import plan_ahead
from telehealth.schedule.waiting import worklist

feature = Feature(
    name="schedule",
    api=tuple(api.routes),
    pages=tuple(pages.routes),
    # Hourly, though a day adds one day: a house that slept, or whose clock was moved, catches up soon.
    periodic=(Periodic("schedule.plan", 3600, plan_ahead),),
    subscriptions=((DoctorSuspended, on_doctor_suspended), (DoctorReinstated, on_doctor_reinstated)),
    templates="telehealth.schedule",
    contributions=(("audit_words", WORDS), ("worklist", worklist)),
    rail=(RailLink("/staff/clinics", "calendar-days", N_("门诊"), Permission.SEE_CLINICS, 20),),
)
