"""A page of a call, as the recorder sees it: aiortc that sends what was encoded before."""

import asyncio
from collections.abc import Sequence
from fractions import Fraction
from typing import Any

import av
from aiortc import RTCConfiguration, RTCPeerConnection, RTCRtpSender, RTCSessionDescription
from aiortc.mediastreams import MediaStreamTrack

from tests.support.clips import Clip

_MICRO = Fraction(1, 1_000_000)


class ClipTrack(MediaStreamTrack):
    """Plays clips one after another in real time, then is silent. `skip_s` begins later in them."""

    def __init__(self, kind: str, clips: Sequence[Clip], began: float, *, skip_s: float = 0) -> None:
        super().__init__()
        self.kind = kind
        self._began = began
        self._frames = []
        offset = 0.0
        for clip in clips:
            self._frames += [(offset + one.at, one.data) for one in clip]
            offset += clip[-1].at + (clip[1].at - clip[0].at)
        self._frames = [one for one in self._frames if one[0] >= skip_s]
        self.sent = 0

    @property
    def sent_s(self) -> float:
        """From the first frame sent to the last."""
        return self._frames[self.sent - 1][0] - self._frames[0][0] if self.sent else 0.0

    @property
    def is_through(self) -> bool:
        return self.sent == len(self._frames)

    async def recv(self) -> Any:
        if self.is_through:
            await asyncio.Event().wait()
        at, data = self._frames[self.sent]
        self.sent += 1
        loop = asyncio.get_running_loop()
        if (wait := self._began + at - loop.time()) > 0:
            await asyncio.sleep(wait)
        packet = av.Packet(data)
        packet.pts, packet.time_base = round(at * 1_000_000), _MICRO
        return packet


class Sender:
    """One connection to a recorder; `lose(n)` says which of the outgoing RTP packets never arrive."""

    def __init__(self, *, codec: str = "VP8", began: float | None = None) -> None:
        self.connection = RTCPeerConnection(RTCConfiguration(iceServers=[]))
        self._codec = codec
        self.began = asyncio.get_running_loop().time() if began is None else began
        self.tracks: list[ClipTrack] = []
        #: RTP packets sent again, once `lose` counts them.
        self.resent = 0

    def play(self, kind: str, *clips: Clip, late_s: float = 0) -> None:
        """`late_s`: the first so many seconds are not sent; the rest keeps its time."""
        track = ClipTrack(kind, clips, self.began, skip_s=late_s)
        self.tracks.append(track)
        transceiver = self.connection.addTransceiver(track, direction="sendonly")
        if kind == "video":
            offered = RTCRtpSender.getCapabilities("video").codecs
            wanted = [one for one in offered if one.mimeType in (f"video/{self._codec}", "video/rtx")]
            transceiver.setCodecPreferences(wanted)

    async def offer(self) -> str:
        await self.connection.setLocalDescription(await self.connection.createOffer())
        return self.connection.localDescription.sdp

    async def all_sent(self) -> None:
        """A machine that is busy with something else sends late."""
        async with asyncio.timeout(60):
            while not all(track.is_through for track in self.tracks):  # noqa: ASYNC110 - aiortc has no event
                await asyncio.sleep(0.5)

    async def accept(self, sdp: str) -> None:
        await self.connection.setRemoteDescription(RTCSessionDescription(sdp, "answer"))

    def lose(self, every: int) -> None:
        """Each `every`-th RTP packet of the first transport is lost on its way, retransmissions too."""
        transport: Any = self.connection.getSenders()[0].transport
        send, count = transport._send_rtp, 0
        again = {
            codec.payloadType
            for transceiver in self.connection.getTransceivers()
            for codec in transceiver._codecs
            if codec.name.lower() == "rtx"
        }

        async def lossy(data: bytes) -> None:
            nonlocal count
            # RTCP has types 200 to 206 in its second byte.
            is_rtcp = 192 <= data[1] <= 223
            count += not is_rtcp
            self.resent += data[1] & 0x7F in again
            if is_rtcp or count % every:
                await send(data)

        transport._send_rtp = lossy

    def delay_sound(self, by_s: float) -> None:
        """Sound takes so much longer on its way than the picture; reports of both do not."""
        transport: Any = self.connection.getSenders()[0].transport
        send, loop = transport._send_rtp, asyncio.get_running_loop()
        (sound,) = (
            one._codecs[0].payloadType for one in self.connection.getTransceivers() if one.kind == "audio"
        )
        under_way: set[asyncio.Task[None]] = set()

        def go(data: bytes) -> None:
            task = loop.create_task(send(data))
            under_way.add(task)
            task.add_done_callback(under_way.discard)

        async def slow(data: bytes) -> None:
            if data[1] & 0x7F == sound:
                loop.call_later(by_s, go, data)
            else:
                await send(data)

        transport._send_rtp = slow

    async def close(self) -> None:
        await self.connection.close()
