"""The door of `demo --lan`: takes connections from the network and passes them on to loopback.

The house itself stays as it is, plain on 127.0.0.1, where the sandboxes' callbacks reach it without
having to trust a certificate that was made a minute ago.

    python -m telehealth.demo.front --certificate FILE --key FILE --tls HOST:PORT=TO --plain HOST:PORT=TO
"""

import argparse
import asyncio
import contextlib
import signal
import ssl
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass

LOOPBACK = "127.0.0.1"
CHUNK = 64 * 1024

Handler = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Coroutine[None, None, None]]


@dataclass(frozen=True, slots=True)
class Door:
    host: str
    port: int
    #: Port on loopback.
    to: int

    @classmethod
    def parse(cls, text: str) -> "Door":
        outside, _, to = text.partition("=")
        host, _, port = outside.rpartition(":")
        return cls(host, int(port), int(to))


async def serve(tls: Sequence[Door], plain: Sequence[Door], context: ssl.SSLContext | None) -> None:
    """Until SIGTERM or SIGINT. Connections that are open then are cut."""
    told = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, told.set)
    for doors, secured in ((tls, context), (plain, None)):
        for door in doors:
            await asyncio.start_server(_passing_to(door.to), door.host, door.port, ssl=secured)
    await told.wait()


def _passing_to(port: int) -> Handler:
    async def pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            inner_reader, inner_writer = await asyncio.open_connection(LOOPBACK, port)
        except OSError:
            # The house is starting; the browser says so better than we could.
            writer.close()
            return
        await asyncio.gather(_copy(reader, inner_writer), _copy(inner_reader, writer))

    return pass_on


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """One direction, to its end, which ends the other: TLS knows no half-open connection."""
    with contextlib.suppress(OSError, ssl.SSLError):
        while data := await reader.read(CHUNK):
            writer.write(data)
            await writer.drain()
    writer.close()


def main() -> None:
    parser = argparse.ArgumentParser(prog="telehealth.demo.front")
    parser.add_argument("--certificate")
    parser.add_argument("--key")
    parser.add_argument("--tls", type=Door.parse, action="append", default=[])
    parser.add_argument("--plain", type=Door.parse, action="append", default=[])
    asked = parser.parse_args()
    context = None
    if asked.tls:
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(asked.certificate, asked.key)
        # A web socket cannot be opened over HTTP/2 here, and uvicorn speaks 1.1 alone.
        context.set_alpn_protocols(["http/1.1"])
    asyncio.run(serve(asked.tls, asked.plain, context))


if __name__ == "__main__":
    main()
