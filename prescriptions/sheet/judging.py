"""What speaks against a sheet, one finding after the other. Read through `verifying.verify`."""

import hashlib
import io
import re
from collections.abc import Iterator, Sequence
from datetime import datetime

from asn1crypto import cms, x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.fields import MDPPerm
from pyhanko.sign.validation import async_validate_pdf_signature
from pyhanko.sign.validation.pdf_embedded import EmbeddedPdfSignature
from pyhanko.sign.validation.status import PdfSignatureStatus, SignatureCoverageLevel
from pyhanko_certvalidator import ValidationContext
from pyhanko_certvalidator.errors import PathError, ValidationError

from prescriptions.ports import SheetField
from prescriptions.sheet.findings import BOTH, Failure, Finding, Signed, Trust, Verification
from prescriptions.sheet.pades import BROKEN
from prescriptions.sheet.revocation import Standing, standing
from prescriptions.sheet.signature import DIGEST_MARK

#: Ours have some two hundred kilobytes.
LARGEST_BYTES = 10 * 1024 * 1024
UNREADABLE = (*BROKEN, PathError, ValidationError, InvalidSignature, UnsupportedAlgorithm)
BOUND = re.compile(re.escape(DIGEST_MARK) + r"([0-9a-f]{64})\b")


async def judge(
    pdf: bytes,
    trust: Trust,
    at: datetime,
    expected_sha256: str | None,
    expected_digest: str | None,
    required: Sequence[SheetField],
) -> Verification:
    sha256 = hashlib.sha256(pdf).hexdigest()
    findings = []
    signatures: list[Signed] = []
    if expected_sha256 is not None and sha256 != expected_sha256.lower():
        findings.append(Finding(Failure.FILE_DIFFERS))
    try:
        if len(pdf) > LARGEST_BYTES:
            raise ValueError("larger than any sheet")
        found = list(PdfFileReader(io.BytesIO(pdf)).embedded_signatures)
        signatures += [_describe(one) for one in found if one.field_name in BOTH]
        findings += _about_the_set(found, required)
        for one in found:
            if one.field_name in required:
                findings += await _about_one(one, trust, at, is_last=one.field_name == required[-1])
    except UNREADABLE:
        findings.append(Finding(Failure.UNREADABLE))
    findings += _about_content(signatures, expected_digest)
    return Verification(sha256=sha256, findings=tuple(findings), signatures=tuple(signatures))


def _about_the_set(
    found: Sequence[EmbeddedPdfSignature], required: Sequence[SheetField]
) -> Iterator[Finding]:
    by_name = {one.field_name: one for one in found}
    for field in required:
        if field.value not in by_name:
            yield Finding(Failure.SIGNATURE_ABSENT, field)
    if len(found) != len(by_name) or set(by_name) - {field.value for field in required}:
        yield Finding(Failure.SIGNATURE_UNEXPECTED)
    doctor, pharmacist = by_name.get(SheetField.DOCTOR.value), by_name.get(SheetField.PHARMACIST.value)
    if doctor is None or pharmacist is None:
        return
    if pharmacist.signed_revision <= doctor.signed_revision:
        yield Finding(Failure.OUT_OF_ORDER)
    if _person(doctor.signer_cert) == _person(pharmacist.signer_cert):
        yield Finding(Failure.ONE_PERSON)


async def _about_one(
    one: EmbeddedPdfSignature, trust: Trust, at: datetime, *, is_last: bool
) -> list[Finding]:
    field = SheetField(one.field_name)
    stamped_at = _stamped_at(one.signer_info)
    moment = stamped_at or at
    status = await async_validate_pdf_signature(
        one,
        _context(trust.roots, moment),
        _context(trust.roots if trust.stamp_roots is None else trust.stamp_roots, moment),
    )
    failures = [
        *_about_cryptography(one, status, is_last=is_last),
        *_about_certificate(status, trust, moment, at),
        *_about_stamp(status, trust, moment, at),
    ]
    if not failures and not status.bottom_line:
        failures = [Failure.SIGNATURE_BROKEN]
    return [Finding(failure, field) for failure in failures]


