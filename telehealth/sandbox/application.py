"""All parties on one address: each below its own name, the console beside them."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import anyio
from starlette.applications import Starlette
from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Mount, Route, Router
from starlette.types import ASGIApp, Receive, Scope, Send

from telehealth.sandbox import tc3
from telehealth.sandbox.books import Books
from telehealth.sandbox.console import Console
from telehealth.sandbox.courier_kuaidi100 import Kuaidi100
from telehealth.sandbox.courier_sf import SFExpress
from telehealth.sandbox.dates import PartyClock
from telehealth.sandbox.faceid import FaceID
from telehealth.sandbox.faults import Faults
from telehealth.sandbox.his import HIS
from telehealth.sandbox.keys import load_keys
from telehealth.sandbox.nhsa import NHSA
from telehealth.sandbox.party import Doorbell, Party, World
from telehealth.sandbox.sms import SMS
from telehealth.sandbox.tencent import refused
from telehealth.sandbox.tsa import TSA
from telehealth.sandbox.wechat import WeChat
from telehealth.sandbox.wechat_push import WeChatPush
from telehealth.sandbox.wechatpay import WeChatPay

#: In the order they open; a later one may read the books of an earlier one.
PARTIES: tuple[type[Party], ...] = (
    HIS, SMS, FaceID, NHSA, WeChatPay, WeChat, WeChatPush, SFExpress, Kuaidi100, TSA,
)  # fmt: skip


def build(
    home: Path, *, public_url: str | None = None, clock_offset_s: float | None = None, callbacks: str = ""
) -> Starlette:
    """The sandbox over the books in `home`, which are filled at the first start.

    `clock_offset_s` moves the business clock before anything is dated by it; None keeps the books' own.
    `callbacks` is where the house is found by parties that are told so beforehand, not with each request.
    `app.state.parties` are the open parties; see `describe`.
    """
    books = Books(home / "sandbox.sqlite3")
    clock = PartyClock(books)
    if clock_offset_s is not None:
        clock.move(clock_offset_s)
    faults = Faults(books, {party.name: party.modes for party in PARTIES})
    world = World(books, clock, faults, public_url, callbacks.rstrip("/"))
    keys = load_keys(home / "sandbox.json", {party.name: party.new_keys for party in PARTIES})
    parties = [party(world, keys[party.name]) for party in PARTIES]

    @asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncIterator[None]:
        async with anyio.create_task_group() as unasked:
            for party in parties:
                unasked.start_soon(party.run)
            yield
            unasked.cancel_scope.cancel()
        books.close()

    app = Starlette(routes=_routes(world, parties), lifespan=lifespan)
    app.state.parties = parties
    app.state.world = world
    return app


def describe(app: Starlette, base_url: str) -> dict[str, Any]:
    """Addresses and credentials, as printed when ready."""
    parties: list[Party] = app.state.parties
    return {
        "base_url": base_url,
        "console": f"{base_url}/console/",
        **{party.name: party.describe(base_url) for party in parties},
    }


def _routes(world: World, parties: list[Party]) -> list[BaseRoute]:
    doors: dict[str, ASGIApp] = {
        party.name: Doorbell(Router(party.routes()), world, party.name) for party in parties
    }
    services = {party.vendor_service: doors[party.name] for party in parties if party.vendor_service}
    roots = [
        Mount(party.vendor_root, Doorbell(Router(party.vendor_routes()), world, party.name))
        for party in parties
        if party.vendor_root
    ]
    return [
        Route("/", _to_console, methods=["GET"]),
        Route("/", _VendorHost(services), methods=["POST"]),
        *roots,
        *(Mount(f"/{name}", door) for name, door in doors.items()),
        Mount("/console", Router(Console(world, parties).routes())),
    ]


async def _to_console(_request: Request) -> Response:
    return RedirectResponse("/console/")


class _VendorHost:
    """`POST /`, the path the vendor's SDKs always sign: the service named in the credential decides.

    The vendor tells its services apart by host name; on one loopback port the signed scope does it.
    """

    def __init__(self, services: Mapping[str, ASGIApp]) -> None:
        self._services = services

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            service = tc3.read_credential(Headers(scope=scope).get("authorization")).service
            if service not in self._services:
                raise tc3.Refusal("AuthFailure.InvalidAuthorization", f"There is no service {service} here.")
        except tc3.Refusal as refusal:
            await refused(refusal)(scope, receive, send)
        else:
            await self._services[service](scope, receive, send)
