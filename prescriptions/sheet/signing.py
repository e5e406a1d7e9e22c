"""Signs a sheet: PAdES, the doctor first and then the pharmacist, each with a stamp one can see.

Both fields exist before the first signature, which certifies the sheet: from then on it may be signed, and
nothing else. (A field added later would make the doctor's signature doubtful.) An adapter of an authority
brings a pyHanko `Signer`, whose key may be anywhere; everything about PDF is in `pades`.
"""

import asyncio
import importlib
from datetime import datetime
from typing import Any

import anyio
import anyio.to_thread

from prescriptions.ports import Certificate, SheetField, TimeStamper
from prescriptions.sheet.content import SheetContent, digest
from prescriptions.sheet.drawing import draw_sheet
from prescriptions.sheet.errors import CertificateExpired, CertificateNotYetValid, CertificateRevoked
from prescriptions.sheet.signature import DIGEST_MARK, MEANINGS, Signature


async def blank_sheet(content: SheetContent) -> bytes:
    """The sheet with both signature fields empty: what the doctor signs."""
    blank: bytes = await anyio.to_thread.run_sync(lambda: pades().prepare(draw_sheet(content)))
    return blank


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
        signed: bytes = asyncio.run(pades().sign(pdf, signature, stamper))
        return signed

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


def pades() -> Any:
    """`prescriptions.sheet.pades`, read by who signs or verifies for the first time.

    pyHanko and what it brings take some 15 MB and a quarter of a second: no recorder needs them.
    """
    return importlib.import_module("prescriptions.sheet.pades")
