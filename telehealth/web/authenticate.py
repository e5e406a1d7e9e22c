"""Cookie or Bearer token → Actor, for every request; and the rotation of the browser's cookie."""

from typing import Any
from uuid import UUID

from sqlalchemy.exc import DBAPIError
from starlette.datastructures import MutableHeaders
from starlette.requests import HTTPConnection
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from telehealth.core.access import NOBODY
from telehealth.web import sessions
from telehealth.web.house import House, house_of

COOKIE = "th_session"
#: Paths whose answer never depends on who asks.
ANONYMOUS = ("/static/", "/health/", "/blobs/")


class Authenticate:
    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket") or scope["path"].startswith(ANONYMOUS):
            await self.app(scope, receive, send)
            return
        connection = HTTPConnection(scope)
        house = house_of(connection)
        scope["actor"], scope["session_id"] = NOBODY, None
        try:
            fresh = await self._recognise(connection, house)
        except DBAPIError as error:
            if not error.connection_invalidated:
                raise
            # The server went away while this connection lay in the pool; the next one is new.
            fresh = await self._recognise(connection, house)
        if fresh is None:
            await self.app(scope, receive, send)
            return

        async def send_with_cookie(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                # A sign-in or sign-out of this very request has the last word.
                if not any(value.startswith(f"{COOKIE}=") for value in headers.getlist("set-cookie")):
                    headers.append("set-cookie", _cookie(house, fresh))
            await send(message)

        await self.app(scope, receive, send_with_cookie)

    async def _recognise(self, connection: HTTPConnection, house: House) -> str | None:
        """Put the actor into the scope; return the browser's new token when the old one was due."""
        scope, bearer = connection.scope, bearer_of(connection)
        # A Bearer header that names nobody is nobody: never fall back to the cookie, which the
        # cross-origin guard has not looked at.
        token = connection.cookies.get(COOKIE) if bearer is None else bearer
        scope["bearer"] = bearer is not None
        if not token:
            return None
        wall = house.units.clock.wall()
        async with house.units.alone() as db:
            presence = await sessions.find_presence(db, token, wall, bearer=bearer is not None)
            if presence is None:
                return None
            scope["actor"], scope["session_id"] = presence.actor, presence.session_id
            scope["channel"] = presence.channel
            if presence.stale and scope["type"] == "http":
                return await sessions.rotate(db, presence.session_id, wall)
            return None


def set_cookie(response: Response, house: House, token: str) -> None:
    response.headers.append("set-cookie", _cookie(house, token))


def drop_cookie(response: Response) -> None:
    response.delete_cookie(COOKIE, path="/", httponly=True, samesite="lax")


def session_id_of(connection: HTTPConnection) -> UUID | None:
    found: Any = connection.scope.get("session_id")
    return found if isinstance(found, UUID) else None


def _cookie(house: House, token: str) -> str:
    secure = "; Secure" if house.settings.cookies_secure else ""
    age = int(sessions.BROWSER_LASTS.total_seconds())
    return f"{COOKIE}={token}; Path=/; HttpOnly; SameSite=Lax; Max-Age={age}{secure}"


def bearer_of(connection: HTTPConnection) -> str | None:
    """The token of a Bearer header, which may be empty; None when there is no such header."""
    scheme, _, token = connection.headers.get("authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else None
