"""Pages of a recorded call that do as the recorder says: `replace`, and they send it a new connection."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from signaling.models import RoomSignal
from signaling.protocol import RECORDER
from telehealth.core.rooms import Seat
from telehealth.core.unit import Units
from tests.support.clips import Clip
from tests.support.senders import Sender

_LOOK_S = 0.05


class Member:
    """`clips` are kind → what is played, from the time the member was made on."""

    def __init__(
        self, units: Units, seat: Seat, peer: str, call: UUID, clips: Mapping[str, Sequence[Clip]]
    ) -> None:
        self.peer = peer
        self.sender: Sender | None = None
        #: Each n it was told, and when its clips began, by the loop's clock.
        self.turns: list[int] = []
        self.began = asyncio.get_running_loop().time()
        self._units, self._seat, self._call, self._clips = units, seat, call, clips
        self._seen = 0
        self._is_told = False

    def stop(self) -> None:
        """Let `run` end, without a word to anybody."""
        self._is_told = True

    async def run(self) -> None:
        while not self._is_told:
            for id, body in await self._told():
                self._seen = id
                if "replace" in body:
                    self.turns.append(body["replace"])
                    await self._offer()
                elif self.sender is not None:
                    await self.sender.accept(body["description"]["sdp"])
            await asyncio.sleep(_LOOK_S)

    def sent_s(self) -> float:
        """How much of its clips the last connection sent."""
        if self.sender is None:
            return 0
        return min(track.sent_s for track in self.sender.tracks)

    async def hang_up(self) -> None:
        if self.sender is not None:
            await self.sender.close()

    async def _offer(self) -> None:
        await self.hang_up()
        self.sender = Sender(began=self.began)
        for kind, clips in self._clips.items():
            self.sender.play(kind, *clips, late_s=asyncio.get_running_loop().time() - self.began)
        await self.say({"description": {"type": "offer", "sdp": await self.sender.offer()}})

    async def say(self, body: dict[str, Any]) -> None:
        async with self._units.system("test") as unit:
            unit.session.add(
                RoomSignal(
                    hospital_id=self._seat.hospital_id,
                    account_id=self._seat.owner_id,
                    room=self._seat.room,
                    call_id=self._call,
                    sender=self.peer,
                    recipient=RECORDER,
                    body=body,
                    at=unit.wall,
                )
            )
            unit.hint(f"room:{self._seat.room}")

    async def _told(self) -> Sequence[Any]:
        said = sa.select(RoomSignal.id, RoomSignal.body).where(
            RoomSignal.recipient == self.peer, RoomSignal.sender == RECORDER, RoomSignal.id > self._seen
        )
        async with self._units.system("test") as unit:
            return (await unit.session.execute(said.order_by(RoomSignal.id))).all()
