"""Encoded frames of one connection, as files of about a minute each, cut where a picture stands alone.

VP8 and Opus go into WebM, H.264 and Opus into fragmented MP4, sound alone into WebM; all three are
muxed, never decoded.
"""

import io
import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from fractions import Fraction
from typing import Any, cast

import av
import structlog
from av.container import OutputContainer

from signaling.recorder.spool import Label, Slip, Spool, SpoolFile
from signaling.recorder.tap import Frame
from telehealth.core.ids import new_id

log = structlog.get_logger(__name__)

#: Of a segment: a store takes it in one piece.
MAX_BYTES = 48 * 1024 * 1024
#: A picture that stopped for so long does not hold up a cut, or a beginning with sound alone.
_QUIET_S = 2.0
#: Sound comes out of its jitter buffer later than the picture: so long it still reaches the file before.
_LATE_S = 0.6
#: How long before its time a segment may be cut at a key frame, which is asked for from then on.
_EARLY_S = 1.0

_FAILURES = (av.FFmpegError, OSError, ValueError)
_MS = Fraction(1, 1000)
_VIDEO = Fraction(1, 90_000)
#: What lies in the muxer dies with us: half a second of clusters, less of tracks waiting for each other.
_PROMPT = {"flush_packets": "1", "max_interleave_delta": "300000"}
_WEBM = {**_PROMPT, "cluster_time_limit": "500"}
_MP4 = {**_PROMPT, "movflags": "empty_moov+default_base_moof", "frag_duration": "500000"}


@dataclass(frozen=True, slots=True)
class Picture:
    """What a key frame says of the frames after it."""

    codec: str
    width: int
    height: int
    #: H.264: the parameter set; it stands for the size.
    head: bytes = b""


class Segment:
    """One file being written."""

    def __init__(self, spool: Spool, slip: Slip, first: Frame, picture: Picture | None) -> None:
        self.slip = slip
        self.picture = picture
        self.begins = self.ends = first.at
        self._spool = spool
        self._file = spool.begin(slip)
        self._container, self._streams = _open(self._file, first, picture)
        self._last = {"audio": -1, "video": -1}

    @property
    def size(self) -> int:
        return self._file.size

    def write(self, frame: Frame, *, is_key: bool) -> None:
        pts = round((frame.at - self.begins) * 1000)
        if pts < 0:
            return
        # Two frames of one millisecond, or sound that was set right.
        pts = max(pts, self._last[frame.kind] + 1)
        self._last[frame.kind] = pts
        packet = av.Packet(frame.data)
        packet.stream = self._streams[frame.kind]
        packet.time_base = _MS
        packet.pts = packet.dts = pts
        lasts = packet.duration = 20 if frame.kind == "audio" else 33
        packet.is_keyframe = is_key
        self.ends = max(self.ends, self.begins + (pts + lasts) / 1000)
        self._container.mux(packet)

    def close(self) -> Slip:
        self._container.close()
        self._file.close()
        finished = replace(self.slip, duration_ms=max(1, round((self.ends - self.begins) * 1000)))
        self._spool.finish(finished)
        return finished


