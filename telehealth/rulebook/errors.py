from telehealth.core.errors import Conflict, Invalid, NotFound


class PolicyNotFound(NotFound):
    code = "policy_not_found"
    detail = "没有找到这个规则版本"


class PolicyMissing(NotFound):
    code = "policy_missing"
    detail = "这家医院还没有发布业务规则"


class PolicyOutdated(Conflict):
    """The draft was made from a version that is no longer current, or somebody saved it meanwhile."""

    code = "policy_outdated"
    detail = "规则已有更新的版本，请基于最新版本重新修改"


class PolicyFixed(Conflict):
    code = "policy_fixed"
    detail = "已发布的规则不能再修改，请新建版本"


class NothingChanged(Conflict):
    code = "policy_unchanged"
    detail = "草稿与现行规则相同，无需发布"


class CasesUnusable(Invalid):
    """`reason` says which case and which key cannot be read."""

    code = "cases_unusable"
    detail = "用例文件无法读取，请检查格式"
