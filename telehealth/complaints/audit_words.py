from telehealth.complaints.states import KINDS, OUTCOMES
from telehealth.core.audit_words import AuditWords
from telehealth.core.i18n import N_

WORDS = AuditWords(
    "complaints",
    N_("投诉与复核"),
    events={
        "complaint.added_to": N_("补充了投诉"),
        "complaint.answered": N_("答复了投诉"),
        "complaint.closed": N_("投诉已结束"),
        "complaint.escalated": N_("投诉已上报院领导"),
        "complaint.lapsed": N_("投诉到期自动结束"),
        "complaint.made": N_("提交了投诉"),
        "complaint.opened": N_("查看了投诉"),
        "complaint.photo_kept": N_("投诉照片已保存"),
        "complaint.photo_opened": N_("查看了投诉照片"),
        "complaint.photo_refused": N_("投诉照片未通过检查"),
        "complaint.reopened": N_("投诉重新打开"),
        "complaint.replied": N_("回复了投诉"),
        "complaint.taken": N_("受理了投诉"),
    },
    subjects={"complaints": N_("投诉单"), "complaint_photos": N_("投诉照片")},
    values={
        "kind": KINDS,
        "outcome": OUTCOMES,
        "by": {"closed": N_("患者确认"), "withdrawn": N_("患者撤回"), "lapsed": N_("到期")},
        "late": {"reply": N_("受理超时"), "answer": N_("答复超时")},
    },
    scopes={"complaint photos": N_("检查投诉照片")},
)
