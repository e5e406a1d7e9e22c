"""What may be done with a booking, and how it is called: templates ask here, never the state."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from telehealth.bookings.models import Booking
from telehealth.bookings.states import BookingState, Ending
from telehealth.core.i18n import N_
from telehealth.rulebook.rules import Channel
from telehealth.schedule.rules import CancelReason, CancelRuling


@dataclass(frozen=True, slots=True)
class Capability:
    """`label` and `sentence` are message ids; `tone` is a kind of tag."""

    label: str
    tone: str
    sentence: str
    #: The seat is this person's: it counts as a coming visit.
    is_live: bool = False
    #: A clock runs towards `hold_until`.
    counts_down: bool = False
    can_pay: bool = False
    #: Asked first; `cancelling.ruling` has the last word.
    may_cancel: bool = False
    can_rebook: bool = False


S = BookingState

CAPABILITIES: Mapping[BookingState, Capability] = {
    S.HELD: Capability(
        N_("待支付"), "warn", N_("号源已为您保留，逾时未支付会自动释放，不收费"),
        is_live=True, counts_down=True, can_pay=True, may_cancel=True,
    ),
    S.PAID: Capability(
        N_("待就诊"), "ok", N_("预约成功。就诊当日 24:00 前无人接诊，费用自动全额退回，无需申请"),
        is_live=True, may_cancel=True,
    ),
    S.COMPLETED: Capability(N_("已完成"), "", N_("本次就诊已完成"), can_rebook=True),
    S.RELEASED: Capability(N_("已释放"), "", N_("逾时未支付，号源已释放，没有收费"), can_rebook=True),
    S.CANCELLED: Capability(N_("已取消"), "", N_("预约已取消"), can_rebook=True),
    S.WITHDRAWN: Capability(
        N_("已退号"), "", N_("医生判断不适合线上就诊，费用全额退回，不计爽约"), can_rebook=True
    ),
    S.CLINIC_CLOSED: Capability(
        N_("已停诊"), "danger", N_("医院停诊，已付费用全额退回，请改约其他时间"), can_rebook=True
    ),
    S.UNATTENDED: Capability(
        N_("未接诊"), "warn", N_("当日无人接诊，费用已自动全额退回，不计爽约"), can_rebook=True
    ),
    S.INELIGIBLE_AT_ADMISSION: Capability(
        N_("接诊时不符合条件"), "danger", N_("接诊时核对不符合线上复诊的条件，费用全额退回"), can_rebook=True
    ),
    S.UNFINISHED: Capability(
        N_("未完成"), "warn", N_("医生没有按时完成这次就诊，非常抱歉；费用全额退回，不计爽约"),
        can_rebook=True,
    ),
    S.PATIENT_ABSENT: Capability(N_("爽约"), "danger", N_("医生多次呼叫未应答，记为爽约"), can_rebook=True),
}  # fmt: skip

#: XY24: uncharged until the hospital's system answers.
PENDING = replace(
    CAPABILITIES[S.HELD],
    label=N_("待核验"),
    tone="info",
    sentence=N_("医院系统暂时无法核验就诊记录，号源先为您保留，不收费；恢复后自动核验并通知您"),
    can_pay=False,
)

#: Booked by staff: kept until the slot is over, paid at the window.
AT_DESK = replace(
    CAPABILITIES[S.HELD],
    label=N_("待缴费"),
    tone="info",
    sentence=N_("号源保留到就诊时段结束，请在就诊前到窗口缴费"),
    counts_down=False,
    can_pay=False,
)

#: XY24: the provider is asked first whether it was paid.
CLOSING = replace(
    CAPABILITIES[S.HELD],
    label=N_("正在核对"),
    tone="info",
    sentence=N_("支付时间已到，正在向支付渠道核对：已付款的号源为您保留，未付款的随后释放，不收费"),
    counts_down=False,
    can_pay=False,
)

_ALL = 10_000

_RELEASED = {
    Ending.UNVERIFIED: N_("医院系统一直没有恢复，未能核验就诊记录，号源已释放，没有收费"),
    Ending.NOT_ELIGIBLE: N_("核验后不符合线上复诊的条件，号源已释放，没有收费"),
}

#: What cancelling now would mean (SJ06), in plain words.
CANCEL_SENTENCES: Mapping[CancelReason, str] = {
    CancelReason.UNPAID: N_("尚未支付，现在取消不收任何费用，号源立即释放。"),
    CancelReason.IN_TIME: N_("现在取消，费用全额退回。"),
    CancelReason.OUR_FAILURE: N_("因医院原因，现在取消，费用全额退回。"),
    CancelReason.UNATTENDED: N_("时段已过仍未接诊，现在取消，费用全额退回。"),
    CancelReason.ON_THE_DAY: N_("就诊当天取消不退费；提前把号让出来，不会记为爽约。"),
    CancelReason.SLOT_RUNNING: N_("就诊时段进行中，医生随时可能接诊，暂时不能取消。"),
    CancelReason.ATTENDED: N_("医生已接诊，不能取消。"),
    CancelReason.DAY_OVER: N_("就诊日已过，不能取消。"),
}

_PART_BACK = N_("现在取消，按规定退回部分费用。")
_NOTHING_BACK = N_("现在取消，按规定费用不退。")

#: The filters of "my bookings", in order; None keeps everything.
GROUPS: Mapping[str, tuple[str, tuple[BookingState, ...] | None]] = {
    "all": (N_("全部"), None),
    "held": (N_("待支付"), (S.HELD,)),
    "coming": (N_("待就诊"), (S.PAID,)),
    "past": (N_("已结束"), tuple(state for state in S if not CAPABILITIES[state].is_live)),
}


def cancel_sentence(ruling: CancelRuling) -> str:
    """A hospital may give back less than all, even in time."""
    if ruling.reason is CancelReason.IN_TIME and ruling.refund_bp < _ALL:
        return _PART_BACK if ruling.refund_bp else _NOTHING_BACK
    return CANCEL_SENTENCES[ruling.reason]


def gives_all_back(ruling: CancelRuling) -> bool:
    """Until a time that the page names."""
    return ruling.reason is CancelReason.IN_TIME and ruling.refund_bp == _ALL


def capability_of(booking: Booking, *, now: datetime | None = None) -> Capability:
    """At an instant, or as the state alone says."""
    if booking.state is S.HELD and booking.pending_verification:
        return PENDING
    if booking.state is S.HELD and booking.channel is not Channel.ONLINE:
        return AT_DESK
    if booking.state is S.HELD and now is not None and booking.hold_until <= now:
        return CLOSING
    found = CAPABILITIES[booking.state]
    if booking.state is S.RELEASED and booking.reason in set(Ending):
        return replace(found, sentence=_RELEASED.get(Ending(booking.reason), found.sentence))
    return found
