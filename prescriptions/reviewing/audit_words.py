from telehealth.core.audit_words import AuditWords
from telehealth.core.i18n import N_

WORDS = AuditWords(
    "reviewing",
    N_("审方与值班"),
    events={
        "duty.dropped": N_("取消了药师值班"),
        "duty.planned": N_("安排了药师值班"),
        "prescription.passed": N_("处方审核通过"),
        "prescription.read": N_("药师查看了处方"),
        "prescription.refused": N_("处方审核拒绝"),
        "prescription.returned": N_("处方退回医生修改"),
        "prescription.review_late": N_("处方审核已超时"),
    },
    subjects={"pharmacist_duties": N_("药师班次")},
    facts={"issue": N_("第几次签名")},
)
