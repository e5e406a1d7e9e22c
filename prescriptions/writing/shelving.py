"""The exact bytes that were signed, and what vouched for the signature, kept side by side.

Files are never written again; a crash leaves some that no row names.
"""

import base64
import json
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from prescriptions.ports import Certificate, SheetSigner
from telehealth.core.blobs import BlobStore
from telehealth.core.ids import new_id
from telehealth.core.unit import Units

PDF = "application/pdf"


@dataclass(frozen=True, slots=True)
class Kept:
    """The signed bytes, as the store has them. `evidence` names the file with chain and revocation lists."""

    key: str
    size: int
    sha256: str
    certificate: str
    evidence: str
    evidence_until: datetime


async def keep_signed(
    units: Units,
    prescription_id: UUID,
    *,
    issue: int,
    stage: str,
    signed: bytes,
    signer_id: UUID,
    at: datetime,
) -> Kept:
    """Outside any unit. A name of its own each time.

    Raises what keeps the authority or the store from answering.
    """
    signer = units.port(SheetSigner)  # type: ignore[type-abstract]
    store = units.port(BlobStore)  # type: ignore[type-abstract]
    certificate = await signer.certificate_of(signer_id, at=at)
    stem = f"prescriptions/{prescription_id}/{issue}-{stage}-{new_id()}"
    await store.write(f"{stem}.json", _evidence(certificate), "application/json", once=True)
    sha256 = await store.write(f"{stem}.pdf", signed, PDF, once=True)
    return Kept(
        key=f"{stem}.pdf",
        size=len(signed),
        sha256=sha256,
        certificate=certificate.serial,
        evidence=f"{stem}.json",
        evidence_until=certificate.keep_until,
    )


def _evidence(certificate: Certificate) -> bytes:
    """Certificate information, to be kept for five years after it expires (E-Signature Law, art. 24)."""
    told = {
        "serial": certificate.serial,
        "subject": certificate.subject,
        "issuer": certificate.issuer,
        "not_before": certificate.not_before.isoformat(),
        "not_after": certificate.not_after.isoformat(),
        "keep_until": certificate.keep_until.isoformat(),
        "chain": [base64.b64encode(der).decode() for der in certificate.chain],
        "revocations": [base64.b64encode(der).decode() for der in certificate.revocations],
    }
    return json.dumps(told, ensure_ascii=False, indent=1).encode()
