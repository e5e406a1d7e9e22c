"""How money is spoken of: names of ways, states, reasons; what each step of a refund means to its reader."""

from collections.abc import Mapping

from telehealth.core.i18n import N_
from telehealth.payments.comparing import DifferenceKind
from telehealth.payments.states import (
    ChargeState,
    LegKind,
    LegState,
    OrderType,
    RefundReason,
    RefundState,
    Way,
)

ORDER_TYPES: Mapping[OrderType, str] = {
    OrderType.REGISTRATION: N_("挂号费"),
    OrderType.CONSULT: N_("诊查费"),
    OrderType.DRUG: N_("药费"),
    OrderType.EXAM: N_("检查费"),
}

#: Under the button that pays: what happens with the money when nothing comes of it.
PROMISES: Mapping[OrderType, str] = {
    OrderType.REGISTRATION: N_("支付成功后才算预约成功。当日没有医生接诊，零点后全额自动退回。"),
    OrderType.CONSULT: N_("支付成功后才算预约成功。当日没有医生接诊，零点后全额自动退回。"),
    OrderType.DRUG: N_("支付成功后药房开始配药；未能配出的，药费全额自动退回。"),
    OrderType.EXAM: N_("支付成功后可在收据中查看。"),
}

WAYS: Mapping[Way, str] = {
    Way.JSAPI: N_("微信支付"),
    Way.MINI_PROGRAM: N_("微信支付（小程序）"),
    Way.H5: N_("微信支付（手机网页）"),
    Way.NATIVE: N_("微信支付（扫码）"),
    Way.CASH: N_("窗口现金"),
}

#: Label and kind of tag.
CHARGE_STATES: Mapping[ChargeState, tuple[str, str]] = {
    ChargeState.CREATED: (N_("待支付"), "warn"),
    ChargeState.SUBMITTED: (N_("待支付"), "warn"),
    ChargeState.SETTLED: (N_("已支付"), "ok"),
    ChargeState.CLOSED: (N_("已关闭"), ""),
}

#: Of a receipt all of which went back.
RETURNED = (N_("已全额退回"), "info")

REFUND_STATES: Mapping[RefundState, tuple[str, str]] = {
    RefundState.REQUESTED: (N_("已申请"), "info"),
    RefundState.SUBMITTED: (N_("退款中"), "info"),
    RefundState.SETTLED: (N_("已退回"), "ok"),
    RefundState.PARKED: (N_("人工处理中"), "warn"),
}

REFUND_REASONS: Mapping[RefundReason, str] = {
    RefundReason.UNATTENDED: N_("当日未接诊，自动全额退款"),
    RefundReason.CANCELLED: N_("取消预约"),
    RefundReason.CLINIC_CLOSED: N_("医院停诊"),
    RefundReason.WITHDRAWN: N_("医生判断不适合线上就诊"),
    RefundReason.INELIGIBLE: N_("接诊时核对不符合条件"),
    RefundReason.UNFINISHED: N_("接诊后没有完成病历"),
    RefundReason.NOT_PREPARED: N_("药品未能配出"),
    RefundReason.ORDER_CANCELLED: N_("取消取药"),
    RefundReason.PAID_ELSEWHERE: N_("已在医院窗口支付"),
    RefundReason.BILL_WITHDRAWN: N_("医院已撤销或调整这张缴费单"),
    RefundReason.LATE_PAYMENT: N_("支付到账时已过期限"),
    RefundReason.DOUBLE_PAYMENT: N_("重复支付"),
    RefundReason.SPLIT_FAILED: N_("医保与现金没有同时支付成功"),
    RefundReason.STAFF: N_("医院办理退款"),
}

LEG_KINDS: Mapping[LegKind, str] = {
    LegKind.INSURANCE: N_("医保部分退回医保基金和个人账户"),
    LegKind.CASH: N_("退回原支付方式"),
    LegKind.TELL: N_("通知微信医保已退回"),
}

#: The cash half where the window pays it out.
HAND_OUT = N_("到窗口领取现金")

LEG_STATES: Mapping[LegState, str] = {
    LegState.WAITING: N_("等待上一步完成"),
    LegState.REQUESTED: N_("正在提交"),
    LegState.SUBMITTED: N_("已受理，等待到账"),
    LegState.SETTLED: N_("已完成"),
    LegState.PARKED: N_("工作人员正在处理，不需要您操作"),
}

#: Why a leg waits for a person, for staff.
PARKED_WORDS: Mapping[str, str] = {
    "not_enough": N_("商户余额不足，补足后自动重试"),
    "abnormal": N_("原支付渠道退不回去（销户或冻结），请联系患者改用其他方式"),
    "closed": N_("渠道关闭了这笔退款，请核实后再处理"),
    "hand_out": N_("请在窗口把现金退给患者"),
    "too_many": N_("同一订单的退款次数已到上限，请改用其他方式退还"),
}

#: What stands in the books, for people who read statements.
ACCOUNTS: Mapping[str, str] = {
    "provider.wechatpay": N_("微信支付（商户）"),
    "provider.desk": N_("窗口现金"),
    "insurer.fund": N_("应收医保：统筹基金"),
    "insurer.personal": N_("应收医保：个人账户"),
    "insurer.other": N_("应收医保：其他"),
    "prepaid": N_("预收患者款"),
    "refunds": N_("应退患者款"),
    "revenue.registration": N_("收入：挂号"),
    "revenue.consult": N_("收入：诊查"),
    "revenue.drug": N_("收入：药品"),
    "revenue.exam": N_("收入：检查"),
    "fees": N_("渠道手续费"),
}

#: Who else keeps a book of the same money.
PARTIES: Mapping[str, str] = {"wechatpay": N_("微信支付"), "desk": N_("窗口现金"), "nhsa": N_("医保")}

#: Label and kind of tag.
DIFFERENCE_KINDS: Mapping[DifferenceKind, tuple[str, str]] = {
    DifferenceKind.MISSING_HERE: (N_("对方有，我方无"), "danger"),
    DifferenceKind.MISSING_THERE: (N_("我方有，对方无"), "danger"),
    DifferenceKind.AMOUNT_DIFFERS: (N_("金额不一致"), "warn"),
}

#: Files of the books.
EXPORT_NAMES: Mapping[str, str] = {
    "orders": N_("支付订单"),
    "refunds": N_("退款"),
    "differences": N_("对账差异"),
    "entries": N_("账目明细"),
}

MOVES: Mapping[str, str] = {"payment": N_("收款"), "refund": N_("退款"), "fees": N_("手续费")}

#: What was posted.
EVENTS: Mapping[str, str] = {
    "pay_order.paid": N_("收款"),
    "charge.earned": N_("服务完成，确认收入"),
    "refund.requested": N_("申请退款"),
    "refund.settled": N_("退款完成"),
    "bill.fees": N_("渠道手续费"),
}

#: Why a callback changed nothing.
VERDICTS: Mapping[str, str] = {
    "bad_signature": N_("签名不符"),
    "stale": N_("时间戳过旧"),
    "unknown_key": N_("签名用的平台密钥未知"),
    "unreadable": N_("内容无法解密"),
    "foreign": N_("不是发给本院的通知"),
    "unknown_order": N_("没有这个订单"),
    "amount_differs": N_("金额与订单不一致"),
    "unproven": N_("渠道查询不能证实"),
    "too_long": N_("内容过长，只保留了开头"),
}
