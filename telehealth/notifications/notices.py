"""Every sentence the hospital sends on its own: one template an event, in Chinese and English (GD10).

No text names a diagnosis, a drug or a full name: a phone lies on the table, and its screen lights up.
"""

from telehealth.notifications.family_notices import FAMILY_WORDINGS
from telehealth.notifications.feedback_notices import FEEDBACK_WORDINGS
from telehealth.notifications.outpatient_notices import OUTPATIENT_WORDINGS
from telehealth.notifications.people_notices import PEOPLE_WORDINGS
from telehealth.notifications.records_notices import RECORDS_WORDINGS
from telehealth.notifications.room_notices import ROOM_WORDINGS
from telehealth.notifications.rules import Kind, Var
from telehealth.notifications.rx_notices import RX_WORDINGS
from telehealth.notifications.staff_notices import STAFF_WORDINGS
from telehealth.notifications.states import Notice, Topic
from telehealth.notifications.wording import SEAT as _SEAT
from telehealth.notifications.wording import Wording

__all__ = ["CODE_TEMPLATES", "WORDINGS", "Notice", "Wording", "sms_of", "text_of", "title_of"]


_PERSON = {"person": Var()}
_MONEY = {"number": Var(), "amount": Var()}

WORDINGS: dict[Notice, Wording] = {
    Notice.BOOKING_HELD: Wording(
        Topic.BOOKINGS,
        "号源已保留",
        "Seat held",
        "已为{patient}保留{starts_at}的号（{number}），请在{pay_by}前完成支付，逾时自动释放。",
        "A seat on {starts_at} is held for {patient} ({number}). Pay before {pay_by}, or it is released.",
        {**_SEAT, "pay_by": Var(Kind.INSTANT)},
        sms="booking_held",
        sms_order=("patient", "starts_at", "pay_by"),
        prompt=True,
        icon="calendar-clock",
    ),
    Notice.BOOKING_PENDING: Wording(
        Topic.BOOKINGS,
        "正在核实就诊记录",
        "Checking the earlier visit",
        "{patient}的就诊记录暂时无法核实，已保留{starts_at}的号（{number}），核实后再通知您，暂不收费。",
        "The earlier visit cannot be checked for now. The seat on {starts_at} ({number}) is kept for"
        " {patient}, nothing is charged, and we will tell you once it is checked.",
        _SEAT,
        sms="booking_pending",
        sms_order=("patient", "starts_at"),
        prompt=True,
        icon="hourglass",
    ),
    Notice.BOOKING_VERIFIED: Wording(
        Topic.BOOKINGS,
        "就诊记录已核实",
        "Earlier visit confirmed",
        "{patient}的就诊记录已核实，{starts_at}的号（{number}）请在{pay_by}前完成支付。",
        "The earlier visit is confirmed. Pay for the seat of {patient} on {starts_at} ({number}) before"
        " {pay_by}.",
        {**_SEAT, "pay_by": Var(Kind.INSTANT)},
        sms="booking_held",
        sms_order=("patient", "starts_at", "pay_by"),
        prompt=True,
        icon="shield-check",
    ),
    Notice.BOOKING_REFUSED: Wording(
        Topic.BOOKINGS,
        "预约未通过核实",
        "Booking not confirmed",
        "{patient}在{starts_at}的预约（{number}）未通过核实：{reason}。没有收取费用，可以改约线下门诊。",
        "The booking of {patient} on {starts_at} ({number}) was not confirmed: {reason}. Nothing was charged;"
        " a visit at the hospital can be booked instead.",
        {**_SEAT, "reason": Var()},
        sms="booking_refused",
        sms_order=("patient", "starts_at", "reason"),
        urgent=True,
        icon="circle-x",
    ),
    Notice.BOOKING_RELEASED: Wording(
        Topic.BOOKINGS,
        "保留已到期",
        "Hold expired",
        "{patient}在{starts_at}的号（{number}）因未按时支付已释放，需要时请重新预约。",
        "The seat of {patient} on {starts_at} ({number}) was released as it was not paid in time."
        " Book again if you still need it.",
        _SEAT,
        sms="booking_released",
        sms_order=("patient", "starts_at"),
        icon="calendar-x",
    ),
    Notice.BOOKING_CONFIRMED: Wording(
        Topic.BOOKINGS,
        "预约成功",
        "Booking confirmed",
        "{patient}已预约成功：{starts_at}，{place}（{number}）。当天24:00前无人接诊，费用自动全额退回。",
        "The booking of {patient} is confirmed: {starts_at}, {place} ({number}). If nobody attends by"
        " midnight of that day, all of the fee goes back by itself.",
        {**_SEAT, "place": Var()},
        sms="booking_confirmed",
        sms_order=("patient", "starts_at", "place"),
        prompt=True,
        icon="calendar-check",
    ),
    Notice.BOOKING_CANCELLED: Wording(
        Topic.BOOKINGS,
        "预约已取消",
        "Booking cancelled",
        "{patient}在{starts_at}的预约（{number}）已取消。{money}",
        "The booking of {patient} on {starts_at} ({number}) is cancelled. {money}",
        {**_SEAT, "money": Var(default={"zh": "没有收取费用。", "en": "Nothing was charged."})},
        sms="booking_cancelled",
        sms_order=("patient", "starts_at"),
        icon="calendar-x",
    ),
    # No text message: it is midnight, and nothing has to be done.
    Notice.BOOKING_UNATTENDED: Wording(
        Topic.BOOKINGS,
        "当日未接诊，已退号退费",
        "Nobody attended: the fee goes back",
        "{patient}在{starts_at}的预约（{number}）当天没有医生接诊，已自动退号，费用全额退回，不计爽约。",
        "Nobody attended the booking of {patient} on {starts_at} ({number}). It was ended and all of the fee"
        " goes back by itself; it does not count as a missed visit.",
        _SEAT,
        icon="calendar-x",
    ),
    # What the doctor advises is read in the booking, never on a locked screen.
    Notice.BOOKING_WITHDRAWN: Wording(
        Topic.BOOKINGS,
        "医生建议线下就诊",
        "The doctor advises a visit in person",
        "医生判断{patient}在{starts_at}的预约（{number}）不适合线上就诊，已退号，费用全额退回，不计爽约。"
        "请在预约详情中查看医生的建议。",
        "The doctor found that the booking of {patient} on {starts_at} ({number}) does not suit an online"
        " visit. It was ended, all of the fee goes back, and it does not count as a missed visit. What the"
        " doctor advises stands with the booking.",
        _SEAT,
        icon="stethoscope",
    ),
    Notice.BOOKING_INELIGIBLE: Wording(
        Topic.BOOKINGS,
        "接诊时不符合线上复诊条件",
        "Not eligible at admission",
        "{patient}在{starts_at}的预约（{number}）接诊时核对不符合线上复诊的条件，已退号，费用全额退回。"
        "可以改约线下门诊。",
        "The booking of {patient} on {starts_at} ({number}) was found not eligible for an online follow-up at"
        " admission. It was ended and all of the fee goes back. A visit in person can be booked instead.",
        _SEAT,
        icon="circle-x",
    ),
    Notice.CLINIC_CLOSED: Wording(
        Topic.BOOKINGS,
        "门诊停诊",
        "Clinic closed",
        "{starts_at}的门诊因故停诊，{patient}的预约（{number}）已取消，已付费用将全额退回。请改约其他时间。",
        "The clinic on {starts_at} is closed. The booking of {patient} ({number}) is cancelled and whatever"
        " was paid is returned in full. Please choose another time.",
        _SEAT,
        sms="clinic_closed",
        sms_order=("starts_at",),
        urgent=True,
        icon="calendar-x",
    ),
    # Money: in the inbox only; what is about a visit goes out with the visit's own notice.
    Notice.CHARGE_PAID: Wording(
        Topic.BOOKINGS,
        "支付成功",
        "Payment received",
        "已收到您支付的{amount}元（{number}），可查看收据。",
        "Your payment of {amount} yuan ({number}) was received. The receipt is ready.",
        _MONEY,
        icon="receipt-text",
    ),
    # GD03: the insurer's part, itemised, at once; never what for.
    Notice.CHARGE_SPLIT: Wording(
        Topic.BOOKINGS,
        "医保结算完成",
        "Paid with insurance",
        "共{amount}元：统筹基金{fund}元，个人账户{personal}元，其他{other}元，自己支付{cash}元（{number}）。",
        "{amount} yuan in all: pooled fund {fund}, personal account {personal}, other {other},"
        " yourself {cash} ({number}).",
        {**_MONEY, "fund": Var(), "personal": Var(), "other": Var(), "cash": Var()},
        prompt=True,
        icon="receipt-text",
    ),
    Notice.REFUND_REQUESTED: Wording(
        Topic.BOOKINGS,
        "退款已申请",
        "Refund on its way",
        "{amount}元将原路退回（{number}），预计最迟{expected_by}到账。",
        "{amount} yuan go back the way they came ({number}), by {expected_by} at the latest.",
        {**_MONEY, "expected_by": Var(Kind.DAY)},
        icon="undo-2",
    ),
    Notice.REFUND_SETTLED: Wording(
        Topic.BOOKINGS,
        "退款已完成",
        "Refund completed",
        "{amount}元已退回（{number}），可查看去向。",
        "{amount} yuan were returned ({number}). The refund shows where they went.",
        _MONEY,
        icon="circle-check",
    ),
    Notice.STRIKE_GIVEN: Wording(
        Topic.CONDUCT,
        "记录一次爽约",
        "A missed visit was recorded",
        "{person}{on}的预约未到诊，记录一次爽约。如有误，可在预约详情中申诉。",
        "{person} did not attend the visit on {on}; a missed visit was recorded. If that is wrong, appeal"
        " from the booking.",
        {**_PERSON, "on": Var(Kind.DAY)},
        icon="circle-alert",
    ),
    Notice.STRIKE_LIFTED: Wording(
        Topic.CONDUCT,
        "爽约记录已撤销",
        "A missed visit was withdrawn",
        "{person}{on}的爽约记录已撤销。",
        "The missed visit of {person} on {on} was withdrawn.",
        {**_PERSON, "on": Var(Kind.DAY)},
        icon="circle-check",
    ),
    Notice.BAN_STARTED: Wording(
        Topic.CONDUCT,
        "暂停线上预约",
        "Online booking paused",
        "因多次爽约，{person}在{until}前不能线上预约，仍可到医院窗口挂号。如有误，可在预约详情中申诉。",
        "After several missed visits {person} cannot book online until {until}; registering at the hospital"
        " is still possible. If that is wrong, appeal from the booking.",
        {**_PERSON, "until": Var(Kind.DAY)},
        icon="ban",
    ),
    Notice.APPEAL_DECLINED: Wording(
        Topic.CONDUCT,
        "申诉未通过",
        "Appeal not accepted",
        "{person}{on}爽约记录的申诉未通过，请在爽约记录中查看医院的答复。",
        "The appeal about the missed visit of {person} on {on} was not accepted. The hospital's answer stands"
        " with the record.",
        {**_PERSON, "on": Var(Kind.DAY)},
        icon="circle-x",
    ),
    Notice.CREDENTIAL_EXPIRING: Wording(
        Topic.WORK,
        "证照即将到期",
        "A credential is about to expire",
        "{holder}的{credential}将于{valid_until}到期，到期后自动停止接诊，请及时更新。",
        "The {credential} of {holder} expires on {valid_until}; visits stop then. Please renew it in time.",
        {"holder": Var(), "credential": Var(), "valid_until": Var(Kind.DAY)},
        icon="badge-alert",
    ),
    Notice.CREDENTIAL_EXPIRED: Wording(
        Topic.WORK,
        "证照已到期",
        "A credential expired",
        "{holder}的{credential}已于{valid_until}到期，已自动停止接诊。",
        "The {credential} of {holder} expired on {valid_until}; visits were stopped.",
        {"holder": Var(), "credential": Var(), "valid_until": Var(Kind.DAY)},
        icon="badge-alert",
    ),
    **PEOPLE_WORDINGS,
    **FAMILY_WORDINGS,
    **ROOM_WORDINGS,
    **RX_WORDINGS,
    **FEEDBACK_WORDINGS,
    **RECORDS_WORDINGS,
    **OUTPATIENT_WORDINGS,
    **STAFF_WORDINGS,
}

#: Codes go straight to the carrier and are never kept as a notice: vendor template and its order.
CODE_TEMPLATES = {
    "sign_in": ("sign_in_code", ("code", "minutes")),
    "consent": ("consent_code", ("requester", "code", "minutes")),
    "family": ("family_code", ("requester", "code", "minutes")),
    "relative_payment": ("relative_payment_code", ("code", "minutes")),
    "export": ("export_code", ("code", "minutes")),
}


#: What an urgent notice without a text of its own is sent as: that there is something, never what.
DEFAULT_SMS = ("notice", ("title",))


def sms_of(wording: Wording) -> tuple[str, tuple[str, ...]]:
    """Vendor template and its order; "" where a notice is not worth a text message."""
    if wording.sms:
        return wording.sms, wording.sms_order
    return DEFAULT_SMS if wording.urgent else ("", ())


def title_of(notice: Notice, lang: str) -> str:
    wording = WORDINGS[notice]
    return wording.title_en if lang == "en" else wording.title


def text_of(notice: Notice, shown: dict[str, str], lang: str) -> str:
    wording = WORDINGS[notice]
    text = (wording.text_en if lang == "en" else wording.text).format_map(shown)
    return text[:1].upper() + text[1:]