def _about_cryptography(
    one: EmbeddedPdfSignature, status: PdfSignatureStatus, *, is_last: bool
) -> Iterator[Failure]:
    if not status.intact:
        yield Failure.ALTERED
    elif not status.valid:
        yield Failure.SIGNATURE_BROKEN
    if is_last and status.coverage is not SignatureCoverageLevel.ENTIRE_FILE:
        yield Failure.ADDED_AFTERWARDS
    if not status.docmdp_ok and status.modification_level is not None:
        yield Failure.ALTERED
    if one.field_name == SheetField.DOCTOR.value and not _certifies(one):
        yield Failure.NOT_CERTIFYING


def _about_certificate(
    status: PdfSignatureStatus, trust: Trust, moment: datetime, at: datetime
) -> Iterator[Failure]:
    own: x509.Certificate = status.signing_cert
    if moment < own.not_valid_before:
        yield Failure.CERTIFICATE_NOT_YET_VALID
    elif moment > own.not_valid_after:
        yield Failure.CERTIFICATE_EXPIRED
    elif not status.trusted:
        yield Failure.ISSUER_UNKNOWN
    elif status.validation_path is not None:
        path = [certificate.dump() for certificate in status.validation_path.iter_certs(include_root=True)]
        judged = standing(path, trust.revocations, signed_at=moment, at=at)
        if judged is Standing.REVOKED:
            yield Failure.CERTIFICATE_REVOKED
        elif judged is Standing.UNKNOWN:
            yield Failure.REVOCATION_UNKNOWN


def _about_stamp(
    status: PdfSignatureStatus, trust: Trust, moment: datetime, at: datetime
) -> Iterator[Failure]:
    stamp = status.timestamp_validity
    if stamp is None:
        yield Failure.STAMP_ABSENT
        return
    if not (stamp.intact and stamp.valid and stamp.trusted):
        yield Failure.STAMP_BROKEN
    elif stamp.validation_path is not None:
        path = [certificate.dump() for certificate in stamp.validation_path.iter_certs(include_root=True)]
        if standing(path, trust.revocations, signed_at=moment, at=at) is Standing.REVOKED:
            yield Failure.STAMP_BROKEN


def _about_content(signatures: Sequence[Signed], expected: str | None) -> Iterator[Finding]:
    """Both signatures are bound to one content, and that is the one our rows hold."""
    bound = {one.digest for one in signatures}
    if signatures and ("" in bound or len(bound) > 1):
        yield Finding(Failure.CONTENT_DIFFERS)
    elif expected is not None and bound != {expected.lower()}:
        yield Finding(Failure.CONTENT_DIFFERS)


def _describe(one: EmbeddedPdfSignature) -> Signed:
    subject = one.signer_cert.subject.native
    reason = str(one.sig_object.get("/Reason", ""))
    bound = BOUND.search(reason)
    return Signed(
        field=SheetField(one.field_name),
        name=str(subject.get("common_name", "")),
        hospital=str(one.sig_object.get("/Location", "")),
        person=str(subject.get("serial_number", "")),
        certificate_serial=f"{one.signer_cert.serial_number:x}",
        signed_at=_stamped_at(one.signer_info),
        reason=reason.partition(f" {DIGEST_MARK}")[0],
        digest=bound[1] if bound else "",
    )


def _context(roots: Sequence[bytes], moment: datetime) -> ValidationContext:
    """Chains only: revocation is judged by `revocation`, from lists and never from the network."""
    return ValidationContext(
        trust_roots=[x509.Certificate.load(root) for root in roots],
        moment=moment,
        allow_fetching=False,
        revocation_mode="soft-fail",
    )


def _stamped_at(signer_info: cms.SignerInfo) -> datetime | None:
    unsigned = signer_info["unsigned_attrs"]
    if not isinstance(unsigned, cms.CMSAttributes):
        return None
    for attribute in unsigned:
        if attribute["type"].native == "signature_time_stamp_token":
            stamped = attribute["values"][0]["content"]["encap_content_info"]["content"].parsed
            at: datetime = stamped["gen_time"].native
            return at
    return None


def _person(certificate: x509.Certificate) -> str:
    """The person's number where the authority writes one, else the whole name."""
    subject = certificate.subject.native
    return str(subject.get("serial_number") or certificate.subject.human_friendly)


def _certifies(one: EmbeddedPdfSignature) -> bool:
    return one.docmdp_level in (MDPPerm.NO_CHANGES, MDPPerm.FILL_FORMS)
