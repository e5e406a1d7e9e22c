from telehealth.core.audit_words import AuditWords
from telehealth.core.i18n import N_
from telehealth.schedule.wording import KIND_LABELS

WORDS = AuditWords(
    "schedule",
    N_("排班"),
    events={
        "clinic.closed": N_("出诊已停诊"),
        "clinic.reopened": N_("恢复出诊"),
        "clinic_template.added": N_("添加了排班模板"),
        "clinic_template.dropped": N_("停用了排班模板"),
        "clinics.planned": N_("按模板生成了出诊"),
    },
    subjects={"clinics": N_("出诊"), "clinic_templates": N_("排班模板")},
    facts={"clinics": N_("出诊数"), "weekday": N_("星期")},
    values={"kind": KIND_LABELS},
)
