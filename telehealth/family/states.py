"""A binding, from the request to its end: a relative whose fees the user's insured account may pay."""

from enum import StrEnum

from telehealth.core.i18n import N_
from telehealth.core.machine import Machine


class Way(StrEnum):
    """How a request is proved. Where a face would do, another way always does too (GS05, REG63)."""

    #: Papers that show who the child is and whose, looked at by staff (GS03).
    PAPERS = "papers"
    FACE = "face"
    #: Name, document, bank card and phone as the bank holds them, and a code to that phone.
    BANK_CARD = "bank_card"
    #: The person, or the papers, at a hospital's desk (GS14).
    COUNTER = "counter"


WAY_LABELS = {
    Way.PAPERS: N_("上传材料，医院审核"),
    Way.FACE: N_("成员本人人脸核身"),
    Way.BANK_CARD: N_("成员本人银行卡加短信验证码"),
    Way.COUNTER: N_("到医院窗口核对"),
}


class BindingState(StrEnum):
    #: The user has yet to prove it.
    PROVING = "proving"
    #: Somebody at the hospital has to look: at the papers, or at whoever comes to the desk.
    REVIEWING = "reviewing"
    BOUND = "bound"
    REFUSED = "refused"
    #: Given up by the user, or a consent it stood on was taken back.
    WITHDRAWN = "withdrawn"
    LAPSED = "lapsed"
    #: Either side unbound it (GS08).
    ENDED = "ended"


class BindingEvent(StrEnum):
    SUBMIT = "submit"
    PROVE = "prove"
    APPROVE = "approve"
    REFUSE = "refuse"
    WITHDRAW = "withdraw"
    LAPSE = "lapse"
    UNBIND = "unbind"


S, E = BindingState, BindingEvent

BINDING = Machine(
    "family_binding",
    S.PROVING,
    {
        (S.PROVING, E.SUBMIT): S.REVIEWING,
        (S.PROVING, E.PROVE): S.BOUND,
        (S.PROVING, E.WITHDRAW): S.WITHDRAWN,
        (S.PROVING, E.LAPSE): S.LAPSED,
        # Who meant to come to the desk may still use a face or a bank card.
        (S.REVIEWING, E.PROVE): S.BOUND,
        (S.REVIEWING, E.APPROVE): S.BOUND,
        (S.REVIEWING, E.REFUSE): S.REFUSED,
        (S.REVIEWING, E.WITHDRAW): S.WITHDRAWN,
        (S.REVIEWING, E.LAPSE): S.LAPSED,
        (S.BOUND, E.UNBIND): S.ENDED,
    },
)

#: In these a request holds its place of the month (GS06).
PENDING = (S.PROVING, S.REVIEWING)
LIVE = (*PENDING, S.BOUND)

BADGES = {
    S.PROVING: ("warn", N_("待核验")),
    S.REVIEWING: ("info", N_("医院处理中")),
    S.BOUND: ("ok", N_("已绑定")),
    S.REFUSED: ("danger", N_("未通过")),
    S.WITHDRAWN: ("", N_("已撤回")),
    S.LAPSED: ("", N_("已过期")),
    S.ENDED: ("", N_("已解除")),
}


class PaperState(StrEnum):
    OFFERED = "offered"
    READY = "ready"
    REFUSED = "refused"
    #: Taken out by the user, or its time after the decision was over.
    DELETED = "deleted"


class PaperEvent(StrEnum):
    ACCEPT = "accept"
    REFUSE = "refuse"
    DELETE = "delete"


PAPER = Machine(
    "family_paper",
    PaperState.OFFERED,
    {
        (PaperState.OFFERED, PaperEvent.ACCEPT): PaperState.READY,
        (PaperState.OFFERED, PaperEvent.REFUSE): PaperState.REFUSED,
        (PaperState.OFFERED, PaperEvent.DELETE): PaperState.DELETED,
        (PaperState.READY, PaperEvent.DELETE): PaperState.DELETED,
    },
)


class Side(StrEnum):
    """Whose monthly count a place belongs to (GS06, GS07)."""

    USER = "user"
    MEMBER = "member"
