"""Nothing large is sent here. Files go to the blob store, whose addresses carry their own limit."""

from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.requests import HTTPConnection
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from telehealth.web.problems import TooLarge, answer

MAX_BODY_BYTES = 1_000_000


#: Where a page of a browser without script posts its files with its fields.
UPLOADS = "/uploads/"
#: One file of the largest size we take, and the words around it.
MAX_UPLOAD_BYTES = 16_500_000


class BodyLimit:
    """Starlette's own limit answers in plain text; a client reads problems."""

    def __init__(self, app: ASGIApp, max_bytes: int = MAX_BODY_BYTES) -> None:
        self.app = app
        self.max_bytes = max_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"].startswith("/blobs/"):
            await self.app(scope, receive, send)
            return
        most = MAX_UPLOAD_BYTES if scope["path"].startswith(UPLOADS) else self.max_bytes
        announced = Headers(scope=scope).get("content-length", "")
        if announced.isdecimal() and int(announced[:20]) > most:
            response = answer(HTTPConnection(scope), TooLarge(), 413)
            await response(scope, receive, send)
            return
        total = 0

        async def counted() -> Message:
            nonlocal total
            message = await receive()
            total += len(message.get("body", b""))
            if total > most:
                raise HTTPException(413)
            return message

        await self.app(scope, counted, send)
