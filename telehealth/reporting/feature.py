from telehealth.core.access import Permission
from telehealth.core.deadlines import DeadlineKind
from telehealth.core.feature import Feature, Periodic, RailLink
from telehealth.core.i18n import N_
from telehealth.reporting import api, models, pages
from telehealth.reporting.audit_words import WORDS
from telehealth.reporting.contributing import worklist
from telehealth.reporting.daily import DAY_OVER, day_is_over, plan_days, report_days
from telehealth.reporting.samples import open_sample_figures
from telehealth.reporting.telling import response_times

__all__ = ["feature", "models"]

feature = Feature(
    name="reporting",
    api=tuple(api.routes),
    pages=tuple(pages.routes),
    tasks=(report_days,),
    deadlines=(DeadlineKind(DAY_OVER, day_is_over),),
    periodic=(Periodic("reporting.plan_days", 600, plan_days),),
    templates="telehealth.reporting",
    rail=(
        RailLink(pages.HERE, "chart-column", N_("数据"), Permission.SEE_FIGURES, 20),
        RailLink(pages.REPORTS, "newspaper", N_("日报"), Permission.SEE_FIGURES, 21),
    ),
    contributions=(
        ("audit_words", WORDS),
        ("worklist", worklist),
        ("response_times", response_times),
        ("demo_opening", open_sample_figures),
    ),
)
