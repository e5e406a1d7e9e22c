"""Build the Starlette application of a house, and run its worker when it has one inside."""

import asyncio
import contextlib
import gc
import signal
from collections import defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import asdict
from functools import cache, partial
from typing import Any
from urllib.parse import urlsplit

import structlog
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.gzip import DEFAULT_EXCLUDED_CONTENT_TYPES, GZipMiddleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Mount, Route

from telehealth.core.errors import DomainError
from telehealth.core.feature import Periodic
from telehealth.core.offset import follow_offset
from telehealth.web import changes, health, openapi, problems, reference, verification
from telehealth.web.assets import Assets
from telehealth.web.authenticate import Authenticate
from telehealth.web.blobs import blob_routes
from telehealth.web.bodies import BodyLimit
from telehealth.web.contract import MediaTypeRefused, page
from telehealth.web.crashes import Crashes
from telehealth.web.crossorigin import CrossOriginGuard
from telehealth.web.headers import SecurityHeaders
from telehealth.web.house import House
from telehealth.web.pages import Pages, error_page, own_path, redirect
from telehealth.web.plain_address import PlainAddress
from telehealth.web.preferences import checked, keep, preferences
from telehealth.web.requests import RequestLog
from telehealth.web.shelves import Shelves

log = structlog.get_logger(__name__)

VERSION = "0.1.0"
#: Bytes that fit one packet anyway are sent as they are; beyond level 5, time buys next to nothing.
_WORTH_PACKING, _PACKED = 1_400, 5


Opening = Callable[[House], Awaitable[None]]


def build(house: House, *, opening: Opening | None = None) -> Starlette:
    """`opening` is run once, before the first request and before the worker."""
    assets = Assets()
    api = [route for feature in house.features for route in feature.api]
    settings = house.settings
    upload_origin = "" if settings.s3 is None else _origin(settings.s3.endpoint)
    app = Starlette(
        routes=[
            *health.routes,
            *reference.routes,
            *verification.routes,
            *changes.routes,
            Route("/preferences", choose_preferences, methods=["POST"]),
            Mount("/static", assets),
            *blob_routes(house.blobs),
            Mount(openapi.PREFIX, Shelves(api)),
            *(route for feature in house.features for route in feature.pages),
        ],
        middleware=[
            Middleware(RequestLog),
            # Nothing secret is mirrored beside what a stranger can make a page say: no token stands in a
            # form, as the guard below goes by origin, so a page's length tells nobody anything (BREACH).
            Middleware(
                GZipMiddleware,
                minimum_size=_WORTH_PACKING,
                compresslevel=_PACKED,
                exclude_content_types=(*DEFAULT_EXCLUDED_CONTENT_TYPES, "application/pdf"),
            ),
            Middleware(
                SecurityHeaders,
                https=settings.cookies_secure,
                upload_origin=upload_origin,
                script_origins=sorted({_origin(apps.jssdk_url) for apps in settings.wechat.values()}),
                forms_to=sorted({_origin(apps.connect_url) for apps in settings.wechat.values()}),
                framed_by=_origin(settings.sandbox_url) if settings.is_demo and settings.sandbox_url else "",
                sockets=_origin(settings.public_url).replace("http", "ws", 1),
            ),
            Middleware(Crashes),
            Middleware(BodyLimit),
            Middleware(CrossOriginGuard, public_url=settings.public_url),
            Middleware(Authenticate),
            Middleware(Crashes),
            Middleware(PlainAddress),
        ],
        exception_handlers={
            MediaTypeRefused: _unsupported_media,
            DomainError: problems.on_domain_error,
            HTTPException: problems.on_http_exception,
        },
        lifespan=lambda _: _living(house, opening),
    )
    app.state.house = house
    app.state.pages = Pages(house.features, assets)
    app.state.assets = assets
    app.state.health = health.Kept()
    app.state.ears = changes.Ears(house.units)
    app.state.error_page = error_page
    # Described when somebody reads it: it takes longer than all the rest.
    app.state.openapi = cache(partial(openapi.document, api, version=VERSION))
    return app


def join_contributions(features: Any) -> dict[str, list[Any]]:
    joined: dict[str, list[Any]] = defaultdict(list)
    for feature in features:
        for name, part in feature.contributions:
            joined[name].append(part)
    return dict(joined)


@page(public=True)
async def choose_preferences(request: Request) -> Response:
    form = await request.form(max_fields=10, max_files=0)
    now = preferences(request)
    chosen = checked({**asdict(now), **{name: str(value) for name, value in form.items()}})
    response = redirect(own_path(str(form.get("next") or "/")))
    keep(response, chosen, secure=request.app.state.house.settings.cookies_secure)
    return response


async def _unsupported_media(request: Request, error: Exception) -> Response:
    return problems.answer(request, MediaTypeRefused(), 415)


@contextlib.asynccontextmanager
async def _living(house: House, opening: Opening | None) -> AsyncIterator[None]:
    async with contextlib.AsyncExitStack() as stack:
        stack.push_async_callback(house.close)
        await house.blobs.prepare()
        await follow_offset(house.units)
        if opening is not None:
            await opening(house)
        if house.settings.worker_in_web:
            await stack.enter_async_context(working(house))
        # What was loaded so far stays to the end: the collector need not look through it again and again.
        gc.collect()
        gc.freeze()
        yield


@contextlib.asynccontextmanager
async def working(house: House) -> AsyncIterator[None]:
    """The worker: jobs, deadlines and housekeeping, each a supervised loop."""
    settings = house.settings
    loops = {
        "jobs": lambda: house.jobs.work(concurrency=settings.worker_concurrency),
        "deadlines": lambda: house.sweeper.run_forever(settings.sweep_every_s),
        **{item.name: _loop_of(house, item) for feature in house.features for item in feature.periodic},
    }
    tasks = [asyncio.create_task(_supervised(name, run), name=name) for name, run in loops.items()]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def work_until_told(house: House) -> None:
    """A worker process of its own: until SIGTERM or SIGINT."""
    told = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, told.set)
    await house.blobs.prepare()
    await follow_offset(house.units)
    async with working(house):
        await told.wait()
    await house.close()


def _loop_of(house: House, item: Periodic) -> Callable[[], Any]:
    async def loop() -> None:
        while True:
            await item.run(house.units)
            await asyncio.sleep(item.every_s)

    return loop


async def _supervised(name: str, run: Callable[[], Any]) -> None:
    """Run for ever: a loop that fails is logged and begun again, ever more slowly."""
    wait_s = 1.0
    while True:
        try:
            await run()
        except Exception:  # the worker's edge: one broken loop must not stop the others
            log.exception("worker.loop_failed", loop=name)
        await asyncio.sleep(wait_s)
        wait_s = min(wait_s * 2, 60.0)


def _origin(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"
