"""What nobody expected, answered inside the other layers.

Starlette answers crashes outside every middleware, where the answer would have no security
headers, no request id and no renewed session cookie. So this stands in two places: around all of
ours, and again inside authentication, where the renewed cookie is added.
"""

from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from telehealth.web.problems import on_crash


class Crashes:
    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        started = False

        async def watched(message: Message) -> None:
            nonlocal started
            started = started or message["type"] == "http.response.start"
            await send(message)

        try:
            await self.app(scope, receive, watched)
        except Exception as error:  # the edge of a request
            if started:
                # Half an answer is out; only breaking the connection tells the client.
                raise
            response = await on_crash(Request(scope), error)
            await response(scope, receive, send)
