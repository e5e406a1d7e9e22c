"""A room's client in Python, for tests and load: the law is docs/protocol/signaling.md.

`connect` opens one socket and says hello. `Page` is what a browser's page does with sockets: keeps numbers,
repeats what was not acknowledged, and goes to another node when one is gone.
"""

import asyncio
import contextlib
import json
import random
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any
from uuid import UUID, uuid4

from websockets.asyncio.client import ClientConnection
from websockets.asyncio.client import connect as open_websocket
from websockets.exceptions import ConnectionClosed, InvalidHandshake

from signaling.protocol import MAX_FRAME, VERSIONS

Frame = dict[str, Any]
#: How long somebody waits for a frame, in wall-clock seconds.
PATIENCE_S = 20.0


class Gone(Exception):
    """The socket is closed; `code` as the protocol has it, 1006 without a close frame."""

    def __init__(self, code: int) -> None:
        super().__init__(code)
        self.code = code


class Socket:
    """One open socket. Frames that nobody asked for yet are kept in order."""

    def __init__(self, connection: ClientConnection) -> None:
        self.connection = connection
        self.kept: list[Frame] = []

    async def send(self, type: str, **fields: Any) -> None:
        await self.send_raw(json.dumps({"type": type, **fields}, default=str))

    async def send_raw(self, text: str | bytes) -> None:
        try:
            await self.connection.send(text)
        except ConnectionClosed as error:
            raise Gone(_code(error)) from None

    async def next(self) -> Frame:
        """Raises Gone."""
        return self.kept.pop(0) if self.kept else await self._read()

    async def expect(self, type: str, **fields: Any) -> Frame:
        """The next frame of this type with these values; others are kept. Raises Gone, TimeoutError."""
        for index, kept in enumerate(self.kept):
            if _fits(kept, type, fields):
                return self.kept.pop(index)
        async with asyncio.timeout(PATIENCE_S):
            while not _fits(frame := await self._read(), type, fields):
                self.kept.append(frame)
        return frame

    async def closed(self) -> int:
        """Read on to the close frame; its code."""
        try:
            async with asyncio.timeout(PATIENCE_S):
                while True:
                    self.kept.append(await self._read())
        except Gone as gone:
            return gone.code

    async def _read(self) -> Frame:
        try:
            frame: Frame = json.loads(await self.connection.recv())
        except ConnectionClosed as error:
            raise Gone(_code(error)) from None
        return frame


@asynccontextmanager
async def dial(
    url: str, *, headers: Mapping[str, str] | None = None, origin: str | None = None
) -> AsyncIterator[Socket]:
    """A socket that has not said hello. `url` begins with ws: or wss:. Raises InvalidStatus."""
    named = {**(headers or {}), **({} if origin is None else {"Origin": origin})}
    async with open_websocket(
        url,
        additional_headers=named,
        compression=None,
        proxy=None,
        max_size=2 * MAX_FRAME,
        ping_interval=None,
        close_timeout=2,
    ) as connection:
        yield Socket(connection)


@asynccontextmanager
async def connect(
    url: str,
    ticket: str,
    *,
    headers: Mapping[str, str] | None = None,
    page: UUID | None = None,
    since: int = 0,
    signals_since: int = 0,
) -> AsyncIterator[tuple[Socket, Frame]]:
    """A socket that was welcomed, and its `welcome`. Raises Gone when it was not."""
    async with dial(url, headers=headers) as socket:
        await socket.send(
            "hello",
            ticket=ticket,
            versions=VERSIONS,
            page=page or uuid4(),
            since=since,
            signals_since=signals_since,
        )
        yield socket, await socket.expect("welcome")


