"""This process as a node: its rooms, its name, and the one clockwork that all its sockets share."""

import asyncio
import os
import socket
from typing import Any
from uuid import UUID

import structlog
from starlette.types import Receive, Send

from signaling import calls, presence
from signaling.hub import DOWN, TERMS, Hub, Member
from signaling.protocol import HEARTBEAT_S, SILENT_S, Close, frame
from signaling.rooms import instant, is_live
from signaling.session import Session
from signaling.timers import run_timers
from signaling.turn import ice_servers
from telehealth.core.access import Actor
from telehealth.core.ids import new_id
from telehealth.core.settings import Settings
from telehealth.core.unit import Units

log = structlog.get_logger(__name__)

#: Of the clockwork, in wall-clock seconds.
TICK_S = 1.0
#: Relay credentials are renewed this long before their end.
RENEW_S = 300.0
#: A seat is asked for again at least this often, should every hint be lost.
TERMS_EVERY = 60
#: Ticks between looks at silence and credentials.
LOOK_EVERY = 5


class Switchboard:
    def __init__(self, units: Units, settings: Settings) -> None:
        self.units = units
        self.node = settings.node or f"{socket.gethostname()}-{os.getpid()}-{new_id().hex[-6:]}"
        self.hub = Hub(units, self.node)
        self._settings = settings
        self._clockwork: asyncio.Task[None] | None = None
        self._unsubscribe: Any = None
        self._is_leaving = False

    async def serve(self, actor: Actor, room: UUID, *, receive: Receive, send: Send) -> None:
        """One accepted socket, until it is gone."""
        self._start()
        session = Session(self, actor, room, receive=receive, send=send)
        await (session.turn_away() if self._is_leaving else session.run())

    def now(self) -> float:
        """Seconds of a steady clock."""
        return asyncio.get_running_loop().time()

    def ice_for(self, member: Member) -> dict[str, Any]:
        """Relay servers with credentials of their own; when to renew them is noted."""
        wall = self.units.clock.wall()
        servers, expires_at = ice_servers(self._settings, member.seat.actor.account, wall)
        if expires_at is None:
            return {"servers": servers, "expires_at": None}
        member.ice_until = self.now() + (expires_at - wall).total_seconds()
        return {"servers": servers, "expires_at": instant(expires_at)}

    async def leave(self, member: Member) -> None:
        """A socket is gone: unless its page has another one, here or elsewhere, so is the page."""
        if member.is_replaced or self._is_leaving:
            return
        room_id = member.seat.room
        try:
            if not await presence.leave(self.units, member.seat, member.peer, self.node):
                return
            self.hub.call_changed(room_id, await calls.peer_gone(self.units, room_id, member.peer))
        except DOWN as error:
            # The row is stale soon, and swept.
            log.warning("room.leaving_failed", error=type(error).__name__)

    async def say_goodbye(self) -> None:
        """This node stops: its sockets go at once and find another one."""
        self._is_leaving = True
        members = [member for room in self.hub.rooms.values() for member in room.members.values()]
        for member in members:
            member.outbox.close(Close.GOING_AWAY, "node stops")
        async with asyncio.timeout(3):
            await asyncio.gather(*(member.outbox.flushed() for member in members))

    async def close(self) -> None:
        """After the sockets, before the database."""
        if self._clockwork is None:
            return
        self._unsubscribe()
        self._clockwork.cancel()
        await asyncio.gather(self._clockwork, return_exceptions=True)
        self._clockwork = None
        for room in list(self.hub.rooms.values()):
            if room.looking is not None:
                room.looking.cancel()
        try:
            await presence.move_out(self.units, self.node)
        except DOWN as error:
            log.warning("presence.not_moved_out", error=type(error).__name__)

    def _start(self) -> None:
        if self._clockwork is None:
            if self.units.bus is not None:
                self._unsubscribe = self.units.bus.subscribe(self.hub.hinted)
            else:
                self._unsubscribe = lambda: None
            loop = asyncio.get_running_loop()
            self._clockwork = loop.create_task(self._run(), name="rooms.clockwork")

    async def _run(self) -> None:
        tick = 0
        while True:
            await asyncio.sleep(TICK_S)
            tick += 1
            if not self.hub.rooms:
                continue
            try:
                await self._tick(tick)
            except DOWN as error:
                log.warning("rooms.tick_failed", error=type(error).__name__)

    async def _tick(self, tick: int) -> None:
        rooms = list(self.hub.rooms.values())
        for room in rooms:
            # Each room on a second of its own.
            if room.id.int % TERMS_EVERY == tick % TERMS_EVERY:
                self.hub.mark(room, TERMS)
        if tick % LOOK_EVERY == 0:
            self._look_at_sockets()
        if any(is_live(room.call) for room in rooms):
            # Workers do this as well; a call here must not depend on one.
            await run_timers(self.units)
        if tick % HEARTBEAT_S == 0:
            await presence.beat(self.units, self.node)
            await self.hub.compare()

    def _look_at_sockets(self) -> None:
        now = self.now()
        for room in list(self.hub.rooms.values()):
            for member in room.welcomed():
                if now - member.heard_at > SILENT_S:
                    member.outbox.close(Close.SILENT, "silent")
                elif member.ice_until and member.ice_until - now < RENEW_S:
                    member.outbox.put(frame("ice", **self.ice_for(member)))
