"""One socket, from `hello` to the close frame: docs/protocol/signaling.md.

Messages are taken one after the other, each in units of its own. What goes wrong with one is answered with
`error`; the socket, and the room of the others, work on.
"""

import asyncio
import contextlib
from collections.abc import Iterator
from typing import TYPE_CHECKING
from uuid import UUID

import structlog
from starlette.types import Receive, Send

from signaling import calls, presence, relaying
from signaling.hub import ALL, DOWN, Member, own_doing
from signaling.metering import Meter
from signaling.outbox import Outbox
from signaling.protocol import (
    HEARTBEAT_S,
    HELLO_WITHIN_S,
    VERSIONS,
    CallAccept,
    CallDecline,
    CallHangUp,
    CallMedia,
    CallStart,
    Close,
    ErrorId,
    Hello,
    Message,
    Ping,
    Read,
    Say,
    Signal,
    Since,
    Unreadable,
    error,
    frame,
    parse,
)
from signaling.refusing import detail, error_id
from signaling.rooms import Peer, instant, peers_body, room_body, room_frame
from telehealth.core.access import Actor
from telehealth.core.errors import DomainError, Forbidden, NotFound, Unauthenticated
from telehealth.core.ids import new_id
from telehealth.core.rooms import Terms

if TYPE_CHECKING:
    from signaling.switchboard import Switchboard

log = structlog.get_logger(__name__)

#: When the database does not answer, in seconds.
_AGAIN_S = 2


class _Leave(Exception):
    """The socket is to be closed."""

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(code, reason)
        self.code = code
        self.reason = reason


