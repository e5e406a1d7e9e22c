"""Every request has an id, in its logs, its audit records and its problem documents."""

import re
import time

import structlog
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from telehealth.core.ids import new_id

log = structlog.get_logger(__name__)

_SAFE_ID = re.compile(r"[A-Za-z0-9_-]{8,64}")
_LONG = re.compile(r"[A-Za-z0-9_-]{20,}")
_ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_RANDOM = re.compile(r"[A-Z0-9]")


class RequestLog:
    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"].startswith("/static/"):
            await self.app(scope, receive, send)
            return
        offered = Headers(scope=scope).get("x-request-id", "")
        request_id = offered if _SAFE_ID.fullmatch(offered) else new_id().hex
        began, status = time.perf_counter(), 500

        async def watched(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                MutableHeaders(scope=message).setdefault("x-request-id", request_id)
            await send(message)

        with structlog.contextvars.bound_contextvars(request_id=request_id):
            try:
                await self.app(scope, receive, watched)
            finally:
                # The path only: a query may hold what a person typed. Not all of it either.
                log.info(
                    "request.done",
                    method=scope["method"],
                    path=told(scope["path"]),
                    status=status,
                    ms=round((time.perf_counter() - began) * 1000, 1),
                )


def told(path: str) -> str:
    """The path as logs may have it: a link that is its own key stays with whoever was given it."""
    return "/".join("***" if _is_secret(part) else part for part in path.split("/"))


def _is_secret(part: str) -> bool:
    """Long and random, and no id of ours: those open nothing by themselves."""
    return bool(_LONG.fullmatch(part) and _RANDOM.search(part) and not _ID.fullmatch(part))
