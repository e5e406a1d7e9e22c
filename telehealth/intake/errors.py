"""What can go wrong between the first word typed and the form sent."""

from telehealth.core.errors import Conflict, FieldsInvalid, Invalid, NotFound, Refused


class FormNotFound(NotFound):
    code = "intake_form_not_found"
    detail = "没有找到这份病情表"


class AttachmentNotFound(NotFound):
    code = "attachment_not_found"
    detail = "没有找到这个文件，可能已被移除"


class FormNotSubmitted(Refused):
    code = "intake_form_not_submitted"
    detail = "病情表还没有提交，请先填完并提交"


class FormFixed(Conflict):
    """Submitted, so it changes only after it was taken back; or a booking uses it, so it never does."""

    code = "intake_form_fixed"
    detail = "病情表已经提交；如需修改，请先点“修改”"


class DraftWaiting(Conflict):
    """The same errand has a draft already, begun while a booking used this form."""

    code = "intake_draft_waiting"
    detail = "同一个科室已有一份没提交的病情表，请先填完那一份"


class FormOutdated(Conflict):
    """Another page saved since this one was opened. Carries `version`, never the text: it is health data."""

    code = "intake_form_outdated"
    detail = "这份病情表已在别处保存了新内容；您写的内容还在，请核对后再保存"


class FormIncomplete(FieldsInvalid):
    code = "intake_form_incomplete"
    detail = "病情表还没有填完"


class RedFlagRaised(Refused):
    """An answer says that this cannot wait for an online visit (XY04). Carries level and numbers to dial."""

    code = "red_flag"
    detail = "这可能是急症，不能等待线上就诊，请立即就医"


class TooManyFiles(Invalid):
    code = "too_many_files"
    detail = "照片和报告的数量已到上限，请先移除一些"


class PhotoWanted(Invalid):
    code = "photo_wanted"
    detail = "这里只能上传照片；PDF 请传到“检查报告”"
