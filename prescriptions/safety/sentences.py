"""Every sentence the checks can say, and by what right each code has its severity.

The right, in one table (B blocks, R is signed again with a reason, W informs):

    code                     severity                    by
    DDI_*, TRIPLE_*          the row's action            interactions of the book; all_of, at_least
    TCM_18                   the group's action          tcm_rules (veratrum B, others R); REG 37
    TCM_19                   nineteen_action (R)         tcm_rules; REG 37
    MAX_SINGLE, MAX_DAILY    R; B from ten times on      REG 29: overdose is refused unless re-signed
    CHILD_MGKG               R; B from ten times on      REG 29
    AGE_MIN, DX_CONTRA       R                           REG 29: contraindicated, refused unless re-signed
    DX_MISMATCH              R                           REG 27: it is for the diagnosis stated
    DX_CAUTION, ELDERLY      W                           the row says caution
    DUP_*                    R; W for a refill about     REG 29, 47: no repeat prescribing
                             to follow on, and a herb twice
    ALLERGY_*                B / W                       by name; cross-reaction levels of the book
    REACTION_REPORTED        R                           REG 29, 69: reported, not cleared by a pharmacist
    PREGNANCY_*, LACTATION_* B / W                       by name; contraindicated / caution in the row
    QTY_DAYS                 B                           REG 21-24, 34: the law's longest supply
    QTY_PACKS                R; B when absurd; W short   REG 47: no excess
    ITEM_COUNT, SHEET_MIXED  B                           REG 26
    CONTROLLED_BLOCK         B                           REG 33, 34
    FULFILMENT_RESTRICTED    B by courier; W while open  REG 40-42
    COLD_CHAIN               B by a courier without box  REG 45; W with one, or while open
    TCM_DOSE_*               B / R / W                   above ceiling; above range (REG 37); below range
    TCM_USAGE_MISSING        B toxic; R; W conditional   REG 35
    TCM_TOXIC_WARN           W                           REG 34: the pharmacist is told
    DOPING_WARN              W                           the row; athletes only
    CHECK_INCOMPLETE         B: a child's weight, no diagnosis on file (XY05), a line without dose, days or
                             grams (REG 25), something the book does not have;
                             R: renal function and every other value of the patient, what is taken already
                             and other hospitals' prescriptions (without consent they cannot be asked)
"""

from prescriptions.safety.facts import Needs, SafetyCode, Severity
from telehealth.core.i18n import N_

C = SafetyCode

SEVERITIES = {
    Severity.BLOCK: N_("不能开具"),
    Severity.RESIGN: N_("须再次签名"),
    Severity.WARN: N_("提示"),
}

TITLES = {
    C.MAX_SINGLE: N_("单次剂量超限"),
    C.MAX_DAILY: N_("每日剂量超限"),
    C.CHILD_MGKG: N_("儿童按体重剂量超限"),
    C.CHECK_INCOMPLETE: N_("检查不完整"),
    C.DDI_BLOCK: N_("药物相互作用：禁止合用"),
    C.DDI_RESIGN: N_("药物相互作用：须慎重"),
    C.DDI_WARN: N_("药物相互作用"),
    C.TRIPLE_BLOCK: N_("多药叠加：禁止合用"),
    C.TRIPLE_RESIGN: N_("多药叠加：须慎重"),
    C.TRIPLE_WARN: N_("多药叠加"),
    C.DUP_INGREDIENT: N_("成分重复"),
    C.DUP_CLASS: N_("同类药重复"),
    C.ALLERGY_BLOCK: N_("过敏：禁用"),
    C.ALLERGY_WARN: N_("可能交叉过敏"),
    C.AGE_MIN: N_("低于用药年龄"),
    C.ELDERLY: N_("老年人慎用"),
    C.PREGNANCY_BLOCK: N_("妊娠禁用"),
    C.PREGNANCY_WARN: N_("妊娠慎用"),
    C.LACTATION_BLOCK: N_("哺乳期禁用"),
    C.LACTATION_WARN: N_("哺乳期慎用"),
    C.DX_CONTRA: N_("疾病禁忌"),
    C.DX_CAUTION: N_("疾病慎用"),
    C.DX_MISMATCH: N_("诊断与用药不符"),
    C.DOPING_WARN: N_("运动员慎用"),
    C.QTY_DAYS: N_("用药天数超限"),
    C.QTY_PACKS: N_("数量与天数不符"),
    C.ITEM_COUNT: N_("品种超限"),
    C.SHEET_MIXED: N_("饮片须单独开方"),
    C.CONTROLLED_BLOCK: N_("不得线上开具"),
    C.FULFILMENT_RESTRICTED: N_("不能快递"),
    C.COLD_CHAIN: N_("须冷链"),
    C.TCM_18: N_("十八反"),
    C.TCM_19: N_("十九畏"),
    C.TCM_DOSE_BLOCK: N_("饮片超过上限"),
    C.TCM_DOSE_RESIGN: N_("饮片超过常用量"),
    C.TCM_DOSE_WARN: N_("饮片低于常用量"),
    C.TCM_TOXIC_WARN: N_("毒性饮片"),
    C.TCM_USAGE_MISSING: N_("缺少特殊煎法"),
    C.REACTION_REPORTED: N_("报告过不良反应"),
}

