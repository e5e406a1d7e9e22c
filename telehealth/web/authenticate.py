"""Cookie or Bearer token → Actor, for every request; and the rotation of the browser's cookie."""

from typing import Any
from uuid import UUID

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
        bearer = _bearer(connection)
        token = bearer or connection.cookies.get(COOKIE)
        scope["actor"], scope["session_id"], fresh = NOBODY, None, None
        if token:
            wall = house.units.clock.wall()
            async with house.units.engine.connect() as db:
                presence = await sessions.find_presence(db, token, wall, bearer=bearer is not None)
                if presence is not None:
                    scope["actor"], scope["session_id"] = presence.actor, presence.session_id
                    if presence.stale and scope["type"] == "http":
                        fresh = await sessions.rotate(db, presence.session_id, wall)
        scope["bearer"] = bearer is not None
        if fresh is None:
            await self.app(scope, receive, send)
            return

        async def send_with_cookie(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                # A sign-in or sign-out of this very request has the last word.
                if COOKIE not in headers.get("set-cookie", ""):
                    headers.append("set-cookie", _cookie(house, fresh))
            await send(message)

        await self.app(scope, receive, send_with_cookie)


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


def _bearer(connection: HTTPConnection) -> str | None:
    scheme, _, token = connection.headers.get("authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" and token.strip() else None
