"""The same lists as files. They are written while they are read, so that a year fits, too."""

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from telehealth.core.access import Actor, Permission
from telehealth.core.clock import hospital_day
from telehealth.core.unit import Units
from telehealth.payments.exporting import EXPORTS, table
from telehealth.payments.finance_pages.frame import span_of
from telehealth.payments.finance_views import ROOT
from telehealth.web.contract import page
from telehealth.web.pages import words


@page(needs=Permission.SEE_MONEY, limit="30/minute")
async def orders_file_page(request: Request, units: Units, actor: Actor) -> Response:
    return _file(request, units, actor, "orders")


@page(needs=Permission.SEE_MONEY, limit="30/minute")
async def refunds_file_page(request: Request, units: Units, actor: Actor) -> Response:
    return _file(request, units, actor, "refunds")


@page(needs=Permission.SEE_MONEY, limit="30/minute")
async def differences_file_page(request: Request, units: Units, actor: Actor) -> Response:
    return _file(request, units, actor, "differences")


@page(needs=Permission.SEE_MONEY, limit="30/minute")
async def entries_file_page(request: Request, units: Units, actor: Actor) -> Response:
    return _file(request, units, actor, "entries")


def _file(request: Request, units: Units, actor: Actor, name: str) -> Response:
    first, last = span_of(request, hospital_day(units.clock.business()))
    span = f"{first:%Y%m%d}" if first == last else f"{first:%Y%m%d}-{last:%Y%m%d}"
    return StreamingResponse(
        table(units, actor, EXPORTS[name], first, last, words(request)),
        media_type="text/csv; charset=utf-8",
        headers={
            "content-disposition": f'attachment; filename="{name}-{span}.csv"',
            "cache-control": "no-store",
        },
    )


routes = [
    Route(f"{ROOT}/orders.csv", orders_file_page),
    Route(f"{ROOT}/refunds.csv", refunds_file_page),
    Route(f"{ROOT}/differences.csv", differences_file_page),
    Route(f"{ROOT}/entries.csv", entries_file_page),
]
