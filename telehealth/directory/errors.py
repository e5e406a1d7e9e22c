from telehealth.core.errors import Conflict, Invalid, NotFound, Refused


class HospitalNotFound(NotFound):
    code = "hospital_not_found"
    detail = "没有找到这家医院"


class LinkUnknown(NotFound):
    code = "link_unknown"
    detail = "这个二维码或链接已经失效，请从医院首页预约"


class HospitalNotLive(Refused):
    code = "hospital_not_live"
    detail = "这家医院的互联网门诊尚未开通"


class CampusNotFound(NotFound):
    code = "campus_not_found"
    detail = "没有找到这个院区"


class DepartmentNotFound(NotFound):
    code = "department_not_found"
    detail = "没有找到这个科室"


class DoctorNotFound(NotFound):
    code = "doctor_not_found"
    detail = "没有找到这位医生"


class CredentialNotFound(NotFound):
    code = "credential_not_found"
    detail = "没有找到这份资质"


class NoticeNotFound(NotFound):
    code = "notice_not_found"
    detail = "没有找到这份须知"


class NoticeOutdated(Conflict):
    code = "notice_outdated"
    detail = "须知已更新，请阅读新版本后再同意"


class CodeTaken(Conflict):
    code = "directory_code_taken"
    detail = "这个代码已被使用，请换一个"


class PeriodReversed(Invalid):
    code = "period_reversed"
    detail = "有效期的起止日期颠倒了"


class CredentialsMissing(Refused):
    """`missing` names the credential kinds that are absent or out of date."""

    code = "credentials_missing"
    detail = "资质不齐或已过期，暂不能开通线上出诊"
