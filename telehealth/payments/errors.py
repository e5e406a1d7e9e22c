from telehealth.core.errors import Busy, Conflict, DomainError, Invalid, NotFound, Refused, Unavailable


class ChargeNotFound(NotFound):
    code = "charge_not_found"
    detail = "没有找到这笔费用"


class RefundNotFound(NotFound):
    code = "refund_not_found"
    detail = "没有找到这笔退款"


class ProviderNotFound(NotFound):
    code = "provider_not_found"
    detail = "没有这个支付渠道"


class ChargeClosed(Refused):
    """Nothing can be paid for it any more, or not just now: somebody is closing it."""

    code = "charge_closed"
    detail = "支付时间已过，请重新预约"


class ChargeSettled(Conflict):
    code = "charge_settled"
    detail = "这笔费用已经支付"


class WayNotOffered(Refused):
    code = "way_not_offered"
    detail = "这里不能用这种方式支付，请换一种"


class OpenidNeeded(Refused):
    """Paying inside WeChat needs to know who pays there."""

    code = "openid_needed"
    detail = "请先用微信登录，再在微信内支付"


class AmountDiffers(Conflict):
    """The provider's amount is not ours: nothing is taken, a person looks."""

    code = "amount_differs"
    detail = "金额与订单不一致，已转人工核对"


class NothingToRefund(Refused):
    code = "nothing_to_refund"
    detail = "这笔费用没有可退的金额"


class RefundNotParked(Refused):
    code = "refund_not_parked"
    detail = "这笔退款不在待处理状态"


class RefundNotBlocked(Refused):
    """Only money whose own way back is blocked may go to another card."""

    code = "refund_not_blocked"
    detail = "这笔退款不是原路退不回去的状态，不能改退到银行卡"


class ProviderDown(Unavailable):
    """Nothing is known of the outcome: ask, then repeat with the same number."""

    code = "provider_down"
    detail = "支付渠道暂时没有应答，请稍后再试，不会重复扣款"


class ProviderBusy(Busy):
    code = "provider_busy"
    detail = "支付渠道繁忙，请稍后再试"


class ProviderRefused(Refused):
    """It answered, and said no: `word` is its own code."""

    code = "provider_refused"
    detail = "支付渠道没有受理，请换一种方式或稍后再试"


class OrderPaid(Conflict):
    """It cannot be closed: it is paid."""

    code = "order_paid"
    detail = "订单已支付"


class NotEnough(Refused):
    """The merchant's balance does not cover the refund."""

    code = "merchant_balance_low"
    detail = "商户余额不足，退款已挂起，补足后自动继续"


class BillNotReady(Refused):
    code = "bill_not_ready"
    detail = "对账单还没有生成，请在次日 10 点以后再取"


class NoticeRefused(DomainError):
    """A callback that proves nothing. `verdict` says why; answered with 4xx, and changes no money."""

    code = "notice_refused"
    detail = "通知未通过验证"

    def __init__(self, verdict: str) -> None:
        super().__init__(verdict=verdict)
        self.verdict = verdict


class CashAmountWrong(Invalid):
    code = "cash_amount_wrong"
    detail = "收款金额与应收金额不一致"


class DifferenceNotFound(NotFound):
    code = "difference_not_found"
    detail = "没有找到这条差异"


class ExportNotFound(NotFound):
    code = "export_not_found"
    detail = "没有找到这份导出"


class ExportNotReady(Conflict):
    code = "export_not_ready"
    detail = "这份导出还没有写完"


class DifferenceResolved(Conflict):
    """Somebody explained it meanwhile, or a later bill agrees."""

    code = "difference_resolved"
    detail = "这条差异已经处理"
