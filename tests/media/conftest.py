"""A recorder in this process, and members that send it clips."""

import asyncio
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from signaling.recorder.peer import Peer, listen_at
from signaling.recorder.spool import Label, Slip, Spool
from signaling.recorder.tap import narrow_offers
from telehealth.core.ids import new_id

NOON = datetime(2026, 11, 21, 4, 0, tzinfo=UTC)


@pytest.fixture(autouse=True, scope="session")
def loopback() -> None:
    listen_at(["127.0.0.1"])
    narrow_offers()


@pytest.fixture
async def spool(tmp_path: Path) -> AsyncIterator[Spool]:
    spool = Spool(tmp_path / "spool")
    yield spool
    spool.close()


class Keeping:
    """The receiving end alone: peers, and what they finished."""

    def __init__(self, spool: Spool, segment_s: float) -> None:
        self.spool = spool
        self.slips: list[Slip] = []
        self._segment_s = segment_s

    def peer(self, leg: str = "patient-page") -> Peer:
        begun = asyncio.get_running_loop().time()
        return Peer(
            self.spool,
            Label(new_id(), new_id(), new_id(), new_id(), leg, "patient"),
            cause="start",
            segment_s=self._segment_s,
            wall_at=lambda at: NOON + timedelta(seconds=at - begun),
            finished=self.slips.append,
        )

    def of(self, leg: str) -> list[Slip]:
        return sorted((slip for slip in self.slips if slip.label.leg == leg), key=lambda slip: slip.begun_at)

    def data(self, slip: Slip) -> bytes:
        return self.spool.path(slip).read_bytes()


@pytest.fixture
def keeping(spool: Spool) -> Callable[[float], Keeping]:
    return lambda segment_s: Keeping(spool, segment_s)
