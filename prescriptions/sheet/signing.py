"""Signs a sheet: PAdES, the doctor first and then the pharmacist, each with a stamp one can see.

Both fields exist before the first signature, which certifies the sheet: from then on it may be signed, and
nothing else. (A field added later would make the doctor's signature doubtful.) An adapter of an authority
brings a pyHanko `Signer`, whose key may be anywhere; everything about PDF is here.
"""

import asyncio
import io
import struct
import zlib
from dataclasses import dataclass
from datetime import datetime, timedelta

import anyio.from_thread
import anyio.to_thread
from asn1crypto import cms, core, tsp
from pyhanko.pdf_utils.content import ImportedPdfPage
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.pdf_utils.layout import AxisAlignment, BoxConstraints, Margins, SimpleBoxLayoutRule
from pyhanko.pdf_utils.misc import PdfError
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign import fields, signers
from pyhanko.sign.timestamps import TimeStamper as PDFTimeStamper
from pyhanko.sign.timestamps import TimestampRequestError
from pyhanko.stamp import StaticStampStyle

from prescriptions.ports import Certificate, Credential, SheetField, TimeStamper
from prescriptions.sheet.content import SheetContent, digest
from prescriptions.sheet.drawing import draw_sheet, draw_stamp
from prescriptions.sheet.errors import (
    CertificateExpired,
    CertificateNotYetValid,
    CertificateRevoked,
    DoctorFirst,
    FieldAbsent,
    FieldTaken,
    SheetUnreadable,
    StampUnavailable,
    StampUntrue,
)
from prescriptions.sheet.geometry import BOXES

MEANINGS = {SheetField.DOCTOR: "开具处方", SheetField.PHARMACIST: "审核通过"}
DIGEST_MARK = "sha256:"

#: A stamp that far from our clock would date the sheet wrongly.
STAMP_TOLERANCE = timedelta(minutes=10)

WHOLE_BOX = SimpleBoxLayoutRule(
    x_align=AxisAlignment.ALIGN_MID, y_align=AxisAlignment.ALIGN_MID, margins=Margins.uniform(0)
)

