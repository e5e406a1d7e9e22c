"""What is sent about ratings, complaints and reactions: that there is something to read, never what."""

from telehealth.notifications.rules import Kind, Var
from telehealth.notifications.states import Notice, Topic
from telehealth.notifications.wording import SEAT, Wording

_NUMBER = {"number": Var()}
_ANSWER_BY = {**_NUMBER, "answer_by": Var(Kind.UNTIL)}

FEEDBACK_WORDINGS: dict[Notice, Wording] = {
    # Once, in the inbox: nobody is nagged for stars.
    Notice.RATING_ASKED: Wording(
        Topic.BOOKINGS,
        "这次就诊怎么样",
        "How was your visit?",
        "{patient}在{starts_at}的就诊（{number}）已完成，{rate_by}前可以评价；不评价也没有关系。",
        "The visit of {patient} on {starts_at} ({number}) is over. You may rate it before {rate_by}; you do"
        " not have to.",
        {**SEAT, "rate_by": Var(Kind.UNTIL)},
        icon="star",
    ),
    Notice.COMPLAINT_RECEIVED: Wording(
        Topic.CONDUCT,
        "投诉已收到",
        "Your complaint was received",
        "您的投诉已登记，编号{number}。医院会在{answer_by}前答复，进度可随时查看。",
        "Your complaint is registered as {number}. The hospital will answer before {answer_by}; you can see"
        " where it stands at any time.",
        _ANSWER_BY,
        icon="megaphone",
    ),
    Notice.COMPLAINT_TAKEN: Wording(
        Topic.CONDUCT,
        "投诉已有专人受理",
        "Somebody has your complaint in hand",
        "您的投诉{number}已有专人受理，会在{answer_by}前答复。",
        "Somebody at the hospital has complaint {number} in hand and will answer before {answer_by}.",
        _ANSWER_BY,
        icon="user-check",
    ),
    Notice.COMPLAINT_REPLIED: Wording(
        Topic.CONDUCT,
        "投诉有新的回复",
        "A reply to your complaint",
        "您的投诉{number}有新的回复，请打开查看。",
        "There is a reply to complaint {number}. Open it to read.",
        _NUMBER,
        icon="message-circle",
    ),
    Notice.COMPLAINT_ANSWERED: Wording(
        Topic.CONDUCT,
        "投诉已答复",
        "Your complaint was answered",
        "您的投诉{number}已有答复，请打开查看。不满意可在{reopen_until}前提出异议，重新处理一次。",
        "Complaint {number} was answered; open it to read. If you are not content, say so before"
        " {reopen_until} and it is dealt with once more.",
        {**_NUMBER, "reopen_until": Var(Kind.UNTIL)},
        sms="complaint_answered",
        sms_order=("number", "reopen_until"),
        icon="mail-check",
    ),
    Notice.COMPLAINT_LATE: Wording(
        Topic.WORK,
        "投诉超过承诺时间",
        "A complaint is overdue",
        "投诉{number}超过承诺时间仍未办结，请立即处理。",
        "Complaint {number} is past the time it was promised. Please see to it now.",
        _NUMBER,
        sms="complaint_late",
        sms_order=("number",),
        urgent=True,
        icon="clock-alert",
    ),
    Notice.RX_REACTION_RECEIVED: Wording(
        Topic.BOOKINGS,
        "已收到您的用药反馈",
        "Your report was received",
        "您就处方{number}报告的不适已转给药师和开方医生，药师会在{answer_by}前给出意见。症状加重请立即就医。",
        "What you reported about prescription {number} went to the pharmacist and your doctor. The pharmacist"
        " answers before {answer_by}. If it gets worse, see a doctor at once.",
        _ANSWER_BY,
        icon="activity",
    ),
    Notice.RX_REACTION_TO_ASSESS: Wording(
        Topic.WORK,
        "有用药不适待评价",
        "A reaction to assess",
        "处方{number}的患者报告了用药后不适，请在{answer_by}前评价。",
        "The patient of prescription {number} reports a reaction. Please assess it before {answer_by}.",
        _ANSWER_BY,
        sms="reaction_to_assess",
        sms_order=("number", "answer_by"),
        urgent=True,
        icon="activity",
    ),
    Notice.RX_REACTION_REPORTED: Wording(
        Topic.WORK,
        "您的患者报告用药后不适",
        "A patient of yours reports a reaction",
        "您开具的处方{number}的患者报告了用药后不适，药师正在评价，请打开查看。",
        "The patient of your prescription {number} reports a reaction. A pharmacist is assessing it; open it"
        " to read.",
        _NUMBER,
        sms="reaction_reported",
        sms_order=("number",),
        icon="activity",
    ),
    Notice.RX_REACTION_LATE: Wording(
        Topic.WORK,
        "不良反应评价超时",
        "An assessment is overdue",
        "处方{number}的用药不适报告超过时限仍未评价，请立即处理。",
        "The reaction reported for prescription {number} was not assessed in time. Please see to it now.",
        _NUMBER,
        icon="clock-alert",
    ),
    Notice.RX_REACTION_ASSESSED: Wording(
        Topic.BOOKINGS,
        "药师对您的反馈有了意见",
        "The pharmacist looked at your report",
        "您就处方{number}报告的不适，药师已有意见，请打开查看。",
        "The pharmacist looked at what you reported about prescription {number}. Open it to read.",
        _NUMBER,
        sms="reaction_assessed",
        sms_order=("number",),
        icon="clipboard-check",
    ),
}