WHY = {
    "dose_unusable": N_("{name}没有可用的单次剂量。"),
    "takes_unusable": N_("{name}的每日次数不合理。"),
    "takes_unknown": N_("{name}没有写明每日最多用几次，无法核对日剂量。"),
    "over_single": N_("{name}单次 {amount} {unit}，超过极量 {limit} {unit}。"),
    "more_than_a_pack": N_("{name}单次 {amount} {unit}，超过一整包装（{limit} {unit}）。"),
    "over_daily": N_("{name}每日合计 {amount} {unit}，超过极量 {limit} {unit}。"),
    "over_child_daily": N_("{name}每日合计 {amount} {unit}，超过儿童极量 {limit} {unit}。"),
    "over_per_kg": N_(
        "{name}每日合计 {amount} {unit}；体重 {weight} kg、每千克 {per_kg} mg，最多 {limit} {unit}。"
    ),
    "over_ingredient": N_("{names}都含{ingredient}，每日合计 {amount} {unit}，超过极量 {limit} {unit}。"),
    "no_child_dose": N_("目录中没有{name}的儿童剂量，无法核对。"),
    "weight_missing": N_("儿童没有体重，无法核对剂量。"),
    "pair": N_("{names}：{mechanism}。"),
    "multi": N_("{names}同时使用：{mechanism}。"),
    "same_ingredient": N_("{names}都含{ingredient}。"),
    "same_class": N_("{names}同属{group}。"),
    "refill_overlap": N_("{name}还在服用，尚余 {days} 天，本次接续。"),
    "herb_twice": N_("{name}出现两次，请确认是有意为之。"),
    "allergies_unknown": N_("没有询问过敏史。"),
    "allergy_unchecked": N_("有一项过敏无法与药品目录核对，请医生自行判断。"),
    "allergy_itself": N_("患者对{allergy}过敏。"),
    "allergy_class": N_("患者对{allergy}过敏，{name}属于或与之交叉。"),
    "reaction_reported": N_("患者报告过使用{a}后不适，{name}含有同样的成分。"),
    "allergy_cross": N_("患者对{allergy}过敏，{name}可能发生交叉过敏。"),
    "age_unknown": N_("没有年龄，无法核对年龄限制。"),
    "diagnosis_unknown": N_("没有取得诊断，无法核对禁忌。"),
    "diagnosis_missing": N_("没有诊断，不能开处方。"),
    "too_young": N_("{name}用于 {limit} 岁及以上，患者 {age} 岁。"),
    "elderly": N_("患者 {age} 岁，{name}老年人应慎用。"),
    "contraindicated": N_("{name}禁用于{diagnosis}。"),
    "caution": N_("{name}慎用于{diagnosis}。"),
    "not_indicated": N_("本次诊断中没有{name}的适应证。"),
    "renal_unknown": N_("{name}须按肾功能用药，没有近期肾功能结果。"),
    "pregnancy_unknown": N_("没有询问是否妊娠，{name}妊娠期禁用或慎用。"),
    "pregnancy_contraindicated": N_("{name}妊娠期禁用。"),
    "pregnancy_caution": N_("{name}妊娠期慎用。"),
    "lactation_unknown": N_("没有询问是否哺乳，{name}哺乳期禁用或慎用。"),
    "lactation_contraindicated": N_("{name}哺乳期禁用。"),
    "lactation_caution": N_("{name}哺乳期慎用。"),
    "doping": N_("{name}含兴奋剂目录所列物质。"),
    "mixed": N_("{name}不能与本张处方的其他药品同方。"),
    "too_many": N_("本张处方 {count} 种，最多 {limit} 种。"),
    "days_unknown": N_("{name}没有写明用药天数。"),
    "days_unusable": N_("{name}的用药天数不合理。"),
    "doses_unusable": N_("剂数或每日剂数不合理。"),
    "no_long_rx": N_("{name}共 {days} 天；此药不得开长期处方，最多 {limit} 天。"),
    "not_chronic": N_("共 {days} 天；本次诊断不是线上随访的慢性病，最多 {limit} 天。"),
    "not_stable": N_("共 {days} 天；超过 {limit} 天须评估病情稳定。"),
    "diagnosis_limit": N_("共 {days} 天；本次诊断最多 {limit} 天。"),
    "longest": N_("共 {days} 天；长期处方最多 {limit} 天。"),
    "toxic_days": N_("{name}为毒性药品，不得超过 {limit} 日极量。"),
    "packs_unusable": N_("{name}的数量不合理，应为整包装。"),
    "too_many_packs": N_("{name}开了 {packs} 包装，按用法只需 {needed}。"),
    "too_few_packs": N_("{name}开了 {packs} 包装，按用法需要 {needed}，不够所写天数。"),
    "controlled": N_("{name}属于不得线上开具的药品，请到院就诊。"),
    "raw_toxic": N_("{name}为毒性中药生品，不得线上开具。"),
    "pickup_only": N_("{name}在禁止网络销售目录中，只能到院取药。"),
    "banned_class": N_("{name}属于特殊管理药品，只能到院取药。"),
    "banned_single": N_("{name}为禁止网络销售的单方制剂，只能到院取药。"),
    "injection": N_("{name}为注射剂，除降糖药外不能快递。"),
    "granules": N_("中药配方颗粒不能快递，只能到院取药。"),
    "hospital_made": N_("{name}为医疗机构制剂，不能快递，只能到院取药。"),
    "cold_chain": N_("{name}须冷链运输，并有温度记录。"),
    "unknown_item": N_("药品目录中没有{name}，无法核对、定价和调配。"),
    "eighteen": N_("{a}反{b}。"),
    "nineteen": N_("{a}畏{b}。"),
    "grams_unusable": N_("{name}没有可用的克数。"),
    "over_ceiling": N_("{name}每日 {grams} g，超过上限 {limit} g。"),
    "over_range": N_("{name}每日 {grams} g，常用 {least}–{most} g。"),
    "under_range": N_("{name}每日 {grams} g，低于常用 {least}–{most} g。"),
    "step_missing": N_("{name}须注明{step}。"),
    "toxic_piece": N_("{name}有毒，审方与调配时请加倍核对。"),
    "foreign_unknown": N_("患者未同意查询其他医院的在用药，检查不含这些药。"),
    "active_unknown": N_("没有取得患者的在用药，检查不含这些药。"),
    "active_not_in_book": N_("患者在用的{others}不在药品目录中，无法核对。"),
}

