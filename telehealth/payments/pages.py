"""A patient's payment pages: choose how, hand over to WeChat, wait for proof, receipt, a refund's steps."""

from typing import Any
from urllib.parse import parse_qs, quote, urlsplit
from uuid import UUID

import segno
from markupsafe import Markup
from pydantic import BaseModel, ConfigDict, Field
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from telehealth.accounts import WeChatGateway
from telehealth.core.access import Actor, Permission
from telehealth.core.errors import Busy, DomainError, Refused, Unavailable
from telehealth.core.i18n import N_
from telehealth.core.unit import Unit, Units
from telehealth.family import PaymentCheckNeeded
from telehealth.insurance import covering, declaring
from telehealth.insurance.rules import REGIONS, NotOffered
from telehealth.patients import acts_for
from telehealth.payments import charging, paying, queries, settling
from telehealth.payments.charging import Begun
from telehealth.payments.errors import ChargeSettled, OpenidNeeded
from telehealth.payments.models import Charge
from telehealth.payments.paying import Till
from telehealth.payments.sharing_bills import may_name
from telehealth.payments.states import ChargeState, RefundState, Way
from telehealth.payments.subjects import Subjects
from telehealth.payments.views import line_rows, refund_steps
from telehealth.payments.wording import (
    CHARGE_STATES,
    ORDER_TYPES,
    PROMISES,
    REFUND_REASONS,
    REFUND_STATES,
    RETURNED,
    WAYS,
)
from telehealth.web.contract import page
from telehealth.web.forms import read_form
from telehealth.web.house import house_of
from telehealth.web.pages import redirect, render, words
from telehealth.web.preferences import Surface, language, surface
from telehealth.web.problems import sentence

#: How one pays where the page is open.
WAY_OF = {
    Surface.WECHAT: Way.JSAPI,
    Surface.MINI_PROGRAM: Way.MINI_PROGRAM,
    Surface.PHONE: Way.H5,
    Surface.DESKTOP: Way.NATIVE,
}


#: Nothing is known, nothing changed: our own round asks again.
_SILENT = (Unavailable, Busy, Refused)


class Choice(BaseModel):
    model_config = ConfigDict(extra="ignore")

    way: Way
    cover_id: UUID | None = None


class Declaration(BaseModel):
    model_config = ConfigDict(extra="ignore")

    region: str = Field(max_length=20)


@page(needs=Permission.PAY)
async def pay_page(request: Request, unit: Unit, actor: Actor, charge_id: UUID) -> Response:
    """What it costs, who pays which part, and the one way that works where this page is open."""
    in_wechat = surface(request) in (Surface.WECHAT, Surface.MINI_PROGRAM)
    till = await paying.till(unit, actor, charge_id, in_wechat=in_wechat)
    if till.charge.state is ChargeState.SETTLED:
        return redirect(f"/receipts/{charge_id}")
    if till.charge.state is ChargeState.CLOSED:
        return redirect(_home(unit, till.charge), flash=N_("支付时间已过，号源已释放，没有收费"), kind="warn")
    if await _is_unknown_in_wechat(request, unit, actor, till.hospital):
        return _ask_wechat(till.hospital, f"/pay/{charge_id}?asked=1")
    return render(
        request,
        "payments/pay.html",
        **await _top(request, unit, till.charge),
        way=str(WAY_OF[surface(request)]),
        cover=till.cover,
        ruling=till.ruling,
        refused_sentence=till.refused_sentence,
        may_redeclare=till.may_redeclare,
        patient=till.patient,
        open_in_wechat=till.ruling.reason is NotOffered.NOT_IN_WECHAT,
        jssdk=_jssdk(request, till.hospital),
    )


@page(needs=Permission.PAY, limit="60/minute")
async def begin_payment_page(request: Request, units: Units, actor: Actor, charge_id: UUID) -> Response:
    """Open the order at the provider and hand over to it. Pressing again is harmless."""
    form = await read_form(request, Choice)
    async with units.of(actor) as unit:
        till = await paying.till(unit, actor, charge_id, in_wechat=True)
        openid = await paying.openid_for(unit, actor, till.hospital, form.model.way) if form.model else ""
    if form.model is None:
        return redirect(f"/pay/{charge_id}", flash="请从给出的选项中选择", kind="warn")
    try:
        begun = await charging.begin(
            units,
            actor,
            charge_id,
            form.model.way,
            openid=openid,
            client_ip=request.client.host if request.client else "",
            return_url=f"{house_of(request).settings.public_url}/pay/{charge_id}/wait",
            cover_id=form.model.cover_id,
        )
        return await _hand_over(request, units, till, begun)
    except OpenidNeeded:
        return _ask_wechat(till.hospital, f"/pay/{charge_id}")
    except ChargeSettled:
        return redirect(f"/receipts/{charge_id}")
    except DomainError as error:
        return redirect(f"/pay/{charge_id}", flash=sentence(error, language(request)), kind="warn")


