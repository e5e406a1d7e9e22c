from telehealth.core.audit_words import AuditWords
from telehealth.core.i18n import N_

WORDS = AuditWords(
    "formulary",
    N_("药品目录"),
    events={
        "formulary.discarded": N_("药品目录草稿已作废"),
        "formulary.drafted": N_("新建了药品目录草稿"),
        "formulary.import_begun": N_("开始导入药品目录"),
        "formulary.import_stopped": N_("药品目录导入已停止"),
        "formulary.imported": N_("导入了药品目录"),
        "formulary.published": N_("发布了药品目录"),
    },
    subjects={
        "formulary_imports": N_("药品目录导入"),
        "formulary_versions": N_("药品目录版本"),
    },
    facts={
        "bad": N_("有误行数"),
        "based_on": N_("依据版本"),
        "number": N_("版本号"),
        "replaces": N_("替换全表"),
        "removed": N_("移除行数"),
        "table": N_("表"),
        "rows": N_("行数"),
        "taken": N_("采用行数"),
        "through": N_("已导入行数"),
    },
    values={
        "table": {
            "medicines": N_("西药与中成药"),
            "herbs": N_("中药饮片"),
            "interactions": N_("相互作用"),
            "tcm_rules": N_("中药配伍规则"),
            "allergy_classes": N_("过敏分类"),
            "diagnoses_icd10": N_("西医诊断"),
            "diagnoses_tcm": N_("中医诊断"),
            "frequencies": N_("用药频次"),
        },
    },
    scopes={"formulary imports": N_("导入药品目录")},
)
