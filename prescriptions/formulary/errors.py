from telehealth.core.errors import Conflict, Invalid, NotFound, Refused


class NoFormulary(Refused):
    """The hospital has not published a drug book: nothing can be prescribed."""

    code = "no_formulary"
    detail = "医院尚未发布药品目录，暂时不能开方"


class VersionNotFound(NotFound):
    code = "formulary_version_not_found"
    detail = "没有找到这一版药品目录"


class VersionFixed(Conflict):
    code = "formulary_version_fixed"
    detail = "这一版药品目录已发布或作废，不能再修改"


class VersionOutdated(Conflict):
    code = "formulary_version_outdated"
    detail = "药品目录刚刚有了新的改动，请刷新后再试"


class FileUnreadable(Invalid):
    """Not CSV or JSON, or not the columns of the table."""

    code = "formulary_file_unreadable"
    detail = "无法读取文件，请上传 CSV 或 JSON"
