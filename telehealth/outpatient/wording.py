"""States in words for people. Label and kind of tag."""

from collections.abc import Mapping

from telehealth.core.i18n import N_
from telehealth.hospital.billing import BillKind
from telehealth.outpatient.states import BillState, TicketState

BILL_STATES: Mapping[BillState, tuple[str, str]] = {
    BillState.DUE: (N_("待支付"), "warn"),
    BillState.PAID: (N_("已支付，等待医院确认"), "info"),
    BillState.CONFIRMED: (N_("已支付"), "ok"),
    BillState.ELSEWHERE: (N_("已在医院支付"), ""),
    BillState.WITHDRAWN: (N_("医院已撤销"), ""),
}
BILL_KINDS: Mapping[BillKind, tuple[str, str]] = {
    BillKind.DRUG: (N_("门诊药费"), "pill"),
    BillKind.EXAM: (N_("检查检验费"), "microscope"),
    BillKind.OTHER: (N_("其他门诊费用"), "receipt"),
}
TICKET_STATES: Mapping[TicketState, tuple[str, str]] = {
    TicketState.WAITING: (N_("候诊中"), "info"),
    TicketState.CALLED: (N_("请就诊"), "warn"),
    TicketState.SEEN: (N_("已就诊"), "ok"),
    TicketState.MISSED: (N_("已过号"), "danger"),
    TicketState.LEFT: (N_("已离开"), ""),
}
