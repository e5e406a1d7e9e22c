from telehealth.core.errors import Conflict, NotFound, Refused


class RatingNotFound(NotFound):
    code = "rating_not_found"
    detail = "没有找到这条评价"


class VisitNotRateable(Refused):
    """Ended without a visit: nothing to give stars for, and much to complain about."""

    code = "visit_not_rateable"
    detail = "这次就诊没有完成，不能评价；有意见可以投诉，医院会限时答复"


class RatingTooLate(Refused):
    code = "rating_too_late"
    detail = "评价的期限已过；有意见仍可以投诉，医院会限时答复"


class AlreadyRated(Conflict):
    code = "already_rated"
    detail = "这次就诊已经评价过，每次就诊评价一次；提交后的一段时间内可以修改"


class RatingFixed(Refused):
    code = "rating_fixed"
    detail = "修改评价的期限已过"
