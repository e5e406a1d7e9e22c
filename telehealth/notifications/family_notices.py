"""What is sent of the family account: to the payer, and to the member for whom is paid."""

from telehealth.notifications.rules import Var
from telehealth.notifications.states import Notice, Topic
from telehealth.notifications.wording import Wording

_PERSON = {"person": Var()}

FAMILY_WORDINGS: dict[Notice, Wording] = {
    Notice.FAMILY_BOUND: Wording(
        Topic.PEOPLE,
        "家庭共济已绑定",
        "Family account linked",
        "{person}已绑定，以后可以用您的医保账户为其支付符合条件的费用。",
        "{person} is linked. Your insurance account can now pay what qualifies for them.",
        _PERSON,
        icon="users-round",
    ),
    Notice.FAMILY_PAYER_BOUND: Wording(
        Topic.PEOPLE,
        "有家人可以为您付款",
        "A relative can now pay for you",
        "{person}已绑定您为家庭共济成员，可以用其医保账户为您付款。对方只看得到账单的类别和金额；您可以随时解除。",
        "{person} linked you to their family account and can pay for you. They see only kinds and amounts of"
        " bills; you can end it at any time.",
        _PERSON,
        icon="users-round",
    ),
    Notice.FAMILY_REFUSED: Wording(
        Topic.PEOPLE,
        "家庭共济申请未通过",
        "Family account request not accepted",
        "{person}的家庭共济申请未通过审核，原因可以在申请中查看。本次不占用当月次数，可以重新申请。",
        "The family account request for {person} was not accepted; the reason stands with the request. It"
        " does not count in this month, and you can ask again.",
        _PERSON,
        icon="circle-x",
    ),
    Notice.FAMILY_LATE: Wording(
        Topic.PEOPLE,
        "家庭共济审核超时",
        "Family account check is late",
        "很抱歉，{person}的家庭共济申请超过了承诺的审核时间，已排到最前并提醒审核人员。期间的费用可以自费支付。",
        "We are sorry: the family account request for {person} was not answered in the promised time. It"
        " stands first in line and the reviewers see that. Until then, fees can be paid yourself.",
        _PERSON,
        icon="clock-alert",
    ),
    Notice.FAMILY_LAPSED: Wording(
        Topic.PEOPLE,
        "家庭共济申请已过期",
        "Family account request expired",
        "{person}的家庭共济申请没有在期限内完成，已自动失效，占用的当月次数已退回。",
        "The family account request for {person} was not finished in time and has expired. Its place in the"
        " month is free again.",
        _PERSON,
        icon="calendar-x",
    ),
    Notice.FAMILY_ENDED: Wording(
        Topic.PEOPLE,
        "家庭共济已解除",
        "Family account ended",
        "与{person}的家庭共济已解除，尚未扣款的授权已作废，已支付的费用不受影响。",
        "The family account with {person} has ended. What was authorised and not paid is void; what was paid"
        " stands.",
        _PERSON,
        icon="user-x",
    ),
    Notice.FAMILY_PAYER_ENDED: Wording(
        Topic.PEOPLE,
        "家人不再为您付款",
        "A relative no longer pays for you",
        "{person}已解除与您的家庭共济。已支付的费用不受影响，以后的费用请自行支付或换一位家人付款。",
        "{person} ended the family account with you. What was paid stands; pay later fees yourself or through"
        " another relative.",
        _PERSON,
        icon="user-x",
    ),
}
