"""The hospital's own bills on the phone, and the queue of an offline clinic."""

from telehealth.core.access import Permission
from telehealth.core.feature import Feature, RailLink
from telehealth.core.i18n import N_
from telehealth.outpatient import api, jobs, models, pages
from telehealth.outpatient.contributing import me_links, patient_home, worklist
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
    rail=(RailLink("/staff/bills", "receipt", N_("门诊缴费"), Permission.SEE_MONEY, 72),),
    contributions=(
        ("patient_home", patient_home),
        ("me", me_links),
        ("worklist", worklist),
        ("pay_subject", pay_subject),
    ),
)
