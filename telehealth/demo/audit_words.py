from telehealth.core.audit_words import AuditWords
from telehealth.core.i18n import N_

WORDS = AuditWords(
    "demo",
    N_("演示环境"),
    events={
        "clock.moved": N_("调整了演示时间"),
        "demo.entered": N_("进入了演示账号"),
    },
    subjects={"clock": N_("业务时钟")},
    facts={"offset_s": N_("偏移（秒）")},
    scopes={"demo": N_("准备演示数据")},
)
