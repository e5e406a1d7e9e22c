"""What is said about people one acts for, and about who acts for oneself."""

from telehealth.notifications.rules import Kind, Var
from telehealth.notifications.states import Notice, Topic
from telehealth.notifications.wording import Wording

_PERSON = {"person": Var()}

PEOPLE_WORDINGS: dict[Notice, Wording] = {
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
}
