"""What only the merchant may read (AES-256-GCM), and what only the platform may read (RSA-OAEP)."""

import base64
import binascii

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.padding import MGF1, OAEP
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from telehealth.payments.adapters.wechatpay.wire import Said

ALGORITHM = "AEAD_AES_256_GCM"

# SHA-1 is what the provider prescribes for OAEP; OAEP does not rest on its collision resistance.
_OAEP = OAEP(MGF1(hashes.SHA1()), hashes.SHA1(), None)  # noqa: S303


class Unsealable(Exception):
    """Not sealed with our key, or no longer as it was sealed."""


class Sealed(Said):
    algorithm: str = ALGORITHM
    #: Base64; the tag ends it.
    ciphertext: str
    nonce: str
    associated_data: str = ""


class Box:
    """Opens what was sealed with the merchant's APIv3 key: 32 characters, used as they are."""

    def __init__(self, apiv3_key: str) -> None:
        self._box = AESGCM(apiv3_key.encode("ascii"))

    def open(self, sealed: Sealed) -> bytes:
        """Raises Unsealable."""
        if sealed.algorithm != ALGORITHM:
            raise Unsealable
        try:
            return self._box.decrypt(
                sealed.nonce.encode(),
                base64.b64decode(sealed.ciphertext, validate=True),
                sealed.associated_data.encode(),
            )
        except (InvalidTag, binascii.Error, ValueError):
            raise Unsealable from None


def seal_for(key: RSAPublicKey, text: str) -> str:
    """Different each time; the holder of `key` reads the same text."""
    return base64.b64encode(key.encrypt(text.encode(), _OAEP)).decode("ascii")
