from telehealth.core.errors import Invalid, Unavailable


class HISUnavailable(Unavailable):
    """Down, slow, throttling, or answering nonsense: nothing may be concluded from it.

    `reason` is one of "unreachable", "timeout", "throttled", "server_error", "malformed",
    "too_many_pages", "not_configured".
    """

    code = "his_unavailable"
    detail = "医院信息系统暂时没有应答，请稍后再试"


class HISRejected(Invalid):
    """The hospital's system understood us and refused: our query or our token is wrong."""

    code = "his_rejected"
    detail = "医院信息系统未接受查询，请联系医院服务台"
