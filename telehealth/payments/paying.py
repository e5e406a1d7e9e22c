"""What somebody who is about to pay must see: the price, the insurer's part, and by which way."""

from dataclasses import dataclass
from uuid import UUID

from telehealth.accounts import WeChatGateway, openid_of
from telehealth.core.access import Actor
from telehealth.core.unit import Unit, Units
from telehealth.directory import hospital
from telehealth.insurance import Cover, CoverState, Fee, cover_of_charge, last_refused, record_of
from telehealth.insurance.covering import CoverWish, ruling
from telehealth.insurance.revoking import abandon
from telehealth.insurance.rules import GIVEUPS, CoverRuling
from telehealth.insurance.states import Giveup
from telehealth.patients import person
from telehealth.payments import queries
from telehealth.payments.models import Charge
from telehealth.payments.settling import look_at
from telehealth.payments.states import Way


@dataclass(frozen=True, slots=True)
class Till:
    """`cover` is there once the insurer said how it divides; `refused_sentence` says why an earlier try came
    to nothing."""

    charge: Charge
    hospital: str
    patient: str
    ruling: CoverRuling
    cover: Cover | None
    refused_sentence: str
    #: Somebody said where they are insured, and may have been wrong.
    may_redeclare: bool


async def till(unit: Unit, actor: Actor, charge_id: UUID, *, in_wechat: bool) -> Till:
    """Raises ChargeNotFound."""
    charge = await queries.charge_of(unit, actor, charge_id)
    lines = await queries.lines_of(unit, charge.id)
    said = await ruling(
        unit,
        hospital_id=charge.hospital_id,
        person_id=charge.person_id,
        line_kinds=[line.kind for line in lines],
        in_wechat=in_wechat,
    )
    cover = await cover_of_charge(unit, charge.id)
    refused = await last_refused(unit, charge.id)
    record = await record_of(unit, charge.hospital_id, charge.person_id)
    return Till(
        charge=charge,
        hospital=(await hospital(unit, charge.hospital_id)).code,
        patient=(await person(unit, charge.person_id)).name,
        ruling=said,
        cover=cover if cover is not None and _is_usable(unit, cover) else None,
        refused_sentence=_refusal(refused),
        may_redeclare=record is not None and record.verified_at is None and not said.offered,
    )


async def cover_wish(unit: Unit, actor: Actor, charge_id: UUID, *, in_wechat: bool) -> CoverWish:
    """Raises ChargeNotFound."""
    charge = await queries.charge_of(unit, actor, charge_id)
    fees = [Fee(line.kind, line.description, line.amount) for line in await queries.lines_of(unit, charge.id)]
    return CoverWish(charge.id, charge.hospital_id, charge.person_id, fees, in_wechat)


async def openid_for(unit: Unit, actor: Actor, code: str, way: Way) -> str:
    """Who this account is to the app one pays in; empty when nobody knows, or need not."""
    gateway = unit.port(WeChatGateway)  # type: ignore[type-abstract]
    if way not in (Way.JSAPI, Way.MINI_PROGRAM) or not gateway.serves(code):
        return ""
    appid = gateway.appid(code, mini=way is Way.MINI_PROGRAM)
    return await openid_of(unit, actor.account, appid) or ""


async def open_numbers(unit: Unit, charge: Charge) -> list[str]:
    """Our numbers of the orders by which money may still come in."""
    orders = await queries.orders_of(unit, charge.id)
    return [order.out_trade_no for order in orders if order.state in queries.OPEN]


async def forgo_cover(units: Units, actor: Actor, charge_id: UUID) -> None:
    """Oneself pays after all. An order that waits for both halves is closed at the provider first.

    Raises ChargeNotFound, ProviderDown.
    """
    async with units.of(actor) as unit:
        numbers = await open_numbers(unit, await queries.charge_of(unit, actor, charge_id))
    for number in numbers:
        await look_at(units, number, stop=True)
    async with units.of(actor) as unit:
        await abandon(unit, charge_id)


def _is_usable(unit: Unit, cover: Cover) -> bool:
    return cover.state is CoverState.PRICED and unit.now < cover.fresh_until


def _refusal(cover: Cover | None) -> str:
    if cover is None or cover.reason in (None, Giveup.ABANDONED):
        return ""
    return GIVEUPS[Giveup(cover.reason)]
