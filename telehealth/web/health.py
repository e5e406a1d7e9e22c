"""/health/live: the process answers. /health/ready: the database does too."""

import asyncio

import sqlalchemy as sa
from sqlalchemy.exc import SQLAlchemyError
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from telehealth.core.unit import Units
from telehealth.web.contract import page


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


routes = [Route("/health/live", live), Route("/health/ready", ready)]
