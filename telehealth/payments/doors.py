"""Before an insured account pays for a relative, its holder says once more that it is them (GS02)."""

from uuid import UUID

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from telehealth.core.access import Actor, Permission
from telehealth.core.errors import DomainError
from telehealth.core.i18n import N_
from telehealth.core.unit import Unit, Units
from telehealth.family.paying import confirm, request_code
from telehealth.patients import person
from telehealth.patients.masking import mask_name
from telehealth.payments import charging
from telehealth.payments.schemas import PayerCode
from telehealth.web.contract import page
from telehealth.web.forms import read_form
from telehealth.web.pages import redirect, render, words
from telehealth.web.preferences import language
from telehealth.web.problems import sentence, status_of

HERE = "/pay/{charge_id:uuid}/payer-check"


@page(needs=Permission.PAY)
async def payer_check_page(request: Request, unit: Unit, actor: Actor, charge_id: UUID) -> Response:
    return await _show(request, unit, actor, charge_id, sent="sent" in request.query_params)


@page(needs=Permission.PAY, limit="10/hour")
async def send_payer_code_page(request: Request, units: Units, actor: Actor, charge_id: UUID) -> Response:
    async with units.of(actor) as unit:
        await charging.charge_for(unit, actor, charge_id)
    try:
        await request_code(units, actor, charge_id)
    except DomainError as error:
        return await _again(request, units, actor, charge_id, error)
    return redirect(f"/pay/{charge_id}/payer-check?sent=1")


@page(needs=Permission.PAY, limit="30/hour")
async def check_payer_page(request: Request, units: Units, actor: Actor, charge_id: UUID) -> Response:
    form = await read_form(request, PayerCode)
    async with units.of(actor) as unit:
        charge = await charging.charge_for(unit, actor, charge_id)
        if form.model is None:
            said = words(request)(N_("请填写六位数字验证码"))
            return await _show(request, unit, actor, charge_id, sent=True, error=said, status=422)
    try:
        await confirm(units, actor, charge_id, form.model.code, hospital_id=charge.hospital_id)
    except DomainError as error:
        return await _again(request, units, actor, charge_id, error)
    return redirect(f"/pay/{charge_id}", flash=N_("已确认是您本人，请继续用医保支付"))


async def _again(
    request: Request, units: Units, actor: Actor, charge_id: UUID, error: DomainError
) -> Response:
    said = sentence(error, language(request))
    async with units.of(actor) as unit:
        return await _show(request, unit, actor, charge_id, sent=True, error=said, status=status_of(error))


async def _show(
    request: Request,
    unit: Unit,
    actor: Actor,
    charge_id: UUID,
    *,
    sent: bool = False,
    error: str = "",
    status: int = 200,
) -> Response:
    charge = await charging.charge_for(unit, actor, charge_id)
    patient = await person(unit, charge.person_id)
    return render(
        request, "payments/payer_check.html", status,
        charge=charge, patient=mask_name(patient.name), sent=sent, error=error,
    )  # fmt: skip


routes = [
    Route(HERE, payer_check_page),
    Route(HERE, check_payer_page, methods=["POST"]),
    Route(HERE + "/code", send_payer_code_page, methods=["POST"]),
]
