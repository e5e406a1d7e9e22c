"""Photos of strangers become photos of ours."""

from dataclasses import dataclass

from telehealth.core.quarantine.pool import Quarantine
from telehealth.core.uploads import MAX_PHOTO_BYTES, UploadTooLarge

#: Hints to the patient, never a refusal.
BLURRED_BELOW = 15.0
DARK_BELOW = 60.0


@dataclass(frozen=True)
class Photo:
    """`jpeg`: RGB, upright, longest side ≤ 2048 px; `thumbnail_webp`: longest side ≤ 320 px."""

    jpeg: bytes
    thumbnail_webp: bytes
    width: int
    height: int
    #: Variance of the Laplacian at 512 px: 0 is a blank wall, some hundreds a page of print.
    sharpness: float
    #: Mean luma, 0 (black) – 255 (white).
    brightness: float

    @property
    def looks_blurred(self) -> bool:
        return self.sharpness < BLURRED_BELOW

    @property
    def looks_dark(self) -> bool:
        return self.brightness < DARK_BELOW


async def reencode(quarantine: Quarantine, data: bytes) -> Photo:
    """A JPEG, PNG, WebP or HEIC written anew, without metadata and whatever hid in it.

    Raises UploadTooLarge, UploadUnreadable, UploadRefused.
    """
    if len(data) > MAX_PHOTO_BYTES:
        raise UploadTooLarge(reason="bytes", max_bytes=MAX_PHOTO_BYTES)
    result = await quarantine.run("photo", data)
    jpeg, thumbnail = result.parts
    facts = result.facts
    return Photo(jpeg, thumbnail, facts["width"], facts["height"], facts["sharpness"], facts["brightness"])