class Reel:
    """Cuts the frames of one connection into segments; `finished` gets each slip."""

    def __init__(
        self,
        spool: Spool,
        label: Label,
        *,
        cause: str,
        segment_s: float,
        has_video: bool,
        wall_at: Callable[[float], datetime],
        finished: Callable[[Slip], None],
    ) -> None:
        self._spool = spool
        self._label = label
        self._cause = cause
        self._segment_s = segment_s
        self._has_video = has_video
        self._wall_at = wall_at
        self._finished = finished
        self._current: Segment | None = None
        #: The one before, for sound that belongs to it.
        self._closing: Segment | None = None
        self._first_at: float | None = None
        self._video_at: float | None = None
        self._is_blind = True
        #: Sound that came before it was known whether there is a picture.
        self._held: list[Frame] = []

    def wants_key_frame(self) -> bool:
        """Whether the next picture should stand alone: to begin with, or to cut there."""
        if not self._has_video or self._video_at is None:
            return False
        return self._is_blind or self._current is None or self._is_due(self._current, self._video_at)

    def take(self, frame: Frame) -> None:
        if self._first_at is None:
            self._first_at = frame.at
        try:
            self._take_video(frame) if frame.kind == "video" else self._take_audio(frame)
        except _FAILURES as error:
            # The disk is full, or a frame is none. What was written stays; a new file may do better.
            log.error("recording.segment_failed", call=str(self._label.call_id), error=type(error).__name__)
            self._end_all()

    def close(self) -> None:
        try:
            if self._current is None and self._held:
                # Over before a picture stood alone: the sound is kept at least.
                self._cut(self._cause, self._held[0], None)
        except _FAILURES as error:
            log.error("recording.segment_failed", call=str(self._label.call_id), error=type(error).__name__)
        self._end_all()

    def _take_video(self, frame: Frame) -> None:
        self._video_at = frame.at
        picture = picture_of(frame.codec, frame.data)
        now = self._current
        if picture is None:
            if now is None or now.picture is None or now.picture.codec != frame.codec:
                self._is_blind = True
            if self._is_blind or now is None:
                return
        elif (cause := self._cause_to_cut(now, picture, frame)) is not None:
            self._cut(cause, frame, picture)
            now = self._current
        if now is not None:
            self._write(now, frame, is_key=picture is not None)

    def _cause_to_cut(self, now: Segment | None, picture: Picture, frame: Frame) -> str | None:
        if now is None:
            return self._cause
        if now.picture is None or now.picture.codec != picture.codec:
            return "codec"
        if now.picture != picture:
            return "size"
        return "length" if self._is_due(now, frame.at) else None

    def _take_audio(self, frame: Frame) -> None:
        if frame.codec.lower() != "opus":
            return
        if self._current is None:
            self._held.append(frame)
            # A picture that never stands alone does not cost the sound.
            if self._is_without_video(frame.at) or frame.at - self._held[0].at > _QUIET_S:
                self._cut(self._cause, self._held[0], None)
            return
        if self._is_due(self._current, frame.at) and self._is_without_video(frame.at):
            self._cut("length", frame, None)
        if self._current is not None:
            self._write(self._current, frame, is_key=True)

    def _is_without_video(self, at: float) -> bool:
        since = self._video_at if self._video_at is not None else self._first_at
        return not self._has_video or since is None or at - since > _QUIET_S

    def _write(self, now: Segment, frame: Frame, *, is_key: bool) -> None:
        if self._closing is not None:
            if frame.kind == "audio" and frame.at < now.begins:
                self._closing.write(frame, is_key=is_key)
                return
            if frame.kind == "audio" or frame.at > now.begins + _LATE_S:
                self._finish(self._closing)
                self._closing = None
        now.write(frame, is_key=is_key)

    def _is_due(self, segment: Segment, at: float) -> bool:
        return (
            at - segment.begins >= self._segment_s - min(_EARLY_S, self._segment_s / 4)
            or segment.size > MAX_BYTES
        )

    def _cut(self, cause: str, first: Frame, picture: Picture | None) -> None:
        if self._closing is not None:
            self._finish(self._closing)
        self._closing, self._current = self._current, None
        slip = Slip(
            id=new_id(),
            label=self._label,
            content_type=_content_type(picture),
            begun_at=self._wall_at(first.at),
            cause=cause,
            width=picture.width if picture else None,
            height=picture.height if picture else None,
        )
        self._current = Segment(self._spool, slip, first, picture)
        self._is_blind = picture is None
        held, self._held = self._held, []
        for frame in held:
            self._current.write(frame, is_key=True)

    def _finish(self, segment: Segment) -> None:
        self._finished(segment.close())

    def _end_all(self) -> None:
        for segment in (self._closing, self._current):
            try:
                if segment is not None:
                    self._finish(segment)
            except _FAILURES:
                # The next start recovers it.
                log.warning("recording.left_in_spool", segment=str(segment.slip.id) if segment else "")
        self._closing = self._current = None
        self._is_blind = True


def picture_of(codec: str, data: bytes) -> Picture | None:
    """What a key frame shows; None for a frame that needs others before it."""
    if codec == "VP8":
        # RFC 6386 §9.1: three bytes of tag (bit 0: not a key frame), a start code, then 14 bits each.
        if len(data) < 10 or data[0] & 1 or data[3:6] != b"\x9d\x01\x2a":
            return None
        width, height = struct.unpack_from("<HH", data, 6)
        return Picture(codec, width & 0x3FFF, height & 0x3FFF)
    if codec == "H264":
        units = {unit[0] & 31: unit for unit in _leading_units(data)}
        if 5 not in units or 7 not in units:
            return None
        width, height = _h264_size(data)
        return Picture(codec, width, height, units[7])
    return None


def _leading_units(data: bytes) -> Iterator[bytes]:
    """NAL units of an access unit up to its first slice: type 1, or 5 in a key frame."""
    start = data.find(b"\0\0\1")
    while start >= 0:
        end = data.find(b"\0\0\1", start + 3)
        unit = data[start + 3 : end if end >= 0 else len(data)].rstrip(b"\0")
        if unit:
            yield unit
            if unit[0] & 31 in (1, 5):
                return
        start = end


def _h264_size(data: bytes) -> tuple[int, int]:
    with av.open(io.BytesIO(data), "r", format="h264") as probe:
        context = probe.streams.video[0].codec_context
        return context.width, context.height


def _content_type(picture: Picture | None) -> str:
    if picture is None:
        return "audio/webm"
    return "video/mp4" if picture.codec == "H264" else "video/webm"


def _open(file: SpoolFile, first: Frame, picture: Picture | None) -> tuple[OutputContainer, dict[str, Any]]:
    is_mp4 = picture is not None and picture.codec == "H264"
    container = av.open(
        cast(Any, file),
        "w",
        format="mp4" if is_mp4 else "webm",
        options=_MP4 if is_mp4 else _WEBM,
        buffer_size=4096,
    )
    streams: dict[str, Any] = {}
    if picture is not None and is_mp4:
        with av.open(io.BytesIO(first.data), "r", format="h264") as probe:
            streams["video"] = container.add_stream_from_template(probe.streams.video[0], opaque=True)
            streams["video"].time_base = _VIDEO
    elif picture is not None:
        streams["video"] = container.add_mux_stream(
            "vp8", rate=30, width=picture.width, height=picture.height, time_base=_VIDEO
        )
    # Never encodes: it supplies the OpusHead.
    streams["audio"] = container.add_stream("libopus", rate=48_000, layout="stereo")
    container.start_encoding()
    return container, streams
