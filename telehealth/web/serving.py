"""The web server of this process: uvicorn, with a word of goodbye to whoever has a socket open."""

import asyncio
import socket
from collections.abc import Awaitable, Callable

import structlog
import uvicorn
from starlette.types import ASGIApp

from telehealth.core.settings import Settings

log = structlog.get_logger(__name__)

#: The protocol's largest message, in bytes (docs/protocol/signaling.md).
LARGEST_FRAME = 64 * 1024


class Server(uvicorn.Server):
    """Stops listening, says goodbye, then stops as uvicorn does."""

    def __init__(self, config: uvicorn.Config, goodbye: Callable[[], Awaitable[None]]) -> None:
        super().__init__(config)
        self._goodbye = goodbye

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        for server in self.servers:
            server.close()
        try:
            async with asyncio.timeout(5):
                await self._goodbye()
        except TimeoutError:
            log.warning("web.goodbye_too_slow")
        await super().shutdown(sockets)


def server_of(app: ASGIApp, settings: Settings, goodbye: Callable[[], Awaitable[None]]) -> Server:
    return Server(
        uvicorn.Config(
            app,
            host=settings.host,
            port=settings.port,
            log_config=None,
            access_log=False,
            # Deflate costs half as much again of the processor and 40 KiB a socket; chat is short.
            ws="websockets-sansio",
            ws_max_size=LARGEST_FRAME,
            ws_per_message_deflate=False,
            # The room's own heartbeat tells more: a proxy answers pings for a page that sleeps.
            ws_ping_interval=None,
            proxy_headers=True,
            forwarded_allow_ips=",".join(settings.trusted_proxies),
            server_header=False,
            timeout_graceful_shutdown=20,
        ),
        goodbye,
    )
