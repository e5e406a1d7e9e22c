from telehealth.core.audit_words import AuditWords
from telehealth.core.i18n import N_

WORDS = AuditWords(
    "admin",
    N_("系统管理"),
    events={
        "audit.verified": N_("核对了审计封存链"),
        "policy.rehearsed": N_("用病例试算了规则草稿"),
    },
    facts={"broken_link": N_("断开处"), "cases": N_("病例数"), "ok": N_("结果相符")},
    scopes={
        "audit sealing": N_("审计封存"),
        "deadlines": N_("到期事项"),
        "housekeeping": N_("日常清理"),
    },
    actors={"house": N_("系统")},
)
