"""What can be wrong with a bill of the hospital, or in a queue."""

from telehealth.core.errors import Conflict, Invalid, NotFound, Refused


class BillNotFound(NotFound):
    code = "outpatient_bill_not_found"
    detail = "没有找到这张缴费单"


class BillNotDue(Conflict):
    """Paid, paid elsewhere or taken back; `state` says which."""

    code = "outpatient_bill_not_due"
    detail = "这张缴费单现在不用支付，请刷新后查看"


class BillChanged(Conflict):
    """The hospital's price is not the one that was seen; `amount` is the new one, in fen."""

    code = "outpatient_bill_changed"
    detail = "医院系统中的金额有变化，请核对新的金额后再支付，没有扣款"


class BillOver(Refused):
    """The sheet behind it is not valid any more (XY33)."""

    code = "outpatient_bill_over"
    detail = "处方已过有效期，不能再支付，请联系开单科室"


class SelfPayNotConfirmed(Invalid):
    """Told first, and confirmed: what is paid online is not reimbursed afterwards (XY08, XY09)."""

    code = "self_pay_not_confirmed"
    detail = "请先确认自费说明"


class BillMoneyMoving(Refused):
    """Another payment of it is being closed at its provider, or a relative is paying it."""

    code = "outpatient_bill_money_moving"
    detail = "这张缴费单有一笔支付正在核对，请稍后再试，不会重复扣款"


class ClinicHasNoQueue(NotFound):
    code = "queue_not_found"
    detail = "没有找到这个门诊的候诊队列"


class TicketNotFound(NotFound):
    code = "queue_ticket_not_found"
    detail = "没有找到这个候诊号"


class NotCheckedIn(NotFound):
    """There is a booking, and nobody has checked in for it yet."""

    code = "queue_not_checked_in"
    detail = "还没有签到"


class CheckInTooEarly(Refused):
    """`opens_at` says from when."""

    code = "check_in_too_early"
    detail = "还没有到签到时间，请在就诊时段前再签到"


class CheckInOver(Refused):
    """The clinic is over."""

    code = "check_in_over"
    detail = "门诊已经结束，不能再签到，请到服务台"


class CheckInNotPossible(Refused):
    """Not paid, not an offline visit, or ended."""

    code = "check_in_not_possible"
    detail = "这个预约现在不能签到，请到服务台"


class QueueEmpty(Refused):
    code = "queue_empty"
    detail = "没有候诊的患者"


class TicketMoved(Conflict):
    """Somebody else moved it meanwhile; `state` says where it is."""

    code = "queue_ticket_moved"
    detail = "这个号的状态已经变化，请刷新后查看"
