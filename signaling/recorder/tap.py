"""Encoded frames out of aiortc, which would rather decode them, and when each of them was taken.

aiortc 1.16 has no interface for encoded media, so this module, and no other, takes hold of private
names of `RTCRtpReceiver`; `tests/media/test_private_names.py` pins them.
"""

import asyncio
import threading
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from typing import Any

from aiortc import RTCRtpReceiver
from aiortc.codecs import CODECS, HEADER_EXTENSIONS, is_rtx
from aiortc.rtp import AnyRtcpPacket, RtcpSrPacket, RtpPacket

_ABS_SEND_TIME = "http://www.webrtc.org/experiments/rtp-hdrext/abs-send-time"
#: How long frames wait for both tracks' sender reports before arrival has to do. What waits dies with us.
SETTLE_S = 1.2
#: How often the newest reports are gone by.
ALIGN_EVERY_S = 30.0
#: Tracks of one page further apart than this: its reports are nonsense.
_APART_S = 5.0


@dataclass(frozen=True, slots=True)
class Frame:
    #: "audio" or "video".
    kind: str
    #: "VP8", "H264", "opus" …
    codec: str
    data: bytes
    #: When it was taken, in seconds of the event loop's clock; both tracks of a connection share it.
    at: float


def narrow_offers() -> None:
    """Offer Opus alone for sound, and no REMB, in this whole process.

    REMB's estimator measures how busy *we* are: with a loaded loop it throttled senders to a few
    frames a second. Without it a browser goes by loss alone, below the cap it was given.
    """
    CODECS["audio"] = [one for one in CODECS["audio"] if one.mimeType == "audio/opus"]
    for codec in CODECS["video"]:
        codec.rtcpFeedback = [one for one in codec.rtcpFeedback if one.type != "goog-remb"]
    for kind, extensions in HEADER_EXTENSIONS.items():
        HEADER_EXTENSIONS[kind] = [one for one in extensions if one.uri != _ABS_SEND_TIME]


class SinkQueue:
    """In the place of a receiver's decoder queue: frames go to `take`, on the event loop."""

    def __init__(self, take: Callable[[Any, Any], None]) -> None:
        self._take = take
        self._stop = threading.Event()

    def put(self, item: tuple[Any, Any] | None) -> None:
        if item is None:
            self._stop.set()
        else:
            self._take(*item)

    def get(self) -> None:
        """The decoder's thread sleeps here until the receiver stops."""
        self._stop.wait()


class SafeMapper:
    """RTP timestamps to a count from the first frame on.

    aiortc takes every step backwards for a wrap of 32 bits, which adds thirteen hours.
    """

    def __init__(self) -> None:
        self.origin: int | None = None
        self._last = 0
        self._count = 0

    def map(self, timestamp: int) -> int:
        if self.origin is None:
            self.origin = self._last = timestamp
        self._count += signed32(timestamp - self._last)
        self._last = timestamp
        return self._count


