"""Voice messages a browser might record, and things that only look like one. All made here."""

import functools
import io
from fractions import Fraction

import av
from av.audio.frame import AudioFrame

RATE = 48_000


@functools.cache
def voice(container: str = "webm", seconds: float = 1.0) -> bytes:
    """`webm` and `ogg` hold Opus, `mp4` holds AAC; with the metadata a phone would leave in it."""
    codec = "aac" if container == "mp4" else "libopus"
    return _written(container, codec, seconds, title="样例标题")


@functools.cache
def wrong_codec() -> bytes:
    return _written("ogg", "flac", 0.5)


@functools.cache
def film() -> bytes:
    """Sound and picture."""
    out = io.BytesIO()
    with av.open(out, mode="w", format="webm") as target:
        video = target.add_stream("libvpx", rate=10)
        video.width, video.height, video.pix_fmt = 64, 48, "yuv420p"
        audio = target.add_stream("libopus", rate=RATE)
        for number in range(5):
            frame = av.VideoFrame(64, 48, "yuv420p")
            frame.pts, frame.time_base = number, Fraction(1, 10)
            target.mux(video.encode(frame))
        target.mux(audio.encode(_silence(0, 960)))
        target.mux(video.encode(None))
        target.mux(audio.encode(None))
    return out.getvalue()


def _written(container: str, codec: str, seconds: float, title: str = "") -> bytes:
    out = io.BytesIO()
    with av.open(out, mode="w", format=container) as target:
        if title:
            target.metadata["title"] = title
        stream = target.add_stream(codec, rate=RATE)
        size = stream.codec_context.frame_size or 960
        for start in range(0, int(seconds * RATE), size):
            target.mux(stream.encode(_silence(start, size)))
        target.mux(stream.encode(None))
    return out.getvalue()


def _silence(start: int, size: int) -> AudioFrame:
    frame = AudioFrame(format="s16", layout="mono", samples=size)
    for plane in frame.planes:
        plane.update(bytes(plane.buffer_size))
    frame.sample_rate, frame.pts, frame.time_base = RATE, start, Fraction(1, RATE)
    return frame
