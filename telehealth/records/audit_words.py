from telehealth.core.audit_words import AuditWords
from telehealth.core.i18n import N_
from telehealth.records.states import PAPER_WORDS

WORDS = AuditWords(
    "records",
    N_("病历资料"),
    events={
        "export.asked": N_("申请导出全部资料"),
        "export.downloaded": N_("下载了导出的资料"),
        "export.erased": N_("导出文件已清除"),
        "export.made": N_("导出文件已生成"),
        "export.unlocked": N_("导出文件已解锁"),
        "heir.answered": N_("答复了亡故亲属申请"),
        "heir.asked": N_("代亡故亲属提出申请"),
        "paper.checked": N_("查验了纸质文书"),
        "paper.issued": N_("出具了文书"),
        "person.restricted": N_("限制处理就诊人资料"),
        "person.unrestricted": N_("取消了资料处理限制"),
        "record.note_read": N_("患者查看了病历"),
        "record.read": N_("查看了患者档案"),
        "record.report_read": N_("查看了检查检验报告"),
        "share.code_given": N_("输入了分享口令"),
        "share.made": N_("分享了资料"),
        "share.revoked": N_("停止了分享"),
        "share.viewed": N_("打开了分享的资料"),
    },
    subjects={
        "data_requests": N_("资料权利申请"),
        "exports": N_("资料导出"),
        "medical_reports": N_("检查检验报告"),
        "papers": N_("文书"),
        "shares": N_("资料分享"),
    },
    facts={
        "files": N_("文件数"),
        "paper": N_("文书"),
        "pieces": N_("资料份数"),
        "right": N_("口令正确"),
        "same": N_("与原件一致"),
        "shares_ended": N_("停止的分享数"),
        "with_code": N_("需要口令"),
    },
    values={"kind": PAPER_WORDS},
    scopes={"paper check": N_("查验文书"), "record share": N_("资料分享")},
)