NEEDS = {
    Needs.NOTHING: N_("请知悉，无需处理。"),
    Needs.RESIGN: N_("确需使用时，请填写理由并再次签名，由药师确认。"),
    Needs.CHANGE: N_("请修改这一行。"),
    Needs.REMOVE: N_("请删除或更换药品。"),
    Needs.SPLIT: N_("请拆分为另一张处方。"),
    Needs.PICKUP: N_("请选择到院取药，或拆分处方。"),
    Needs.COLD_COURIER: N_("请选择有冷链的快递，或到院取药。"),
    Needs.OFFLINE: N_("请建议患者到院就诊。"),
    Needs.WEIGHT: N_("请填写体重。"),
    Needs.AGE: N_("请核对出生日期。"),
    Needs.RENAL: N_("请填写近期的 eGFR。"),
    Needs.PREGNANCY: N_("请询问并填写是否妊娠。"),
    Needs.LACTATION: N_("请询问并填写是否哺乳。"),
    Needs.ALLERGIES: N_("请询问并填写过敏史。"),
    Needs.DIAGNOSIS: N_("请填写诊断。"),
    Needs.MEDICINES: N_("请询问并填写在用药。"),
    Needs.CONSENT: N_("请询问患者其他医院的在用药，或请患者同意查询。"),
    Needs.FREQUENCY: N_("请写明每日最多几次。"),
}
