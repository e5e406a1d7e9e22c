"""The manifest of a leg's recording: a line for each segment, each sealed together with the one before."""

import hashlib
import json
from collections.abc import Iterable
from datetime import UTC

from signaling.models import RecordingSegment

#: Everything a row says of its segment but the seal itself and when it was put away.
_SAID = (
    "id", "hospital_id", "account_id", "room", "call_id", "leg", "role", "number", "content_type", "key",
    "size", "sha256", "duration_ms", "offset_ms", "width", "height", "cause",
)  # fmt: skip


def line(segment: RecordingSegment) -> str:
    said = {name: getattr(segment, name) for name in _SAID}
    said["begun_at"] = segment.begun_at.astimezone(UTC).isoformat(timespec="microseconds")
    return json.dumps(said, default=str, sort_keys=True, ensure_ascii=False, separators=(",", ":"))


def seal(before: str, segment: RecordingSegment) -> str:
    """SHA-256 in hex; `before` is the seal of the segment before, empty for the first."""
    return hashlib.sha256(f"{before}\n{line(segment)}".encode()).hexdigest()


def is_whole(segments: Iterable[RecordingSegment]) -> bool:
    """Of one leg, by number: none is missing in between, and each says what it said when it was sealed."""
    before = ""
    for number, segment in enumerate(segments, start=1):
        if segment.number != number or segment.chain != seal(before, segment):
            return False
        before = segment.chain
    return True
