"""A room's sockets against a real web server on loopback, in the test's own loop."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from uuid import UUID

from signaling.client import Frame, Socket, connect
from signaling.hub import Member
from signaling.switchboard import Switchboard
from telehealth.consultations.gate import issue_ticket
from telehealth.core.access import Actor
from telehealth.web.application import build
from telehealth.web.house import House
from telehealth.web.serving import Server, server_of
from telehealth.web.sessions import open_session
from tests.bench.ports import free_port


class Door:
    """Where one house answers."""

    def __init__(self, house: House, port: int, server: Server, running: "asyncio.Task[None]") -> None:
        self.house = house
        self.host = f"127.0.0.1:{port}"
        self._server = server
        self._running = running

    async def stop(self) -> None:
        """As on SIGTERM."""
        self._server.should_exit = True
        await self._running

    def member(self, room: UUID, role: str) -> Member:
        """The server's own end of somebody's socket."""
        return self.members(room, role)[0]

    def members(self, room: UUID, role: str) -> list[Member]:
        """The same of all their pages, in the order they came."""
        members = self.house.units.port(Switchboard).hub.rooms[room].members.values()
        return [member for member in members if member.seat.role == role]

    def socket_url(self, room: UUID) -> str:
        return f"ws://{self.host}/rooms/{room}/socket"

    async def bearer(self, actor: Actor) -> dict[str, str]:
        """Sign this person in, as an app does."""
        async with self.house.units.system("test") as unit:
            opened = await open_session(unit, actor, channel="app")
        return {"Authorization": f"Bearer {opened.token}"}

    async def ticket(self, actor: Actor, room: UUID) -> str:
        return (await issue_ticket(self.house.units, actor, room)).ticket

    @asynccontextmanager
    async def enter(self, actor: Actor, room: UUID, **more: Any) -> AsyncIterator[tuple[Socket, Frame]]:
        headers = await self.bearer(actor)
        ticket = await self.ticket(actor, room)
        async with connect(self.socket_url(room), ticket, headers=headers, **more) as entered:
            yield entered


@asynccontextmanager
async def open_door(house: House) -> AsyncIterator[Door]:
    port = free_port()
    settings = house.settings.model_copy(update={"host": "127.0.0.1", "port": port})
    server = server_of(build(house), settings, house.units.port(Switchboard).say_goodbye)
    # The house is closed by whoever opened it.
    server.config.lifespan = "off"
    running = asyncio.create_task(server._serve())
    async with asyncio.timeout(60):
        while not server.started:  # noqa: ASYNC110 - uvicorn has no event for it
            await asyncio.sleep(0.01)
    door = Door(house, port, server, running)
    try:
        yield door
    finally:
        await door.stop()
