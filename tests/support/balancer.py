"""What stands before the web processes of an installation: a TCP door that goes to the first that answers."""

import asyncio
import contextlib
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

_PIECE = 64 * 1024


@contextmanager
def balanced(ports: Sequence[int]) -> Iterator[int]:
    """The door's port. A connection stays with the process that took it and ends with it."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, name="balancer", daemon=True)
    thread.start()
    ways: set[asyncio.Task[None]] = set()

    async def pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            while piece := await reader.read(_PIECE):
                writer.write(piece)
                await writer.drain()
        writer.close()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        ways.add(task)
        task.add_done_callback(ways.discard)
        for port in ports:
            try:
                inner_reader, inner_writer = await asyncio.open_connection("127.0.0.1", port)
            except OSError:
                continue
            await asyncio.gather(pump(reader, inner_writer), pump(inner_reader, writer))
            return
        writer.close()

    async def open_door() -> asyncio.Server:
        return await asyncio.start_server(serve, "127.0.0.1", 0)

    async def close_door(server: asyncio.Server) -> None:
        server.close()
        for way in list(ways):
            way.cancel()
        await asyncio.gather(*ways, return_exceptions=True)

    server = asyncio.run_coroutine_threadsafe(open_door(), loop).result(10)
    try:
        yield int(server.sockets[0].getsockname()[1])
    finally:
        asyncio.run_coroutine_threadsafe(close_door(server), loop).result(10)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(10)
        loop.close()
