from telehealth.core.audit_words import AuditWords
from telehealth.core.i18n import N_
from telehealth.eligibility.facts import GateCode, Stage

WORDS = AuditWords(
    "eligibility",
    N_("复诊资格"),
    events={"eligibility.decided": N_("资格判定")},
    subjects={"gate_decisions": N_("资格判定")},
    facts={
        "allowed": N_("可以预约"),
        "codes": N_("未满足的条件"),
        "pending": N_("待医院系统核验"),
        "stage": N_("判定到"),
    },
    values={
        "codes": {
            GateCode.IDENTITY_UNVERIFIED: N_("没有实名认证"),
            GateCode.CARD_NOT_BOUND: N_("没有就诊卡"),
            GateCode.AGE_BELOW_MINIMUM: N_("未到最小年龄"),
            GateCode.HIS_UNAVAILABLE: N_("查不到医院的就诊记录"),
            GateCode.NO_RECENT_OFFLINE_VISIT: N_("近期没有门诊就诊"),
            GateCode.BANNED: N_("因爽约暂停预约"),
            GateCode.NOT_STABLE: N_("病情不稳定"),
            GateCode.RED_FLAG: N_("有危险症状"),
            GateCode.NOTICE_NOT_ACCEPTED: N_("没有同意须知"),
        },
        "stage": {
            Stage.CARD: N_("就诊卡"),
            Stage.BASICS: N_("基本条件"),
            Stage.RED_FLAGS: N_("危险症状"),
            Stage.FORM: N_("病情表"),
        },
    },
    scopes={"admission": N_("接诊时核对")},
)
