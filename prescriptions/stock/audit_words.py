from telehealth.core.audit_words import AuditWords
from telehealth.core.i18n import N_

WORDS = AuditWords(
    "stock",
    N_("库存与药房人员"),
    events={
        "pharmacy.member_assigned": N_("分配了药房人员"),
        "pharmacy.member_removed": N_("移除了药房人员"),
        "stock.blocked": N_("停用了批号"),
        "stock.counted": N_("盘点了库存"),
        "stock.received": N_("药品入库"),
        "stock.reorder_level_set": N_("设置了补货线"),
        "stock.unblocked": N_("恢复了批号"),
    },
    subjects={
        "account": N_("药房人员"),
        "pharmacies": N_("药房"),
        "pharmacy": N_("药房"),
        "stock_lots": N_("药品批次"),
    },
    facts={
        "change": N_("增减"),
        "level": N_("补货线"),
        "lots": N_("批次数"),
        "member": N_("人员"),
    },
    values={"cause": {"expired": N_("已过效期"), "recalled": N_("批号召回"), "damaged": N_("人工停用")}},
    scopes={"stock expiry": N_("检查效期")},
)
