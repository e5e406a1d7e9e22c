"""A certificate authority of our own, for the demo and the tests: keys in files, one folder.

It is what an accredited one is to a hospital, on paper only: E-Signature Law art. 16 wants a licensed
provider where a third party vouches, so production configures another adapter of the same ports (ADR 6).
"""

import asyncio
from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import anyio
import anyio.to_thread

from prescriptions.ports import Certificate, Credential, SheetField, TimeStamper
from prescriptions.sheet.errors import CertificateMissing
from prescriptions.sheet.shelf import Pair, Shelf
from prescriptions.sheet.signature import Signature
from prescriptions.sheet.signing import check_valid, fill, pades
from prescriptions.sheet.stamping import HTTPTimeStamper, LocalStamper
from telehealth.core.clock import Clock, add_months

VALID_DAYS = 730
#: Clocks of two machines differ; a certificate made now is good now.
LEEWAY = timedelta(days=1)
#: E-Signature Law, art. 24.
KEEP_MONTHS = 5 * 12
SIGNING_THREADS = 2
#: Beside the person's own certificate, which is as long as names are: the root, and a stamp with its own.
RESERVED_BYTES = 3_500


class LocalAuthority:
    """Fills `SheetSigner`. Whoever signs for the first time gets a certificate: it only meets our own staff.

    `clock` dates what it issues; its own time stamps take the business time, as the hospital's days do.
    """

    def __init__(
        self,
        home: Path,
        clock: Clock,
        *,
        stamper: TimeStamper | None = None,
        stamp_roots: Sequence[bytes] | None = None,
    ) -> None:
        """Without a `stamper` it stamps the time itself; one from outside brings its roots, in DER."""
        self._shelf = Shelf(home / "authority")
        self._clock = clock
        self._stamper = stamper or LocalStamper(home, clock)
        self._stamp_roots = stamp_roots
        self._threads = anyio.CapacityLimiter(SIGNING_THREADS)

    async def sign(
        self, pdf: bytes, *, field: SheetField, credential: Credential, reason: str, at: datetime
    ) -> bytes:
        await self.issue(credential, not_before=at - LEEWAY, days=VALID_DAYS)
        certificate = await self.certificate_of(credential.person_id, at=at)
        check_valid(certificate, at)
        signer = await anyio.to_thread.run_sync(self._signer_of, credential.person_id)
        room = RESERVED_BYTES + len(certificate.chain[0])
        signature = Signature(
            field=field,
            credential=credential,
            signer=signer,
            reason=reason,
            at=at,
            reserved_bytes=room,
        )
        return await fill(pdf, signature, self._stamper, self._threads)

    async def seal(self, pdf: bytes, *, hospital_id: UUID, hospital: str, reason: str, at: datetime) -> bytes:
        """Fills `PaperSealer`: with a key of the hospital's own, beside those of its people."""
        credential = Credential(person_id=hospital_id, name=hospital, title="", hospital=hospital)
        await self.issue(credential, not_before=at - LEEWAY, days=VALID_DAYS)
        certificate = await self.certificate_of(hospital_id, at=at)
        check_valid(certificate, at)
        signer = await anyio.to_thread.run_sync(self._signer_of, hospital_id)
        room = RESERVED_BYTES + len(certificate.chain[0])

        def work() -> bytes:
            sealed: bytes = asyncio.run(
                pades().seal(
                    pdf, signer, name=hospital, reason=reason, at=at, stamper=self._stamper,
                    reserved_bytes=room,
                )
            )  # fmt: skip
            return sealed

        return await anyio.to_thread.run_sync(work, limiter=self._threads)

    async def certificate_of(self, person_id: UUID, *, at: datetime) -> Certificate:
        return await anyio.to_thread.run_sync(self._certificate_of, person_id, at)

    async def issue(self, credential: Credential, *, not_before: datetime, days: int) -> None:
        """A P-256 key and certificate, unless the person has one."""
        await anyio.to_thread.run_sync(self._shelf.issue, credential, not_before, days)

    async def revoke(self, person_id: UUID, *, at: datetime) -> None:
        """From then on it signs nothing; what was signed before stays valid. Twice changes nothing."""
        await anyio.to_thread.run_sync(self._shelf.revoke, person_id, at)

    async def close(self) -> None:
        """Let go of connections to a time-stamping authority."""
        if isinstance(self._stamper, HTTPTimeStamper):
            await self._stamper.aclose()

    def roots(self) -> tuple[bytes, ...]:
        """DER certificates to trust when people sign."""
        return (self._shelf.root(self._clock.business()).certificate_der,)

    def stamp_roots(self) -> tuple[bytes, ...]:
        """DER certificates to trust when time is stamped."""
        return self.roots() if self._stamp_roots is None else tuple(self._stamp_roots)

    def revocations(self, at: datetime) -> tuple[bytes, ...]:
        """The list of revoked certificates as of `at`, DER, good for a week."""
        return (self._shelf.crl(at),)

    def _certificate_of(self, person_id: UUID, at: datetime) -> Certificate:
        held = self._held(person_id)
        own = held.certificate
        return Certificate(
            person_id=person_id,
            serial=f"{own.serial_number:x}",
            subject=own.subject.rfc4514_string(),
            issuer=own.issuer.rfc4514_string(),
            not_before=own.not_valid_before_utc,
            not_after=own.not_valid_after_utc,
            revoked_at=self._shelf.revoked_at(own.serial_number),
            chain=(held.certificate_der, *self.roots()),
            revocations=self.revocations(at),
            keep_until=_years_later(own.not_valid_after_utc),
        )

    def _signer_of(self, person_id: UUID) -> Any:
        held = self._held(person_id)
        return pades().person_signer(held.certificate_der, held.key_der, self.roots())

    def _held(self, person_id: UUID) -> Pair:
        held = self._shelf.person(person_id)
        if held is None:
            raise CertificateMissing()
        return held


def _years_later(instant: datetime) -> datetime:
    return datetime.combine(add_months(instant.date(), KEEP_MONTHS), instant.timetz())
