"""Is the paper in somebody's hand genuine, and was it used? Told to whoever scans its code.

Nobody is shown more than the paper shows, and less of the person. What cannot be checked now is said so:
"genuine" is only what was checked this moment.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from prescriptions.errors import PrescriptionNotFound
from prescriptions.models import Prescription, SheetFile
from prescriptions.patient import queries
from prescriptions.patient.printing import LARGEST_BYTES
from prescriptions.queries import sheet_file
from prescriptions.sheet.content import SheetContent, digest, restore
from prescriptions.sheet.errors import SignerUnavailable
from prescriptions.sheet.verifying import SENTENCES, Failure, Trust, Verification, verify
from prescriptions.states import RxState, SheetStage
from telehealth.core.blobs import BlobNotFound, BlobsDown, BlobStore
from telehealth.core.i18n import N_
from telehealth.core.unit import Units
from telehealth.core.uploads import UploadTooLarge
from telehealth.directory import hospital as hospital_of
from telehealth.directory import said


class TrustList(Protocol):
    """Whom we believe; joined by the composition root to whatever issues certificates."""

    def roots(self) -> tuple[bytes, ...]:
        """DER certificates of issuers."""
        ...

    def stamp_roots(self) -> tuple[bytes, ...]:
        """DER certificates of time-stamping authorities."""
        ...

    def revocations(self, at: datetime) -> tuple[bytes, ...]:
        """Lists of what was revoked, as of `at`, in DER. Raises SignerUnavailable."""
        ...


class Verdict(StrEnum):
    GENUINE = "genuine"
    #: Something of it does not hold; the reasons say what.
    NOT_GENUINE = "not_genuine"
    #: No pharmacist has signed it yet: it is worth nothing so far.
    UNREVIEWED = "unreviewed"
    #: It could not be checked now, so nobody may take it for genuine.
    UNKNOWN = "unknown"


class Use(StrEnum):
    UNUSED = "unused"
    USED = "used"
    EXPIRED = "expired"
    VOIDED = "voided"


#: Label, tone, sentence.
VERDICTS = {
    Verdict.GENUINE: (
        N_("签名有效，内容未被改动"), "ok", N_("医师和药师的电子签名都有效，与医院存档一致。"),
    ),
    Verdict.NOT_GENUINE: (
        N_("未通过验证"), "no", N_("请不要凭这张处方发药或用药，可致电医院核实。"),
    ),
    Verdict.UNREVIEWED: (
        N_("尚未审核"), "wait", N_("药师还没有审核签名，这张处方还不能缴费和取药。"),
    ),
    Verdict.UNKNOWN: (
        N_("现在无法验证"), "wait", N_("验证所需的文件或证书状态暂时取不到，不能认定真伪，请稍后再试。"),
    ),
}  # fmt: skip
USES = {
    Use.UNUSED: (N_("未使用"), "ok"),
    Use.USED: (N_("已使用，不能重复取药"), "warn"),
    Use.EXPIRED: (N_("已过期"), ""),
    Use.VOIDED: (N_("已作废"), "danger"),
}
_USE = {
    RxState.SPENT: Use.USED,
    RxState.EXPIRED: Use.EXPIRED,
    RxState.VOIDED: Use.VOIDED,
    RxState.REFUSED: Use.VOIDED,
}


@dataclass(frozen=True, slots=True)
class Finding:
    """What anybody with the paper may know."""

    verdict: Verdict
    use: Use
    number: str
    hospital: dict[str, str]
    phone: str
    content: SheetContent | None
    #: Message ids: why it is not genuine.
    reasons: tuple[str, ...] = ()
    #: Names and times of the signatures, only when they hold.
    signatures: tuple[tuple[str, datetime | None], ...] = ()
    sha256: str = ""


async def verify_sheet(units: Units, code: str) -> Finding:
    """What is on file under the code of a sheet. Raises PrescriptionNotFound for no such code."""
    known, found = await _known(units, code)
    if found is None:
        return known
    try:
        pdf = await _bytes(units, found)
        checked = await _check(units, pdf, found)
    except (BlobNotFound, UploadTooLarge, BlobsDown, SignerUnavailable, OSError):
        # Gone, altered in size, or not to be had: in no case may it pass.
        return _judged(known, Verdict.UNKNOWN)
    return _judged(known, _verdict(checked), checked)


async def compare(units: Units, code: str, uploaded: bytes) -> Finding:
    """A file somebody was sent, held against ours: only the same bytes are the same sheet."""
    known, found = await _known(units, code)
    if found is None:
        return known
    try:
        checked = await _check(units, uploaded, found)
    except (SignerUnavailable, OSError):
        return _judged(known, Verdict.UNKNOWN)
    return _judged(known, _verdict(checked), checked)


async def _known(units: Units, code: str) -> tuple[Finding, SheetFile | None]:
    async with units.system("sheet verification") as unit:
        rx = await queries.by_verify_code(unit, code)
        if rx is None:
            raise PrescriptionNotFound()
        found = await sheet_file(unit, rx.id, rx.issue, SheetStage.BOTH)
        place = await hospital_of(unit, rx.hospital_id)
        unit.audit("prescription.verified", rx, number=rx.number, on_file=found is not None)
        finding = Finding(
            Verdict.UNREVIEWED,
            use_of(rx, unit.now),
            rx.number,
            {lang: said(place, "name", lang) for lang in ("zh-CN", "en")},
            place.phone,
            restore(found.content.encode()) if found is not None else None,
            sha256=found.sha256 if found is not None else "",
        )
    return finding, found


def use_of(rx: Prescription, now: datetime) -> Use:
    if rx.state is RxState.PASSED and rx.valid_until is not None and rx.valid_until <= now:
        return Use.EXPIRED
    return _USE.get(rx.state, Use.UNUSED)


async def _bytes(units: Units, found: SheetFile) -> bytes:
    store: BlobStore = units.port(BlobStore)  # type: ignore[type-abstract]
    return await store.read(found.key, LARGEST_BYTES)


async def _check(units: Units, pdf: bytes, found: SheetFile) -> Verification:
    trusted: TrustList = units.port(TrustList)  # type: ignore[type-abstract]
    at = units.clock.business()
    trust = Trust(
        roots=trusted.roots(), revocations=trusted.revocations(at), stamp_roots=trusted.stamp_roots()
    )
    return await verify(
        pdf,
        trust=trust,
        at=at,
        expected_sha256=found.sha256,
        expected_digest=digest(restore(found.content.encode())),
    )


def _verdict(checked: Verification) -> Verdict:
    if checked.genuine:
        return Verdict.GENUINE
    # That nobody could say whether a certificate was revoked tells nothing against the sheet, nor for it.
    only_unknown = {finding.failure for finding in checked.findings} == {Failure.REVOCATION_UNKNOWN}
    return Verdict.UNKNOWN if only_unknown else Verdict.NOT_GENUINE


def _judged(known: Finding, verdict: Verdict, checked: Verification | None = None) -> Finding:
    reasons: tuple[str, ...] = ()
    signatures: tuple[tuple[str, datetime | None], ...] = ()
    if checked is not None and verdict is Verdict.NOT_GENUINE:
        reasons = tuple(dict.fromkeys(SENTENCES[finding.failure] for finding in checked.findings))
    if verdict is Verdict.GENUINE and checked is not None:
        signatures = tuple((one.name, one.signed_at) for one in checked.signatures)
    return Finding(
        verdict, known.use, known.number, known.hospital, known.phone, known.content,
        reasons=reasons, signatures=signatures, sha256=known.sha256,
    )  # fmt: skip