#: What reading a broken or hostile PDF may raise.
BROKEN = (
    PdfError, ValueError, LookupError, TypeError, AttributeError, AssertionError, ArithmeticError,
    RecursionError, NotImplementedError, EOFError, struct.error, zlib.error,
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Signature:
    """One signature to be made. `signer` holds the key or reaches it."""

    field: SheetField
    credential: Credential
    signer: signers.Signer
    reason: str
    at: datetime
    #: Room for signature, certificates and time stamp. What is too much is read again at every verification.
    reserved_bytes: int = 12 * 1024


async def blank_sheet(content: SheetContent) -> bytes:
    """The sheet with both signature fields empty: what the doctor signs."""
    return await anyio.to_thread.run_sync(lambda: prepare(draw_sheet(content)))


def reason_for(field: SheetField, content: SheetContent) -> str:
    """What a signature declares, bound to the content: "开具处方 sha256:…"."""
    return f"{MEANINGS[field]} {DIGEST_MARK}{digest(content)}"


async def fill(
    pdf: bytes, signature: Signature, stamper: TimeStamper, threads: anyio.CapacityLimiter | None = None
) -> bytes:
    """The sheet with one signature more, as an incremental update.

    Works in a thread, comes back to the event loop only to ask for the time stamp, and returns nothing unless
    everything succeeded.

    Raises:
        FieldTaken, FieldAbsent, DoctorFirst, SheetUnreadable: it cannot be signed there.
        StampUnavailable, StampUntrue: no time stamp.
    """

    def work() -> bytes:
        return asyncio.run(_sign(pdf, signature, stamper))

    return await anyio.to_thread.run_sync(work, limiter=threads)


def check_valid(certificate: Certificate, at: datetime) -> None:
    """
    Raises:
        CertificateNotYetValid, CertificateExpired, CertificateRevoked: at that moment nobody signs with it.
    """
    if at < certificate.not_before:
        raise CertificateNotYetValid(not_before=certificate.not_before.isoformat())
    if at > certificate.not_after:
        raise CertificateExpired(not_after=certificate.not_after.isoformat())
    if certificate.revoked_at is not None and certificate.revoked_at <= at:
        raise CertificateRevoked(revoked_at=certificate.revoked_at.isoformat())


def prepare(pdf: bytes) -> bytes:
    """Add both signature fields to the last page of a drawn sheet."""
    writer = IncrementalPdfFileWriter(io.BytesIO(pdf))
    last = int(writer.root["/Pages"]["/Count"]) - 1
    for field, box in BOXES.items():
        spec = fields.SigFieldSpec(
            field.value, on_page=last, box=box.corners, readable_field_name=MEANINGS[field]
        )
        fields.append_signature_field(writer, spec)
    prepared = io.BytesIO()
    writer.write(prepared)
    return prepared.getvalue()


async def _sign(pdf: bytes, signature: Signature, stamper: TimeStamper) -> bytes:
    """Runs in the loop of a worker thread, which nobody else waits in."""
    try:
        writer = IncrementalPdfFileWriter(io.BytesIO(pdf))
        _check_fields(writer.prev, signature.field)
    except BROKEN:
        raise SheetUnreadable() from None
    first = signature.field is SheetField.DOCTOR
    metadata = signers.PdfSignatureMetadata(
        field_name=signature.field.value,
        md_algorithm="sha256",
        subfilter=fields.SigSeedSubFilter.PADES,
        name=signature.credential.name,
        location=signature.credential.hospital,
        reason=signature.reason,
        certify=first,
        docmdp_permissions=fields.MDPPerm.FILL_FORMS,
    )
    signer = signers.PdfSigner(
        metadata,
        signature.signer,
        timestamper=_Bridge(stamper, signature.at),
        stamp_style=_look(signature),
    )
    signed = io.BytesIO()
    try:
        await signer.async_sign_pdf(
            writer, existing_fields_only=True, bytes_reserved=signature.reserved_bytes * 2, output=signed
        )
    except TimestampRequestError:
        raise StampUntrue() from None
    return signed.getvalue()


def _check_fields(reader: PdfFileReader, wanted: SheetField) -> None:
    taken = {name: value is not None for name, value, _ in fields.enumerate_sig_fields(reader)}
    if set(taken) != {field.value for field in SheetField}:
        raise FieldAbsent(field=wanted.value)
    if taken[wanted.value]:
        raise FieldTaken(field=wanted.value)
    if wanted is SheetField.PHARMACIST and not taken[SheetField.DOCTOR.value]:
        raise DoctorFirst()


def _look(signature: Signature) -> StaticStampStyle:
    drawn = draw_stamp(
        name=signature.credential.name,
        title=signature.credential.title,
        meaning=MEANINGS[signature.field],
        at=signature.at,
        box=BOXES[signature.field],
    )
    return StaticStampStyle(
        background=_DrawnPage(drawn), background_layout=WHOLE_BOX, background_opacity=1, border_width=0
    )


class _DrawnPage(ImportedPdfPage):
    """A page that was never a file."""

    def __init__(self, pdf: bytes) -> None:
        super().__init__("")  # type: ignore[no-untyped-call]
        self._pdf = pdf

    def render(self) -> bytes:
        writer = self._ensure_writer
        drawn = writer.import_page_as_xobject(PdfFileReader(io.BytesIO(self._pdf)))
        self.resources.xobject["/Stamp"] = drawn
        left, bottom, right, top = drawn.get_object()["/BBox"]
        self.box = BoxConstraints(width=abs(right - left), height=abs(top - bottom))
        return b"/Stamp Do"


class _Answer(core.Sequence):  # type: ignore[misc]
    """`TimeStampResp` as RFC 3161 has it: one that refuses has no token, which asn1crypto does not expect."""

    _fields = [("status", tsp.PKIStatusInfo), ("time_stamp_token", cms.ContentInfo, {"optional": True})]


class _Bridge(PDFTimeStamper):
    """Our port as pyHanko's client: asks on the event loop that our thread was started from."""

    def __init__(self, stamper: TimeStamper, at: datetime) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self._stamper = stamper
        self._at = at

    async def async_request_tsa_response(self, req: tsp.TimeStampReq) -> tsp.TimeStampResp:
        raw = anyio.from_thread.run(self._stamper.exchange, req.dump())
        try:
            self._check(req, raw)
            return tsp.TimeStampResp.load(raw, strict=True)
        except (ValueError, TypeError, LookupError, AttributeError):
            raise StampUntrue() from None

    def _check(self, req: tsp.TimeStampReq, raw: bytes) -> None:
        """What pyHanko leaves open; its own look at the nonce stumbles over a wrong one."""
        answer = _Answer.load(raw, strict=True)
        status = answer["status"]["status"].native
        if status not in ("granted", "granted_with_mods"):
            raise StampUnavailable(status=status)
        stamped = answer["time_stamp_token"]["content"]["encap_content_info"]["content"].parsed
        for asked in ("message_imprint", "nonce"):
            if stamped[asked].native != req[asked].native:
                raise StampUntrue(differs=asked)
        told = stamped["gen_time"].native
        if abs(told - self._at) > STAMP_TOLERANCE:
            raise StampUntrue(stamped_at=told.isoformat())
