from telehealth.core.errors import Invalid, NotFound, Unauthenticated, Unavailable


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


class SystemKeyNotFound(NotFound):
    code = "system_key_not_found"
    detail = "没有找到这个接口密钥"


class SystemKeyUnknown(Unauthenticated):
    """No key, a wrong one, a revoked one, or one of another hospital: nobody is told which."""

    code = "system_key_unknown"
    detail = "接口密钥无效或已停用"


class ResourceNotFound(NotFound):
    code = "fhir_not_found"
    detail = "没有这份资料"


class ResourceGone(NotFound):
    """It was served once; the sheet went back to its doctor and is being written anew."""

    code = "fhir_gone"
    detail = "这份资料已撤回"


class TypeNotServed(NotFound):
    code = "fhir_type_not_served"
    detail = "不提供这类资料"


class SearchInvalid(Invalid):
    """`param` was not understood, and what was meant cannot be guessed."""

    code = "fhir_search_invalid"
    detail = "查询条件有误"


class ParameterNotServed(SearchInvalid):
    code = "fhir_parameter_not_served"
    detail = "不支持的查询条件"
