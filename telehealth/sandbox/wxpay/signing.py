"""Whose bytes these are: five lines under a request, three under an answer, four under a client's call."""

import base64
import binascii
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from telehealth.sandbox.wxpay.merchants import Merchant, Signatory
from telehealth.sandbox.wxpay.refusals import field_error, sign_error

SCHEME = "WECHATPAY2-SHA256-RSA2048"
#: How far a request's timestamp may lie from the wall clock.
TOLERANCE_S = 300
PROBE = "WECHATPAY/SIGNTEST/"

_PAIR = re.compile(r'\s*([a-z_]+)="([^"]*)"\s*')
_PARTS = frozenset({"mchid", "nonce_str", "timestamp", "serial_no", "signature"})


@dataclass(frozen=True, slots=True)
class Arrived:
    """`target` is the path and query of the request line, byte for byte."""

    method: str
    target: bytes
    authorization: str
    body: bytes


def verify(arrived: Arrived, merchants: Mapping[str, Merchant], *, now_s: float) -> Merchant:
    """The merchant who signed exactly these bytes within five minutes of `now_s`.

    Raises:
        Refusal: 401 SIGN_ERROR.
    """
    said = _read_authorization(arrived.authorization)
    merchant = merchants.get(said["mchid"])
    if merchant is None or said["serial_no"] != merchant.serial_no:
        raise sign_error("mchid or serial_no unknown")
    if not re.fullmatch(r"\d{1,12}", said["timestamp"]) or not 1 <= len(said["nonce_str"]) <= 64:
        raise sign_error("timestamp or nonce_str malformed")
    if abs(now_s - int(said["timestamp"])) > TOLERANCE_S:
        raise sign_error("timestamp expired")
    lines = (
        arrived.method.encode("ascii"),
        arrived.target,
        said["timestamp"].encode("ascii"),
        said["nonce_str"].encode("utf-8"),
        arrived.body,
    )
    if not is_signed(merchant.public_half, lines, said["signature"]):
        raise sign_error("sign not match")
    return merchant


def _read_authorization(header: str) -> dict[str, str]:
    scheme, _, rest = header.partition(" ")
    if scheme != SCHEME:
        raise sign_error("Authorization missing or of another scheme")
    pairs = [_PAIR.fullmatch(part) for part in rest.split(",")]
    said = {pair[1]: pair[2] for pair in pairs if pair}
    if len(said) != len(pairs) or said.keys() != _PARTS:
        raise sign_error("Authorization malformed")
    return said


def is_signed(key: RSAPublicKey, lines: tuple[bytes, ...], signature: str) -> bool:
    try:
        key.verify(
            base64.b64decode(signature, validate=True),
            b"".join(line + b"\n" for line in lines),
            padding.PKCS1v15(),
            hashes.SHA256(),
        )
    except (InvalidSignature, binascii.Error, ValueError):
        return False
    return True


def sign(key: RSAPrivateKey, *lines: bytes) -> str:
    text = b"".join(line + b"\n" for line in lines)
    return base64.b64encode(key.sign(text, padding.PKCS1v15(), hashes.SHA256())).decode("ascii")


def signed_headers(signatory: Signatory, body: bytes, *, now_s: float) -> dict[str, str]:
    """What goes with an answer or a callback; `body` is empty for a 204."""
    timestamp, nonce = str(int(now_s)), secrets.token_hex(16)
    return {
        "Wechatpay-Timestamp": timestamp,
        "Wechatpay-Nonce": nonce,
        "Wechatpay-Signature": sign(signatory.key, timestamp.encode("ascii"), nonce.encode("ascii"), body),
        "Wechatpay-Serial": signatory.serial,
        "Wechatpay-Signature-Type": SCHEME,
    }


def seal(apiv3_key: str, plain: bytes, *, associated_data: str) -> dict[str, str]:
    """AES-256-GCM; the nonce is twelve characters of text, the tag ends the ciphertext."""
    nonce = secrets.token_hex(6)
    box = AESGCM(apiv3_key.encode("ascii"))
    sealed = box.encrypt(nonce.encode("ascii"), plain, associated_data.encode("utf-8"))
    return {
        "algorithm": "AEAD_AES_256_GCM",
        "nonce": nonce,
        "associated_data": associated_data,
        "ciphertext": base64.b64encode(sealed).decode("ascii"),
    }


def open_field(merchant: Merchant, serial: str, text: str, *, at: str) -> str:
    """A field the merchant sealed with the platform key that `Wechatpay-Serial` names: RSA-OAEP, SHA-1.

    Raises:
        Refusal: 400 PARAM_ERROR, no such key or not sealed with it.
    """
    signatory = merchant.signatory(serial)
    if signatory is None:
        raise field_error(
            "Wechatpay-Serial", "应指明加密所用的平台公钥或证书", value=serial, location="header"
        )
    sha1 = hashes.SHA1()  # noqa: S303 - OAEP with SHA-1 is what the provider prescribes
    oaep = padding.OAEP(padding.MGF1(sha1), sha1, None)
    try:
        return signatory.key.decrypt(base64.b64decode(text, validate=True), oaep).decode("utf-8")
    except (ValueError, binascii.Error):
        raise field_error(at, "解密失败") from None
