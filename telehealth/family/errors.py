"""What can go wrong with the family account. No sentence tells of other users' bindings."""

from telehealth.core.errors import Conflict, Invalid, NotFound, Refused


class BindingNotFound(NotFound):
    code = "family_binding_not_found"
    detail = "没有找到这位家庭共济成员"


class PaperNotFound(NotFound):
    code = "family_paper_not_found"
    detail = "没有找到这份材料"


class FamilyClosed(Refused):
    code = "family_closed"
    detail = "本院尚未开通家庭共济，可以自费支付，或到医院窗口咨询"


class PayerUnknown(Refused):
    code = "family_payer_unknown"
    detail = "请先在“就诊人”中添加付款人本人并完成实名，再绑定家人"


class MemberUnverified(Refused):
    code = "family_member_unverified"
    detail = "这位家人的证件还没有核验，请先在“就诊人”中完成核验"


class NotARelative(Refused):
    code = "family_not_a_relative"
    detail = "本人的费用直接用本人医保支付，不需要绑定"


class AlreadyBound(Conflict):
    code = "family_already_bound"
    detail = "这位家人已经绑定，或已有一份申请在处理"


class MonthFull(Refused):
    """`limit` and `resets_on` (GS06)."""

    code = "family_month_full"
    detail = "本月可绑定的人数已用完，下月 1 日 00:00 起可以再绑定；解除绑定不会返还次数"


class MemberMonthFull(Refused):
    """`limit` and `resets_on` (GS07). Says nothing of who the others are."""

    code = "family_member_month_full"
    detail = "这位家人本月被绑定的次数已用完，下月 1 日 00:00 起可以再绑定"


class WayClosed(Refused):
    """`ways` are those that are open."""

    code = "family_way_closed"
    detail = "这份申请不能用这种方式核验，请换用页面上列出的方式"


class PapersMissing(Invalid):
    code = "family_papers_missing"
    detail = "请先上传至少一份材料"


class TooManyPapers(Refused):
    code = "family_too_many_papers"
    detail = "材料数量已到上限"


class BankCardMismatch(Refused):
    """Says that they do not match, never what would."""

    code = "bank_card_mismatch"
    detail = "姓名、证件、银行卡与手机号不一致，请核对后再试，或改用其他方式"


class AlreadyDecided(Conflict):
    code = "family_already_decided"
    detail = "这份申请已经处理过了"


class PaymentCheckNeeded(Refused):
    """Each payment for a relative asks the payer again (GS02)."""

    code = "payment_check_needed"
    detail = "为家人付款前，请先用短信验证码确认是您本人"
