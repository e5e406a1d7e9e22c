from prescriptions.settling.rules import CAUSE_LABELS
from prescriptions.states import Path
from telehealth.core.audit_words import AuditWords
from telehealth.core.i18n import N_

WORDS = AuditWords(
    "settling",
    N_("药费与领药方式"),
    events={
        "fulfilment.courier_chosen": N_("患者选择快递送药"),
        "fulfilment.disclosure_agreed": N_("患者同意向药房和快递提供资料"),
        "fulfilment.dispensed": N_("药品已交付"),
        "fulfilment.lapsed": N_("领药方式已失效"),
        "fulfilment.opened": N_("处方可以缴费"),
        "fulfilment.reminded": N_("提醒患者缴药费"),
        "fulfilment.window_chosen": N_("患者选择窗口取药"),
        "fulfilment.window_number_given": N_("分配了取药号"),
        "prescription.expired": N_("处方已过期"),
        "prescription.paid": N_("药费已支付"),
        "prescription.payment_refused": N_("药费付款没有入账"),
        "prescription.refund_decided": N_("决定了药费退款"),
        "prescription.refunded": N_("药费已退"),
        "prescription.undo_asked": N_("患者要求退药"),
        "prescription.undone": N_("药已退单，药费全额退回"),
    },
    subjects={"fulfilments": N_("领药")},
    facts={
        "kinds": N_("提供的资料"),
        "refunded": N_("退款金额"),
        "share": N_("退款比例（万分之）"),
        "to": N_("提供给"),
        "window": N_("取药号"),
    },
    values={
        "cause": CAUSE_LABELS,
        "kinds": {"name": N_("姓名"), "mobile": N_("手机号"), "address": N_("地址")},
        "path": {Path.COURIER: N_("快递"), Path.WINDOW: N_("窗口")},
        "purpose": {"delivery": N_("送药到家")},
        "reason": {
            "unpaid": N_("未按时支付"),
            "unanswered": N_("药师未及时审核"),
            "by_patient": N_("患者取消"),
            "not_packed": N_("超时未打包"),
            "out_of_stock": N_("缺药"),
            "refused_address": N_("地址不能送达"),
            "by_person": N_("人工终止"),
        },
        "to": {"pharmacy": N_("药房"), "courier": N_("快递公司")},
        "why": {
            "late": N_("付款超过期限"),
            "not_payable": N_("处方已不能缴费"),
            "no_path": N_("没有选择领药方式"),
            "path_left": N_("领药方式已改变"),
        },
    },
    money=frozenset({"refunded"}),
)
