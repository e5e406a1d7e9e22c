from telehealth.core.errors import NotFound, Refused


class NotEligible(Refused):
    """Carries `decision_id` and `findings`: every failed rule, what was seen, what would satisfy it."""

    code = "not_eligible"
    detail = "暂时不符合线上复诊的条件"


class CheckNotFound(NotFound):
    code = "eligibility_check_not_found"
    detail = "没有找到这次资格检查，请重新检查"


class CheckOutdated(Refused):
    """The check is too old, or was for another person or hospital; check again, nothing else is lost."""

    code = "eligibility_check_outdated"
    detail = "资格检查已过期，请重新检查"
