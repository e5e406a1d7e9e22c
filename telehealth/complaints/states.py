"""A complaint's life, and the words for its parts."""

from enum import StrEnum

from telehealth.core.i18n import N_
from telehealth.core.machine import Machine


class ComplaintKind(StrEnum):
    SERVICE = "service"
    WAITING = "waiting"
    MONEY = "money"
    MEDICINE = "medicine"
    PRIVACY = "privacy"
    SYSTEM = "system"
    OTHER = "other"
    #: A person is asked to look at what the system decided (REG58).
    REVIEW = "review"


class ComplaintState(StrEnum):
    RECEIVED = "received"
    IN_HAND = "in_hand"
    ANSWERED = "answered"
    #: Once: whoever made it was not content with the answer.
    REOPENED = "reopened"
    CLOSED = "closed"


class ComplaintEvent(StrEnum):
    TAKE = "take"
    ANSWER = "answer"
    REOPEN = "reopen"
    CLOSE = "close"
    WITHDRAW = "withdraw"


class StepKind(StrEnum):
    """What a line of its timeline says was done."""

    MADE = "made"
    TAKEN = "taken"
    HANDED_ON = "handed_on"
    REPLIED = "replied"
    ADDED = "added"
    ESCALATED = "escalated"
    ANSWERED = "answered"
    REOPENED = "reopened"
    CLOSED = "closed"
    WITHDRAWN = "withdrawn"
    LAPSED = "lapsed"


class ReviewOutcome(StrEnum):
    """What the person found who looked at a decision of the system. None of them overrules the law."""

    UPHELD = "upheld"
    #: What it was decided by has been mended: the rules may be asked again.
    CORRECTED = "corrected"


class PhotoState(StrEnum):
    OFFERED = "offered"
    READY = "ready"
    REFUSED = "refused"


class PhotoEvent(StrEnum):
    ACCEPT = "accept"
    REFUSE = "refuse"


S, E = ComplaintState, ComplaintEvent

COMPLAINT = Machine(
    "complaint",
    S.RECEIVED,
    {
        (S.RECEIVED, E.TAKE): S.IN_HAND,
        (S.IN_HAND, E.TAKE): S.IN_HAND,
        (S.REOPENED, E.TAKE): S.IN_HAND,
        (S.IN_HAND, E.ANSWER): S.ANSWERED,
        (S.ANSWERED, E.REOPEN): S.REOPENED,
        (S.ANSWERED, E.CLOSE): S.CLOSED,
        (S.RECEIVED, E.WITHDRAW): S.CLOSED,
        (S.IN_HAND, E.WITHDRAW): S.CLOSED,
        (S.REOPENED, E.WITHDRAW): S.CLOSED,
    },
)

PHOTO = Machine(
    "complaint_photo",
    PhotoState.OFFERED,
    {
        (PhotoState.OFFERED, PhotoEvent.ACCEPT): PhotoState.READY,
        (PhotoState.OFFERED, PhotoEvent.REFUSE): PhotoState.REFUSED,
    },
)

#: The hospital owes an answer.
OPEN = frozenset({S.RECEIVED, S.IN_HAND, S.REOPENED})

KINDS: dict[ComplaintKind, str] = {
    ComplaintKind.SERVICE: N_("医生或工作人员的服务"),
    ComplaintKind.WAITING: N_("等候太久或无人接诊"),
    ComplaintKind.MONEY: N_("费用、退款或医保结算"),
    ComplaintKind.MEDICINE: N_("药品、配送或取药"),
    ComplaintKind.PRIVACY: N_("个人信息与隐私"),
    ComplaintKind.SYSTEM: N_("页面、通话或系统故障"),
    ComplaintKind.OTHER: N_("其他投诉或建议"),
    ComplaintKind.REVIEW: N_("要求人工复核系统的决定"),
}

STATES: dict[ComplaintState, tuple[str, str]] = {
    S.RECEIVED: ("warn", N_("已收到")),
    S.IN_HAND: ("info", N_("处理中")),
    S.ANSWERED: ("ok", N_("已答复")),
    S.REOPENED: ("warn", N_("重新处理")),
    S.CLOSED: ("", N_("已结束")),
}

STEPS: dict[StepKind, str] = {
    StepKind.MADE: N_("投诉已提交"),
    StepKind.TAKEN: N_("专人受理"),
    StepKind.HANDED_ON: N_("更换处理人"),
    StepKind.REPLIED: N_("医院回复"),
    StepKind.ADDED: N_("您的补充"),
    StepKind.ESCALATED: N_("超过承诺时间，已上报院领导"),
    StepKind.ANSWERED: N_("正式答复"),
    StepKind.REOPENED: N_("对答复不满意，重新处理"),
    StepKind.CLOSED: N_("已确认，结束"),
    StepKind.WITHDRAWN: N_("已撤回"),
    StepKind.LAPSED: N_("答复后没有新的意见，自动结束"),
}

OUTCOMES: dict[ReviewOutcome, str] = {
    ReviewOutcome.UPHELD: N_("复核后维持原决定"),
    ReviewOutcome.CORRECTED: N_("依据已更正，可以重新核对"),
}
