"""What can be wrong with a prescription, as everybody may be told."""

from telehealth.core.errors import Conflict, NotFound, Refused


class PrescriptionNotFound(NotFound):
    code = "prescription_not_found"
    detail = "没有找到这张处方"


class PrescriptionFixed(Conflict):
    """Signed: lines, facts and diagnosis cannot be changed any more."""

    code = "prescription_fixed"
    detail = "处方已签名，内容不能再修改"


class PrescriptionOver(Conflict):
    """Refused, expired or voided; `state` says which."""

    code = "prescription_over"
    detail = "这张处方已经失效"


class ChecksFailed(Refused):
    """The safety checks say no; `findings` names each."""

    code = "prescription_checks_failed"
    detail = "安全检查未通过，请逐条处理"
