"""What waits to be sent to one socket: in order, bounded, and without a task while nothing waits."""

import asyncio
from collections import deque

from starlette.types import Message, Send
from starlette.websockets import WebSocketDisconnect

from signaling.protocol import MAX_WAITING, Close, frame

#: How long a socket has to take its last frames, in wall-clock seconds.
LAST_WORDS_S = 5.0


class Outbox:
    __slots__ = ("_closing", "_pump", "_send", "_size", "_waiting", "owner")

    def __init__(self, send: Send, owner: "asyncio.Task[object] | None") -> None:
        self._send = send
        #: Is cancelled when a socket neither takes its last frames nor goes.
        self.owner = owner
        self._waiting: deque[Message] | None = None
        self._size = 0
        self._pump: asyncio.Task[None] | None = None
        self._closing = False

    @property
    def is_closing(self) -> bool:
        return self._closing

    def put(self, text: str) -> None:
        """Never waits. A socket that cannot take what waits for it is closed."""
        if self._closing:
            return
        size = len(text) if text.isascii() else len(text.encode())
        if self._size + size > MAX_WAITING:
            if self._waiting is not None:
                self._waiting.clear()
            self._size = 0
            self.close(Close.TOO_SLOW, "too slow")
            return
        self._queue({"type": "websocket.send", "text": text}, size)

    def close(self, code: int, reason: str) -> None:
        """`bye` after what already waits, then the close frame."""
        if self._closing:
            return
        self._closing = True
        self._queue({"type": "websocket.send", "text": frame("bye", code=code, reason=reason)}, 0)
        self._queue({"type": "websocket.close", "code": code, "reason": reason}, 0)
        if self.owner is not None:
            asyncio.get_running_loop().call_later(LAST_WORDS_S, self.owner.cancel)

    async def flushed(self) -> None:
        """Everything so far was handed to the connection."""
        if self._pump is not None:
            await asyncio.wait([self._pump])

    def drop(self) -> None:
        """The socket is gone."""
        self._closing = True
        self.owner = None
        if self._pump is not None:
            self._pump.cancel()
        self._waiting = None

    def _queue(self, message: Message, size: int) -> None:
        if self._waiting is None:
            self._waiting = deque()
        self._waiting.append(message)
        self._size += size
        if self._pump is None:
            self._pump = asyncio.get_running_loop().create_task(self._run())

    async def _run(self) -> None:
        try:
            while self._waiting:
                message = self._waiting.popleft()
                await self._send(message)
                text = message.get("text", "")
                self._size -= min(self._size, len(text) if text.isascii() else len(text.encode()))
        except (WebSocketDisconnect, OSError, RuntimeError):
            # It went while we wrote; whoever reads from it learns so and clears up.
            self._closing = True
        finally:
            self._pump = self._waiting = None
