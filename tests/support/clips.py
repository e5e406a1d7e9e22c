"""Encoded media to send: a clapper that shows white and clicks in the same instant, once a second."""

import array
import functools
import io
from dataclasses import dataclass
from fractions import Fraction

import av
from av.video.frame import PictureType

FPS = 30
#: Of an Opus packet, in samples at 48 kHz.
OPUS = 960
#: Dark, and never the same: something for an encoder to do.
_NOISE = bytes(16 + (index * 7919) % 251 // 4 for index in range(9_973))


@dataclass(frozen=True)
class Encoded:
    #: Seconds from the clip's beginning.
    at: float
    data: bytes
    is_key: bool


Clip = tuple[Encoded, ...]


@functools.cache
def video(
    codec: str, seconds: float, width: int = 160, height: int = 120, *, gop: int = 15, kbit: int = 150
) -> Clip:
    """`codec` is "VP8" or "H264"."""
    name = {"VP8": "libvpx", "H264": "libx264"}[codec]
    context = av.CodecContext.create(name, "w")
    context.width, context.height = width, height
    context.pix_fmt = "yuv420p"
    context.framerate, context.time_base = Fraction(FPS), Fraction(1, FPS)
    context.bit_rate = kbit * 1000
    context.gop_size = gop
    fast = {"deadline": "realtime", "cpu-used": "12", "lag-in-frames": "0"}
    baseline = {"profile": "baseline", "preset": "ultrafast", "tune": "zerolatency"}
    context.options = fast if codec == "VP8" else baseline
    packets = []
    for number in range(int(seconds * FPS)):
        frame = _picture(width, height, number, is_white=number % FPS == 0)
        if number % gop == 0:
            frame.pict_type = PictureType.I
        packets += context.encode(frame)
    packets += context.encode(None)
    return tuple(Encoded((p.pts or 0) / FPS, bytes(p), p.is_keyframe) for p in packets)


@functools.cache
def sound(seconds: float) -> Clip:
    """Silence with a click at each full second."""
    context = av.CodecContext.create("libopus", "w")
    context.sample_rate, context.layout, context.format = 48_000, "stereo", "s16"
    context.bit_rate = 48_000
    context.time_base = Fraction(1, 48_000)
    context.options = {"application": "lowdelay", "frame_duration": "20"}
    packets = []
    for number in range(int(seconds * 50)):
        frame = av.AudioFrame(format="s16", layout="stereo", samples=OPUS)
        tone = b"\x00\x60\x00\x60\x00\xa0\x00\xa0"
        frame.planes[0].update(tone * (OPUS // 2) if number % 50 == 0 else bytes(OPUS * 4))
        frame.sample_rate, frame.pts, frame.time_base = 48_000, number * OPUS, Fraction(1, 48_000)
        packets += context.encode(frame)
    return tuple(Encoded(index / 50, bytes(packet), True) for index, packet in enumerate(packets))


def _picture(width: int, height: int, number: int, *, is_white: bool) -> av.VideoFrame:
    frame = av.VideoFrame(width, height, "yuv420p")
    for index, plane in enumerate(frame.planes):
        size = plane.buffer_size
        if index:
            plane.update(b"\x80" * size)
        elif is_white:
            plane.update(b"\xeb" * size)
        else:
            shift = (number * 37) % 9_000
            rolled = _NOISE[shift:] + _NOISE[:shift]
            plane.update((rolled * (size // len(rolled) + 1))[:size])
    return frame


@dataclass(frozen=True)
class Seen:
    """What a player makes of a file."""

    seconds: float
    video_frames: int
    audio_frames: int
    sizes: frozenset[tuple[int, int]]
    #: When it turns white, and when it clicks, in seconds.
    flashes: tuple[float, ...]
    clicks: tuple[float, ...]
    #: What the decoders complained of.
    warnings: tuple[str, ...]


def watch(data: bytes) -> Seen:
    """Decode it all."""
    flashes: list[float] = []
    clicks: list[float] = []
    counts = {"video": 0, "audio": 0}
    sizes: set[tuple[int, int]] = set()
    end = 0.0
    av.logging.set_level(av.logging.WARNING)
    try:
        with av.logging.Capture(local=False) as said, av.open(io.BytesIO(data)) as container:
            for frame in container.decode():
                if frame.pts is None or frame.time_base is None:
                    continue
                at = float(frame.pts * frame.time_base)
                if isinstance(frame, av.VideoFrame):
                    counts["video"] += 1
                    sizes.add((frame.width, frame.height))
                    end = max(end, at + 1 / FPS)
                    if sum(bytes(frame.planes[0])[: 200 * 20 : 20]) / 200 > 120:
                        flashes.append(at)
                elif isinstance(frame, av.AudioFrame):
                    counts["audio"] += 1
                    end = max(end, at + frame.samples / frame.sample_rate)
                    if (loud := _loud_at(frame)) is not None and (not clicks or at - clicks[-1] > 0.5):
                        clicks.append(at + loud)
    finally:
        av.logging.set_level(None)
    warnings = tuple(text for level, _, text in said if level <= av.logging.WARNING)
    return Seen(
        end, counts["video"], counts["audio"], frozenset(sizes), tuple(flashes), tuple(clicks), warnings
    )


def _loud_at(frame: av.AudioFrame) -> float | None:
    """Seconds into the frame at which it gets loud."""
    plane = array.array("f", bytes(frame.planes[0])[: frame.samples * 4])
    for index, value in enumerate(plane):
        if abs(value) > 0.1:
            return index / float(frame.sample_rate)
    return None
