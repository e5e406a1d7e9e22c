from telehealth.core.errors import Conflict, NotFound


class ReactionNotFound(NotFound):
    code = "reaction_not_found"
    detail = "没有找到这份不适报告"


class SheetNotReportable(Conflict):
    """Nothing was prescribed on it yet."""

    code = "sheet_not_reportable"
    detail = "这张处方还没有开出药品，不能报告用药不适"
