from telehealth.core.errors import Conflict, Forbidden, Invalid, NotFound, Refused


class DutyRefused(Invalid):
    code = "duty_refused"
    detail = "值班时间须先后相接、尚未结束且不超过 24 小时"


class DutyNotFound(NotFound):
    code = "duty_not_found"
    detail = "没有找到这段值班"


class OwnSheet(Forbidden):
    """Whoever wrote a sheet does not review it (REG 19)."""

    code = "own_sheet"
    detail = "不能审核自己开具的处方"


class NotUnderReview(Conflict):
    """Somebody was first, or the doctor voided it; `state` says."""

    code = "not_under_review"
    detail = "这张处方已不在待审核状态"


class LinesNotAcknowledged(Refused):
    """Every re-signed line is acknowledged by itself (REG 29)."""

    code = "lines_not_acknowledged"
    detail = "请逐条确认医生再次签名的药品"


class ReasonNeeded(Invalid):
    code = "reason_needed"
    detail = "请写明理由"


class SheetDiffers(Conflict):
    """The rows, the stored file and what its doctor signed do not agree: nobody passes that."""

    code = "sheet_differs"
    detail = "处方内容与医师签名的文件不一致，已停止审核并上报"


class IssueOutdated(Conflict):
    """The doctor signed it anew since the pharmacist opened it."""

    code = "sheet_issue_outdated"
    detail = "医生已重新签名，请刷新后按新的内容审核"
