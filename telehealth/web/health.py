"""/health/live: the process answers. /health/ready: the database does too. /health/NAME: what a feature
contributes as "health", a pair of its name and `check(settings, wall)`, asked at most every ten seconds."""

import asyncio
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.exc import SQLAlchemyError
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from telehealth.core.errors import NotFound
from telehealth.core.unit import Units
from telehealth.web.contract import page
from telehealth.web.house import House, house_of

#: Anybody may ask, and each check costs an outside party something.
KEPT_FOR = timedelta(seconds=10)


@page(public=True)
async def live(request: Request) -> JSONResponse:
    return JSONResponse({"status": "ok"})


@page(public=True)
async def ready(units: Units) -> JSONResponse:
    try:
        async with asyncio.timeout(2):
            async with units.public() as unit:
                await unit.session.execute(sa.text("select 1"))
    except (SQLAlchemyError, OSError, TimeoutError):
        return JSONResponse({"status": "database_unavailable"}, 503)
    return JSONResponse({"status": "ok"})


@page(public=True)
async def contributed(request: Request, part: str) -> JSONResponse:
    house = house_of(request)
    if part not in dict(house.contributions.get("health", [])):
        raise NotFound()
    kept: Kept = request.app.state.health
    found = await kept.ask(house, part)
    return JSONResponse(dict(found), 503 if found["status"] == "failing" else 200)


class Kept:
    """The last answers, and one question at a time."""

    def __init__(self) -> None:
        self._answers: dict[str, tuple[datetime, Mapping[str, Any]]] = {}
        self._asking = asyncio.Lock()

    async def ask(self, house: House, part: str) -> Mapping[str, Any]:
        async with self._asking:
            wall = house.units.clock.wall()
            known = self._answers.get(part)
            if known is None or known[0] + KEPT_FOR <= wall:
                check = dict(house.contributions["health"])[part]
                known = self._answers[part] = wall, await check(house.settings, wall)
            return known[1]


routes = [
    Route("/health/live", live),
    Route("/health/ready", ready),
    Route("/health/{part:str}", contributed),
]
