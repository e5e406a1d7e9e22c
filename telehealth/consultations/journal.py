"""What was seen of calls, written into the visit: shape of `RoomJournal`.

Told in the unit that saw it, which sees every row. Lock order: booking, then consultation.
"""

from datetime import datetime
from uuid import UUID

from telehealth.bookings import attending
from telehealth.bookings.states import Evidence
from telehealth.consultations.writing import announce
from telehealth.core.rooms import Role
from telehealth.core.unit import Unit

RANG = "call_rang"
CONNECTED = "call_connected"
ENDED = "call_ended"
RECORDED = "recording_on"


class Journal:
    async def rang(self, unit: Unit, room: UUID, call: UUID, *, by: Role, media: str) -> None:
        await announce(unit, room, RANG, call=str(call), role=str(by), media=media)

    async def connected(self, unit: Unit, room: UUID, call: UUID) -> None:
        """Midnight waits (XY14), if it has not struck yet."""
        await attending.hold_for_call(unit, room)
        await announce(unit, room, CONNECTED, call=str(call))

    async def ended(self, unit: Unit, room: UUID, call: UUID, *, reason: str, by: Role, seconds: int) -> None:
        await attending.end_call(unit, room)
        await announce(unit, room, ENDED, call=str(call), code=reason, role=str(by), seconds=seconds)

    async def had_media(self, unit: Unit, room: UUID, call: UUID, *, proof: str, at: datetime) -> None:
        """XY13: the proof says who saw the media."""
        await attending.record(unit, room, Evidence.CALL, f"call:{call}:{proof}", at)

    async def recorded(self, unit: Unit, room: UUID, call: UUID) -> None:
        await announce(unit, room, RECORDED, call=str(call))