@page(needs=Permission.PAY, limit="60/minute")
async def ask_cover_page(request: Request, units: Units, actor: Actor, charge_id: UUID) -> Response:
    """To the insurer's page, where the insurance code is authorised for this one payment (BJ06)."""
    back = f"{house_of(request).settings.public_url}/insurance/return"
    async with units.of(actor) as unit:
        wish = await paying.cover_wish(unit, actor, charge_id, in_wechat=True)
    try:
        asked = await covering.ask(units, actor, wish, return_url=back)
    except PaymentCheckNeeded:
        return redirect(f"/pay/{charge_id}/payer-check")
    except DomainError as error:
        return redirect(f"/pay/{charge_id}", flash=sentence(error, language(request)), kind="warn")
    # A form may not lead to another site, says our own policy: a page with a link does.
    return render(request, "payments/to_insurer.html", charge_id=charge_id, href=asked.url)


@page(needs=Permission.PAY)
async def declare_insured_page(request: Request, unit: Unit, actor: Actor, charge_id: UUID) -> Response:
    form = await read_form(request, Declaration)
    charge = await charging.charge_for(unit, actor, charge_id)
    if form.model is None or form.model.region not in REGIONS:
        return redirect(f"/pay/{charge_id}", flash="请从给出的选项中选择", kind="warn")
    await declaring.declare(
        unit, hospital_id=charge.hospital_id, person_id=charge.person_id, region=form.model.region
    )
    return redirect(f"/pay/{charge_id}")


@page(needs=Permission.PAY)
async def self_pay_page(request: Request, units: Units, actor: Actor, charge_id: UUID) -> Response:
    """The split is not wanted after all: the seat stays, nothing was deducted."""
    try:
        await paying.forgo_cover(units, actor, charge_id)
    except _SILENT as error:
        return redirect(f"/pay/{charge_id}", flash=sentence(error, language(request)), kind="warn")
    return redirect(f"/pay/{charge_id}")


@page(needs=Permission.PAY, limit="60/minute")
async def wait_for_payment_page(request: Request, units: Units, actor: Actor, charge_id: UUID) -> Response:
    """Back from the provider: ask it at once. What the client said is never proof."""
    async with units.of(actor) as unit:
        charge = await charging.charge_for(unit, actor, charge_id)
        numbers = await paying.open_numbers(unit, charge)
    for number in numbers:
        try:
            await settling.look_at(units, number)
        except _SILENT:
            continue
    async with units.of(actor) as unit:
        charge = await charging.charge_for(unit, actor, charge_id)
        if charge.state is ChargeState.SETTLED:
            return redirect(f"/receipts/{charge_id}", flash="支付成功")
        return render(request, "payments/wait.html", **_state(unit, charge))


@page(needs=Permission.PAY)
async def payment_state_page(request: Request, unit: Unit, actor: Actor, charge_id: UUID) -> Response:
    charge = await charging.charge_for(unit, actor, charge_id)
    return render(request, "payments/_state.html", **_state(unit, charge))


@page(needs=Permission.PAY)
async def receipt_page(request: Request, unit: Unit, actor: Actor, charge_id: UUID) -> Response:
    found = await queries.receipt(unit, actor, charge_id)
    order = found.order
    return render(
        request,
        "payments/receipt.html",
        **await _top(request, unit, found.charge),
        state=RETURNED if found.returned >= found.charge.amount > 0 else CHARGE_STATES[found.charge.state],
        order=order,
        way=WAYS[order.way] if order else "",
        transaction_id=order.transaction_id if order else "",
        lines=line_rows(
            found.lines,
            language(request),
            words(request),
            named=await may_name(unit, actor, found.charge),
        ),
        refunds=[
            {
                "id": step.refund.id,
                "amount": step.refund.amount,
                "reason": REFUND_REASONS[step.refund.reason],
                "state": REFUND_STATES[step.refund.state][0],
            }
            for step in found.refunds
        ],
    )


@page(needs=Permission.PAY)
async def refund_page(request: Request, unit: Unit, actor: Actor, refund_id: UUID) -> Response:
    found = await queries.refund_of(unit, actor, refund_id)
    return render(
        request,
        "payments/refund.html",
        refund=found.refund,
        charge=await charging.charge_for(unit, actor, found.refund.charge_id),
        reason=REFUND_REASONS[found.refund.reason],
        state=REFUND_STATES[found.refund.state],
        steps=refund_steps(found, words(request), language(request)),
        parked=found.refund.state is RefundState.PARKED,
    )


@page(needs=Permission.PAY)
async def own_charges_page(request: Request, unit: Unit, actor: Actor) -> Response:
    return render(
        request,
        "payments/mine.html",
        rows=[
            {
                "what": ORDER_TYPES[charge.order_type],
                "amount": charge.amount,
                "number": charge.number,
                "at": charge.settled_at or charge.created_at,
                "state": CHARGE_STATES[charge.state][0],
                "href": f"/receipts/{charge.id}"
                if charge.state is ChargeState.SETTLED
                else f"/pay/{charge.id}",
            }
            for charge in await queries.charges_of(unit, actor)
        ],
    )