class Page:
    """One open page: takes every message once and in order, whatever happens to sockets and nodes."""

    def __init__(
        self,
        nodes: Sequence[str],
        room: UUID,
        ticket: Callable[[str], Awaitable[str]],
        *,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        """`nodes` are base URLs (http://…), tried in turn; `ticket` fetches one from a base URL."""
        self.page = uuid4()
        self.messages: list[Frame] = []
        self.signals: list[Frame] = []
        #: As it was last told.
        self.call: Frame | None = None
        #: How often it was welcomed.
        self.welcomes = 0
        self._nodes = list(nodes)
        self._room = room
        self._ticket = ticket
        self._headers = headers
        self._unsaid: dict[str, Frame] = {}
        self._early: dict[int, Frame] = {}
        self._socket: Socket | None = None
        self._changed = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    async def __aenter__(self) -> "Page":
        self._task = asyncio.create_task(self._stay())
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def say(self, text: str) -> str:
        """Kept until it is acknowledged; its client id."""
        client_id = str(uuid4())
        self._unsaid[client_id] = {"type": "say", "client_id": client_id, "kind": "text", "text": text}
        await self._send(self._unsaid[client_id])
        return client_id

    async def send(self, type: str, **fields: Any) -> None:
        """Lost when there is no socket now."""
        await self._send({"type": type, **fields})

    async def until(self, condition: Callable[["Page"], object], *, within_s: float = 20) -> None:
        """Raises TimeoutError."""
        async with asyncio.timeout(within_s):
            while not condition(self):
                self._changed.clear()
                await self._changed.wait()

    @property
    def texts(self) -> list[str]:
        return [message["text"] for message in self.messages if message["kind"] == "text"]

    @property
    def is_open(self) -> bool:
        return self._socket is not None

    @property
    def has_said_all(self) -> bool:
        return not self._unsaid

    async def _send(self, frame: Frame) -> None:
        if self._socket is not None:
            with contextlib.suppress(Gone):
                await self._socket.send_raw(json.dumps(frame))

    async def _stay(self) -> None:
        turn, wait_s = 0, 0.0
        while True:
            await asyncio.sleep(wait_s * (0.5 + random.random()))  # noqa: S311 - only spreads the load
            node = self._nodes[turn % len(self._nodes)]
            try:
                await self._be_at(node)
            except (Gone, OSError, InvalidHandshake, TimeoutError):
                turn += 1
                wait_s = min(2.0, wait_s * 2 or 0.2)
            finally:
                self._socket = None
                self._changed.set()

    async def _be_at(self, node: str) -> None:
        url = f"ws{node.removeprefix('http')}/rooms/{self._room}/socket"
        async with asyncio.timeout(5):
            ticket = await self._ticket(node)
        since = len(self.messages)
        signals = max((signal["id"] for signal in self.signals), default=0)
        async with connect(
            url, ticket, headers=self._headers, page=self.page, since=since, signals_since=signals
        ) as (socket, welcome):
            self._socket = socket
            self.call = welcome["call"]
            self.welcomes += 1
            self._changed.set()
            for waiting in list(self._unsaid.values()):
                await self._send(waiting)
            while True:
                await self._take(await socket.next())

    async def _take(self, frame: Frame) -> None:
        match frame["type"]:
            case "said":
                self._unsaid.pop(frame["client_id"], None)
            case "message":
                await self._number(frame)
            case "messages":
                for item in frame["items"]:
                    await self._number(item)
            case "signal":
                self.signals.append(frame)
            case "call":
                self.call = frame["call"]
            case "error" if frame.get("client_id") in self._unsaid:
                await asyncio.sleep(frame["retry_after_s"] or 1)
                await self._send(self._unsaid[frame["client_id"]])
        self._changed.set()

    async def _number(self, message: Frame) -> None:
        """Numbers begin with 1 and have no gap, so the next one is known."""
        if message["seq"] > len(self.messages):
            self._early[message["seq"]] = message
        while (following := self._early.pop(len(self.messages) + 1, None)) is not None:
            self.messages.append(following)
        if self._early:
            await self._send({"type": "since", "seq": len(self.messages)})


def _fits(frame: Frame, type: str, fields: Mapping[str, Any]) -> bool:
    return frame["type"] == type and all(frame.get(name) == value for name, value in fields.items())


def _code(error: ConnectionClosed) -> int:
    return 1006 if error.rcvd is None else error.rcvd.code
