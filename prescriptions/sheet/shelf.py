"""The keys and certificates of the local authority, in files: `root`, `tsa`, and one pair a person.

They are made once, whichever process comes first, and readable by their owner alone.
"""

import fcntl
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from prescriptions.ports import Credential
from prescriptions.sheet.errors import CertificateMissing

NAME = "样例电子签名机构"
ROOT_DAYS = 20 * 365
CRL_DAYS = 7

PrivateKey = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey


@dataclass(frozen=True, slots=True)
class Pair:
    certificate: x509.Certificate
    key: PrivateKey

    @property
    def certificate_der(self) -> bytes:
        return self.certificate.public_bytes(serialization.Encoding.DER)

    @property
    def key_der(self) -> bytes:
        return self.key.private_bytes(
            serialization.Encoding.DER, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )


class Shelf:
    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def root(self, now: datetime) -> Pair:
        held = self._read("root")
        if held is None:
            with self._alone():
                held = self._read("root") or self._make_root(now)
        return held

    def stamping(self, now: datetime) -> Pair:
        root = self.root(now)
        held = self._read("tsa")
        if held is None:
            with self._alone():
                held = self._read("tsa") or self._make_stamping(root, now)
        return held

    def person(self, person_id: UUID) -> Pair | None:
        return self._read(person_id.hex)

    def issue(self, credential: Credential, not_before: datetime, days: int) -> None:
        if self._read(credential.person_id.hex) is not None:
            return
        root = self.root(not_before)
        with self._alone():
            if self._read(credential.person_id.hex) is None:
                self._make_person(root, credential, not_before, days)

    def revoke(self, person_id: UUID, at: datetime) -> None:
        held = self.person(person_id)
        if held is None:
            raise CertificateMissing()
        with self._alone():
            revoked = self._revoked()
            revoked.setdefault(str(held.certificate.serial_number), at.astimezone(UTC).isoformat())
            self._write("revoked.json", json.dumps(revoked).encode())

    def revoked_at(self, serial: int) -> datetime | None:
        told = self._revoked().get(str(serial))
        return datetime.fromisoformat(told) if told else None

    def crl(self, at: datetime) -> bytes:
        root = self.root(at)
        builder = (
            x509.CertificateRevocationListBuilder()
            .issuer_name(root.certificate.subject)
            .last_update(at)
            .next_update(at + timedelta(days=CRL_DAYS))
            .add_extension(x509.CRLNumber(int(at.timestamp())), critical=False)
        )
        for serial, told in self._revoked().items():
            entry = x509.RevokedCertificateBuilder().serial_number(int(serial))
            builder = builder.add_revoked_certificate(
                entry.revocation_date(datetime.fromisoformat(told)).build()
            )
        return builder.sign(root.key, hashes.SHA256()).public_bytes(serialization.Encoding.DER)

    def _make_root(self, now: datetime) -> Pair:
        key = ec.generate_private_key(ec.SECP256R1())
        name = _name(NAME)
        certificate = (
            _builder(name, name, key, now - timedelta(days=365), ROOT_DAYS)
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .add_extension(_usage(key_cert_sign=True, crl_sign=True), critical=True)
            .sign(key, hashes.SHA256())
        )
        return self._keep("root", certificate, key)

    def _make_stamping(self, root: Pair, now: datetime) -> Pair:
        """RSA, which every reader of time stamps understands."""
        key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        stamping = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.TIME_STAMPING])
        certificate = (
            _issued(root, _name(f"{NAME} 时间戳"), key, now - timedelta(days=364), ROOT_DAYS - 2)
            .add_extension(_usage(digital_signature=True), critical=True)
            .add_extension(stamping, critical=True)
            .sign(root.key, hashes.SHA256())
        )
        return self._keep("tsa", certificate, key)

    def _make_person(
        self,
        root: Pair,
        credential: Credential,
        not_before: datetime,
        days: int,
    ) -> None:
        key = ec.generate_private_key(ec.SECP256R1())
        # Of the person alone: who works in two hospitals signs in both with it.
        subject = _name(credential.name, serial=credential.person_id.hex)
        certificate = (
            _issued(root, subject, key, not_before, days)
            .add_extension(_usage(digital_signature=True, content_commitment=True), critical=True)
            .sign(root.key, hashes.SHA256())
        )
        self._keep(credential.person_id.hex, certificate, key)

    def _keep(self, name: str, certificate: x509.Certificate, key: PrivateKey) -> Pair:
        """Both in one file, so that no process ever sees half a pair."""
        private = key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        self._write(f"{name}.pem", certificate.public_bytes(serialization.Encoding.PEM) + private)
        return Pair(certificate, key)

    def _read(self, name: str) -> Pair | None:
        try:
            held = (self._folder / f"{name}.pem").read_bytes()
        except FileNotFoundError:
            return None
        # Checking an RSA key takes longer than signing with it, and we wrote it ourselves.
        key = serialization.load_pem_private_key(held, password=None, unsafe_skip_rsa_key_validation=True)
        assert isinstance(key, PrivateKey)  # noqa: S101 - narrows the type
        return Pair(x509.load_pem_x509_certificate(held), key)

    def _revoked(self) -> dict[str, str]:
        try:
            revoked: dict[str, str] = json.loads((self._folder / "revoked.json").read_bytes())
        except FileNotFoundError:
            return {}
        return revoked

    def _write(self, name: str, content: bytes) -> None:
        draft = self._folder / f"{name}.new"
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(self._folder / name)

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """Among threads and processes of this machine."""
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor = os.open(self._folder / "lock", os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            yield
        finally:
            os.close(descriptor)


def _name(common: str, *, serial: str = "") -> x509.Name:
    parts = [
        (NameOID.COUNTRY_NAME, "CN"),
        (NameOID.ORGANIZATION_NAME, NAME),
        (NameOID.COMMON_NAME, common),
        (NameOID.SERIAL_NUMBER, serial),
    ]
    # X.520 ends a common name at 64 characters.
    return x509.Name([x509.NameAttribute(oid, words[:64]) for oid, words in parts if words])


def _builder(
    subject: x509.Name,
    issuer: x509.Name,
    key: PrivateKey,
    not_before: datetime,
    days: int,
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(not_before)
        .not_valid_after(not_before + timedelta(days=days))
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    )


def _issued(
    root: Pair,
    subject: x509.Name,
    key: PrivateKey,
    not_before: datetime,
    days: int,
) -> x509.CertificateBuilder:
    issuer = root.certificate.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value
    return (
        _builder(subject, root.certificate.subject, key, not_before, days)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(issuer), critical=False)
    )


def _usage(
    *,
    digital_signature: bool = False,
    content_commitment: bool = False,
    key_cert_sign: bool = False,
    crl_sign: bool = False,
) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=digital_signature,
        content_commitment=content_commitment,
        key_cert_sign=key_cert_sign,
        crl_sign=crl_sign,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )
