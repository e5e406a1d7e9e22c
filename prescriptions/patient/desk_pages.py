"""The service desk: a pick-up code or a number, the printed sheet, the cash, the window's number.

And finance: what goes back of something packed, sent or handed out.
"""

from collections.abc import Sequence
from typing import Annotated, Any
from uuid import UUID

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from prescriptions.patient import presenting, printing, queries
from prescriptions.patient.pages import facts_of, pdf
from prescriptions.patient.presenting import KINDS
from prescriptions.pharmacy import undecided
from prescriptions.settling import charging, choosing
from prescriptions.settling.deciding import Decision, PaidSheet, give_back, paid_sheet
from prescriptions.settling.finding import find_by_code
from prescriptions.settling.rules import CAUSE_LABELS, FULL, SHARES, Cause
from telehealth.core.access import Actor, Permission
from telehealth.core.errors import Busy, Conflict, FieldsInvalid, NotFound, Refused, Unavailable
from telehealth.core.i18n import N_
from telehealth.core.money import parse_yuan
from telehealth.core.unit import Unit, Units
from telehealth.patients.masking import mask_name
from telehealth.patients.viewing import Looked, note_look
from telehealth.payments.errors import CashAmountWrong
from telehealth.web.contract import page
from telehealth.web.forms import Form, blank, read_form
from telehealth.web.house import house_of
from telehealth.web.pages import redirect, render, words
from telehealth.web.preferences import language
from telehealth.web.problems import sentence

DESK = "/staff/prescriptions-desk"
REFUNDS = "/staff/prescription-refunds"


class Cash(BaseModel):
    model_config = ConfigDict(extra="ignore")

    received: Annotated[int, BeforeValidator(lambda text: parse_yuan(str(text)))]


class Decide(BaseModel):
    model_config = ConfigDict(extra="ignore")

    cause: Cause
    #: Whole percent; empty is what the table says.
    percent: int | None = Field(default=None, ge=0, le=100)
    note: str = Field(default="", max_length=200)


@page(needs=Permission.COLLECT_PRESCRIPTIONS)
async def desk_page(request: Request, unit: Unit) -> Response:
    return _find(request, blank(), rows=[])


@page(needs=Permission.COLLECT_PRESCRIPTIONS, limit="60/minute")
async def find_page(request: Request, units: Units, actor: Actor) -> Response:
    """By code, which leads straight to the sheet, or by the end of a number."""
    typed = str((await request.form(max_files=0)).get("wanted", "")).strip()[:40]
    form = blank(wanted=typed)
    try:
        async with units.of(actor) as unit:
            found = await find_by_code(
                unit, house_of(request).limiter, actor.hospital, typed, device=str(actor.account)
            ) if _is_code(typed) else None  # fmt: skip
    except (NotFound, Busy) as error:
        form.errors["wanted"] = sentence(error, language(request))
        return _find(request, form, rows=[], status=422)
    if found is not None:
        return redirect(f"{DESK}/{found.rx.id}")
    async with units.of(actor) as unit:
        rows = await presenting.rows_of(unit, await queries.by_number(unit, typed)) if len(typed) > 3 else []
        if not rows:
            form.errors["wanted"] = words(request)(N_("没有找到，请核对取药码或处方号（至少后四位）"))
        return _find(request, form, rows=rows, status=200 if rows else 422)


@page(needs=Permission.COLLECT_PRESCRIPTIONS)
async def desk_sheet_page(request: Request, unit: Unit, prescription_id: UUID) -> Response:
    return await _sheet(request, unit, prescription_id, blank())


@page(needs=Permission.COLLECT_PRESCRIPTIONS)
async def to_window_page(request: Request, units: Units, actor: Actor, prescription_id: UUID) -> Response:
    """The patient at the desk wants to collect it after all."""
    try:
        await choosing.choose_window(units, actor, prescription_id)
    except (Refused, Conflict, Unavailable) as error:
        return redirect(f"{DESK}/{prescription_id}", flash=sentence(error, language(request)), kind="warn")
    return redirect(f"{DESK}/{prescription_id}", flash=N_("已改为到院取药"))


@page(needs=Permission.TAKE_CASH)
async def cash_page(request: Request, units: Units, actor: Actor, prescription_id: UUID) -> Response:
    form = await read_form(request, Cash)
    if form.model is not None:
        try:
            async with units.of(actor) as unit:
                await charging.pay_at_window(unit, prescription_id, received=form.model.received)
            return redirect(f"{DESK}/{prescription_id}", flash=N_("已收款，请告诉患者取药号"))
        except CashAmountWrong as error:
            form.errors["received"] = sentence(error, language(request))
        except (Refused, Conflict) as error:
            return redirect(
                f"{DESK}/{prescription_id}", flash=sentence(error, language(request)), kind="warn"
            )
    async with units.of(actor) as unit:
        return await _sheet(request, unit, prescription_id, form, status=422)