class Tap:
    """One receiver: its frames go to `take(tap, codec, data, count)`, `count` from its first frame on."""

    def __init__(
        self, receiver: RTCRtpReceiver, kind: str, take: Callable[["Tap", str, bytes, int], None]
    ) -> None:
        self.kind = kind
        self.rate = 90_000 if kind == "video" else 48_000
        #: When the last packet came, in seconds of the loop's clock; None before the first.
        self.heard_at: float | None = None
        self._receiver: Any = receiver
        self._take = take
        self._loop = asyncio.get_running_loop()
        self._ssrc: int | None = None
        self._mapper = SafeMapper()
        #: Least (arrival - RTP time) seen: the least delayed packet tells best when its frame was taken.
        self._arrival: float | None = None
        self._first: int | None = None
        #: NTP seconds and RTP timestamp of the last sender report.
        self._report: tuple[float, int] | None = None
        self._hook()

    def now(self) -> float:
        return self._loop.time()

    def arrival_base(self) -> float:
        """When count 0 was taken, as far as arrival tells."""
        if self._arrival is None or self._first is None or self._mapper.origin is None:
            return self._loop.time()
        return self._arrival + signed32(self._mapper.origin - self._first) / self.rate

    def report_base(self) -> float | None:
        """The same by the sender's own clock, in NTP seconds; None without a report."""
        if self._report is None or self._mapper.origin is None:
            return None
        ntp, stamp = self._report
        return ntp - signed32(stamp - self._mapper.origin) / self.rate

    async def ask_key_frame(self) -> None:
        if self._ssrc is not None:
            await self._receiver._send_rtcp_pli(self._ssrc)

    def _hook(self) -> None:
        self._receiver._RTCRtpReceiver__decoder_queue = SinkQueue(self._on_frame)
        self._receiver._RTCRtpReceiver__timestamp_mapper = self._mapper
        handle_rtp = self._receiver._handle_rtp_packet
        handle_rtcp = self._receiver._handle_rtcp_packet

        def on_rtp(packet: RtpPacket, arrival_time_ms: int) -> Coroutine[Any, Any, None]:
            self._note_packet(packet)
            passed: Coroutine[Any, Any, None] = handle_rtp(packet, arrival_time_ms)
            return passed

        def on_rtcp(packet: AnyRtcpPacket) -> Coroutine[Any, Any, None]:
            self._note_report(packet)
            passed: Coroutine[Any, Any, None] = handle_rtcp(packet)
            return passed

        self._receiver._handle_rtp_packet = on_rtp
        self._receiver._handle_rtcp_packet = on_rtcp

    def _on_frame(self, codec: Any, frame: Any) -> None:
        self._take(self, codec.name, frame.data, frame.timestamp)

    def _note_packet(self, packet: RtpPacket) -> None:
        now = self.heard_at = self._loop.time()
        codec = self._receiver._RTCRtpReceiver__codecs.get(packet.payload_type)
        if codec is None or is_rtx(codec):
            return
        self._ssrc = packet.ssrc
        if self._first is None:
            self._first = packet.timestamp
        base = now - signed32(packet.timestamp - self._first) / self.rate
        if self._arrival is None or base < self._arrival:
            self._arrival = base

    def _note_report(self, packet: AnyRtcpPacket) -> None:
        # A sender that has sent nothing yet reports zeros.
        if isinstance(packet, RtcpSrPacket) and packet.ssrc == self._ssrc and packet.sender_info.packet_count:
            info = packet.sender_info
            self._report = info.ntp_timestamp / 2**32, info.rtp_timestamp


@dataclass(slots=True)
class Timeline:
    """Puts the tracks of one connection on one clock and hands on their frames.

    Video goes by arrival; sound follows it by the difference both tracks' sender reports tell, once
    there are any: frames wait for those for `SETTLE_S`, and are set right later if that was too short.
    """

    take: Callable[[Frame], None]
    taps: dict[str, Tap] = field(default_factory=dict)
    _bases: dict[str, float] = field(default_factory=dict)
    _waiting: list[tuple[Tap, str, bytes, int]] | None = field(default_factory=list)
    _since: float | None = None
    _is_reported: bool = False
    _aligned_at: float = 0

    def tap(self, receiver: RTCRtpReceiver, kind: str) -> None:
        self.taps[kind] = Tap(receiver, kind, self.on_frame)

    def on_frame(self, tap: Tap, codec: str, data: bytes, count: int) -> None:
        if self._waiting is None:
            self._hand_on(tap, codec, data, count)
            return
        now = tap.now()
        self._since = now if self._since is None else self._since
        self._waiting.append((tap, codec, data, count))
        if len(self.taps) < 2 or self._reported() is not None or now - self._since > SETTLE_S:
            self.settle()

    def settle(self) -> None:
        """Let go of what waits."""
        waiting, self._waiting = self._waiting or [], None
        self.align()
        # Each track is in order; between them it is the arrival that is.
        for one in waiting:
            self._hand_on(*one)

    def align(self) -> None:
        """Go by the newest reports: clocks of sound cards drift."""
        for kind, tap in self.taps.items():
            if kind not in self._bases and tap.heard_at is not None:
                self._bases[kind] = tap.arrival_base()
        if (apart := self._reported()) is not None and "video" in self._bases:
            self._bases["audio"] = self._bases["video"] + apart
            self._is_reported = True

    def _hand_on(self, tap: Tap, codec: str, data: bytes, count: int) -> None:
        now = tap.now()
        is_late = not self._is_reported and self._reported() is not None
        if tap.kind not in self._bases or is_late or now - self._aligned_at > ALIGN_EVERY_S:
            self._aligned_at = now
            self.align()
        self.take(Frame(tap.kind, codec, data, self._bases[tap.kind] + count / tap.rate))

    def _reported(self) -> float | None:
        """By how much sound began after the picture, as the sender says."""
        if len(self.taps) < 2:
            return None
        audio, video = self.taps["audio"].report_base(), self.taps["video"].report_base()
        if audio is None or video is None:
            return None
        by_arrival = self.taps["audio"].arrival_base() - self.taps["video"].arrival_base()
        apart = audio - video
        return apart if abs(apart - by_arrival) < _APART_S else None


def signed32(difference: int) -> int:
    """Of two RTP timestamps, whichever way the 32 bits went round."""
    return ((difference + (1 << 31)) & 0xFFFFFFFF) - (1 << 31)
