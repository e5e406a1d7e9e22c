"""What states, roles and buttons of the pad are called."""

from collections.abc import Mapping
from typing import Any

from prescriptions.states import RxState, SheetKind
from telehealth.core.i18n import N_

KINDS = {SheetKind.WESTERN: N_("西药、中成药"), SheetKind.HERB: N_("中药饮片")}
SHEETS = {SheetKind.WESTERN: N_("西药处方"), SheetKind.HERB: N_("中药处方")}

#: Tone and words.
STATES: Mapping[RxState, tuple[str, str]] = {
    RxState.DRAFT: ("", N_("草稿")),
    RxState.SIGNED: ("info", N_("药师审核中")),
    RxState.PASSED: ("ok", N_("审核通过，待缴费")),
    RxState.SPENT: ("ok", N_("已缴费")),
    RxState.RETURNED: ("warn", N_("药师已退回")),
    RxState.REFUSED: ("danger", N_("药师不予通过")),
    RxState.EXPIRED: ("", N_("已过期")),
    RxState.VOIDED: ("", N_("已作废")),
}

#: What the doctor may expect next.
NEXT: Mapping[RxState, str] = {
    RxState.SIGNED: N_("已送药师审核。通过后患者可以缴费；退回时会通知您，请在规定时间内修改。"),
    RxState.PASSED: N_("药师已审核通过，患者可以选择配送或到院取药并缴费。缴费前您可以作废。"),
    RxState.SPENT: N_("患者已缴费，药房正在处理。"),
    RxState.RETURNED: N_("药师退回了这张处方，请按意见修改后重新签名；逾时未处理将自动作废。"),
    RxState.REFUSED: N_("药师不予通过，这张处方已失效。需要用药请另开处方或建议线下就诊。"),
    RxState.EXPIRED: N_("患者没有在有效期内缴费，处方已失效。需要时可以复制后重新开具。"),
    RxState.VOIDED: N_("这张处方已作废，不能再缴费或取药。"),
}

ROLES = {"jun": N_("君"), "chen": N_("臣"), "zuo": N_("佐"), "shi": N_("使")}
INSURANCE = {"A": N_("甲类"), "B": N_("乙类"), "C": N_("自费"), "": N_("自费")}
ANSWERS = (("", N_("未问")), ("no", N_("否")), ("yes", N_("是")))
FEE_CLASSES = (N_("自费"), N_("医保"), N_("公费"), N_("商业保险"))
NO_PHARMACIST = N_("处方失效前没有药师值班，签名后可能无人审核；请联系药学部或建议患者到院就诊")

#: For the scripts.
TEXTS: Mapping[str, Any] = {
    "saving": N_("正在保存…"),
    "saved": N_("已保存"),
    "unsaved": N_("有改动未保存"),
    "failed": N_("保存失败，稍后重试；已写的内容留在本页"),
    "outdated": N_("处方在另一个页面被修改过，请刷新后再改"),
    "stale": N_("有内容需要改正，改正后才能保存"),
    "nothing": N_("没有找到，请换个名称、拼音首字母或编码"),
    "hits": N_("{n} 个结果，上下键选择，回车确定"),
    "added": N_("已添加 {name}"),
    "removed": N_("已删除 {name}"),
    "moved": N_("{name} 移到第 {n} 位"),
    "stock": N_("库存 {n}"),
    "no_stock": N_("缺货"),
    "courier": N_("可配送"),
    "pickup": N_("仅限到院取药"),
    "cold": N_("冷链"),
    "short": N_("不能开长期处方"),
    "long": N_("可开长期处方"),
    "copied": N_("复制，待确认"),
    "copied_ok": N_("复制，已确认"),
    "confirm": N_("确认此行"),
    "remove": N_("删除"),
    "up": N_("上移"),
    "down": N_("下移"),
    "more": N_("用药说明"),
    "dose": N_("每次"),
    "frequency": N_("频次"),
    "days": N_("天数"),
    "day": N_("天"),
    "quantity": N_("数量"),
    "auto": N_("按用法自动计算"),
    "route": N_("用法"),
    "timing": N_("服用时间"),
    "note": N_("备注"),
    "grams": N_("克"),
    "special": N_("特殊煎法"),
    "none": N_("无"),
    "role": N_("君臣佐使"),
    "reason": N_("再次签名的理由"),
    "resign": N_("再次签名"),
    "resigned": N_("已再次签名：{reason}"),
    "all_clear": N_("安全检查通过"),
    "no_lines": N_("添加药品后自动检查"),
    "foreign": N_("其他医院"),
    "days_left": N_("还可用 {n} 天"),
    "missing": N_("签名前还需要"),
    "signing": N_("正在签名…"),
    "sign_again": N_("签名没有完成，请再试一次"),
    "unconfirmed": N_("有 {n} 行从上次处方复制的药品未确认"),
    "roles": ROLES,
    "severity": {"block": N_("不能开具"), "resign": N_("须再次签名"), "warn": N_("提示")},
}  # fmt: skip
