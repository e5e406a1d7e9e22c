"""What all of these pages share: their tabs, the reader's language, the days in their address."""

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any

from pydantic import BaseModel, ConfigDict
from starlette.requests import Request
from starlette.responses import Response

from telehealth.core.access import Permission
from telehealth.core.errors import FieldsInvalid
from telehealth.core.i18n import N_
from telehealth.core.unit import Unit
from telehealth.payments import finance_queries
from telehealth.payments import reconciliation_queries as books
from telehealth.payments.finance_views import ROOT, Speech
from telehealth.web.contract import parse
from telehealth.web.pages import render, words
from telehealth.web.preferences import language

TABS = (
    ("day", ROOT, N_("日结")),
    ("orders", f"{ROOT}/orders", N_("订单")),
    ("differences", f"{ROOT}/differences", N_("差异")),
    ("refunds", f"{ROOT}/refunds", N_("退款")),
    ("statements", f"{ROOT}/statements", N_("账目")),
    ("files", f"{ROOT}/files", N_("导出")),
)
_LONGEST = timedelta(days=366)


class SpanQuery(BaseModel):
    """Days of the hospital, both included."""

    model_config = ConfigDict(extra="ignore")

    day: date | None = None
    first: date | None = None
    last: date | None = None


def speech(request: Request) -> Speech:
    return Speech(words(request), language(request))


def day_of(request: Request, unit: Unit) -> date:
    """The day in the address, today unless it says another one that has begun."""
    day = _read(request).day or unit.today
    return min(day, unit.today)


def span_of(request: Request, today: date) -> tuple[date, date]:
    """The days in the address, this month so far unless it says others; never longer than a year."""
    query = _read(request)
    last = min(query.last or query.day or today, today)
    first = min(query.first or query.day or last.replace(day=1), last)
    return max(first, last - _LONGEST), last


async def show(
    request: Request, unit: Unit, tab: str, template: str, status: int = 200, **context: Any
) -> Response:
    say = speech(request)
    counts = {
        "differences": await books.count_open(unit),
        "refunds": await finance_queries.count_parked(unit),
    }
    tabs = [
        {"href": href, "label": say.words(label), "current": name == tab, "count": counts.get(name) or None}
        for name, href, label in TABS
    ]
    may_manage = unit.actor.may(Permission.MANAGE_REFUNDS)
    return render(request, f"payments/{template}", status, tabs=tabs, may_manage=may_manage, **context)


def sentences(request: Request, errors: Mapping[str, str]) -> dict[str, str]:
    _ = words(request)
    return {name: _(text) for name, text in errors.items()}


def _read(request: Request) -> SpanQuery:
    """Nonsense in an address is as good as nothing."""
    given = {name: value for name, value in request.query_params.items() if value}
    try:
        found = parse(SpanQuery, given)
    except FieldsInvalid:
        return SpanQuery()
    return found if isinstance(found, SpanQuery) else SpanQuery()
