"""What can stand between a doctor and a visit, its note, and its end."""

from telehealth.core.errors import Conflict, FieldsInvalid, NotFound, Refused, Unavailable


class NotToday(Refused):
    code = "not_today"
    detail = "这次就诊不在今天，不能接诊"


class VisitOver(Refused):
    """Its booking has left it: midnight, a cancellation, a withdrawal."""

    code = "visit_over"
    detail = "这次就诊已经结束或已退费，不能再操作"


class FitnessNotConfirmed(Refused):
    """REG 3: the doctor saw the evidence and finds the patient fit for an online follow-up."""

    code = "fitness_not_confirmed"
    detail = "请先核对线下就诊资料，确认患者适合线上复诊"


class ConsentMissing(Refused):
    code = "consent_missing"
    detail = "患者还没有同意就诊须知，不能接诊"


class AdmissionRefused(Refused):
    """The gate says no at the door; the booking was ended and its fee goes back. Carries `findings`."""

    code = "admission_refused"
    detail = "核对后不符合线上复诊的条件，已退号，费用全额退回患者"


class AdmissionUnverified(Unavailable):
    """The hospital's system is silent, and there is no stored evidence to look at again."""

    code = "admission_unverified"
    detail = "医院系统暂时没有应答，也没有留存的就诊记录可供核对，请稍后再接诊"


class NoteFixed(Refused):
    code = "note_fixed"
    detail = "病历已签署，不能再修改"


class NoteOutdated(Conflict):
    """Another page saved since; it carries `version`."""

    code = "note_outdated"
    detail = "病历在另一个页面被修改过，请核对后再保存"


class NoteNotFound(NotFound):
    code = "note_not_found"
    detail = "还没有病历"


class NoteIncomplete(FieldsInvalid):
    """XY13: a visit is closed with the minimum content of its note."""

    code = "note_incomplete"
    detail = "病历内容还不完整"


class NoteNotSigned(Refused):
    code = "note_not_signed"
    detail = "请先签署病历，再结束就诊"


class AbsenceRefused(Refused):
    """SJ07: carries `reasons`, every condition that is not met."""

    code = "absence_refused"
    detail = "还不能记为爽约：须在时段开始后，多次呼叫、至少提醒一次，且患者当天没有留言"


class RemindedJustNow(Refused):
    code = "reminded_just_now"
    detail = "刚刚提醒过患者，请稍等几分钟"


class FollowUpNotFound(NotFound):
    code = "follow_up_not_found"
    detail = "没有找到这个随访任务"


class ColleagueNotFound(NotFound):
    code = "colleague_not_found"
    detail = "没有找到可以邀请的医生"


class ColleagueSeated(Conflict):
    code = "colleague_seated"
    detail = "这位医生已在诊室中"


class RecordingNotFound(NotFound):
    code = "recording_not_found"
    detail = "没有找到这段录音录像"