async def _is_unknown_in_wechat(request: Request, unit: Unit, actor: Actor, code: str) -> bool:
    """WeChat was not asked yet who reads this; it answers without a page of its own, so: before the price."""
    if surface(request) is not Surface.WECHAT or "asked" in request.query_params:
        return False
    gateway = unit.port(WeChatGateway)  # type: ignore[type-abstract]
    return gateway.serves(code) and not await paying.openid_for(unit, actor, code, Way.JSAPI)


def _ask_wechat(code: str, onward: str) -> Response:
    return redirect(f"/wechat/enter?hospital={code}&next={quote(onward, safe='')}")


async def _hand_over(request: Request, units: Units, till: Till, begun: Begun) -> Response:
    """The page from which the payer's own client takes over."""
    order = begun.order
    shown: dict[str, Any] = {"cash": order.cash, "insured": order.insured}
    if begun.code_url or begun.h5_url:
        return render(
            request,
            "payments/outside.html",
            **shown,
            **_state_of(till.charge, ""),
            h5_url=begun.h5_url,
            qr=_qr(begun.code_url) if begun.code_url else "",
            demo_scan=_sandbox_scan(request, begun.code_url),
        )
    config: dict[str, Any] = {}
    if order.cover_id is not None:
        gateway = units.port(WeChatGateway)  # type: ignore[type-abstract]
        config = await gateway.page_signature(till.hospital, str(request.url))
    return render(
        request,
        "payments/in_wechat.html",
        **shown,
        charge=till.charge,
        api="requestMedicalInsurancePay" if order.cover_id else "getBrandWCPayRequest",
        params=begun.invocation,
        config=config,
        jssdk=_jssdk(request, till.hospital),
    )


async def _top(request: Request, unit: Unit, charge: Charge) -> dict[str, Any]:
    """What it was for is named, and led to, as long as the payer acts for the patient (XY17)."""
    subject = unit.port(Subjects).of(charge)
    opens = await acts_for(unit, unit.actor.account, charge.person_id)
    said = await subject.headline(unit, charge.subject_id) if opens else {}
    lang, _ = language(request), words(request)
    facts = [(_(label), value[lang] if isinstance(value, dict) else value) for label, value in said.items()]
    return {
        "charge": charge,
        "order_type": ORDER_TYPES[charge.order_type],
        "promise": PROMISES[charge.order_type],
        "headline": facts,
        "subject_href": subject.href(charge.subject_id) if opens else "/bookings",
        "opens": opens,
    }


def _state(unit: Unit, charge: Charge) -> dict[str, Any]:
    return _state_of(charge, _home(unit, charge))


def _state_of(charge: Charge, home: str) -> dict[str, Any]:
    return {
        "charge": charge,
        "paid": charge.state is ChargeState.SETTLED,
        "closed": charge.state is ChargeState.CLOSED,
        "subject_href": home,
    }


def _home(unit: Unit, charge: Charge) -> str:
    return unit.port(Subjects).of(charge).href(charge.subject_id)


def _jssdk(request: Request, code: str) -> str:
    apps = house_of(request).settings.wechat
    return apps[code].jssdk_url if code in apps else ""


def _qr(text: str) -> Markup:
    """An SVG without style attributes: our policy allows none."""
    drawn = segno.make(text, error="m").svg_inline(scale=6, border=2)
    return Markup(drawn)  # noqa: S704 - drawn by us, from a provider's address


def _sandbox_scan(request: Request, code_url: str) -> str:
    """In the demo nobody holds a phone to the screen: the sandbox's till stands in."""
    sandbox = house_of(request).settings.sandbox_url
    token = parse_qs(urlsplit(code_url).query).get("pr", [""])[0]
    return f"{sandbox}/wechatpay/till/scan/{quote(token)}" if sandbox and token else ""


routes = [
    Route("/pay/{charge_id:uuid}", pay_page),
    Route("/pay/{charge_id:uuid}", begin_payment_page, methods=["POST"]),
    Route("/pay/{charge_id:uuid}/cover", ask_cover_page, methods=["POST"]),
    Route("/pay/{charge_id:uuid}/insured", declare_insured_page, methods=["POST"]),
    Route("/pay/{charge_id:uuid}/self-pay", self_pay_page, methods=["POST"]),
    Route("/pay/{charge_id:uuid}/wait", wait_for_payment_page),
    Route("/pay/{charge_id:uuid}/state", payment_state_page),
    Route("/receipts", own_charges_page),
    Route("/receipts/{charge_id:uuid}", receipt_page),
    Route("/refunds/{refund_id:uuid}", refund_page),
]
