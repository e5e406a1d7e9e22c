"""Calls to other parties' servers, whose every failure is one of `httpx2.HTTPError`."""

from typing import Any

import httpx2


class OutgoingClient(httpx2.AsyncClient):
    async def send(self, request: httpx2.Request, **options: Any) -> httpx2.Response:
        try:
            return await super().send(request, **options)
        except AttributeError as error:
            # uvloop has no socket any more when a server that dies resets the connection at once, and
            # anyio asks that None for its peer. Nobody who calls would take that for a silent party.
            if error.name != "getpeername":
                raise
            raise httpx2.ConnectError("the connection was reset at once", request=request) from error
