"""Voice messages of strangers become voice messages of ours."""

from dataclasses import dataclass

from telehealth.core.quarantine.pool import Quarantine
from telehealth.core.uploads import MAX_VOICE_BYTES, UploadTooLarge


@dataclass(frozen=True)
class Voice:
    """`data`: Opus in WebM or AAC in MP4, one stream, no metadata, two minutes at most."""

    data: bytes
    content_type: str
    duration_ms: int


async def repack(quarantine: Quarantine, data: bytes) -> Voice:
    """Opus in WebM or Ogg, AAC in MP4. Raises UploadTooLarge, UploadUnreadable, UploadRefused."""
    if len(data) > MAX_VOICE_BYTES:
        raise UploadTooLarge(reason="bytes", max_bytes=MAX_VOICE_BYTES)
    result = await quarantine.run("voice", data)
    return Voice(result.parts[0], result.facts["content_type"], result.facts["duration_ms"])