class Session:
    __slots__ = ("_actor", "_board", "_meter", "_outbox", "_receive", "_room", "_unknown")

    def __init__(
        self, board: "Switchboard", actor: Actor, room: UUID, *, receive: Receive, send: Send
    ) -> None:
        self._board = board
        self._actor = actor
        self._room = room
        self._receive = receive
        self._outbox = Outbox(send, asyncio.current_task())
        self._meter = Meter()
        #: Whether the last message was of an unknown type.
        self._unknown = False

    async def run(self) -> None:
        """Until the socket is gone. The upgrade was accepted before."""
        member: Member | None = None
        structlog.contextvars.bind_contextvars(request_id=f"ws-{new_id().hex[:20]}")
        try:
            member = await self._enter()
            if member is not None:
                await self._listen(member)
        except _Leave as leaving:
            self._outbox.close(leaving.code, leaving.reason)
            await self._last_words()
        except asyncio.CancelledError:
            # It neither took its last frames nor went; or this process ends.
            if not self._outbox.is_closing:
                raise
        finally:
            self._outbox.drop()
            if member is not None:
                self._board.hub.drop(member)
                await self._board.leave(member)

    async def turn_away(self) -> None:
        """This node stops."""
        self._outbox.close(Close.GOING_AWAY, "node stops")
        await self._last_words()
        self._outbox.drop()

    async def _hello(self) -> Hello | None:
        """The first message; None when the client left before. Raises _Leave."""
        try:
            async with asyncio.timeout(HELLO_WITHIN_S):
                text = await self._next()
        except TimeoutError:
            raise _Leave(Close.SILENT, "no hello") from None
        if text is None:
            return None
        try:
            hello = parse(text)
        except Unreadable as wrong:
            self._complain(wrong)
            raise _Leave(Close.BAD_FRAME, "no hello") from None
        if not isinstance(hello, Hello):
            raise _Leave(Close.BAD_FRAME, "no hello")
        if not set(hello.versions) & set(VERSIONS):
            raise _Leave(Close.NO_VERSION, "no version in common")
        return hello

    async def _enter(self) -> Member | None:
        """None when the client left before it said hello. Raises _Leave."""
        hello = await self._hello()
        if hello is None:
            return None
        if not self._actor.is_known:
            raise _Leave(Close.UNAUTHENTICATED, "signed out")
        board, page = self._board, str(hello.page)
        member: Member | None = None
        try:
            seat = await board.hub.gate.enter(self._actor, self._room, hello.ticket)
            peers = await presence.arrive(board.units, seat, page, board.node)
            member = Member(seat, page, hello.since, self._outbox, board.now())
            await self._settle_in(hello, member, peers)
        except BaseException as failure:
            if member is not None:
                board.hub.drop(member)
                await board.leave(member)
            if isinstance(failure, Unauthenticated):
                raise _Leave(Close.UNAUTHENTICATED, failure.code) from None
            if isinstance(failure, (Forbidden, NotFound)):
                raise _Leave(Close.FORBIDDEN, failure.code) from None
            if isinstance(failure, DOWN):
                log.warning("room.entering_failed", error=type(failure).__name__)
                raise _Leave(Close.UNAVAILABLE, "unavailable") from None
            raise
        return member

    async def _settle_in(self, hello: Hello, member: Member, peers: list[Peer]) -> None:
        hub, units, seat = self._board.hub, self._board.units, member.seat
        room = hub.join(member)
        looked = room.marks
        terms = await hub.gate.terms(seat)
        call = await calls.peer_came(units, seat, member.peer)
        reads = await hub.channel.reads(seat)
        last = (await hub.channel.last([room.id])).get(room.id, 0)
        signals = await relaying.waiting(units, room.id, [member.peer])
        hub.peers_changed(room, peers)
        hub.call_changed(room.id, call)
        room.reads_text = room.reads_text or frame("reads", reads=dict(reads))
        self._welcome(hello, member, terms, call=room.call, reads=dict(reads), last=last)
        for relayed in signals:
            if relayed.id > hello.signals_since:
                hub.signalled(room.id, relayed)
        hub.catch_up(member)
        if room.marks != looked:
            # Something happened between our questions.
            hub.mark(room, ALL)
        await hub.apply_terms(room, member, terms)

    def _welcome(
        self,
        hello: Hello,
        member: Member,
        terms: Terms,
        *,
        call: calls.CallView | None,
        reads: dict[str, int],
        last: int,
    ) -> None:
        board, seat = self._board, member.seat
        room = board.hub.rooms[self._room]
        member.terms = terms
        member.room_shown = hash(room_frame(terms, room.peers))
        member.call_seen = call
        member.place.wanted = max(member.place.wanted, last)
        member.place.back_to(last)
        member.is_welcomed = True
        clock = board.units.clock
        self._outbox.put(
            frame(
                "welcome",
                version=max(set(hello.versions) & set(VERSIONS)),
                peer=member.peer,
                seat={"account": str(seat.actor.account_id), "role": str(seat.role), "name": seat.name},
                room=room_body(terms, room.peers),
                peers=peers_body(room.peers),
                call=None if call is None else call.body,
                reads=reads,
                last=last,
                at=instant(clock.business()),
                wall=instant(clock.wall()),
                heartbeat_s=HEARTBEAT_S,
                ice=board.ice_for(member),
            )
        )

    async def _listen(self, member: Member) -> None:
        """Raises _Leave."""
        while (heard := await self._next()) is not None:
            member.heard_at = self._board.now()
            await self._hear(member, heard)
            # A silent socket need not remember what it said last.
            del heard

    async def _hear(self, member: Member, text: str) -> None:
        """Raises _Leave."""
        try:
            message = parse(text)
        except Unreadable as wrong:
            self._refuse_unreadable(wrong, member.heard_at)
            return
        self._unknown = False
        if not self._meter.admits(message.type, member.heard_at):
            self._refuse_many(message, member.heard_at)
        else:
            await self._take(member, message)

    async def _take(self, member: Member, message: Message) -> None:
        about = getattr(message, "client_id", None)
        try:
            await self._do(member, message)
        except _Leave:
            raise
        except DomainError as no:
            wait_s = getattr(no, "retry_after_s", None)
            self._outbox.put(
                error(
                    error_id(no), message.type, client_id=about, detail=detail(no), retry_after_s=wait_s
                )
            )  # fmt: skip
        except DOWN as failure:
            log.warning("room.message_failed", type=message.type, error=type(failure).__name__)
            self._outbox.put(
                error(ErrorId.UNAVAILABLE, message.type, client_id=about, retry_after_s=_AGAIN_S)
            )
        except Exception:  # the socket's edge: one bad message must not take the room away
            log.exception("room.message_broke", type=message.type)
            self._outbox.put(
                error(ErrorId.UNAVAILABLE, message.type, client_id=about, retry_after_s=_AGAIN_S)
            )

    async def _do(self, member: Member, message: Message) -> None:
        hub = self._board.hub
        match message:
            case Ping():
                clock = self._board.units.clock
                at, wall = instant(clock.business()), instant(clock.wall())
                self._outbox.put(frame("pong", n=message.n, at=at, wall=wall))
            case Say():
                await self._say(member, message)
            case Read():
                with _our_own(self._room):
                    reads = await hub.channel.read(member.seat, message.seq)
                hub.read_to(self._room, reads, but=member)
            case Since():
                member.place.back_to(message.seq)
                hub.catch_up(member)
            case Signal():
                await self._signal(member, message)
            case Hello():
                raise _Leave(Close.BAD_FRAME, "hello twice")
            case _:
                await self._call(member, message)

    async def _say(self, member: Member, message: Say) -> None:
        hub = self._board.hub
        with _our_own(self._room):
            stored = await hub.channel.say(
                member.seat,
                client_id=message.client_id,
                kind=message.kind,
                text=message.text,
                file=message.file,
            )
        self._outbox.put(frame("said", client_id=message.client_id, seq=stored.seq, at=stored.body.get("at")))
        if stored.is_new:
            hub.deliver(self._room, stored)
        if stored.alert is not None:
            self._outbox.put(frame("alert", **stored.alert))
            hub.mark(hub.rooms[self._room], ALL)

    async def _signal(self, member: Member, message: Signal) -> None:
        hub, room = self._board.hub, self._board.hub.rooms[self._room]
        try:
            relaying.check(message, member.peer, room.call)
        except DomainError:
            # What we know of the call may be a moment old.
            hub.call_changed(self._room, await calls.live(self._board.units, self._room))
            relaying.check(message, member.peer, room.call)
        relayed = await relaying.relay(self._board.units, member.seat, member.peer, message)
        hub.signalled(self._room, relayed)

    async def _call(self, member: Member, message: Message) -> None:
        units, seat, peer = self._board.units, member.seat, member.peer
        view: calls.CallView | None = None
        match message:
            case CallStart():
                view = await calls.start(units, seat, peer, message.media, await self._terms(member))
            case CallAccept():
                terms = await self._terms(member)
                view = await calls.accept(units, seat, peer, message.call, message.media, terms)
            case CallDecline():
                view = await calls.decline(units, seat, peer, message.call)
            case CallHangUp():
                view = await calls.hang_up(units, seat, peer, message.call)
            case CallMedia():
                view = await calls.media(units, seat, peer, message)
        self._board.hub.call_changed(self._room, view)

    async def _terms(self, member: Member) -> Terms:
        return await self._board.hub.gate.terms(member.seat)

    async def _next(self) -> str | None:
        """The next text frame; None when the client is gone. Raises _Leave for a binary one."""
        message = await self._receive()
        if message["type"] != "websocket.receive":
            return None
        text = message.get("text")
        if text is None:
            raise _Leave(Close.BAD_FRAME, "binary frame")
        return str(text)

    def _refuse_unreadable(self, wrong: Unreadable, now: float) -> None:
        """Raises _Leave."""
        if wrong.fields == "not json":
            self._complain(wrong)
            raise _Leave(Close.BAD_FRAME, "not json")
        is_unknown = wrong.fields.endswith("union_tag_invalid") or wrong.fields.endswith(
            "union_tag_not_found"
        )
        if is_unknown and self._unknown:
            self._complain(wrong)
            raise _Leave(Close.BAD_FRAME, "unknown messages")
        self._unknown = is_unknown
        if self._meter.admits("", now):
            self._complain(wrong)
        elif self._meter.floods:
            raise _Leave(Close.FLOODING, "flooding")

    def _refuse_many(self, message: Message, now: float) -> None:
        """Raises _Leave."""
        self._outbox.put(
            error(
                ErrorId.TOO_MANY,
                message.type,
                client_id=getattr(message, "client_id", None),
                retry_after_s=self._meter.wait_s(message.type, now),
            )
        )
        if self._meter.floods:
            raise _Leave(Close.FLOODING, "flooding")

    def _complain(self, wrong: Unreadable) -> None:
        log.info("room.unreadable", id=wrong.id, type=wrong.type, fields=wrong.fields)
        self._outbox.put(error(wrong.id, wrong.type, client_id=wrong.client_id))

    async def _last_words(self) -> None:
        """Until the close frame is out and the client knows, or is given up."""
        try:
            await self._outbox.flushed()
            while (await self._receive())["type"] == "websocket.receive":
                continue
        except asyncio.CancelledError:
            return


@contextlib.contextmanager
def _our_own(room: UUID) -> Iterator[None]:
    token = own_doing.set(room)
    try:
        yield
    finally:
        own_doing.reset(token)
