"""Nobody else's page may make a signed-in browser do things: Fetch-Metadata first, Origin second.

The same order as Go 1.25's standard library. Requests with a Bearer token carry their own proof
and pass; so do safe methods. Clients that send neither header are not browsers, and a cookie
alone from one of those is refused only when an Origin contradicts it.
"""

from urllib.parse import urlsplit

from starlette.requests import HTTPConnection
from starlette.types import ASGIApp, Receive, Scope, Send

from telehealth.core.errors import Forbidden
from telehealth.web.authenticate import bearer_of
from telehealth.web.problems import answer

SAFE = ("GET", "HEAD", "OPTIONS")


class CrossOrigin(Forbidden):
    code = "cross_origin"
    detail = "请求来自其他网站，已拒绝"


class CrossOriginGuard:
    def __init__(self, app: ASGIApp, public_url: str) -> None:
        self.app = app
        self.host = urlsplit(public_url).netloc

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] in SAFE or self._ours(HTTPConnection(scope)):
            await self.app(scope, receive, send)
            return
        response = answer(HTTPConnection(scope), CrossOrigin())
        await response(scope, receive, send)

    def _ours(self, request: HTTPConnection) -> bool:
        if bearer_of(request) is not None:
            return True
        site = request.headers.get("sec-fetch-site")
        if site is not None:
            return site in ("same-origin", "none")
        origin = request.headers.get("origin")
        if origin is None:
            return True
        netloc = urlsplit(origin).netloc
        return netloc != "" and netloc in (request.headers.get("host"), self.host)
