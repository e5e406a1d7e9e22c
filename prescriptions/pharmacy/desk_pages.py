"""Recalls: which lot, who has it, whom to call."""

from typing import Any
from uuid import UUID

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from prescriptions.pharmacy import queries, recalling
from prescriptions.pharmacy.desk_forms import RecallEndForm, RecallForm
from prescriptions.pharmacy.presenting import STATE_LABELS
from prescriptions.states import RecallState
from prescriptions.stock import drugs
from telehealth.core.access import Actor, Permission
from telehealth.core.errors import DomainError
from telehealth.core.i18n import N_
from telehealth.core.unit import Unit
from telehealth.web.contract import page
from telehealth.web.forms import Form, blank, read_form
from telehealth.web.pages import redirect, render
from telehealth.web.preferences import language
from telehealth.web.problems import sentence, status_of

NEEDS = Permission.MANAGE_STOCK
RECALLS = "/staff/recalls"


@page(needs=NEEDS)
async def recalls_page(request: Request, unit: Unit, actor: Actor) -> Response:
    given = {name: request.query_params.get(name, "")[:80] for name in ("drug_code", "lot_number")}
    return await _list(request, unit, actor, blank(**given))


@page(needs=NEEDS, limit="30/minute")
async def open_recall_page(request: Request, unit: Unit, actor: Actor) -> Response:
    form = await read_form(request, RecallForm)
    if form.model is None:
        return await _list(request, unit, actor, form, status=422)
    try:
        row = await recalling.recall(
            unit, actor, form.model.drug_code, form.model.lot_number, form.model.reason
        )
    except DomainError as error:
        form.errors["__all__"] = sentence(error, language(request))
        return await _list(request, unit, actor, form, status=status_of(error))
    return redirect(f"{RECALLS}/{row.id}", flash=N_("召回已开始，批号已停用，已通知领药患者"))


@page(needs=NEEDS)
async def recall_page(request: Request, unit: Unit, recall_id: UUID) -> Response:
    row = await queries.recall(unit, recall_id)
    return render(
        request,
        "prescriptions/stock_recall.html",
        recall=row,
        is_open=row.state is RecallState.OPEN,
        drug=(await drugs(unit, row.hospital_id)).of(row.drug_code),
        holders=await recalling.holders(unit, row),
        states=STATE_LABELS,
    )


@page(needs=NEEDS)
async def recall_list_page(request: Request, unit: Unit, recall_id: UUID) -> Response:
    row = await queries.recall(unit, recall_id)
    body = recalling.as_csv(await recalling.holders(unit, row))
    unit.audit("recall.exported", row)
    headers = {
        "content-disposition": f'attachment; filename="recall-{row.id}.csv"', "cache-control": "no-store",
    }  # fmt: skip
    return Response(body, media_type="text/csv; charset=utf-8", headers=headers)


@page(needs=NEEDS)
async def close_recall_page(request: Request, unit: Unit, actor: Actor, recall_id: UUID) -> Response:
    form = await read_form(request, RecallEndForm)
    is_sound = form.model is not None and form.model.is_sound
    await recalling.close(unit, actor, recall_id, is_sound=is_sound)
    return redirect(f"{RECALLS}/{recall_id}", flash=N_("召回已结束"))


async def _list(
    request: Request, unit: Unit, actor: Actor, form: Form[Any], *, status: int = 200
) -> Response:
    names = await drugs(unit, actor.hospital)
    rows = await queries.recalls(unit, actor.hospital)
    return render(
        request,
        "prescriptions/stock_recalls.html",
        status,
        form=form,
        rows=[(row, names.of(row.drug_code), row.state is RecallState.OPEN) for row in rows],
    )


routes = [
    Route(RECALLS, recalls_page),
    Route(RECALLS, open_recall_page, methods=["POST"]),
    Route(f"{RECALLS}/{{recall_id}}", recall_page),
    Route(f"{RECALLS}/{{recall_id}}/list.csv", recall_list_page),
    Route(f"{RECALLS}/{{recall_id}}/closing", close_recall_page, methods=["POST"]),
]
