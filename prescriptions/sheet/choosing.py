"""Which authority signs for this installation, by its settings."""

from datetime import datetime
from typing import Protocol
from uuid import UUID

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from prescriptions.ports import Certificate, Credential, SheetField, SheetSigner
from prescriptions.sheet.authority import LocalAuthority
from prescriptions.sheet.errors import SignerUnavailable
from prescriptions.sheet.stamping import HTTPTimeStamper
from telehealth.core.clock import Clock
from telehealth.core.settings import Profile, Settings
from telehealth.records.ports import PaperSealer


class Authority(SheetSigner, PaperSealer, Protocol):
    """A signer that also says whom to believe, and holds connections."""

    def roots(self) -> tuple[bytes, ...]: ...
    def stamp_roots(self) -> tuple[bytes, ...]: ...
    def revocations(self, at: datetime) -> tuple[bytes, ...]: ...
    async def close(self) -> None: ...


class NoAuthority:
    """Production that was given none: nobody signs, and nothing passes for genuine."""

    async def certificate_of(self, person_id: UUID, *, at: datetime) -> Certificate:
        raise SignerUnavailable(reason="not_configured")

    async def sign(
        self, pdf: bytes, *, field: SheetField, credential: Credential, reason: str, at: datetime
    ) -> bytes:
        raise SignerUnavailable(reason="not_configured")

    async def seal(
        self, pdf: bytes, *, hospital_id: UUID, hospital: str, reason: str, at: datetime
    ) -> bytes | None:
        """A copy without a seal is still a copy, and says so."""
        return None

    def roots(self) -> tuple[bytes, ...]:
        raise SignerUnavailable(reason="not_configured")

    stamp_roots = roots

    def revocations(self, at: datetime) -> tuple[bytes, ...]:
        raise SignerUnavailable(reason="not_configured")

    async def close(self) -> None: ...


def authority_of(settings: Settings, clock: Clock) -> Authority:
    """The local one for demo and tests; in production only when settings ask for it by name."""
    chosen = settings.signing
    if settings.profile is Profile.PRODUCTION and not chosen.local_authority:
        return NoAuthority()
    if not chosen.tsa_url:
        return LocalAuthority(settings.home, clock)
    return LocalAuthority(
        settings.home,
        clock,
        stamper=HTTPTimeStamper(chosen.tsa_url, timeout_s=chosen.timeout_s),
        stamp_roots=tuple(
            root.public_bytes(Encoding.DER)
            for root in x509.load_pem_x509_certificates(chosen.tsa_root.encode())
        ),
    )
