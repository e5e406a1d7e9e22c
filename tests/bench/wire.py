"""HTTP as cheap as it gets, so that what is measured is the other side."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

#: Servers close what lies idle for five seconds.
_KEPT_S = 3.0

Connection = tuple[asyncio.StreamReader, asyncio.StreamWriter]


async def answer(reader: asyncio.StreamReader) -> tuple[int, bytes]:
    """Read one whole answer: status and body. Ours always say how long they are."""
    head = await reader.readuntil(b"\r\n\r\n")
    _, _, rest = head.lower().partition(b"\r\ncontent-length:")
    body = await reader.readexactly(int(rest.partition(b"\r\n")[0]))
    return int(head.split(b" ", 2)[1]), body


class Line:
    """Connections to one port, kept open and used again."""

    def __init__(self, port: int) -> None:
        self._port = port
        #: With the moment each was last used; the freshest is last.
        self._free: list[tuple[float, Connection]] = []

    async def ask(self, request: bytes) -> tuple[int, bytes]:
        async with self._connection() as (reader, writer):
            writer.write(request)
            return await answer(reader)

    @asynccontextmanager
    async def _connection(self) -> AsyncIterator[Connection]:
        connection = self._kept() or await asyncio.open_connection("127.0.0.1", self._port)
        try:
            yield connection
        except BaseException:
            connection[1].close()
            raise
        self._free.append((time.monotonic(), connection))

    def _kept(self) -> Connection | None:
        if self._free and self._free[-1][0] < time.monotonic() - _KEPT_S:
            self.close()
        return self._free.pop()[1] if self._free else None

    def close(self) -> None:
        for _, (_, writer) in self._free:
            writer.close()
        self._free.clear()
