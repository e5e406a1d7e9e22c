from prescriptions.states import SheetKind
from telehealth.core.audit_words import AuditWords
from telehealth.core.i18n import N_

WORDS = AuditWords(
    "writing",
    N_("开方"),
    events={
        "prescription.copied": N_("沿用了上次处方"),
        "prescription.line_confirmed": N_("确认了沿用的药品"),
        "prescription.opened": N_("新开了处方"),
        "prescription.resigned": N_("医生再次签名确认"),
        "prescription.revised": N_("修改了退回的处方"),
        "prescription.sheet_read": N_("查看了处方笺"),
        "prescription.signed": N_("处方已签名"),
        "prescription.split": N_("拆分了处方"),
        "prescription.voided": N_("处方已作废"),
    },
    facts={
        "copied_from": N_("沿用自"),
        "finding": N_("提示"),
        "into": N_("拆分到"),
        "issue": N_("第几次签名"),
        "key": N_("提示的对象"),
        "line": N_("第几味药"),
    },
    values={
        "kind": {SheetKind.WESTERN: N_("西药、中成药"), SheetKind.HERB: N_("中药饮片")},
        "reason": {"by_doctor": N_("医生作废"), "unanswered": N_("医生未及时修改")},
    },
    money=frozenset({"total"}),
    scopes={"medicines in use": N_("核查在用药品")},
)
