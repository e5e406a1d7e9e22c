"""Sealing what the hospital must not lose: resident IDs, phones, names.

A sealed value is `version ‖ key id ‖ nonce(12) ‖ AES-256-GCM`, bound to its `context`
("table.column"), so a value moved to another column does not open. It is not bound to its row:
a swap between two rows of one column goes unnoticed.

Equality is searched through `blind_index`, a keyed hash in a column of its own, under a key that
opens nothing.
"""

import base64
import json
import os
import secrets
import stat
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from hashlib import sha256
from hmac import digest
from pathlib import Path
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from sqlalchemy import Dialect, LargeBinary
from sqlalchemy.types import TypeDecorator

VERSION = 1
KEY_BYTES = 32
NONCE_BYTES = 12
INDEX_BYTES = 16


class SealBroken(Exception):
    """A sealed value does not open: another column's, tampered with, or its key is gone."""


class KeyFileExposed(Exception):
    """Somebody but us may read the key file; we do not start on such keys."""


@dataclass(frozen=True)
class KeyRing:
    """`active` seals; every key opens. Key ids are 0–255; keys are 32 bytes."""

    active: int
    keys: Mapping[int, bytes] = field(repr=False)
    index_key: bytes = field(repr=False)

    def __post_init__(self) -> None:
        if self.active not in self.keys:
            raise ValueError("the active key is not on the ring")
        if any(not 0 <= key_id <= 255 for key_id in self.keys):
            raise ValueError("a key id must fit in one byte")
        if any(len(key) != KEY_BYTES for key in (*self.keys.values(), self.index_key)):
            raise ValueError(f"sealing keys must be {KEY_BYTES} bytes")

    @classmethod
    def generate(cls) -> "KeyRing":
        return cls(1, {1: secrets.token_bytes(KEY_BYTES)}, secrets.token_bytes(KEY_BYTES))

    @classmethod
    def from_secrets(cls, *, active: int, keys: Mapping[int, str], index_key: str) -> "KeyRing":
        """From settings; each key is 32 bytes in base64."""
        opened = {key_id: base64.b64decode(key, validate=True) for key_id, key in keys.items()}
        return cls(active, opened, base64.b64decode(index_key, validate=True))

    def renewed(self) -> "KeyRing":
        """The same ring with a fresh active key; older keys still open what they sealed.

        The index key stays: changing it means recomputing every blind index.
        """
        fresh = max(self.keys) + 1
        return replace(self, active=fresh, keys={**self.keys, fresh: secrets.token_bytes(KEY_BYTES)})


@dataclass(frozen=True)
class Keys:
    """All an installation must keep secret for itself: the ring, and a root for everything else."""

    ring: KeyRing
    root: bytes = field(repr=False)

    @classmethod
    def generate(cls) -> "Keys":
        return cls(KeyRing.generate(), secrets.token_bytes(KEY_BYTES))

    @classmethod
    def from_file(cls, path: Path) -> "Keys":
        """Read the keys, making them (mode 0600) at the first start; two starters agree on one file.

        Raises KeyFileExposed when group or others may read the file.
        """
        if not path.exists():
            cls.generate()._write(path, once=True)
        if stat.S_IMODE(path.stat().st_mode) & 0o077:
            raise KeyFileExposed(f"{path.name} must be readable by its owner alone (chmod 600)")
        stored = json.loads(path.read_text())
        keys = {int(key_id): key for key_id, key in stored["keys"].items()}
        ring = KeyRing.from_secrets(active=stored["active"], keys=keys, index_key=stored["index_key"])
        return cls(ring, base64.b64decode(stored["root"], validate=True))

    def secret(self, purpose: str) -> bytes:
        """32 bytes for one purpose ("tickets", "blobs"); knowing one tells nothing of another."""
        return digest(self.root, purpose.encode(), sha256)

    def save(self, path: Path) -> None:
        self._write(path, once=False)

    def _write(self, path: Path, *, once: bool) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        body = {
            "active": self.ring.active,
            "keys": {str(key_id): _text(key) for key_id, key in self.ring.keys.items()},
            "index_key": _text(self.ring.index_key),
            "root": _text(self.root),
        }
        draft = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
        try:
            with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
                json.dump(body, file)
                file.flush()
                os.fsync(file.fileno())
            if once:
                _link_unless_taken(draft, path)
            else:
                draft.replace(path)
        finally:
            draft.unlink(missing_ok=True)


def _text(key: bytes) -> str:
    return base64.b64encode(key).decode()


def _link_unless_taken(draft: Path, path: Path) -> None:
    try:
        path.hardlink_to(draft)
    except FileExistsError:
        # Another process made its keys first; both of us read those.
        return


def seal(ring: KeyRing, context: str, text: str) -> bytes:
    nonce = secrets.token_bytes(NONCE_BYTES)
    head = bytes([VERSION, ring.active])
    body = AESGCM(ring.keys[ring.active]).encrypt(nonce, text.encode(), head + context.encode())
    return head + nonce + body


def open_(ring: KeyRing, context: str, sealed: bytes) -> str:
    """Raises SealBroken."""
    key = ring.keys.get(key_id_of(sealed))
    if key is None:
        raise SealBroken("the key of this value is not on the ring")
    nonce, body = sealed[2 : 2 + NONCE_BYTES], sealed[2 + NONCE_BYTES :]
    try:
        return AESGCM(key).decrypt(nonce, body, sealed[:2] + context.encode()).decode()
    except InvalidTag:
        raise SealBroken(f"a value of {context} does not open") from None


def key_id_of(sealed: bytes) -> int:
    """Raises SealBroken when these bytes were not sealed by us."""
    if len(sealed) < 2 + NONCE_BYTES + 16 or sealed[0] != VERSION:
        raise SealBroken("not a sealed value")
    return sealed[1]


def rotate(ring: KeyRing, context: str, sealed: bytes) -> bytes:
    """The same text under the active key; returned as it is when it already was. Raises SealBroken."""
    if key_id_of(sealed) == ring.active:
        return sealed
    return seal(ring, context, open_(ring, context, sealed))


def blind_index(ring: KeyRing, context: str, text: str) -> bytes:
    """16 bytes that are equal for equal texts of one context, whatever their width, case or blanks."""
    plain = "".join(unicodedata.normalize("NFKC", text).split()).upper()
    return digest(ring.index_key, f"{context}|{plain}".encode(), sha256)[:INDEX_BYTES]


_ring: KeyRing | None = None


def use_ring(ring: KeyRing) -> None:
    """Set once at start-up, before the first query: a column type cannot be given arguments later."""
    global _ring
    _ring = ring


def ring_in_use() -> KeyRing:
    if _ring is None:
        raise RuntimeError("no key ring: call seal.use_ring at start-up")
    return _ring


class Sealed(TypeDecorator[str]):
    """A text column stored sealed: `mapped_column(Sealed("patients.phone"))`.

    Comparing it in SQL never matches, as each seal has its own nonce: look up by blind index.
    """

    impl = LargeBinary
    cache_ok = True

    def __init__(self, context: str) -> None:
        super().__init__()
        self.context = context

    def process_bind_param(self, value: str | None, dialect: Dialect) -> bytes | None:
        return None if value is None else seal(ring_in_use(), self.context, value)

    def process_result_value(self, value: Any | None, dialect: Dialect) -> str | None:
        return None if value is None else open_(ring_in_use(), self.context, bytes(value))
