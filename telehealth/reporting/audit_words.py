from telehealth.core.audit_words import AuditWords
from telehealth.core.i18n import N_

WORDS = AuditWords(
    "reporting",
    N_("统计与日报"),
    events={
        "figures.exported": N_("导出了统计数据"),
        "report.made": N_("生成了日报"),
        "report.read": N_("查看了日报"),
    },
    subjects={"daily_reports": N_("日报")},
    scopes={"daily reports": N_("生成日报")},
)
