"""Why a sheet was not signed. `code` is stable; none of them holds a name."""

from telehealth.core.errors import Conflict, Invalid, NotFound, Refused, Unavailable


class CertificateMissing(NotFound):
    code = "certificate_missing"
    detail = "签名机构没有此人的证书，请先办理数字证书"


class CertificateExpired(Refused):
    """Facts: `not_after`."""

    code = "certificate_expired"
    detail = "数字证书已过期，请更新证书后再签名"


class CertificateNotYetValid(Refused):
    """Facts: `not_before`."""

    code = "certificate_not_yet_valid"
    detail = "数字证书尚未生效，暂时不能签名"


class CertificateRevoked(Refused):
    """Facts: `revoked_at`."""

    code = "certificate_revoked"
    detail = "数字证书已被吊销，不能签名"


class SheetUnreadable(Invalid):
    code = "sheet_unreadable"
    detail = "处方文件无法读取"


class FieldAbsent(Invalid):
    """Facts: `field`."""

    code = "signature_field_absent"
    detail = "处方文件中没有签名位置"


class FieldTaken(Conflict):
    """Facts: `field`."""

    code = "signature_field_taken"
    detail = "此处已经签名"


class DoctorFirst(Conflict):
    code = "doctor_signs_first"
    detail = "医师签名之后，药师才能签名"


class SignerUnavailable(Unavailable):
    code = "signer_unavailable"
    detail = "电子签名服务暂时不可用，请稍后再试"


class StampUnavailable(Unavailable):
    code = "time_stamp_unavailable"
    detail = "时间戳服务暂时不可用，处方没有签名，请稍后再试"


class StampUntrue(Unavailable):
    """The answer stamps something else, or another time. Facts: `stamped_at` where it is the time."""

    code = "time_stamp_untrue"
    detail = "时间戳服务的应答有误，处方没有签名，请稍后再试"
