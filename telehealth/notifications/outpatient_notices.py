"""What is sent about bills of the hospital and about queues. Numbers and money, never what an item is."""

from telehealth.notifications.rules import Kind, Var
from telehealth.notifications.states import Notice, Topic
from telehealth.notifications.wording import Wording

_BILL = {"number": Var()}
_OWED = {**_BILL, "amount": Var(), "pay_by": Var(Kind.UNTIL), "place": Var()}
_PICKUP = {**_BILL, "window": Var(), "pickup": Var()}
_TICKET = {"number": Var(), "place": Var()}

OUTPATIENT_WORDINGS: dict[Notice, Wording] = {
    Notice.BILL_READY: Wording(
        Topic.BOOKINGS,
        "有一张门诊缴费单",
        "A hospital bill to pay",
        "{place}有一张门诊缴费单{number}，共{amount}元。可以在手机上自费支付；"
        "需要医保报销，请在{pay_by}前到院支付。",
        "{place} has a bill for you: {number}, CNY {amount}. Pay it on the phone at your own cost, or at the"
        " hospital's window by {pay_by} to be reimbursed.",
        _OWED,
        sms="bill_ready",
        sms_order=("place", "number", "amount", "pay_by"),
        icon="receipt",
    ),
    Notice.BILL_REMINDED: Wording(
        Topic.BOOKINGS,
        "门诊缴费单还没有支付",
        "A hospital bill is still unpaid",
        "{place}的门诊缴费单{number}还没有支付，共{amount}元，{pay_by}截止；到院支付可以医保报销，线上支付为自费。",
        "Bill {number} of {place} is still unpaid: CNY {amount}, until {pay_by}. Paid at the window it can be"
        " reimbursed; paid online it is at your own cost.",
        _OWED,
        sms="bill_reminded",
        sms_order=("number", "amount", "pay_by"),
        icon="clock-alert",
    ),
    Notice.BILL_PAID: Wording(
        Topic.BOOKINGS,
        "门诊缴费成功",
        "Hospital bill paid",
        "门诊缴费单{number}已自费支付{amount}元：{items}。正在通知医院，结果会再告诉您。",
        "Bill {number} is paid at your own cost, CNY {amount}: {items}. The hospital is being told; we will"
        " let you know.",
        {**_BILL, "amount": Var(), "items": Var()},
        sms="bill_paid",
        prompt=True,
        sms_order=("number", "amount"),
        icon="circle-check",
    ),
    Notice.BILL_WINDOW: Wording(
        Topic.BOOKINGS,
        "领取窗口已分配",
        "Your window",
        "缴费单{number}：请到{window}领取，领取号{pickup}。不用再排队缴费，叫到号会通知您。",
        "Bill {number}: collect at {window} under number {pickup}. No need to queue to pay; we tell you when"
        " the number is called.",
        _PICKUP,
        sms="bill_window",
        prompt=True,
        sms_order=("number", "window", "pickup"),
        icon="package",
    ),
    Notice.BILL_MEDICINE_READY: Wording(
        Topic.BOOKINGS,
        "已备好，请领取",
        "Ready to collect",
        "领取号{pickup}已叫到，请到{window}领取（缴费单{number}）。",
        "Number {pickup} is called. Please collect at {window} (bill {number}).",
        _PICKUP,
        sms="bill_medicine_ready",
        sms_order=("pickup", "window"),
        urgent=True,
        icon="package-check",
    ),
    Notice.BILL_RETURNED: Wording(
        Topic.BOOKINGS,
        "缴费已全额退回",
        "Your payment goes back in full",
        "缴费单{number}：{why}，您在线上支付的{amount}元全额原路退回，不用申请。",
        "Bill {number}: {why}. The CNY {amount} you paid online goes back in full by itself.",
        {**_BILL, "amount": Var(), "why": Var()},
        sms="bill_returned",
        sms_order=("number", "why", "amount"),
        urgent=True,
        icon="undo-2",
    ),
    Notice.QUEUE_NEAR: Wording(
        Topic.BOOKINGS,
        "快到您了",
        "Your turn is near",
        "候诊号{number}：{ahead}，请到{place}候诊。",
        "Queue number {number}: {ahead}. Please wait at {place}.",
        {**_TICKET, "ahead": Var()},
        sms="queue_near",
        prompt=True,
        sms_order=("number", "ahead", "place"),
        icon="users",
    ),
    Notice.QUEUE_CALLED: Wording(
        Topic.BOOKINGS,
        "正在叫您的号",
        "Your number is called",
        "候诊号{number}正在叫号，请马上到{place}就诊。",
        "Number {number} is called now. Please go to {place}.",
        _TICKET,
        sms="queue_called",
        sms_order=("number", "place"),
        urgent=True,
        icon="megaphone",
    ),
    Notice.QUEUE_REQUEUED: Wording(
        Topic.BOOKINGS,
        "叫号时您不在，已顺延",
        "You missed your call",
        "候诊号{number}叫号时没有应答，已为您顺延：{ahead}。再次过号需要到服务台。",
        "Number {number} was called and nobody came. You keep a place: {ahead}. After another miss, please"
        " ask at the desk.",
        {"number": Var(), "ahead": Var()},
        sms="queue_requeued",
        sms_order=("number", "ahead"),
        urgent=True,
        icon="rotate-ccw",
    ),
    Notice.QUEUE_MISSED: Wording(
        Topic.BOOKINGS,
        "已过号",
        "Your number has passed",
        "候诊号{number}再次叫号没有应答，已过号。请到{place}服务台，重新排在队尾。",
        "Number {number} was missed again. Please ask at the desk of {place} to rejoin at the end.",
        _TICKET,
        sms="queue_missed",
        sms_order=("number",),
        urgent=True,
        icon="user-x",
    ),
}
