"""Every sentence the hospital sends on its own: one template an event, in Chinese and English (GD10).

No text names a diagnosis, a drug or a full name: a phone lies on the table, and its screen lights up.
"""

from telehealth.notifications.family_notices import FAMILY_WORDINGS
from telehealth.notifications.feedback_notices import FEEDBACK_WORDINGS
from telehealth.notifications.outpatient_notices import OUTPATIENT_WORDINGS
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
    Notice.CARD_BOUND: Wording(
        Topic.PEOPLE,
        "就诊卡已绑定",
        "Visit card linked",
        "{person}在{hospital}的就诊卡已绑定，可以预约复诊。",
        "The visit card of {person} at {hospital} is linked. Follow-up visits can be booked.",
        {**_PERSON, "hospital": Var()},
        icon="id-card",
    ),
    Notice.IDENTITY_VERIFIED: Wording(
        Topic.PEOPLE,
        "实名核验已通过",
        "Identity verified",
        "{person}的实名核验已通过。",
        "The identity of {person} is verified.",
        _PERSON,
        icon="user-check",
    ),
    Notice.GUARDIANSHIP_ACCEPTED: Wording(
        Topic.PEOPLE,
        "监护证明已通过",
        "Proof of guardianship accepted",
        "{person}的监护证明已通过审核，可以为其预约。",
        "The proof of guardianship for {person} was accepted. You can book for them now.",
        _PERSON,
        icon="user-check",
    ),
    Notice.GUARDIANSHIP_REFUSED: Wording(
        Topic.PEOPLE,
        "监护证明未通过",
        "Proof of guardianship not accepted",
        "{person}的监护证明未通过审核，原因请点开查看。可以重新提交，或到医院窗口办理。",
        "The proof of guardianship for {person} was not accepted; open this to read why. Send it again, or"
        " come to the hospital's counter.",
        _PERSON,
        icon="user-x",
    ),
    Notice.CONSENT_ASKED: Wording(
        Topic.PEOPLE,
        "有人申请为您代办就诊",
        "Somebody asks to act for you",
        "{requester}添加了您，申请为您代办线上就诊，经您同意才生效。不同意可在就诊人页面结束，同意后也可随时撤回。",
        "{requester} added you and asks to arrange online visits for you; nothing opens before you agree. End"
        " it on your page under People if you do not, or at any time later.",
        {"requester": Var(default={"zh": "有人", "en": "somebody"})},
        prompt=True,
        icon="users-round",
    ),
    Notice.CONSENT_GRANTED: Wording(
        Topic.PEOPLE,
        "授权已生效",
        "Consent given",
        "{person}已同意由您代办线上就诊。",
        "{person} agreed that you arrange their online visits.",
        _PERSON,
        icon="user-check",
    ),
    Notice.CONSENT_WITHDRAWN: Wording(
        Topic.PEOPLE,
        "授权已撤回",
        "Consent withdrawn",
        "{person}的代办授权已撤回，您不能再为其预约或查看记录。",
        "The consent of {person} was withdrawn. You can no longer book for them or see their records.",
        _PERSON,
        icon="user-x",
    ),
    Notice.COMES_OF_AGE: Wording(
        Topic.PEOPLE,
        "就诊人即将成年",
        "Somebody comes of age soon",
        "{person}将于{day}成年，届时监护人代办自动结束。如需继续代办，请在成年后重新添加，由本人同意。",
        "{person} comes of age on {day}; what you may do as a guardian ends by itself that day. To go on, add"
        " them again then, with their own consent.",
        {**_PERSON, "day": Var(Kind.DAY)},
        icon="calendar-clock",
    ),
    Notice.CAME_OF_AGE: Wording(
        Topic.PEOPLE,
        "监护人代办已结束",
        "Your guardianship ended",
        "{person}已成年，监护人代办已自动结束。如需继续代办，请重新添加，由本人同意。",
        "{person} came of age, and what you could do as a guardian ended. Add them again, with their own"
        " consent, to go on.",
        _PERSON,
        icon="user-x",
    ),
    Notice.PERSON_LINKED: Wording(
        Topic.PEOPLE,
        "有账号添加了您",
        "Somebody added you",
        "另一个账号添加了您为就诊人。如果不是您同意的，请在就诊人页面结束对方的代办。",
        "Another account added you as a patient. If you did not agree, end it on your page under People.",
        icon="users-round",
    ),
    Notice.LINK_ENDED: Wording(
        Topic.PEOPLE,
        "代办关系已结束",
        "Somebody no longer acts for you",
        "一个账号已将您从其就诊人中移除，不能再为您预约或查看记录。",
        "An account removed you from its people. It can no longer book for you or see your records.",
        icon="user-x",
    ),
    Notice.VISITS_PASSED_ON: Wording(
        Topic.PEOPLE,
        "就诊安排已转到您的账号",
        "Visits came to your account",
        "原代办账号已不能再为{person}办理，其预约、处方和记录现由您的账号查看和办理。",
        "The account that acted for {person} no longer can. Their visits, prescriptions and records are now"
        " yours to see and arrange.",
        _PERSON,
        icon="users-round",
    ),
    Notice.IDENTITY_REFUSED: Wording(
        Topic.PEOPLE,
        "核验申请未通过",
        "Not verified",
        "{person}的核验申请未通过，原因请点开查看。可以重新提交，或到医院窗口办理。",
        "The request for {person} was not accepted; open this to read why. Send it again, or come to the"
        " hospital's counter.",
        _PERSON,
        icon="user-x",
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
