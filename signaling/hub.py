"""Rooms as this node has them open: what happens in one is shown to its sockets here.

What a socket of this node does is shown to the others at once. What happens elsewhere is announced by a hint
that carries the room only, and looked up then: messages by number, everything else by comparing. A room is
looked at by one task at a time, however many hints arrive.
"""

import asyncio
from collections.abc import Mapping, Sequence
from contextvars import ContextVar
from typing import Any
from uuid import UUID

import psycopg
import sqlalchemy as sa
import structlog

from signaling import calls, presence, relaying
from signaling.calls import CallView
from signaling.outbox import Outbox
from signaling.protocol import PAGE, Close, frame
from signaling.relaying import Relayed
from signaling.rooms import OVER, Peer, Place, is_live, is_newer, pages, peers_body, room_frame
from telehealth.core.errors import DomainError, Forbidden, NotFound, Unauthenticated
from telehealth.core.rooms import RoomChannel, RoomGate, Seat, Stored, Terms
from telehealth.core.unit import Units

log = structlog.get_logger(__name__)

MESSAGES, TERMS, CALL, SIGNALS, PEERS, READS = 1, 2, 4, 8, 16, 32
ALL = MESSAGES | TERMS | CALL | SIGNALS | PEERS | READS
#: The last word of a hint's topic; without one it concerns everything.
PARTS = {"said": MESSAGES, "signals": SIGNALS, "peers": PEERS, "reads": READS, "call": CALL}
#: Rooms looked at side by side; the pool has connections for others, too.
AT_ONCE = 6
#: After the database failed.
AGAIN_S = 1.0
#: Signals of which a socket remembers that it has them.
REMEMBERED = 500
#: What keeps the database from answering.
DOWN = (psycopg.Error, sa.exc.SQLAlchemyError, OSError, DomainError)

#: The room this task is storing something in itself: its hint tells this node nothing new.
own_doing: ContextVar[UUID | None] = ContextVar("own_doing", default=None)


class Member:
    """One socket here."""

    __slots__ = (
        "call_seen", "catching", "heard_at", "ice_until", "is_replaced", "is_welcomed", "outbox", "peer",
        "place", "room_shown", "seat", "signalled", "terms",
    )  # fmt: skip

    def __init__(self, seat: Seat, peer: str, since: int, outbox: Outbox, heard_at: float) -> None:
        self.seat = seat
        self.peer = peer
        self.outbox = outbox
        self.place = Place(since)
        self.is_welcomed = False
        #: The same page has another socket now.
        self.is_replaced = False
        self.catching: asyncio.Task[None] | None = None
        self.terms: Terms | None = None
        #: Hash of the `room` frame it was sent last.
        self.room_shown = 0
        self.call_seen: CallView | None = None
        self.signalled: dict[int, None] | None = None
        #: Loop time of its last word, and of the end of its relay credentials.
        self.heard_at = heard_at
        self.ice_until = 0.0


class Room:
    """One room with sockets here."""

    __slots__ = ("call", "dirty", "id", "is_over", "looking", "marks", "members", "peers", "reads_text")

    def __init__(self, id: UUID) -> None:
        self.id = id
        self.members: dict[str, Member] = {}
        self.peers: list[Peer] = []
        self.call: CallView | None = None
        self.reads_text = ""
        self.is_over = False
        #: What is to be looked at, and how often that was asked for.
        self.dirty = 0
        self.marks = 0
        self.looking: asyncio.Task[None] | None = None

    def welcomed(self) -> list[Member]:
        return [member for member in self.members.values() if member.is_welcomed]


