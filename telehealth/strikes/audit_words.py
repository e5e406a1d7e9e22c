from telehealth.core.audit_words import AuditWords
from telehealth.core.i18n import N_

WORDS = AuditWords(
    "strikes",
    N_("爽约"),
    events={
        "appeal.answered": N_("答复了爽约申诉"),
        "appeal.made": N_("提交了爽约申诉"),
        "ban.lifted": N_("解除了预约限制"),
        "ban.started": N_("开始限制预约"),
        "strike.given": N_("记一次爽约"),
        "strike.reversed": N_("撤销了一次爽约"),
    },
    subjects={"appeals": N_("爽约申诉书"), "bans": N_("预约限制"), "strikes": N_("爽约记录")},
    facts={"strike": N_("爽约记录"), "upheld": N_("申诉成立")},
    values={"channel": {"online": N_("线上"), "desk": N_("窗口"), "phone": N_("电话")}},
)
