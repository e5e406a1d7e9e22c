"""aiortc has no interface for encoded media: these are the private names `recorder/tap.py` holds on to."""

import asyncio
import importlib.metadata
import inspect
import threading
from typing import Any

import aioice.ice
import pytest
from aiortc import RTCConfiguration, RTCPeerConnection, RTCRtpReceiver
from aiortc.codecs import CODECS, HEADER_EXTENSIONS
from aiortc.rtcrtpreceiver import TimestampMapper, decoder_worker

from signaling.recorder.tap import SafeMapper, SinkQueue, signed32


def test_we_know_this_release() -> None:
    assert importlib.metadata.version("aiortc").startswith("1.16.")


async def test_a_receiver_has_what_we_take_the_place_of() -> None:
    connection = RTCPeerConnection(RTCConfiguration(iceServers=[]))
    receiver: Any = connection.addTransceiver("video", direction="recvonly").receiver
    try:
        for name in ("decoder_queue", "timestamp_mapper", "codecs", "decoder_thread"):
            assert hasattr(receiver, f"_RTCRtpReceiver__{name}"), name
        assert inspect.iscoroutinefunction(receiver._handle_rtp_packet)
        assert inspect.iscoroutinefunction(receiver._handle_rtcp_packet)
        assert list(inspect.signature(receiver._handle_rtp_packet).parameters) == [
            "packet",
            "arrival_time_ms",
        ]
        assert list(inspect.signature(receiver._send_rtcp_pli).parameters) == ["media_ssrc"]
        # Ours would be ignored if the class allowed no attributes of an instance.
        assert "__slots__" not in vars(RTCRtpReceiver)
    finally:
        await connection.close()


def test_addresses_are_asked_for_where_we_answer() -> None:
    source = inspect.getsource(aioice.ice.Connection.gather_candidates)
    assert "get_host_addresses(" in source


def test_the_offer_holds_nothing_that_would_throttle_a_sender() -> None:
    assert [codec.mimeType for codec in CODECS["audio"]] == ["audio/opus"]
    feedback = {one.type for codec in CODECS["video"] for one in codec.rtcpFeedback}
    assert feedback == {"nack"}
    assert not any("abs-send-time" in one.uri for some in HEADER_EXTENSIONS.values() for one in some)


async def test_the_decoder_sleeps_while_frames_go_past_it() -> None:
    taken: list[Any] = []
    queue: Any = SinkQueue(lambda codec, frame: taken.append((codec, frame)))
    out: asyncio.Queue[Any] = asyncio.Queue()
    worker = threading.Thread(
        target=decoder_worker, args=(asyncio.get_running_loop(), queue, out, threading.Event())
    )
    worker.start()
    queue.put(("codec", "frame"))
    queue.put(None)
    assert await asyncio.wait_for(out.get(), 5) is None
    worker.join(5)
    assert not worker.is_alive()
    assert taken == [("codec", "frame")]


@pytest.mark.parametrize("steps", [(0, 3000, 6000), (2**32 - 3000, 0, 3000), (5000, 2000, 8000)])
def test_a_step_backwards_is_no_wrap(steps: tuple[int, ...]) -> None:
    mapper = SafeMapper()
    counts = [mapper.map(step) for step in steps]
    assert counts == [signed32(step - steps[0]) for step in steps]
    assert max(abs(count) for count in counts) <= 6000


def test_theirs_takes_a_step_backwards_for_a_wrap() -> None:
    """Once this fails, `SafeMapper` may go."""
    mapper = TimestampMapper()
    assert [mapper.map(step) for step in (5000, 2000)] == [0, 2**32 - 3000]