class Hub:
    def __init__(self, units: Units, node: str) -> None:
        self.units = units
        #: How this process is called in `room_peers`.
        self.node = node
        self.rooms: dict[UUID, Room] = {}
        self._gate = asyncio.Semaphore(AT_ONCE)

    @property
    def channel(self) -> RoomChannel:
        return self.units.port(RoomChannel)  # type: ignore[type-abstract]

    @property
    def gate(self) -> RoomGate:
        return self.units.port(RoomGate)  # type: ignore[type-abstract]

    def join(self, member: Member) -> Room:
        """From now on nothing that happens passes it by. An older socket of the same page goes."""
        room = self.rooms.get(member.seat.room)
        if room is None:
            room = self.rooms[member.seat.room] = Room(member.seat.room)
        older = room.members.get(member.peer)
        if older is not None:
            self._replace(older)
        room.members[member.peer] = member
        return room

    def drop(self, member: Member) -> None:
        """Its socket is gone."""
        if member.catching is not None:
            member.catching.cancel()
        room = self.rooms.get(member.seat.room)
        if room is None or room.members.get(member.peer) is not member:
            return
        del room.members[member.peer]
        if not room.members:
            del self.rooms[room.id]
            if room.looking is not None:
                room.looking.cancel()

    def hinted(self, topics: Sequence[str] | None) -> None:
        """Handler of the bus."""
        if topics is None:
            for room in list(self.rooms.values()):
                self.mark(room, ALL)
            return
        own = own_doing.get()
        for topic in topics:
            kind, _, rest = topic.partition(":")
            name, _, part = rest.partition(":")
            try:
                id = UUID(name)
            except ValueError:
                continue
            if kind == "account":
                self._look_at_account(id)
            elif kind == "room" and id != own and (known := self.rooms.get(id)) is not None:
                self.mark(known, PARTS.get(part, ALL))

    def mark(self, room: Room, bits: int) -> None:
        """Look again at these parts, soon."""
        room.dirty |= bits
        room.marks += 1
        if room.looking is None and room.members:
            room.looking = asyncio.get_running_loop().create_task(self._look_until_clean(room))

    def deliver(self, room_id: UUID, stored: Stored) -> None:
        """A message that was just stored here."""
        room = self.rooms.get(room_id)
        if room is None:
            return
        text, behind = frame("message", **stored.body), False
        for member in room.members.values():
            if not member.is_welcomed:
                member.place.wanted = max(member.place.wanted, stored.seq)
            elif member.place.takes(stored.seq):
                member.outbox.put(text)
            elif member.place.is_behind and member.catching is None:
                behind = True
        if behind:
            self.mark(room, MESSAGES)

    def call_changed(self, room_id: UUID, call: CallView | None) -> None:
        room = self.rooms.get(room_id)
        if room is None or call is None:
            return
        if is_newer(call, room.call):
            room.call = call
        text = ""
        for member in room.welcomed():
            if is_newer(call, member.call_seen):
                member.call_seen = call
                text = text or frame("call", call=call.body)
                member.outbox.put(text)

    def signalled(self, room_id: UUID, relayed: Relayed) -> None:
        room = self.rooms.get(room_id)
        member = None if room is None else room.members.get(relayed.recipient)
        if member is None or not member.is_welcomed:
            return
        if member.signalled is None:
            member.signalled = {}
        if relayed.id not in member.signalled:
            member.signalled[relayed.id] = None
            if len(member.signalled) > REMEMBERED:
                del member.signalled[next(iter(member.signalled))]
            member.outbox.put(relayed.text)

    def read_to(self, room_id: UUID, reads: Mapping[str, int], *, but: Member | None = None) -> None:
        room = self.rooms.get(room_id)
        text = frame("reads", reads=dict(reads))
        if room is None or text == room.reads_text:
            return
        room.reads_text = text
        for member in room.welcomed():
            if member is not but:
                member.outbox.put(text)

    def peers_changed(self, room: Room, peers: list[Peer]) -> None:
        """Tell those who are here; one of ours that is on another node by now lets go of its socket."""
        here = {peer.id: peer for peer in peers}
        for member in room.welcomed():
            row = here.get(member.peer)
            if row is not None and row.node != self.node:
                self._replace(member)
        if [(peer.id, peer.node) for peer in peers] == [(peer.id, peer.node) for peer in room.peers]:
            return
        room.peers = peers
        text = frame("peers", peers=peers_body(peers))
        for member in room.welcomed():
            member.outbox.put(text)
            self._show_room(member, peers)

    def catch_up(self, member: Member) -> None:
        """Send it everything after what it has, page by page, as fast as it takes them."""
        if member.catching is None:
            member.catching = asyncio.get_running_loop().create_task(self._catch_up(member))

    async def compare(self) -> None:
        """Numbers of all rooms here with those in the database, in case a hint was lost."""
        ids = list(self.rooms)
        for first in range(0, len(ids), 500):
            for room_id, last in (await self.channel.last(ids[first : first + 500])).items():
                room = self.rooms.get(room_id)
                if room is not None and any(one.place.sent < last for one in room.welcomed()):
                    self.mark(room, MESSAGES)
        for room in self.rooms.values():
            if is_live(room.call):
                self.mark(room, CALL | SIGNALS | PEERS)

    async def _catch_up(self, member: Member) -> None:
        place, is_first = member.place, True
        try:
            while not member.outbox.is_closing:
                items = await self.channel.since(member.seat.room, place.sent, PAGE)
                fresh = [item for item in items if item["seq"] > place.sent]
                if fresh:
                    place.sent = fresh[-1]["seq"]
                    place.wanted = max(place.wanted, place.sent)
                more = len(items) == PAGE or (bool(items) and place.is_behind)
                if fresh or is_first:
                    for text in pages(fresh, more=more):
                        member.outbox.put(text)
                if not more:
                    break
                is_first = False
                await member.outbox.flushed()
        except DOWN as error:
            # The next comparison finds what is missing.
            log.warning("room.catching_up_failed", error=type(error).__name__)
        finally:
            member.catching = None

    async def _look_until_clean(self, room: Room) -> None:
        try:
            while room.dirty and room.members:
                bits = 0
                try:
                    async with self._gate:
                        bits, room.dirty = room.dirty, 0
                        await self._look(room, bits)
                except DOWN as error:
                    log.warning("room.look_failed", error=type(error).__name__)
                    room.dirty |= bits
                    await asyncio.sleep(AGAIN_S)
        finally:
            room.looking = None

    async def _look(self, room: Room, bits: int) -> None:
        if bits & MESSAGES:
            await self._look_for_messages(room)
        if bits & CALL:
            self.call_changed(room.id, await calls.live(self.units, room.id))
        if bits & SIGNALS and is_live(room.call):
            names = [member.peer for member in room.welcomed()]
            for relayed in await relaying.waiting(self.units, room.id, names):
                self.signalled(room.id, relayed)
        if bits & PEERS:
            self.peers_changed(room, await presence.peers(self.units, room.id))
        if bits & READS and (member := next(iter(room.welcomed()), None)) is not None:
            self.read_to(room.id, await self.channel.reads(member.seat))
        if bits & TERMS:
            await self._look_at_terms(room)

    async def _look_for_messages(self, room: Room) -> None:
        waiting = [member for member in room.welcomed() if member.catching is None]
        while waiting:
            low = min(member.place.sent for member in waiting)
            items = await self.channel.since(room.id, low, PAGE)
            for item in items:
                text = frame("message", **item)
                for member in waiting:
                    if item["seq"] > member.place.sent and member.place.takes(item["seq"]):
                        member.outbox.put(text)
            if len(items) < PAGE:
                return

    def _look_at_account(self, account: UUID) -> None:
        """Sessions of it ended. Rare, so nobody keeps a list of who sits where."""
        for room in self.rooms.values():
            if any(member.seat.actor.account_id == account for member in room.members.values()):
                self.mark(room, TERMS)

    async def _look_at_terms(self, room: Room) -> None:
        asked: dict[tuple[Any, ...], Terms] = {}
        for member in room.welcomed():
            seat = member.seat
            # Two devices of one person are signed in by themselves.
            key = (seat.actor.account_id, seat.actor.session_id, seat.role)
            try:
                if key not in asked:
                    asked[key] = await self.gate.terms(seat)
            except Unauthenticated:
                member.outbox.close(Close.UNAUTHENTICATED, "session over")
                continue
            except (Forbidden, NotFound):
                member.outbox.close(Close.FORBIDDEN, "no seat")
                continue
            await self.apply_terms(room, member, asked[key])

    async def apply_terms(self, room: Room, member: Member, terms: Terms) -> None:
        """Show what changed. Once the visit is over and its messages are out, sockets are closed."""
        member.terms = terms
        self._show_room(member, room.peers)
        if terms.state not in OVER:
            return
        if not room.is_over:
            room.is_over = True
            self.call_changed(room.id, await calls.room_closed(self.units, room.id))
        if not terms.may_write:
            if member.catching is not None:
                await asyncio.wait([member.catching])
            member.outbox.close(Close.OVER, "visit over")

    def _show_room(self, member: Member, peers: list[Peer]) -> None:
        if member.terms is None:
            return
        text = room_frame(member.terms, peers)
        if hash(text) != member.room_shown:
            member.room_shown = hash(text)
            member.outbox.put(text)

    def _replace(self, member: Member) -> None:
        member.is_replaced = True
        member.outbox.close(Close.ELSEWHERE, "opened elsewhere")
