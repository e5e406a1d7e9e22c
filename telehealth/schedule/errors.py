from telehealth.core.errors import Conflict, FieldsInvalid, NotFound


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
