"""What a record is made of, and what becomes of a request about it."""

from enum import StrEnum

from telehealth.core.i18n import N_
from telehealth.core.machine import Machine


class PaperKind(StrEnum):
    """What can be handed out as a PDF."""

    NOTE = "note"
    REPORT = "report"
    PRESCRIPTION = "prescription"
    RECEIPT = "receipt"


PAPER_WORDS = {
    PaperKind.NOTE: N_("病历"),
    PaperKind.REPORT: N_("检查检验报告"),
    PaperKind.PRESCRIPTION: N_("处方笺"),
    PaperKind.RECEIPT: N_("收费凭据"),
}
#: Over a list of them.
PAPER_SECTIONS = {
    PaperKind.NOTE: N_("历次病历"),
    PaperKind.REPORT: N_("检查检验报告"),
    PaperKind.PRESCRIPTION: N_("历次处方"),
    PaperKind.RECEIPT: N_("历次收费"),
}
PAPER_ICONS = {
    PaperKind.NOTE: "clipboard-list",
    PaperKind.REPORT: "flask-conical",
    PaperKind.PRESCRIPTION: "pill",
    PaperKind.RECEIPT: "receipt",
}


class RequestKind(StrEnum):
    #: Asked to delete while the law keeps it: nothing else is done with it (PIPL art. 47).
    RESTRICTION = "restriction"
    #: A relative of somebody who died asks for their record (PIPL art. 49).
    HEIR = "heir"


class RequestState(StrEnum):
    OPEN = "open"
    #: Of a restriction: it stands.
    STANDING = "standing"
    GRANTED = "granted"
    DECLINED = "declined"
    LIFTED = "lifted"


class RequestEvent(StrEnum):
    RESTRICT = "restrict"
    GRANT = "grant"
    DECLINE = "decline"
    LIFT = "lift"


S, E = RequestState, RequestEvent

DATA_REQUEST = Machine("data_request", S.OPEN, {
    # A restriction needs nobody's leave: it stands in the moment it is asked for.
    (S.OPEN, E.RESTRICT): S.STANDING,
    (S.STANDING, E.LIFT): S.LIFTED,
    (S.OPEN, E.GRANT): S.GRANTED,
    (S.OPEN, E.DECLINE): S.DECLINED,
})  # fmt: skip
