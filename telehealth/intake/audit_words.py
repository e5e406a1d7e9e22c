from telehealth.core.audit_words import AuditWords
from telehealth.core.i18n import N_

WORDS = AuditWords(
    "intake",
    N_("病情表"),
    events={
        "intake.attached": N_("上传了病情附件"),
        "intake.attachment_abandoned": N_("未传完的病情附件已清除"),
        "intake.attachment_opened": N_("查看了病情附件"),
        "intake.attachment_refused": N_("病情附件未通过检查"),
        "intake.attachment_removed": N_("移除了病情附件"),
        "intake.begun": N_("开始填写病情表"),
        "intake.dropped": N_("病情表草稿已清除"),
        "intake.red_flag": N_("病情表发现危险症状"),
        "intake.released": N_("病情表可以再次使用"),
        "intake.revised": N_("修改了病情表"),
        "intake.submitted": N_("提交了病情表"),
        "intake.used": N_("病情表已用于预约"),
    },
    subjects={"intake_forms": N_("病情表"), "intake_attachments": N_("病情附件")},
    facts={"filled_by": N_("填写人"), "template": N_("表单")},
    values={
        "kind": {
            "internet": N_("线上复诊"),
            "offline": N_("线下门诊"),
            "photo": N_("照片"),
            "report": N_("检查检验报告"),
        },
        "filled_by": {
            "patient": N_("患者本人"),
            "family": N_("家属"),
            "guardian": N_("监护人"),
            "staff": N_("医院工作人员"),
        },
        "template": {
            "general": N_("通用"),
            "western": N_("西医"),
            "tcm": N_("中医"),
            "dental": N_("口腔"),
            "skin": N_("皮肤"),
        },
        "level": {"emergency": N_("紧急"), "offline": N_("到院就诊")},
    },
    scopes={"intake.sweep_incoming": N_("清理未传完的附件")},
)
