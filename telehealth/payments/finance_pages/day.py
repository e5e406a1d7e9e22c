"""One day: what the ledger says, the three books beside each other, and every order that was paid (GD06)."""

from datetime import date, timedelta

from pydantic import BaseModel, ConfigDict, Field
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from telehealth.core.access import Actor, Permission
from telehealth.core.errors import Busy, Refused, Unavailable
from telehealth.core.i18n import N_
from telehealth.core.progress import Progress, progress_of
from telehealth.core.unit import Unit, Units
from telehealth.directory import hospital
from telehealth.payments import finance_queries, queries
from telehealth.payments import reconciliation_queries as books
from telehealth.payments.finance_pages.frame import day_of, show, speech
from telehealth.payments.finance_schemas import NearDay
from telehealth.payments.finance_views import (
    ROOT,
    difference_rows,
    order_rows,
    our_column,
    their_column,
    total_rows,
)
from telehealth.payments.party_books import party_books
from telehealth.payments.reconciling import BILL, bill_subject, fetch_bill, is_ready, parties
from telehealth.web.contract import page
from telehealth.web.forms import read_form
from telehealth.web.pages import redirect

_FAILURES = (Unavailable, Busy, Refused)


class FetchBill(BaseModel):
    model_config = ConfigDict(extra="ignore")

    day: NearDay
    party: str = Field(max_length=40)


@page(needs=Permission.SEE_MONEY)
async def money_day_page(request: Request, unit: Unit) -> Response:
    say, day, hospital_id = speech(request), day_of(request, unit), unit.actor.hospital
    totals = await finance_queries.day_totals(unit, hospital_id, day)
    theirs = await party_books(unit, day)
    found = await books.differences(unit, day=day)
    return await show(
        request,
        unit,
        "day",
        "finance_day.html",
        day=day,
        today=unit.today,
        before=day - timedelta(days=1),
        after=day + timedelta(days=1) if day < unit.today else None,
        paid=sum(line.paid for line in totals),
        back=sum(line.back for line in totals),
        open_count=await books.count_open(unit),
        totals=total_rows(totals, say),
        columns=[our_column(totals, say), *(their_column(one, say) for one in theirs)],
        bills={one.party: await _progress(unit, day, one.party) for one in theirs},
        differences=difference_rows(found, unit.today, say),
    )


@page(needs=Permission.MANAGE_REFUNDS, limit="30/minute")
async def fetch_bill_page(request: Request, units: Units, actor: Actor) -> Response:
    """Ask for a bill again; what it says replaces what was there."""
    form = await read_form(request, FetchBill)
    if form.model is None:
        return redirect(ROOT, flash=N_("没有这份账单"), kind="warn")
    day, here = form.model.day, f"{ROOT}?day={form.model.day.isoformat()}"
    async with units.of(actor) as unit:
        code, now = (await hospital(unit, actor.hospital)).code, unit.now
    if form.model.party not in parties(units, code):
        return redirect(here, flash=N_("没有这份账单"), kind="warn")
    if not is_ready(day, now):
        return redirect(here, flash=N_("账单次日 10:30 以后才能取"), kind="warn")
    try:
        await fetch_bill(units, actor.hospital, day, form.model.party, actor=actor)
    except _FAILURES as error:
        return redirect(here, flash=error.detail, kind="warn")
    return redirect(here, flash=N_("账单已重新取回并核对"))


@page(needs=Permission.SEE_MONEY)
async def money_orders_page(request: Request, unit: Unit) -> Response:
    say, day = speech(request), day_of(request, unit)
    found = await queries.orders_on(unit, unit.actor, day)
    return await show(
        request,
        unit,
        "orders",
        "finance_orders.html",
        day=day,
        today=unit.today,
        before=day - timedelta(days=1),
        after=day + timedelta(days=1) if day < unit.today else None,
        count=len(found),
        total=sum(order.total for order, _charge in found),
        insured=sum(order.insured for order, _charge in found),
        rows=order_rows(found, say),
    )


async def _progress(unit: Unit, day: date, party: str) -> Progress | None:
    """How far the last fetching of this bill came, or why it stopped."""
    return await progress_of(unit, BILL, bill_subject(unit.actor.hospital, day, party))


routes = [
    Route(ROOT, money_day_page),
    Route(f"{ROOT}/bills", fetch_bill_page, methods=["POST"]),
    Route(f"{ROOT}/orders", money_orders_page),
]
