"""The platform's keys: one public key with a name that never changes, or certificates that rotate."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from pydantic import AwareDatetime

from telehealth.payments.adapters.wechatpay.sealing import Box, Sealed, Unsealable
from telehealth.payments.adapters.wechatpay.signing import Doubt, doubt, load_public_key
from telehealth.payments.adapters.wechatpay.wire import Said, read
from telehealth.payments.errors import ProviderDown

log = structlog.get_logger(__name__)

PATH = "/v3/certificates"
#: The platform shows a new certificate well before it signs with it.
FRESH_FOR = timedelta(hours=12)
#: Anybody can name an unknown serial in a callback; they must not make us ask more often than this.
APART = timedelta(minutes=1)


class CertificateSaid(Said):
    serial_no: str
    effective_time: AwareDatetime
    expire_time: AwareDatetime
    encrypt_certificate: Sealed


class CertificatesSaid(Said):
    data: list[CertificateSaid]


@dataclass(frozen=True, slots=True)
class Certified:
    key: RSAPublicKey
    effective_at: datetime
    expires_at: datetime


class PlatformKeys:
    """What answers and callbacks to one merchant are verified with. Every key we hold is accepted.

    In public-key mode certificates are only looked at when the platform still signs with one,
    as it does while a merchant moves from one mode to the other.
    """

    def __init__(self, *, public_key_id: str, public_key: str) -> None:
        self.public_key_id = public_key_id
        self._certified: dict[str, Certified] = {}
        self._named = {public_key_id: load_public_key(public_key)} if public_key_id else {}
        self._held: Mapping[str, RSAPublicKey] = self._named
        self._wanted = not public_key_id
        self._asked_at: datetime | None = None
        self._learnt_at: datetime | None = None

    def doubt(self, headers: Mapping[str, str], body: bytes, *, now: datetime) -> Doubt | None:
        found = doubt(headers, body, self._held, now_s=int(now.timestamp()))
        if found is Doubt.UNKNOWN_KEY:
            self._wanted = True
        return found

    def are_due(self, now: datetime) -> bool:
        """Whether certificates should be fetched: wanted and not asked just now, or getting old."""
        if self._asked_at is not None and now - self._asked_at < APART:
            return False
        old = self._learnt_at is not None and now - self._learnt_at > FRESH_FOR
        return self._wanted or (old and not self.public_key_id)

    def ask(self, now: datetime) -> None:
        """Certificates are being fetched: nobody else needs to for a while."""
        self._asked_at = now

    def learn(self, headers: Mapping[str, str], body: bytes, box: Box, *, now: datetime) -> None:
        """Take the certificates of an answer, which one of them, or of those before, must have signed.

        Raises:
            ProviderDown: it is not theirs, or cannot be read.
        """
        found = {**self._certified, **_opened(body, box, now)}
        keys = {serial: held.key for serial, held in found.items()} | self._named
        if said := doubt(headers, body, keys, now_s=int(now.timestamp())):
            log.error("wechatpay.certificates_unproven", doubt=said)
            raise ProviderDown(reason="unproven")
        self._certified = {serial: held for serial, held in found.items() if held.expires_at > now}
        self._held = {serial: held.key for serial, held in self._certified.items()} | self._named
        self._wanted, self._learnt_at = False, now

    def to_seal(self) -> tuple[str, RSAPublicKey]:
        """The key that fields are sealed with, and its name: the public key, or the newest certificate's.

        Raises:
            ProviderDown: no key is known yet.
        """
        if self._named:
            return self.public_key_id, self._named[self.public_key_id]
        if not self._certified:
            raise ProviderDown(reason="no_platform_key")
        serial = max(self._certified, key=lambda each: self._certified[each].effective_at)
        return serial, self._certified[serial].key


def _opened(body: bytes, box: Box, now: datetime) -> dict[str, Certified]:
    found = {}
    for said in read(CertificatesSaid, body).data:
        try:
            certificate = x509.load_pem_x509_certificate(box.open(said.encrypt_certificate))
        except (Unsealable, ValueError):
            log.error("wechatpay.certificate_unreadable", serial=said.serial_no)
            continue
        key = certificate.public_key()
        named = f"{certificate.serial_number:X}" == said.serial_no.lstrip("0").upper()
        if isinstance(key, RSAPublicKey) and named and said.expire_time > now:
            found[said.serial_no] = Certified(key, said.effective_time, said.expire_time)
    return found
