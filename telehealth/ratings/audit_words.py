from telehealth.core.audit_words import AuditWords
from telehealth.core.i18n import N_

WORDS = AuditWords(
    "ratings",
    N_("就诊评价"),
    events={
        "rating.given": N_("患者评价了就诊"),
        "rating.revised": N_("患者修改了评价"),
        "rating.words_read": N_("审阅了评价留言"),
    },
    subjects={"ratings": N_("评价")},
)
