"""What is sent about a prescription. No drug and no illness: a screen lights up where others see it."""

from telehealth.notifications.rules import Kind, Var
from telehealth.notifications.states import Notice, Topic
from telehealth.notifications.wording import Wording

_SHEET = {"number": Var()}
_PRICE = {**_SHEET, "amount": Var(), "pay_by": Var(Kind.INSTANT)}

RX_WORDINGS: dict[Notice, Wording] = {
    Notice.RX_PAYABLE: Wording(
        Topic.BOOKINGS,
        "处方已通过审核，可以缴费",
        "Your prescription can be paid",
        "处方{number}已通过药师审核，共{amount}元。请在{pay_by}前选择取药方式并缴费，逾期处方失效。",
        "Prescription {number} passed the pharmacist's review: {amount} yuan. Choose how to get it and pay"
        " before {pay_by}, or it expires.",
        _PRICE,
        sms="rx_payable",
        sms_order=("number", "amount", "pay_by"),
        icon="pill",
    ),
    Notice.RX_REMINDED: Wording(
        Topic.BOOKINGS,
        "处方还没有缴费",
        "A prescription is not paid yet",
        "处方{number}还没有缴费（{amount}元），{pay_by}后失效。需要报销的请到医院窗口缴费。",
        "Prescription {number} is not paid yet ({amount} yuan) and expires after {pay_by}. To be reimbursed,"
        " pay at the hospital.",
        _PRICE,
        sms="rx_reminded",
        sms_order=("number", "pay_by"),
        icon="clock-alert",
    ),
    Notice.RX_WINDOW: Wording(
        Topic.BOOKINGS,
        "窗口已收费，请取药",
        "Paid at the window",
        "处方{number}已在窗口缴费，取药号{window}，请到{place}等候叫号。",
        "Prescription {number} was paid at the window. Your number is {window}; please wait at {place}.",
        {**_SHEET, "window": Var(), "place": Var()},
        icon="ticket",
    ),
    Notice.RX_EXPIRED: Wording(
        Topic.BOOKINGS,
        "处方已过期",
        "A prescription expired",
        "处方{number}在有效期内没有缴费，已失效，没有收取费用。仍需要用药时，请向医生续方。",
        "Prescription {number} was not paid while it was valid and has expired; nothing was charged. If you"
        " still need it, ask your doctor for a refill.",
        _SHEET,
        sms="rx_expired",
        sms_order=("number",),
        icon="calendar-x",
    ),
    Notice.RX_EXPIRED_UNPAID: Wording(
        Topic.WORK,
        "处方过期未缴费",
        "A sheet of yours expired",
        "您开具的处方{number}到期没有缴费或没有通过审核，已失效，药品预留已释放。",
        "Your prescription {number} expired without being paid or reviewed. What was reserved is free again.",
        _SHEET,
        icon="calendar-x",
    ),
    Notice.RX_UNDONE: Wording(
        Topic.BOOKINGS,
        "药品未能配出，费用全额退回",
        "The medicine could not be prepared: all of it goes back",
        "很抱歉，处方{number}的药品未能配出，{amount}元全额原路退回，无需申请。可以联系医生另想办法。",
        "We are sorry: what prescription {number} asks for could not be prepared. All of the {amount} yuan go"
        " back by themselves. Please ask your doctor what to do instead.",
        {**_SHEET, "amount": Var()},
        sms="rx_undone",
        sms_order=("number", "amount"),
        urgent=True,
        icon="undo-2",
    ),
    Notice.RX_CANCELLED: Wording(
        Topic.BOOKINGS,
        "取药已取消，费用全额退回",
        "Cancelled: all of it goes back",
        "处方{number}已按您的申请取消取药，{amount}元全额原路退回。",
        "As you asked, prescription {number} was cancelled. All of the {amount} yuan go back.",
        {**_SHEET, "amount": Var()},
        icon="undo-2",
    ),
}
