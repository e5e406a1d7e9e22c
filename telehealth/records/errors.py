from telehealth.core.errors import Conflict, Forbidden, NotFound, Refused, Unavailable
from telehealth.patients import DataRestricted as DataRestricted


class DocumentNotFound(NotFound):
    """Also somebody else's."""

    code = "document_not_found"
    detail = "没有找到这份资料"


class PaperNotFound(NotFound):
    code = "paper_not_found"
    detail = "没有这份文件的出具记录，请核对查验码"


class ShareNotFound(NotFound):
    code = "share_not_found"
    detail = "没有找到这个分享"


class ShareClosed(NotFound):
    """Unknown, expired, taken back: whoever holds the link is not told which."""

    code = "share_closed"
    detail = "链接无效、已过期或已被收回，请联系分享给您的人"


class ViewCodeWrong(Forbidden):
    code = "view_code_wrong"
    detail = "查看码不正确"


class SharesFull(Refused):
    """`most` may be open at once."""

    code = "shares_full"
    detail = "有效的分享已达上限，请先收回不再需要的分享"


class NothingChosen(Refused):
    code = "nothing_chosen"
    detail = "请至少选择一份资料"


class DeletionNotDue(Refused):
    code = "not_known_here"
    detail = "这家医院没有该就诊人的资料"


class RequestNotFound(NotFound):
    code = "data_request_not_found"
    detail = "没有找到这个申请"


class RequestAnswered(Conflict):
    code = "data_request_answered"
    detail = "这个申请已有结果"


class ExportNotFound(NotFound):
    code = "export_not_found"
    detail = "没有找到这个导出"


class ExportNotReady(Refused):
    code = "export_not_ready"
    detail = "导出尚未完成，请稍后再来"


class ExportExpired(Refused):
    code = "export_expired"
    detail = "导出文件已过期并删除，请重新申请"


class ExportLocked(Forbidden):
    """The code sent to the account's phone comes first."""

    code = "export_locked"
    detail = "下载前请输入发送到您手机的验证码"


class NoPhone(Refused):
    code = "no_phone"
    detail = "账号没有绑定手机，不能接收验证码"


class PaperNotMade(Unavailable):
    code = "paper_not_made"
    detail = "文件暂时没有生成，请稍后再试"
