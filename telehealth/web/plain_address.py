"""An address with a NUL in it is no address: no database takes one, and no person types one.

A page that expects one answers in its own words: nothing there, not a day. Whatever did not, and failed over
it, is a clear refusal here instead of a crash.
"""

from starlette.requests import HTTPConnection
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from telehealth.core.errors import Invalid
from telehealth.web.problems import answer


class AddressInvalid(Invalid):
    code = "address_invalid"
    detail = "地址中有无法识别的字符，请从首页重新进入"


class PlainAddress:
    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or is_plain(scope["path"], scope.get("query_string", b"")):
            await self.app(scope, receive, send)
            return
        started = False

        async def watched(message: Message) -> None:
            nonlocal started
            started = True
            await send(message)

        try:
            await self.app(scope, receive, watched)
        except Exception:
            if started:
                raise
            await answer(HTTPConnection(scope), AddressInvalid(), 400)(scope, receive, send)


def is_plain(path: str, query: bytes) -> bool:
    return "\x00" not in path and b"%00" not in query and b"\x00" not in query
