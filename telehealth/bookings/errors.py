"""What can stand between a patient and a seat."""

from telehealth.core.errors import Conflict, NotFound, Refused


class BookingNotFound(NotFound):
    code = "booking_not_found"
    detail = "没有找到这个预约"


class SlotTaken(Conflict):
    """Carries `alternatives`: the ids and times of the nearest slots that still have seats."""

    code = "slot_taken"
    detail = "这个时段的号刚刚被约满，请选择其他时段"


class SlotNotFound(NotFound):
    code = "slot_not_found"
    detail = "没有找到这个时段"


class SlotOver(Refused):
    code = "slot_over"
    detail = "这个时段已经过了，请选择其他时段"


class ClinicNotOpen(Refused):
    code = "clinic_not_open"
    detail = "这个门诊已停诊，请选择其他时段"


class ChannelFull(Conflict):
    """Carries `alternatives`, as SlotTaken does."""

    code = "channel_full"
    detail = "网上预约的号已约满，可选择其他时段，或到院挂号"


class ShareFull(ChannelFull):
    """The same at the desk and on the phone."""

    detail = "这个渠道的号已约满，可选择其他时段"


class AlreadyBooked(Conflict):
    code = "already_booked"
    detail = "这位就诊人在这个门诊已有预约"


class NotCancellable(Refused):
    """Carries `reason`, the sentence of the rule that spoke (SJ06)."""

    code = "not_cancellable"
    detail = "这个预约现在不能取消"


class NotPayable(Refused):
    """Nothing is due: paid, ended, past its hold, or still waiting for the hospital's system."""

    code = "not_payable"
    detail = "这个预约现在不能支付，请刷新后查看"


class NotWithdrawable(Refused):
    """There is no paid visit to withdraw from."""

    code = "not_withdrawable"
    detail = "这个预约不在待就诊状态，不能退号"


class VisitNotAttended(Refused):
    code = "visit_not_attended"
    detail = "还没有接诊记录，不能结束就诊"


class NotAttendable(Refused):
    code = "not_attendable"
    detail = "只有已缴费的线下挂号，在就诊当天才能登记到诊"


class FormNeeded(Refused):
    code = "intake_form_needed"
    detail = "线上复诊前请先填写病情表"


class FormMismatch(Refused):
    code = "intake_form_mismatch"
    detail = "病情表是为另一位就诊人或另一个科室填写的，请重新填写"


class TooLateToVerify(Refused):
    """XY24: the hospital's system is down, and the slot begins too soon to wait for it."""

    code = "too_late_to_verify"
    detail = "医院系统暂时无法核验，这个时段马上开始，来不及等待；请选择晚一些的时段"


class AccountNeeded(Refused):
    """An online visit takes place on the patient's own phone."""

    code = "account_needed"
    detail = "线上复诊要在患者自己的手机上进行，请先请患者用手机号登录并绑定就诊卡"
