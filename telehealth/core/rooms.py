"""What whoever carries a room's talk and whoever keeps its visit say to each other.

`signaling` carries, `telehealth.consultations` keeps; neither imports the other, app.py joins them.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol
from uuid import UUID

from telehealth.core.access import Actor
from telehealth.core.seats import Role, Side
from telehealth.core.unit import Unit

__all__ = [
    "RecordingShelf", "Role", "RoomChannel", "RoomGate", "RoomJournal",
    "Seat", "Segment", "Side", "Stored", "Terms",
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Seat:
    """One person's place in one room."""

    room: UUID
    role: Role
    actor: Actor
    #: As the others read it.
    name: str
    hospital_id: UUID
    #: Whose visit it is: the account of the patient's phone; None for somebody without one.
    owner_id: UUID | None


@dataclass(frozen=True, slots=True)
class Terms:
    """What may happen in a room now, and how it looks to one seat."""

    #: "waiting", "admitted", "concluded", "closed".
    state: str
    may_write: bool
    may_call: bool
    #: Calls are recorded: the hospital asks for it and both sides agreed.
    records: bool
    #: Why `may_call` is false: "not_admitted", "not_agreed", "asked" (nobody answered yet), "over".
    refusal: str = ""
    #: The rest of the `room` message as this seat may see it.
    view: Mapping[str, Any] = field(default_factory=dict)
    #: Media of both sides for so long count as attendance (XY13).
    attends_after_s: int = 30


@dataclass(frozen=True, slots=True)
class Stored:
    """A message of the room as the protocol shows it; `alert` is for the page that wrote it."""

    seq: int
    body: Mapping[str, Any]
    alert: Mapping[str, Any] | None = None
    #: False: this client id was stored before, under this number.
    is_new: bool = True


@dataclass(frozen=True, slots=True)
class Segment:
    """One file of a recording, in the order it is played."""

    id: UUID
    call: UUID
    leg: str
    role: str
    number: int
    content_type: str
    key: str
    size: int
    sha256: str
    begun_at: datetime
    duration_ms: int
    offset_ms: int


class RoomGate(Protocol):
    """Every method opens its own unit, as do those of `RoomChannel`."""

    async def enter(self, actor: Actor, room: UUID, ticket: str) -> Seat:
        """Uses the ticket up. Raises TicketExpired, TicketInvalid, Forbidden (not theirs)."""

    async def terms(self, seat: Seat) -> Terms:
        """Raises Forbidden once the seat was taken away."""


class RoomChannel(Protocol):
    async def say(self, seat: Seat, *, client_id: UUID, kind: str, text: str, file: UUID | None) -> Stored:
        """Stored and committed when this returns; other nodes are told.

        Raises Refused when the room is closed, Conflict for a file that is not ready, Unavailable.
        """

    async def since(self, room: UUID, seq: int, limit: int) -> Sequence[Mapping[str, Any]]:
        """Messages after `seq`, ascending, for sockets whose seats were checked."""

    async def last(self, rooms: Sequence[UUID]) -> Mapping[UUID, int]:
        """Number of the last message of each room."""

    async def read(self, seat: Seat, seq: int) -> Mapping[str, int]:
        """Note how far this seat has read; the furthest of each role."""

    async def reads(self, seat: Seat) -> Mapping[str, int]: ...


class RoomJournal(Protocol):
    """What was seen of calls, told to whoever keeps the visit, in the unit that saw it (system scope)."""

    async def rang(self, unit: Unit, room: UUID, call: UUID, *, by: Role, media: str) -> None: ...

    async def connected(self, unit: Unit, room: UUID, call: UUID) -> None:
        """Somebody of each side is in the call: midnight waits (XY14)."""

    async def ended(self, unit: Unit, room: UUID, call: UUID, *, reason: str, by: Role, seconds: int) -> None:
        """`by` is who started it; `seconds` from active to the end, 0 when nobody answered."""

    async def had_media(self, unit: Unit, room: UUID, call: UUID, *, proof: str, at: datetime) -> None:
        """Media of both sides for `attends_after_s`; `proof` is "recorder:<leg>,<leg>" or "reported"."""

    async def recorded(self, unit: Unit, room: UUID, call: UUID) -> None:
        """The first media of a call are on their way into the archive."""


class RecordingShelf(Protocol):
    """What `signaling` kept of a room's calls."""

    async def segments(self, unit: Unit, room: UUID) -> Sequence[Segment]: ...

    async def room_of(self, unit: Unit, segment: UUID) -> UUID | None:
        """Where it belongs; None for one the unit may not see."""

    async def is_whole(self, unit: Unit, room: UUID) -> bool:
        """Every segment's place in its chain is as it was written."""
