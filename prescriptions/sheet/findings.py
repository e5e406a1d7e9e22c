"""What can speak against a sheet, and what is believed when it is judged."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from prescriptions.ports import SheetField
from telehealth.core.i18n import N_

BOTH = tuple(SheetField)


class Failure(StrEnum):
    UNREADABLE = "unreadable"
    FILE_DIFFERS = "file_differs"
    CONTENT_DIFFERS = "content_differs"
    SIGNATURE_ABSENT = "signature_absent"
    SIGNATURE_UNEXPECTED = "signature_unexpected"
    SIGNATURE_BROKEN = "signature_broken"
    ALTERED = "altered"
    ADDED_AFTERWARDS = "added_afterwards"
    NOT_CERTIFYING = "not_certifying"
    ISSUER_UNKNOWN = "issuer_unknown"
    CERTIFICATE_EXPIRED = "certificate_expired"
    CERTIFICATE_NOT_YET_VALID = "certificate_not_yet_valid"
    CERTIFICATE_REVOKED = "certificate_revoked"
    REVOCATION_UNKNOWN = "revocation_unknown"
    STAMP_ABSENT = "stamp_absent"
    STAMP_BROKEN = "stamp_broken"
    ONE_PERSON = "one_person"
    OUT_OF_ORDER = "out_of_order"


#: For people; the door translates.
SENTENCES = {
    Failure.UNREADABLE: N_("文件无法读取"),
    Failure.FILE_DIFFERS: N_("文件与医院存档的不一致"),
    Failure.CONTENT_DIFFERS: N_("处方内容与签名所确认的内容不一致"),
    Failure.SIGNATURE_ABSENT: N_("缺少签名"),
    Failure.SIGNATURE_UNEXPECTED: N_("有不应出现的签名"),
    Failure.SIGNATURE_BROKEN: N_("签名无效"),
    Failure.ALTERED: N_("签名之后内容被改动"),
    Failure.ADDED_AFTERWARDS: N_("签名之后文件又被追加了内容"),
    Failure.NOT_CERTIFYING: N_("医师签名没有锁定处方内容"),
    Failure.ISSUER_UNKNOWN: N_("签名证书不是由认可的机构颁发"),
    Failure.CERTIFICATE_EXPIRED: N_("签名时证书已过期"),
    Failure.CERTIFICATE_NOT_YET_VALID: N_("签名时证书尚未生效"),
    Failure.CERTIFICATE_REVOKED: N_("签名时证书已被吊销"),
    Failure.REVOCATION_UNKNOWN: N_("无法确认证书是否被吊销"),
    Failure.STAMP_ABSENT: N_("签名没有可信时间"),
    Failure.STAMP_BROKEN: N_("签名的时间戳无效"),
    Failure.ONE_PERSON: N_("医师与审核药师是同一人"),
    Failure.OUT_OF_ORDER: N_("药师签名早于医师签名"),
}


@dataclass(frozen=True, slots=True)
class Finding:
    failure: Failure
    #: Which signature; None when it is about the file.
    field: SheetField | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Signed:
    """One signature as found, genuine or not: `Verification.genuine` decides whether to believe it."""

    field: SheetField
    name: str
    #: As declared with the signature.
    hospital: str
    #: The certificate's own number of the person.
    person: str
    certificate_serial: str
    signed_at: datetime | None
    reason: str
    #: SHA-256 of the content the reason is bound to; empty when it is bound to none.
    digest: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Verification:
    sha256: str
    findings: tuple[Finding, ...]
    signatures: tuple[Signed, ...]

    @property
    def genuine(self) -> bool:
        return not self.findings

    def failed(self, failure: Failure) -> bool:
        return any(finding.failure is failure for finding in self.findings)


@dataclass(frozen=True, slots=True, kw_only=True)
class Trust:
    """Whom we believe: DER roots of people and of time stamps, and current lists of what was revoked.

    Lists must be at hand for every issuer of people. Those of time stamps are judged where there is a list.
    """

    roots: Sequence[bytes]
    revocations: Sequence[bytes]
    #: None takes the roots of people.
    stamp_roots: Sequence[bytes] | None = None
