"""What prescriptions need from outside, in our words.

A port is implemented by an adapter that does the true thing; a sandbox is another server, not another port.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol
from uuid import UUID

# Signatures. Adapters: `prescriptions/sheet/authority.py` (a local authority, for demo and tests) and
# `prescriptions/sheet/stamping.py` (any RFC 3161 authority over HTTP).


class SheetField(StrEnum):
    """The two signature fields of a sheet; the value is the field's name in the PDF."""

    DOCTOR = "Doctor"
    PHARMACIST = "Pharmacist"


@dataclass(frozen=True, slots=True, kw_only=True)
class Credential:
    """On whose behalf a sheet is signed. The key is the person's own and never leaves the signer."""

    person_id: UUID
    name: str
    #: As in the stamp: "主任医师", "药师".
    title: str
    hospital: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Certificate:
    """A person's certificate, to be shown, to be archived, and to know when it has to be renewed.

    `chain` is DER, the person's own first; `revocations` the lists that were current when it was asked for.
    Both are evidence, to be kept until `keep_until`: five years after expiry (E-Signature Law, art. 24).
    """

    person_id: UUID
    serial: str
    subject: str
    issuer: str
    not_before: datetime
    not_after: datetime
    revoked_at: datetime | None
    chain: tuple[bytes, ...]
    revocations: tuple[bytes, ...]
    keep_until: datetime


class SheetSigner(Protocol):
    """An accredited authority that keeps a practitioner's key and signs with it when its owner says so."""

    async def certificate_of(self, person_id: UUID, *, at: datetime) -> Certificate:
        """
        Raises:
            CertificateMissing: the authority knows no such person.
            SignerUnavailable: it did not answer.
        """
        ...

    async def sign(
        self, pdf: bytes, *, field: SheetField, credential: Credential, reason: str, at: datetime
    ) -> bytes:
        """Fill one field of a sheet; `pdf` is extended, never rewritten. All is signed or nothing is.

        `at` is business time; `reason` binds the content, see `sheet.signing.reason_for`.

        Raises:
            CertificateMissing, CertificateNotYetValid, CertificateExpired, CertificateRevoked:
                this person cannot sign now.
            FieldTaken, FieldAbsent, SheetUnreadable: this PDF cannot be signed there.
            SignerUnavailable, StampUnavailable: try again later.
        """
        ...


class TimeStamper(Protocol):
    """A time-stamping authority."""

    async def exchange(self, query: bytes) -> bytes:
        """One exchange of RFC 3161: a DER `TimeStampReq` for a DER `TimeStampResp`.

        Raises:
            StampUnavailable: no answer, or none that could be one.
        """
        ...
