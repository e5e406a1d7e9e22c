"""One connection of one member: receives what its page sends, and nothing else."""

import asyncio
import contextlib
from collections.abc import Callable, Sequence
from datetime import datetime

import aioice.ice
from aiortc import RTCConfiguration, RTCPeerConnection, RTCSessionDescription
from aiortc.exceptions import InvalidAccessError, InvalidStateError

from signaling.recorder.segments import Reel
from signaling.recorder.spool import Label, Slip, Spool
from signaling.recorder.tap import Timeline

#: Until the first key frame, and around the time of a cut.
_ASK_KEY_EVERY_S = 0.5


#: What a page may send is read by a parser that indexes, unpacks and asserts.
_UNREADABLE = (
    InvalidAccessError,
    InvalidStateError,
    ValueError,
    LookupError,
    AttributeError,
    TypeError,
    AssertionError,
)


class BadOffer(ValueError):
    """Not an offer that brings us media."""


def listen_at(addresses: Sequence[str]) -> None:
    """Our host candidates, for this whole process.

    aioice offers every address of the machine but loopback, and has no setting for it. An
    installation names the ones members can reach; a demo on one machine names 127.0.0.1. Nothing is
    ever asked of a STUN server. An empty list leaves aioice its own choice. Ports are the system's
    ephemeral ones (`net.ipv4.ip_local_port_range`): the firewall lets UDP to those in.
    """
    if addresses:
        aioice.ice.get_host_addresses = lambda use_ipv4, use_ipv6: list(addresses)


class Peer:
    """`wall_at` turns seconds of the loop's clock into an instant; `finished` gets each segment's slip."""

    def __init__(
        self,
        spool: Spool,
        label: Label,
        *,
        cause: str,
        segment_s: float,
        wall_at: Callable[[float], datetime],
        finished: Callable[[Slip], None],
    ) -> None:
        self.label = label
        self._spool, self._cause, self._segment_s = spool, cause, segment_s
        self._wall_at, self._finished = wall_at, finished
        # aiortc would ask a server of somebody else's where None is given.
        self._connection = RTCPeerConnection(RTCConfiguration(iceServers=[]))
        self._reel: Reel | None = None
        self._timeline: Timeline | None = None
        self._asking: asyncio.Task[None] | None = None
        self.began_at = asyncio.get_running_loop().time()

    @property
    def heard_at(self) -> float | None:
        """When the last packet of any track came, by the loop's clock."""
        taps = self._timeline.taps.values() if self._timeline else ()
        return max((tap.heard_at for tap in taps if tap.heard_at is not None), default=None)

    async def answer(self, sdp: str) -> str:
        """The description to send back, with every candidate we have. Raises BadOffer."""
        try:
            await self._connection.setRemoteDescription(RTCSessionDescription(sdp, "offer"))
            self._tap()
            await self._connection.setLocalDescription(await self._connection.createAnswer())
        except _UNREADABLE as error:
            raise BadOffer(type(error).__name__) from error
        return self._connection.localDescription.sdp

    async def close(self) -> None:
        if self._asking is not None:
            self._asking.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._asking
        if self._timeline is not None:
            self._timeline.settle()
        if self._reel is not None:
            self._reel.close()
        await self._connection.close()

    def _tap(self) -> None:
        """Between reading the offer and connecting: only then is there a receiver that has not begun."""
        receivers = {one.kind: one.receiver for one in self._connection.getTransceivers() if not one.stopped}
        if not receivers.keys() & {"audio", "video"}:
            raise BadOffer("no media")
        self._reel = Reel(
            self._spool,
            self.label,
            cause=self._cause,
            segment_s=self._segment_s,
            has_video="video" in receivers,
            wall_at=self._wall_at,
            finished=self._finished,
        )
        self._timeline = Timeline(self._reel.take)
        for kind, receiver in receivers.items():
            self._timeline.tap(receiver, kind)
        self._asking = asyncio.create_task(self._ask_key_frames(self._reel, self._timeline))

    async def _ask_key_frames(self, reel: Reel, timeline: Timeline) -> None:
        while True:
            tap = timeline.taps.get("video")
            if tap is not None and reel.wants_key_frame():
                await tap.ask_key_frame()
            await asyncio.sleep(_ASK_KEY_EVERY_S)
