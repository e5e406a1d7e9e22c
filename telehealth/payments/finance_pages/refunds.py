"""Refunds that wait for a person: why, and the two ways on — send them again, or hand the money out."""

from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from telehealth.core.access import Actor, Permission
from telehealth.core.i18n import N_
from telehealth.core.unit import Unit, Units
from telehealth.payments import queries, refunding
from telehealth.payments.errors import RefundNotParked
from telehealth.payments.finance_pages.frame import sentences, show, speech
from telehealth.payments.finance_views import ROOT, parked_words, refund_row, steps_for_staff
from telehealth.payments.states import LegState
from telehealth.web.contract import page
from telehealth.web.forms import Form, blank, read_form
from telehealth.web.pages import redirect

HERE = f"{ROOT}/refunds"
_HAND_OUT = "hand_out"


class SettleByHand(BaseModel):
    model_config = ConfigDict(extra="ignore")

    note: str = Field(min_length=2, max_length=500)


@page(needs=Permission.SEE_MONEY)
async def refunds_desk_page(request: Request, unit: Unit) -> Response:
    is_parked = request.query_params.get("group") != "unsettled"
    read = queries.parked_refunds if is_parked else queries.unsettled_refunds
    found = await read(unit, unit.actor)
    say = speech(request)
    return await show(
        request,
        unit,
        "refunds",
        "finance_refunds.html",
        is_parked=is_parked,
        total=sum(one.refund.amount for one in found),
        rows=[refund_row(one, say) for one in found],
        today=unit.today,
    )


@page(needs=Permission.SEE_MONEY)
async def staff_refund_page(request: Request, unit: Unit, refund_id: UUID) -> Response:
    return await _one(request, unit, refund_id, blank())


@page(needs=Permission.MANAGE_REFUNDS)
async def retry_refund_page(units: Units, actor: Actor, refund_id: UUID) -> Response:
    try:
        async with units.of(actor) as unit:
            await refunding.retry(unit, refund_id)
    except RefundNotParked as error:
        return redirect(f"{HERE}/{refund_id}", flash=error.detail, kind="info")
    return redirect(f"{HERE}/{refund_id}", flash=N_("已重新提交，退款单号不变，不会重复退款"))


@page(needs=Permission.MANAGE_REFUNDS)
async def settle_refund_by_hand_page(
    request: Request, units: Units, actor: Actor, refund_id: UUID
) -> Response:
    form = await read_form(request, SettleByHand)
    if form.model is None:
        async with units.of(actor) as unit:
            return await _one(request, unit, refund_id, form, status=422)
    try:
        async with units.of(actor) as unit:
            await refunding.settle_by_hand(unit, refund_id, form.model.note)
    except RefundNotParked as error:
        return redirect(f"{HERE}/{refund_id}", flash=error.detail, kind="info")
    return redirect(f"{HERE}/{refund_id}", flash=N_("已记为退回，患者会收到通知"))


async def _one(
    request: Request, unit: Unit, refund_id: UUID, form: Form[SettleByHand], *, status: int = 200
) -> Response:
    say = speech(request)
    found = await queries.refund_of(unit, unit.actor, refund_id)
    charge = await queries.charge_of(unit, unit.actor, found.refund.charge_id)
    words = [leg.word for leg in found.legs if leg.state is LegState.PARKED]
    return await show(
        request,
        unit,
        "refunds",
        "finance_refund.html",
        status,
        refund=found.refund,
        row=refund_row(found, say),
        charge=charge,
        steps=steps_for_staff(found, say),
        numbers=[leg.party_number for leg in found.legs if leg.party_number],
        waits=parked_words(found, say.words),
        is_parked=found.refund.is_parked,
        is_cash=_HAND_OUT in words,
        form=form,
        errors=sentences(request, form.errors),
    )


routes = [
    Route(HERE, refunds_desk_page),
    Route(f"{HERE}/{{refund_id:uuid}}", staff_refund_page),
    Route(f"{HERE}/{{refund_id:uuid}}/retry", retry_refund_page, methods=["POST"]),
    Route(f"{HERE}/{{refund_id:uuid}}/settlement", settle_refund_by_hand_page, methods=["POST"]),
]
