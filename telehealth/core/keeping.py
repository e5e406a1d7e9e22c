"""What strangers send becomes what we keep: read once, scanned, opened in quarantine, written by us."""

import re
from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated
from uuid import UUID

from pydantic import AfterValidator, BaseModel, StringConstraints

from telehealth.core import documents, images, voices
from telehealth.core.blobs import BlobsDown, BlobStore, UploadOffer
from telehealth.core.quarantine.pool import Quarantine
from telehealth.core.scanning import Scanner
from telehealth.core.unit import Units
from telehealth.core.uploads import (
    ScannerDown,
    UploadMissing,
    UploadRefused,
    UploadTooLarge,
    UploadUnreadable,
)

PDF = "application/pdf"
#: How long a place to send a file to stays open.
OFFER_LASTS = timedelta(minutes=10)
#: What whoever finishes a file may be told: it has not arrived, not now, or this one will not do.
REFUSALS = (UploadMissing, ScannerDown, BlobsDown, UploadTooLarge, UploadUnreadable, UploadRefused)

_CONTROLS = re.compile("[\x00-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")


def _plain_name(name: str) -> str:
    """The last part of a path, without characters that read as something else."""
    return _CONTROLS.sub("", name).replace("\\", "/").rsplit("/", 1)[-1].strip() or "file"


Filename = Annotated[str, StringConstraints(max_length=300), AfterValidator(_plain_name)]


class OfferView(BaseModel):
    """Send the bytes to `url` by `method` with `headers`, then POST to `finish_url`.

    Where `method` is POST it is a form: `fields` first and the file last, under the name `file`.
    """

    id: UUID
    method: str
    url: str
    headers: dict[str, str]
    fields: dict[str, str]
    finish_url: str
    expires_in_s: int

    @classmethod
    def of(cls, file_id: UUID, offer: UploadOffer, *, finish_url: str) -> "OfferView":
        return cls(
            id=file_id,
            method=offer.method,
            url=offer.url,
            headers=dict(offer.headers),
            fields=dict(offer.fields),
            finish_url=finish_url,
            expires_in_s=int(OFFER_LASTS.total_seconds()),
        )


@dataclass(frozen=True, slots=True)
class Kept:
    """What we wrote, and what we saw when we wrote it."""

    key: str
    thumbnail_key: str | None
    content_type: str
    size: int
    sha256: str
    width: int | None = None
    height: int | None = None
    pages: int | None = None
    duration_ms: int | None = None
    looks_blurred: bool = False
    looks_dark: bool = False


async def arrived(units: Units, key: str, *, limit: int) -> bytes:
    """What was sent to this place. Raises UploadMissing, UploadTooLarge, BlobsDown."""
    store = units.port(BlobStore)  # type: ignore[type-abstract]
    head = await store.head(key)
    if head is None:
        raise UploadMissing()
    if head.size > limit:
        raise UploadTooLarge(reason="bytes", max_bytes=limit)
    return await store.read(key, limit)


async def scan(units: Units, data: bytes) -> None:
    """Raises UploadRefused, ScannerDown."""
    await units.port(Scanner).scan(data)  # type: ignore[type-abstract]


def is_document(data: bytes) -> bool:
    return data.startswith(b"%PDF-")


async def keep_photo(units: Units, data: bytes, *, key: str, thumbnail_key: str) -> Kept:
    """Written anew. Raises UploadTooLarge, UploadUnreadable, UploadRefused, BlobsDown."""
    photo = await images.reencode(units.port(Quarantine), data)
    store = units.port(BlobStore)  # type: ignore[type-abstract]
    digest = await store.write(key, photo.jpeg, "image/jpeg")
    await store.write(thumbnail_key, photo.thumbnail_webp, "image/webp")
    return Kept(
        key, thumbnail_key, "image/jpeg", len(photo.jpeg), digest,
        width=photo.width, height=photo.height,
        looks_blurred=photo.looks_blurred, looks_dark=photo.looks_dark,
    )  # fmt: skip


async def keep_document(units: Units, data: bytes, *, key: str) -> Kept:
    """As it was, once there is nothing in it but pages. Raises as `keep_photo`."""
    document = await documents.inspect(units.port(Quarantine), data)
    digest = await units.port(BlobStore).write(key, data, PDF)  # type: ignore[type-abstract]
    return Kept(key, None, PDF, len(data), digest, pages=document.pages)


async def keep_voice(units: Units, data: bytes, *, key: str) -> Kept:
    """Packed anew; `key` gets the ending of what it is. Raises as `keep_photo`."""
    voice = await voices.repack(units.port(Quarantine), data)
    whole = f"{key}.{voice.content_type.rpartition('/')[2]}"
    digest = await units.port(BlobStore).write(whole, voice.data, voice.content_type)  # type: ignore[type-abstract]
    return Kept(whole, None, voice.content_type, len(voice.data), digest, duration_ms=voice.duration_ms)
