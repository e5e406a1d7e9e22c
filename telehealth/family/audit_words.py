from telehealth.core.audit_words import AuditWords
from telehealth.core.i18n import N_
from telehealth.family.states import WAY_LABELS

WORDS = AuditWords(
    "family",
    N_("家庭共济"),
    events={
        "family.answer_late": N_("家庭共济审核已超时"),
        "family.bank_card_checked": N_("核对了成员的银行卡"),
        "family.bound": N_("家庭共济已绑定"),
        "family.counter_chosen": N_("选择了到窗口绑定"),
        "family.lapsed": N_("家庭共济申请已过期"),
        "family.paper_attached": N_("上传了亲属关系材料"),
        "family.paper_deleted": N_("亲属关系材料已删除"),
        "family.paper_opened": N_("查看了亲属关系材料"),
        "family.paper_refused": N_("亲属关系材料未通过检查"),
        "family.payment_checked": N_("核对了代付款人"),
        "family.refused": N_("家庭共济申请未通过"),
        "family.requested": N_("申请了家庭共济"),
        "family.submitted": N_("提交了家庭共济材料"),
        "family.unbound": N_("家庭共济已解除"),
        "family.withdrawn": N_("家庭共济申请已撤回"),
    },
    subjects={
        "family_bindings": N_("家庭共济"),
        "family_papers": N_("亲属关系材料"),
        "family_payment_checks": N_("代付核对"),
    },
    facts={"age": N_("年龄"), "promised": N_("应答复时间")},
    values={
        "way": WAY_LABELS,
        "by": {
            "user": N_("付款人"),
            "member": N_("成员本人"),
            "desk": N_("窗口"),
            "link": N_("就诊人关系已解除"),
        },
    },
    scopes={"family account": N_("家庭共济")},
)
