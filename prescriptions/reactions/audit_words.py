from prescriptions.reactions.states import CAUSALITIES, ENDINGS, SEVERITIES
from telehealth.core.audit_words import AuditWords
from telehealth.core.i18n import N_

WORDS = AuditWords(
    "reactions",
    N_("用药不适"),
    events={
        "reaction.assessed": N_("评价了用药不适"),
        "reaction.exported": N_("导出了用药不适"),
        "reaction.late": N_("用药不适评价已超时"),
        "reaction.opened": N_("查看了用药不适"),
        "reaction.reported": N_("报告了用药不适"),
    },
    subjects={"rx_reactions": N_("用药不适报告")},
    facts={"causality": N_("关联性"), "ending": N_("转归"), "severity": N_("程度")},
    values={
        "causality": CAUSALITIES,
        "ending": ENDINGS,
        "severity": {severity: words for severity, (words, _) in SEVERITIES.items()},
    },
)
