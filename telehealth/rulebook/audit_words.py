from telehealth.core.audit_words import AuditWords
from telehealth.core.i18n import N_

WORDS = AuditWords(
    "rulebook",
    N_("规则"),
    events={
        "policy.discarded": N_("规则草稿已作废"),
        "policy.drafted": N_("新建了规则草稿"),
        "policy.edited": N_("修改了规则草稿"),
        "policy.published": N_("发布了规则"),
    },
    subjects={"policy_versions": N_("规则版本")},
    facts={
        "based_on": N_("依据版本"),
        "changes": N_("改动"),
        "new": N_("新值"),
        "number": N_("版本号"),
        "old": N_("原值"),
        "path": N_("项目"),
        "revision": N_("修改次数"),
    },
)
