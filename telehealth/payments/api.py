"""JSON routes of money: what an app or a mini-program needs to pay, and to see what became of it."""

from uuid import UUID

from starlette.requests import Request
from starlette.routing import Route

from telehealth.accounts import CodeBurned, CodeExpired, CodeNotSent, CodesUsedUp, CodeTooSoon, CodeWrong
from telehealth.core.access import Actor, Permission
from telehealth.core.unit import Unit, Units
from telehealth.family import PaymentCheckNeeded
from telehealth.family.errors import PayerUnknown
from telehealth.family.paying import confirm, request_code
from telehealth.insurance import (
    AuthorisationLost,
    CoverNotFound,
    CoverNotOffered,
    CoverTaken,
    InsurerDown,
    InsurerRefused,
    SplitUnsound,
)
from telehealth.insurance.covering import ask, authorised
from telehealth.insurance.declaring import declare
from telehealth.insurance.pricing import price
from telehealth.payments import charging, paying, queries
from telehealth.payments.errors import (
    ChargeClosed,
    ChargeNotFound,
    ChargeSettled,
    OpenidNeeded,
    ProviderBusy,
    ProviderDown,
    ProviderRefused,
    RefundNotFound,
    WayNotOffered,
)
from telehealth.payments.schemas import (
    AskedCoverView,
    AuthoriseCover,
    BeginPayment,
    ChargeView,
    CoverRulingView,
    CoverView,
    DeclareInsured,
    PayerCode,
    PayerCodeSent,
    PaymentView,
    ReceiptView,
    RefundView,
)
from telehealth.payments.settling import look_at
from telehealth.payments.sharing_bills import may_name
from telehealth.web.contract import operation
from telehealth.web.house import house_of
from telehealth.web.pages import words


@operation(needs=Permission.PAY)
async def list_own_charges(unit: Unit, actor: Actor) -> list[ChargeView]:
    """The latest hundred of this account, newest first."""
    return [ChargeView.of(row) for row in await queries.charges_of(unit, actor)]


@operation(needs=Permission.PAY, raises=(ChargeNotFound,))
async def show_charge(unit: Unit, actor: Actor, id: UUID) -> ChargeView:
    """What it costs, and whether it is paid."""
    return ChargeView.of(await charging.charge_for(unit, actor, id))


@operation(
    needs=Permission.PAY,
    status=201,
    limit="60/minute",
    raises=(
        ChargeNotFound, ChargeSettled, ChargeClosed, WayNotOffered, OpenidNeeded, CoverNotFound,
        CoverNotOffered, AuthorisationLost, ProviderDown, ProviderBusy, ProviderRefused, InsurerDown,
        InsurerRefused,
    ),
)  # fmt: skip
async def begin_payment(
    request: Request, units: Units, actor: Actor, id: UUID, body: BeginPayment
) -> PaymentView:
    """Open an order at the provider. Repeating it gives the same order again."""
    async with units.of(actor) as unit:
        till = await paying.till(unit, actor, id, in_wechat=True)
        openid = await paying.openid_for(unit, actor, till.hospital, body.way)
    begun = await charging.begin(
        units,
        actor,
        id,
        body.way,
        openid=openid,
        client_ip=request.client.host if request.client else "",
        return_url=f"{house_of(request).settings.public_url}/pay/{id}/wait",
        cover_id=body.cover_id,
    )
    return PaymentView.of(begun)


@operation(
    needs=Permission.PAY,
    limit="60/minute",
    raises=(ChargeNotFound, ProviderDown, ProviderBusy, InsurerDown, InsurerRefused),
)
async def verify_payment(units: Units, actor: Actor, id: UUID) -> ChargeView:
    """Ask the provider now, after the payer's client said it paid; that itself proves nothing."""
    async with units.of(actor) as unit:
        numbers = await paying.open_numbers(unit, await charging.charge_for(unit, actor, id))
    for number in numbers:
        await look_at(units, number)
    async with units.of(actor) as unit:
        return ChargeView.of(await charging.charge_for(unit, actor, id))


@operation(needs=Permission.PAY, raises=(ChargeNotFound,))
async def show_receipt(request: Request, unit: Unit, actor: Actor, id: UUID) -> ReceiptView:
    """What was paid by whom, line by line, and what went back."""
    found = await queries.receipt(unit, actor, id)
    return ReceiptView.of(found, words(request), named=await may_name(unit, actor, found.charge))


@operation(needs=Permission.PAY, raises=(RefundNotFound,))
async def show_refund(unit: Unit, actor: Actor, id: UUID) -> RefundView:
    """A refund with its steps, and the day to expect it by."""
    return RefundView.of(await queries.refund_of(unit, actor, id))


