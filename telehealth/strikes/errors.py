from telehealth.core.errors import Conflict, NotFound, Refused


class StrikeNotFound(NotFound):
    code = "strike_not_found"
    detail = "没有找到这条爽约记录"


class AppealNotFound(NotFound):
    code = "appeal_not_found"
    detail = "没有找到这条申诉"


class StrikeRefused(Refused):
    """`reasons` are those of `strikes.rules.NotAStrike`."""

    code = "strike_refused"
    detail = "这次缺席不计爽约"


class StrikeReversed(Conflict):
    code = "strike_reversed"
    detail = "这条爽约记录已经撤销"


class AppealAlreadyOpen(Conflict):
    code = "appeal_already_open"
    detail = "您已提交申诉，医院正在处理"


class AppealAlreadyAnswered(Conflict):
    code = "appeal_already_answered"
    detail = "这条申诉已经处理过了"
