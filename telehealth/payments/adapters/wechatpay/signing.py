"""Five signed lines under a request, four under the client's own call, three under an answer or callback."""

import base64
import binascii
import functools
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key, load_pem_public_key

SCHEME = "WECHATPAY2-SHA256-RSA2048"
#: An older answer or callback may be a replay.
OLDEST_S = 300

_PADDING = PKCS1v15()
_HASH = hashes.SHA256()


class Doubt(StrEnum):
    """Why something cannot be believed; the verdict a callback is stored with."""

    BAD_SIGNATURE = "bad_signature"
    STALE = "stale"
    #: Signed by a platform key we do not hold (yet).
    UNKNOWN_KEY = "unknown_key"


class MerchantKey:
    """The merchant's private key: what is signed with it is ours."""

    def __init__(self, *, mchid: str, serial_no: str, pem: str) -> None:
        self._key = load_private_key(pem)
        self._mchid = mchid
        self._serial_no = serial_no

    def sign(self, *lines: bytes) -> str:
        """Base64 over the lines, each ended by a line feed, also the last and also when empty."""
        text = b"\n".join(lines) + b"\n"
        return base64.b64encode(self._key.sign(text, _PADDING, _HASH)).decode("ascii")

    def authorization(self, method: str, target: bytes, body: bytes, *, now_s: int) -> str:
        """The header of one request. `target` is path and query exactly as they are sent."""
        nonce = secrets.token_hex(16)
        signature = self.sign(method.encode(), target, str(now_s).encode(), nonce.encode(), body)
        return (
            f'{SCHEME} mchid="{self._mchid}",nonce_str="{nonce}",timestamp="{now_s}",'
            f'serial_no="{self._serial_no}",signature="{signature}"'
        )

    def client_call(self, appid: str, prepay_id: str, *, now_s: int) -> dict[str, str]:
        """What a page or mini-program pays with. `signType` is not part of what is signed."""
        stamp, nonce, package = str(now_s), secrets.token_hex(16), f"prepay_id={prepay_id}"
        return {
            "timeStamp": stamp,
            "nonceStr": nonce,
            "package": package,
            "signType": "RSA",
            "paySign": self.sign(appid.encode(), stamp.encode(), nonce.encode(), package.encode()),
        }


@dataclass(frozen=True, slots=True)
class Signature:
    """What the `Wechatpay-*` headers say of an answer or a callback."""

    timestamp: str
    nonce: str
    value: str
    serial: str

    @classmethod
    def of(cls, headers: Mapping[str, str]) -> "Signature | None":
        """None when there is no whole signature. Names in lower case, or a mapping that ignores case."""
        parts = [
            headers.get(f"wechatpay-{name}", "") for name in ("timestamp", "nonce", "signature", "serial")
        ]
        stamp, scheme = parts[0], headers.get("wechatpay-signature-type", SCHEME)
        whole = all(parts) and stamp.isascii() and stamp.isdecimal() and len(stamp) < 13
        return cls(*parts) if whole and scheme == SCHEME else None

    def is_over(self, body: bytes, key: RSAPublicKey) -> bool:
        """A signature probe (`WECHATPAY/SIGNTEST/…`) is a wrong signature like any other."""
        text = f"{self.timestamp}\n{self.nonce}\n".encode() + body + b"\n"
        try:
            key.verify(base64.b64decode(self.value, validate=True), text, _PADDING, _HASH)
        except (InvalidSignature, binascii.Error, ValueError):
            return False
        return True

    def is_stale(self, now_s: int) -> bool:
        return abs(now_s - int(self.timestamp)) > OLDEST_S


def doubt(
    headers: Mapping[str, str], body: bytes, keys: Mapping[str, RSAPublicKey], *, now_s: int
) -> Doubt | None:
    """None when one of the platform's `keys` signed exactly these bytes within five minutes."""
    signature = Signature.of(headers)
    if signature is None:
        return Doubt.BAD_SIGNATURE
    key = keys.get(signature.serial)
    if key is None:
        return Doubt.UNKNOWN_KEY
    if not signature.is_over(body, key):
        return Doubt.BAD_SIGNATURE
    return Doubt.STALE if signature.is_stale(now_s) else None


@functools.cache
def load_private_key(pem: str) -> RSAPrivateKey:
    """Once in a process: a key is checked as it is parsed, which costs a hundred signatures."""
    key = load_pem_private_key(pem.encode(), None)
    if not isinstance(key, RSAPrivateKey):
        raise ValueError("the merchant's key is an RSA key")
    return key


def load_public_key(pem: str) -> RSAPublicKey:
    key = load_pem_public_key(pem.encode())
    if not isinstance(key, RSAPublicKey):
        raise ValueError("the platform's key is an RSA key")
    return key