@operation(needs=Permission.PAY, raises=(ChargeNotFound,))
async def show_cover_ruling(request: Request, unit: Unit, actor: Actor, id: UUID) -> CoverRulingView:
    """Whether the insurer may pay a part of this charge inside WeChat, and if not, why."""
    found = (await paying.till(unit, actor, id, in_wechat=True)).ruling
    return CoverRulingView(
        offered=found.offered,
        reason=found.reason,
        sentence=words(request)(found.sentence) if found.sentence else "",
    )


@operation(
    needs=Permission.PAY,
    limit="10/hour",
    raises=(ChargeNotFound, PayerUnknown, CodeTooSoon, CodesUsedUp, CodeNotSent),
)
async def request_payer_code(units: Units, actor: Actor, id: UUID) -> PayerCodeSent:
    """Before an insured account pays for a relative: a code to the payer's own phone."""
    async with units.of(actor) as unit:
        await charging.charge_for(unit, actor, id)
    return PayerCodeSent(phone_masked=await request_code(units, actor, id))


@operation(
    needs=Permission.PAY,
    limit="30/hour",
    raises=(ChargeNotFound, PayerUnknown, CodeWrong, CodeBurned, CodeExpired),
)
async def check_payer(units: Units, actor: Actor, id: UUID, body: PayerCode) -> None:
    """It is the payer who pays. Good for one authorisation of this charge, for some minutes."""
    async with units.of(actor) as unit:
        charge = await charging.charge_for(unit, actor, id)
    await confirm(units, actor, id, body.code, hospital_id=charge.hospital_id)


@operation(needs=Permission.PAY, raises=(ChargeNotFound,))
async def declare_insured(unit: Unit, actor: Actor, id: UUID, body: DeclareInsured) -> None:
    """Say where the patient of this charge is insured. The insurer has the last word."""
    charge = await charging.charge_for(unit, actor, id)
    await declare(unit, hospital_id=charge.hospital_id, person_id=charge.person_id, region=body.region)


@operation(
    needs=Permission.PAY,
    status=201,
    limit="30/minute",
    raises=(ChargeNotFound, CoverNotOffered, CoverTaken, PaymentCheckNeeded, InsurerDown, InsurerRefused),
)
async def ask_cover(request: Request, units: Units, actor: Actor, id: UUID) -> AskedCoverView:
    """Begin the authorisation of the insurance code for this one payment."""
    async with units.of(actor) as unit:
        wish = await paying.cover_wish(unit, actor, id, in_wechat=True)
    back = f"{house_of(request).settings.public_url}/insurance/return"
    asked = await ask(units, actor, wish, return_url=back)
    return AskedCoverView(cover_id=asked.cover_id, url=asked.url)


@operation(
    needs=Permission.PAY,
    limit="30/minute",
    raises=(
        CoverNotFound, AuthorisationLost, CoverTaken, CoverNotOffered, InsurerDown, InsurerRefused,
        SplitUnsound,
    ),
)  # fmt: skip
async def price_cover(units: Units, actor: Actor, body: AuthoriseCover) -> CoverView:
    """Hand over what the insurer's page gave; answers with how the charge divides."""
    cover = await authorised(units, actor, body.state, body.pay_auth_no)
    return CoverView.of(await price(units, actor, cover.id))


@operation(
    needs=Permission.PAY, raises=(ChargeNotFound, ProviderDown, ProviderBusy, InsurerDown, InsurerRefused)
)
async def forgo_cover(units: Units, actor: Actor, id: UUID) -> None:
    """Pay all of it oneself after all; the seat stays."""
    await paying.forgo_cover(units, actor, id)


routes = [
    Route("/charges", list_own_charges),
    Route("/charges/{id:uuid}", show_charge),
    Route("/charges/{id:uuid}/orders", begin_payment, methods=["POST"]),
    Route("/charges/{id:uuid}/verification", verify_payment, methods=["POST"]),
    Route("/charges/{id:uuid}/receipt", show_receipt),
    Route("/charges/{id:uuid}/insurance", show_cover_ruling),
    Route("/charges/{id:uuid}/insurance", declare_insured, methods=["PUT"]),
    Route("/charges/{id:uuid}/cover", ask_cover, methods=["POST"]),
    Route("/charges/{id:uuid}/cover", forgo_cover, methods=["DELETE"]),
    Route("/charges/{id:uuid}/payer-codes", request_payer_code, methods=["POST"]),
    Route("/charges/{id:uuid}/payer-check", check_payer, methods=["POST"]),
    Route("/covers/authorisation", price_cover, methods=["POST"]),
    Route("/refunds/{id:uuid}", show_refund),
]
