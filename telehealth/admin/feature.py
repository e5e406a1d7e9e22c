from telehealth.admin import api, pages
from telehealth.admin.audit_words import WORDS
from telehealth.admin.housekeeping import forget_old_keys, seal_audit
from telehealth.admin.waiting import worklist
from telehealth.core.access import Permission as P
from telehealth.core.feature import Feature, Periodic, RailLink
from telehealth.core.i18n import N_

feature = Feature(
    name="admin",
    api=tuple(api.routes),
    pages=tuple(pages.routes),
    periodic=(
        Periodic("admin.seal_audit", 60, seal_audit),
        Periodic("admin.forget_keys", 3600, forget_old_keys),
    ),
    templates="telehealth.admin",
    contributions=(("audit_words", WORDS), ("worklist", worklist)),
    rail=(
        RailLink("/admin/rulebook", "book-open-check", N_("规则"), P.EDIT_RULEBOOK, 200),
        RailLink("/admin/staff", "users-round", N_("人员"), P.MANAGE_STAFF, 210),
        RailLink("/admin/doctors", "stethoscope", N_("医生资质"), P.MANAGE_DIRECTORY, 220),
        RailLink("/admin/departments", "building-2", N_("科室院区"), P.MANAGE_DIRECTORY, 230),
        RailLink("/admin/notices", "file-text", N_("须知"), P.MANAGE_NOTICES, 240),
        RailLink("/admin/calendar", "calendar-days", N_("日历"), P.MANAGE_CALENDAR, 250),
        RailLink("/admin/audit", "scroll-text", N_("审计"), P.SEARCH_AUDIT, 260),
        RailLink("/admin/jobs", "list-x", N_("停滞任务"), P.SEE_JOBS, 270),
    ),
)
