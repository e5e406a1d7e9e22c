from telehealth.core.errors import Conflict, NotFound, Refused


class ComplaintNotFound(NotFound):
    code = "complaint_not_found"
    detail = "没有找到这件投诉"


class TopicNotFound(NotFound):
    code = "complaint_topic_not_found"
    detail = "没有找到您要投诉的订单"


class ComplaintPhotoNotFound(NotFound):
    code = "complaint_photo_not_found"
    detail = "没有找到这张照片"


class ComplaintOver(Conflict):
    code = "complaint_over"
    detail = "这件投诉已经答复或结束"


class NotAnsweredYet(Conflict):
    code = "complaint_not_answered"
    detail = "这件投诉还没有答复"


class ReopenedBefore(Refused):
    """The second answer is the hospital's last; after it stands the supervision phone."""

    code = "complaint_reopened_before"
    detail = "已经重新处理过一次；仍不满意，请拨打监督电话"


class ReopenTooLate(Refused):
    code = "complaint_reopen_too_late"
    detail = "提出异议的期限已过；仍不满意，请拨打监督电话或重新提交投诉"


class TooManyPhotos(Conflict):
    code = "complaint_too_many_photos"
    detail = "照片数量已到上限"


class TooManyOpen(Refused):
    code = "complaint_too_many_open"
    detail = "您还有多件投诉在处理中，请先补充到已有的投诉里，或拨打投诉电话"


class OutcomeNeeded(Conflict):
    """A request for review is answered with what was found; any other complaint without."""

    code = "complaint_outcome_needed"
    detail = "请选择复核结果"
