"""What the books disagree about: how old it is, whose it is, and what it was."""

from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from telehealth.accounts import MemberNotFound
from telehealth.core.access import Actor, Permission
from telehealth.core.i18n import N_
from telehealth.core.unit import Unit, Units
from telehealth.payments import explaining, queries
from telehealth.payments import reconciliation_queries as books
from telehealth.payments.errors import DifferenceResolved
from telehealth.payments.finance_pages.frame import sentences, show, speech
from telehealth.payments.finance_views import (
    ROOT,
    difference_row,
    difference_rows,
    differing_orders,
    notice_rows,
    order_rows,
)
from telehealth.web.contract import page
from telehealth.web.forms import Form, blank, read_form
from telehealth.web.pages import redirect

HERE = f"{ROOT}/differences"


class HandOver(BaseModel):
    model_config = ConfigDict(extra="ignore")

    member_id: UUID


class Explain(BaseModel):
    model_config = ConfigDict(extra="ignore")

    note: str = Field(min_length=2, max_length=500)


@page(needs=Permission.SEE_MONEY)
async def differences_page(request: Request, unit: Unit) -> Response:
    say, is_open = speech(request), request.query_params.get("group") != "resolved"
    rows = await books.differences(unit, is_open=is_open)
    return await show(
        request,
        unit,
        "differences",
        "finance_differences.html",
        is_open=is_open,
        rows=difference_rows(rows, unit.today, say),
        orders=differing_orders(await queries.orders_that_differ(unit, unit.actor), say),
        notices=notice_rows(await queries.refused_notices(unit, unit.actor, limit=50), say),
        today=unit.today,
    )


@page(needs=Permission.SEE_MONEY)
async def difference_page(request: Request, unit: Unit, difference_id: UUID) -> Response:
    return await _one(request, unit, difference_id, blank())


@page(needs=Permission.MANAGE_REFUNDS)
async def take_difference_page(units: Units, actor: Actor, difference_id: UUID) -> Response:
    try:
        async with units.of(actor) as unit:
            await explaining.take(unit, difference_id)
    except DifferenceResolved as error:
        return redirect(f"{HERE}/{difference_id}", flash=error.detail, kind="info")
    return redirect(f"{HERE}/{difference_id}", flash=N_("由您负责跟进"))


@page(needs=Permission.MANAGE_REFUNDS)
async def hand_difference_over_page(
    request: Request, units: Units, actor: Actor, difference_id: UUID
) -> Response:
    form = await read_form(request, HandOver)
    if form.model is None:
        async with units.of(actor) as unit:
            return await _one(request, unit, difference_id, form, status=422)
    try:
        async with units.of(actor) as unit:
            row = await explaining.hand_over(unit, difference_id, form.model.member_id)
    except (DifferenceResolved, MemberNotFound) as error:
        return redirect(f"{HERE}/{difference_id}", flash=error.detail, kind="warn")
    return redirect(f"{HERE}/{row.id}", flash=N_("已转交"))


@page(needs=Permission.MANAGE_REFUNDS)
async def resolve_difference_page(
    request: Request, units: Units, actor: Actor, difference_id: UUID
) -> Response:
    form = await read_form(request, Explain)
    if form.model is None:
        async with units.of(actor) as unit:
            return await _one(request, unit, difference_id, form, status=422)
    try:
        async with units.of(actor) as unit:
            await explaining.resolve(unit, difference_id, form.model.note)
    except DifferenceResolved as error:
        return redirect(f"{HERE}/{difference_id}", flash=error.detail, kind="info")
    return redirect(HERE, flash=N_("差异已说明并关闭"))


async def _one(
    request: Request,
    unit: Unit,
    difference_id: UUID,
    form: Form[Explain] | Form[HandOver],
    *,
    status: int = 200,
) -> Response:
    say = speech(request)
    row = await books.difference(unit, difference_id)
    behind = await books.order_behind(unit, row)
    others = [one for one in await explaining.colleagues(unit) if one.account_id != row.owner_id]
    return await show(
        request,
        unit,
        "differences",
        "finance_difference.html",
        status,
        row=difference_row(row, unit.today, say),
        day=row.day,
        order=order_rows([behind], say)[0] if behind else None,
        colleagues=[(str(one.id), one.name) for one in others],
        form=form,
        errors=sentences(request, form.errors),
        is_mine=row.owner_id == unit.actor.account_id,
    )


routes = [
    Route(HERE, differences_page),
    Route(f"{HERE}/{{difference_id:uuid}}", difference_page),
    Route(f"{HERE}/{{difference_id:uuid}}/ownership", take_difference_page, methods=["POST"]),
    Route(f"{HERE}/{{difference_id:uuid}}/handover", hand_difference_over_page, methods=["POST"]),
    Route(f"{HERE}/{{difference_id:uuid}}/resolution", resolve_difference_page, methods=["POST"]),
]
