"""In the child: a voice message is heard to its end and packed anew, without a word of metadata.

What was encoded stays as it was: packets move into a container of ours, nothing is transcoded.
"""

from dataclasses import dataclass
from io import BytesIO
from typing import Any

import av
from av.audio.stream import AudioStream
from av.container import InputContainer

from telehealth.core.quarantine.refusal import Refusal

MAX_SECONDS = 120
#: A recorder that stops at two minutes writes what was in its buffers, too.
GRACE_SECONDS = 2


@dataclass(frozen=True)
class Kind:
    """How a container is opened, what may be in it, and what we write."""

    demuxer: str
    codec: str
    muxer: str
    content_type: str


_WEBM = Kind("matroska", "opus", "webm", "audio/webm")
_OGG = Kind("ogg", "opus", "webm", "audio/webm")
_MP4 = Kind("mov", "aac", "mp4", "audio/mp4")


def work(data: bytes) -> tuple[dict[str, Any], list[bytes]]:
    kind = _kind(data)
    with av.open(BytesIO(data), mode="r", format=kind.demuxer) as source:
        stream = _only_stream(source, kind)
        duration_ms = _listen(source, stream)
    with av.open(BytesIO(data), mode="r", format=kind.demuxer) as source:
        packed = _repack(source, kind)
    return {"duration_ms": duration_ms, "content_type": kind.content_type}, [packed]


def _kind(data: bytes) -> Kind:
    if data.startswith(b"\x1a\x45\xdf\xa3"):
        return _WEBM
    if data.startswith(b"OggS"):
        return _OGG
    if data[4:8] == b"ftyp":
        return _MP4
    raise Refusal("unreadable", "header")


def _only_stream(source: InputContainer, kind: Kind) -> AudioStream:
    if len(source.streams) != 1 or len(source.streams.audio) != 1:
        raise Refusal("refused", "not one audio stream")
    stream = source.streams.audio[0]
    if stream.codec_context.codec.canonical_name != kind.codec:
        raise Refusal("refused", "codec")
    return stream


def _listen(source: InputContainer, stream: AudioStream) -> int:
    """Milliseconds of sound, decoded to the end: what the container says of itself is not believed."""
    seconds = 0.0
    for frame in source.decode(stream):
        seconds += frame.samples / frame.sample_rate
        if seconds > MAX_SECONDS + GRACE_SECONDS:
            raise Refusal("too_large", "duration")
    if not seconds:
        raise Refusal("unreadable", "silence")
    return round(seconds * 1000)


def _repack(source: InputContainer, kind: Kind) -> bytes:
    packed = BytesIO()
    heard = source.streams.audio[0]
    # Bit-exact: no name of a program, no date.
    with av.open(packed, mode="w", format=kind.muxer, options={"fflags": "+bitexact"}) as target:
        stream = target.add_stream_from_template(heard)
        stream.metadata.clear()
        target.metadata.clear()
        for packet in source.demux(heard):
            if packet.dts is not None:
                packet.stream = stream
                target.mux(packet)
    return packed.getvalue()
