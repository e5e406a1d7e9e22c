"""The chat as `signaling` reaches it: the shape of `RoomChannel`. Every method opens its own unit."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from telehealth.consultations import chatting, reading
from telehealth.consultations.presenting import message_body
from telehealth.consultations.queries import LAST, messages_after
from telehealth.core.rooms import Seat, Stored
from telehealth.core.unit import Units


class Channel:
    def __init__(self, units: Units) -> None:
        self.units = units

    async def say(self, seat: Seat, *, client_id: UUID, kind: str, text: str, file: UUID | None) -> Stored:
        """Raises RoomClosed, NotAdmitted, SeatEnded, FileNotReady, MessageEmpty, ChatDown."""
        return await chatting.say(self.units, seat, client_id=client_id, kind=kind, text=text, file_id=file)

    async def since(self, room: UUID, seq: int, limit: int) -> Sequence[Mapping[str, Any]]:
        async with self.units.system("room fan-out") as unit:
            return [message_body(row, file) for row, file in await messages_after(unit, room, seq, limit)]

    async def last(self, rooms: Sequence[UUID]) -> Mapping[UUID, int]:
        if not rooms:
            return {}
        async with self.units.system("room fan-out") as unit:
            return dict(await LAST.all(unit, rooms=list(rooms)))

    async def read(self, seat: Seat, seq: int) -> Mapping[str, int]:
        return await reading.mark_read(self.units, seat, seq)

    async def reads(self, seat: Seat) -> Mapping[str, int]:
        return await reading.reads_of(self.units, seat)
