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
    code = "channel_full"
    detail = "网上预约的号已约满，可选择其他时段，或到院挂号"


class AlreadyBooked(Conflict):
    code = "already_booked"
    detail = "这位就诊人在这个门诊已有预约"


class NotCancellable(Refused):
    """Carries `reason`, the sentence of the rule that spoke (SJ06)."""

    code = "not_cancellable"
    detail = "这个预约现在不能取消"
