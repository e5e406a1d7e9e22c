"""The merchants, one for each hospital: what they hold, and what only the provider holds of them."""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey, generate_private_key
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)
from cryptography.x509.oid import NameOID

from telehealth.sandbox.his import HOSPITALS

_CERTIFICATE_LIFE = timedelta(days=5 * 365)
#: What the merchant's own software gets to know. The platform's private halves are not among it.
TOLD = (
    "mchid",
    "appid",
    "mini_appid",
    "serial_no",
    "private_key",
    "apiv3_key",
    "public_key_id",
    "public_key",
    "certificate_serial_no",
    "certificate",
)


@dataclass(frozen=True)
class Signatory:
    """A key of the platform: `serial` is what `Wechatpay-Serial` calls it."""

    serial: str
    key: RSAPrivateKey
    certificate: str = ""


@dataclass(frozen=True)
class Merchant:
    hospital: str
    mchid: str
    appid: str
    mini_appid: str
    serial_no: str
    public_half: RSAPublicKey
    apiv3_key: str
    by_public_key: Signatory
    by_certificate: Signatory

    @property
    def appids(self) -> tuple[str, str]:
        return (self.appid, self.mini_appid)

    def signatory(self, serial: str) -> Signatory | None:
        return next((s for s in (self.by_public_key, self.by_certificate) if s.serial == serial), None)


def new_keys() -> dict[str, Any]:
    return {code: _new_merchant(number) for number, code in enumerate(HOSPITALS, 1)}


def load_merchants(keys: Mapping[str, Mapping[str, str]]) -> dict[str, Merchant]:
    """By mchid."""
    return {held["mchid"]: _read(code, held) for code, held in keys.items()}


def _new_merchant(number: int) -> dict[str, str]:
    """`19000…` is the range the provider's own documents use for merchants that do not exist."""
    own, platform, certified = (generate_private_key(65537, 2048) for _ in range(3))
    certificate = _certificate(certified)
    return {
        "mchid": f"19000001{number:02d}",
        "appid": f"wxsandbox{number:04d}0001",
        "mini_appid": f"wxsandbox{number:04d}0002",
        "serial_no": secrets.token_hex(20).upper(),
        "private_key": _private_pem(own),
        "apiv3_key": "sandbox-" + secrets.token_hex(12),
        "public_key_id": f"PUB_KEY_ID_SANDBOX{secrets.randbelow(10**22):022d}",
        "public_key": _public_pem(platform.public_key()),
        "platform_private_key": _private_pem(platform),
        "certificate_serial_no": f"{certificate.serial_number:040X}",
        "certificate": certificate.public_bytes(Encoding.PEM).decode("ascii"),
        "certificate_private_key": _private_pem(certified),
    }


def _read(hospital: str, held: Mapping[str, str]) -> Merchant:
    return Merchant(
        hospital=hospital,
        mchid=held["mchid"],
        appid=held["appid"],
        mini_appid=held["mini_appid"],
        serial_no=held["serial_no"],
        public_half=_private(held["private_key"]).public_key(),
        apiv3_key=held["apiv3_key"],
        by_public_key=Signatory(held["public_key_id"], _private(held["platform_private_key"])),
        by_certificate=Signatory(
            held["certificate_serial_no"], _private(held["certificate_private_key"]), held["certificate"]
        ),
    )


def _certificate(key: RSAPrivateKey) -> x509.Certificate:
    name = x509.Name(
        [
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, "SANDBOX"),
            x509.NameAttribute(NameOID.COMMON_NAME, "SANDBOX payment platform"),
        ]
    )
    today = datetime.now(UTC).replace(microsecond=0)
    return (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(today - timedelta(days=1))
        .not_valid_after(today + _CERTIFICATE_LIFE)
        .sign(key, hashes.SHA256())
    )


def _private(pem: str) -> RSAPrivateKey:
    # Our own key: checking its primes again would cost a tenth of a second at every start.
    key = load_pem_private_key(pem.encode("ascii"), None, unsafe_skip_rsa_key_validation=True)
    if not isinstance(key, RSAPrivateKey):
        raise TypeError("merchants hold RSA keys")
    return key


def _private_pem(key: RSAPrivateKey) -> str:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode("ascii")


def _public_pem(key: RSAPublicKey) -> str:
    return key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode("ascii")
