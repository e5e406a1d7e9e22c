"""What can be wrong on the way from a passed sheet to its payment."""

from telehealth.core.errors import Conflict, Invalid, NotFound, Refused


class NotChoosable(Conflict):
    """Not passed yet, paid, or over; `state` says which."""

    code = "prescription_not_payable"
    detail = "这张处方现在不能缴费，请刷新后查看"


class PaymentOver(Refused):
    """The last instant to pay has come (XY30)."""

    code = "prescription_payment_over"
    detail = "缴费期限已过，请联系医生续开处方"


class MayNotTravel(Refused):
    """Lines of it may not be sent, or need a cold chain that this pharmacy does not have."""

    code = "prescription_may_not_travel"
    detail = "处方中有药品不能配送，请到院取药"


class PharmacySendsNothing(Refused):
    code = "pharmacy_sends_nothing"
    detail = "这家药房不提供配送，请到院取药"


class WindowClosed(Refused):
    """No window opens any more before the sheet expires."""

    code = "pharmacy_window_closed"
    detail = "处方有效期内取药窗口不再开放，请选择快递配送"


class NotAgreed(Invalid):
    """Told and agreed first: who gets which data, and that it is self-pay (XY08, XY09)."""

    code = "prescription_not_agreed"
    detail = "请先确认自费说明和信息提供说明"


class PathNotChosen(Refused):
    code = "prescription_path_not_chosen"
    detail = "请先选择快递配送并填写地址"


class PathIsCourier(Refused):
    """The patient chose to pay online; the window may only once they changed that."""

    code = "prescription_path_is_courier"
    detail = "患者选择了快递配送，请先改为到院取药"


class MoneyMoving(Refused):
    """A payment is being closed at its provider: nothing can be changed until it answers."""

    code = "prescription_money_moving"
    detail = "正在核对是否已经支付，请稍后再试"


class CodeUnknown(NotFound):
    """No sheet of this hospital has that pick-up code, or not any more."""

    code = "pickup_code_unknown"
    detail = "取药码不正确，或处方已失效"


class NothingPaid(Refused):
    code = "prescription_nothing_paid"
    detail = "这张处方没有可退的费用"


class OrderNotCancellable(Refused):
    """It is packed, being decocted, or on its way."""

    code = "prescription_not_cancellable"
    detail = "药品已经配好或已发出，不能自行取消，请联系医院"
