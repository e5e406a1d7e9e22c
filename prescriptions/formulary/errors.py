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


class FileTooLong(Invalid):
    """`most` rows at once."""

    code = "formulary_file_too_long"
    detail = "文件的行数太多，请分成几个文件导入"


class ImportNotFound(NotFound):
    code = "formulary_import_not_found"
    detail = "没有找到这次导入"


class ImportRunning(Conflict):
    """A draft takes one file after the other, and is published once the last is in."""

    code = "formulary_import_running"
    detail = "这一版正在导入文件，请等导入结束后再操作"


class ImportEnded(Conflict):
    code = "formulary_import_ended"
    detail = "这次导入已结束"
