"""PAdES with pyHanko: fields, signatures, stamps one can see, and trusted time.

Read through `signing.pades`, as it takes long to import.
"""

import io
import struct
import zlib
from collections.abc import Sequence
from datetime import datetime, timedelta

import anyio.from_thread
from asn1crypto import cms, core, keys, tsp, x509
from pyhanko.pdf_utils.content import ImportedPdfPage
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.pdf_utils.layout import AxisAlignment, BoxConstraints, Margins, SimpleBoxLayoutRule
from pyhanko.pdf_utils.misc import PdfError
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign import fields, signers
from pyhanko.sign.timestamps import TimeStamper as PDFTimeStamper
from pyhanko.sign.timestamps import TimestampRequestError
from pyhanko.stamp import StaticStampStyle
from pyhanko_certvalidator.registry import SimpleCertificateStore

from prescriptions.ports import SheetField, TimeStamper
from prescriptions.sheet.drawing import draw_stamp
from prescriptions.sheet.errors import (
    DoctorFirst,
    FieldAbsent,
    FieldTaken,
    SheetUnreadable,
    StampUnavailable,
    StampUntrue,
)
from prescriptions.sheet.geometry import BOXES
from prescriptions.sheet.signature import MEANINGS, Signature

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


async def sign(pdf: bytes, signature: Signature, stamper: TimeStamper) -> bytes:
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


async def seal(
    pdf: bytes,
    signer: signers.Signer,
    *,
    name: str,
    reason: str,
    at: datetime,
    stamper: TimeStamper,
    reserved_bytes: int,
) -> bytes:
    """One signature that shows nothing and allows nothing after it: a hospital's, on a copy."""
    metadata = signers.PdfSignatureMetadata(
        field_name="Hospital",
        md_algorithm="sha256",
        subfilter=fields.SigSeedSubFilter.PADES,
        name=name,
        reason=reason,
        certify=True,
        docmdp_permissions=fields.MDPPerm.NO_CHANGES,
    )
    sealed = io.BytesIO()
    try:
        await signers.PdfSigner(metadata, signer, timestamper=_Bridge(stamper, at)).async_sign_pdf(
            IncrementalPdfFileWriter(io.BytesIO(pdf)), bytes_reserved=reserved_bytes * 2, output=sealed
        )
    except TimestampRequestError:
        raise StampUntrue() from None
    return sealed.getvalue()


def person_signer(certificate: bytes, key: bytes, others: Sequence[bytes]) -> signers.Signer:
    """With a key at hand; all in DER. `others` stand above the certificate."""
    store = SimpleCertificateStore()
    for each in others:
        store.register(x509.Certificate.load(each))
    return signers.SimpleSigner(
        signing_cert=x509.Certificate.load(certificate),
        signing_key=keys.PrivateKeyInfo.load(key),
        cert_registry=store,
    )


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
