"""What can stand between a doctor and a signed sheet."""

from telehealth.core.errors import Conflict, FieldsInvalid, Refused


class NoDiagnosisOnFile(Refused):
    """XY05: an online visit follows up what the hospital diagnosed; a first visit gets no sheet."""

    code = "no_diagnosis_on_file"
    detail = "医院没有这位患者的既往诊断，线上不能开方；请给出建议，或请患者到线下就诊"


class NothingSaid(Refused):
    """REG 8: the doctor examines personally before a document is signed."""

    code = "nothing_said_yet"
    detail = "请先与患者沟通（回复消息或通话），再开处方"


class PadClosed(Refused):
    """The visit is not admitted, or over."""

    code = "pad_closed"
    detail = "接诊中才能开处方"


class PadOutdated(Conflict):
    """Another page saved since; it carries `version`."""

    code = "prescription_outdated"
    detail = "处方在另一个页面被修改过，请核对后再保存"


class PadIncomplete(FieldsInvalid):
    """What a sheet must say before it may be signed (REG 25-28, 35-36)."""

    code = "prescription_incomplete"
    detail = "处方内容还不完整"


class LineNotConfirmed(Refused):
    """REG 18: copied lines are confirmed one by one; it carries `lines`."""

    code = "line_not_confirmed"
    detail = "有从上次处方复制的药品没有逐条确认"


class CredentialExpired(Refused):
    """It carries `missing`: the kinds of credential that are not valid today."""

    code = "credential_expired"
    detail = "您的线上执业资质已过期或被暂停，不能开具处方"


class FindingGone(Conflict):
    code = "finding_gone"
    detail = "这条提示已经变化，请按最新的检查结果处理"


class NothingToCopy(Refused):
    code = "nothing_to_copy"
    detail = "没有可以复制的上一张处方"


class NothingToSplit(Refused):
    code = "nothing_to_split"
    detail = "这张处方不需要拆分"


class PrescriptionStands(Refused):
    """XY11; it carries `number`."""

    code = "prescription_stands"
    detail = "本次就诊已开出处方，请先作废处方，再终止就诊"


class NotVoidable(Conflict):
    """It carries `state`: paid sheets are undone by the pharmacy."""

    code = "prescription_not_voidable"
    detail = "处方已缴费或已失效，不能作废"
