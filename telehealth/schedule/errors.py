from telehealth.core.errors import Conflict, FieldsInvalid, NotFound, Refused


class ClinicNotFound(NotFound):
    code = "clinic_not_found"
    detail = "没有找到这个门诊"


class TemplateNotFound(NotFound):
    code = "clinic_template_not_found"
    detail = "没有找到这条排班"


class TemplateTaken(Conflict):
    code = "clinic_template_taken"
    detail = "这位医生在这个院区的这个半天已有同类排班"


class TemplateInvalid(FieldsInvalid):
    code = "clinic_template_invalid"


class PlanTooFar(Refused):
    """`last` is the latest day that may be planned."""

    code = "clinic_plan_too_far"
    detail = "最多排到 {last} 的门诊"


class KindNotOffered(Refused):
    """SJ12: the hospital or this campus has not switched the kind of clinic on."""

    code = "clinic_kind_not_offered"
    detail = "这家医院尚未开通这类门诊"
