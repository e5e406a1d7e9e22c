"""`demo --lan`: what a phone in the same network needs. An address, and a certificate for it.

Browsers give camera and microphone only to pages that came by TLS, and nobody signs a certificate
for 192.168.1.20; so we make one, and the phone's owner must accept it once.
"""

import io
import ipaddress
import os
import socket
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import ifaddr
import segno
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from telehealth.core.clock import SystemClock
from telehealth.core.processes import CannotStart

#: Apple takes no longer one.
LASTS = timedelta(days=397)
RENEWED_BEFORE = timedelta(days=7)
#: Documentation address: where the way out leads is asked of the routing table, nothing is sent.
_ELSEWHERE = ("203.0.113.1", 9)


@dataclass(frozen=True, slots=True)
class Certificate:
    certificate: Path
    key: Path


def lan_addresses() -> list[str]:
    """IPv4 addresses of this machine that others can reach, the usual way out first.

    Raises CannotStart where there is none.
    """
    found = [
        str(address.ip)
        for adapter in ifaddr.get_adapters()
        for address in adapter.ips
        if address.is_IPv4 and not ipaddress.ip_address(str(address.ip)).is_loopback
    ]
    if not found:
        raise CannotStart("--lan needs a network: this machine has no address that a phone could reach")
    with socket.socket(type=socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(_ELSEWHERE)
            first = probe.getsockname()[0]
        except OSError:
            first = found[0]
    return sorted(set(found), key=lambda address: (address != first, address))


def certificate_for(home: Path, addresses: Sequence[str]) -> Certificate:
    """The one kept in `home`, or a new one when it is another's, or nearly over."""
    held = Certificate(home / "certificate.pem", home / "key.pem")
    now = SystemClock().wall()
    if not _serves(held, addresses, now):
        home.mkdir(parents=True, exist_ok=True)
        _make(held, addresses, now)
    return held


def qr_code(url: str) -> str:
    """As a terminal shows it."""
    out = io.StringIO()
    segno.make(url, error="l", micro=False).terminal(out=out, compact=True, border=2)
    return out.getvalue()


def _serves(held: Certificate, addresses: Sequence[str], now: datetime) -> bool:
    try:
        known = x509.load_pem_x509_certificate(held.certificate.read_bytes())
        serialization.load_pem_private_key(held.key.read_bytes(), password=None)
    except (OSError, ValueError):
        return False
    names = known.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    named = {str(address) for address in names.get_values_for_type(x509.IPAddress)}
    return named == _named(addresses) and known.not_valid_after_utc - RENEWED_BEFORE > now


def _make(held: Certificate, addresses: Sequence[str], now: datetime) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Telehealth demo")])
    names: list[x509.GeneralName] = [x509.DNSName("localhost")]
    names += [x509.IPAddress(ipaddress.ip_address(one)) for one in sorted(_named(addresses))]
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        # A phone's clock may be behind ours.
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now - timedelta(days=1) + LASTS)
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        # Its own authority, of nothing else, so that a phone can also be told to trust it.
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .sign(key, hashes.SHA256())
    )
    form = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    _write(held.key, key.private_bytes(*form), 0o600)
    _write(held.certificate, made.public_bytes(serialization.Encoding.PEM), 0o644)


def _named(addresses: Sequence[str]) -> set[str]:
    return {*addresses, "127.0.0.1"}


def _write(file: Path, data: bytes, mode: int) -> None:
    file.unlink(missing_ok=True)
    with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "wb") as out:
        out.write(data)