@page(needs=Permission.COLLECT_PRESCRIPTIONS, limit="60/minute")
async def desk_pdf_page(units: Units, actor: Actor, prescription_id: UUID) -> Response:
    return pdf(await printing.signed_pdf(units, actor, prescription_id))


@page(needs=Permission.MANAGE_REFUNDS)
async def refunds_page(request: Request, unit: Unit) -> Response:
    number = request.query_params.get("number", "").strip()[:40]
    sheet = await paid_sheet(unit, number) if number else None
    waiting = [] if number else [row.number for row in await undecided(unit, unit.actor.hospital)]
    return _decide(request, number, sheet, blank(), waiting=waiting)


@page(needs=Permission.MANAGE_REFUNDS)
async def decide_page(request: Request, units: Units, actor: Actor, prescription_id: UUID) -> Response:
    form = await read_form(request, Decide)
    number = str(form.values.get("number", ""))
    if form.model is not None:
        share = None if form.model.percent is None else form.model.percent * FULL // 100
        try:
            async with units.of(actor) as unit:
                refund = await give_back(
                    unit, prescription_id, Decision(form.model.cause, share, form.model.note)
                )
            done = N_("已申请退款，患者会收到通知") if refund is not None else N_("已记录，不退费用")
            return redirect(f"{REFUNDS}?number={number}", flash=done)
        except (Refused, Conflict) as error:
            form.errors["__all__"] = sentence(error, language(request))
        except FieldsInvalid as error:
            form.refuse(error)
    async with units.of(actor) as unit:
        sheet = await paid_sheet(unit, number) if number else None
    return _decide(request, number, sheet, form, status=422)


def _is_code(typed: str) -> bool:
    plain = typed.replace(" ", "").replace("-", "")
    return plain.isdecimal() and len(plain) == 8


def _find(request: Request, form: Form[Any], *, rows: list[presenting.Row], status: int = 200) -> Response:
    return render(
        request,
        "prescriptions/rx_desk.html",
        status,
        form=form,
        rows=[
            {
                "number": row.rx.number,
                "number_href": f"{DESK}/{row.rx.id}",
                "patient": mask_name(row.patient.name) if row.patient else "",
                "kind": words(request)(KINDS[row.rx.kind]),
                "total": row.rx.total,
                "tag": (row.can.tone, row.can.label),
            }
            for row in rows
        ],
    )


async def _sheet(
    request: Request, unit: Unit, prescription_id: UUID, form: Form[Any], *, status: int = 200
) -> Response:
    view = await presenting.view_of(unit, prescription_id)
    restricted = await note_look(unit, view.rx.person_id, Looked.PRESCRIPTION, prescription_id)
    return render(
        request,
        "prescriptions/rx_desk_sheet.html",
        status,
        form=form,
        desk=DESK,
        restricted=restricted,
        may_take_cash=view.can.can_choose and unit.actor.may(Permission.TAKE_CASH),
        **facts_of(view, language(request)),
    )


def _decide(
    request: Request,
    number: str,
    sheet: PaidSheet | None,
    form: Form[Any],
    *,
    waiting: Sequence[str] = (),
    status: int = 200,
) -> Response:
    _ = words(request)
    return render(
        request,
        "prescriptions/rx_refund.html",
        status,
        number=number,
        sheet=sheet,
        form=form,
        refunds=REFUNDS,
        waiting=waiting,
        causes=[
            {"value": cause.value, "label": _(CAUSE_LABELS[cause]), "end": f"{SHARES[cause] // 100}%"}
            for cause in Cause
        ],
    )


routes = [
    Route(DESK, desk_page),
    Route(DESK, find_page, methods=["POST"]),
    Route(DESK + "/{prescription_id:uuid}", desk_sheet_page),
    Route(DESK + "/{prescription_id:uuid}/collection", to_window_page, methods=["POST"]),
    Route(DESK + "/{prescription_id:uuid}/cash", cash_page, methods=["POST"]),
    Route(DESK + "/{prescription_id:uuid}/sheet.pdf", desk_pdf_page),
    Route(REFUNDS, refunds_page),
    Route(REFUNDS + "/{prescription_id:uuid}", decide_page, methods=["POST"]),
]
