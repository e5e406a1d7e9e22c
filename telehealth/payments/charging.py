"""A price for something, and the orders by which it is paid.

`begin` calls the provider, so it takes `Units` and works in three steps: the order is committed, the
provider is asked under our number, its answer is committed. Pressing again repeats an open order with
the same number and the same facts; whoever changes the way, or comes back after the order ran out,
has the older order closed at the provider first, so that one charge is not paid twice.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from telehealth.core.access import Actor
from telehealth.core.ids import new_id
from telehealth.core.points import point
from telehealth.core.unit import Unit, Units
from telehealth.directory import hospital
from telehealth.ledger import post
from telehealth.payments import entries, queries
from telehealth.payments.errors import (
    ChargeClosed,
    ChargeNotFound,
    ChargeSettled,
    OpenidNeeded,
    OrderPaid,
    ProviderDown,
    ProviderRefused,
    WayNotOffered,
)
from telehealth.payments.mixing import MIXED_WAYS, begin_mixed, cover_parts, mixed_channel
from telehealth.payments.models import Charge, ChargeLine, PayOrder
from telehealth.payments.policy import may_see
from telehealth.payments.ports import OrderFacts, Providers
from telehealth.payments.rules import Parts, charge_number, order_expires, order_number, wait_after
from telehealth.payments.settling import look
from telehealth.payments.states import (
    ChargeEvent,
    ChargeState,
    OrderType,
    PayOrderEvent,
    PayOrderState,
    Way,
)
from telehealth.payments.subjects import Paid, Subjects

__all__ = ["Begun", "Line", "begin", "charge_for", "earn", "open_charge"]

#: They name the payer to the provider.
_BY_OPENID = (Way.JSAPI, Way.MINI_PROGRAM)
#: How often somebody else may open an order of the same charge while we close what was open.
_TRIES = 3


@dataclass(frozen=True, slots=True)
class Line:
    """`kind` is one the policy knows: "consult_fee", "registration_fee", "drug", "exam"."""

    kind: str
    description: str
    amount: int


@dataclass(frozen=True, slots=True)
class Begun:
    """What the payer's device needs next: one of the three, by the way that was chosen."""

    order: PayOrder
    invocation: dict[str, str] = field(default_factory=dict)
    code_url: str = ""
    h5_url: str = ""


@dataclass(frozen=True, slots=True)
class _Wish:
    charge_id: UUID
    way: Way
    openid: str
    client_ip: str
    return_url: str
    cover_id: UUID | None


async def open_charge(
    unit: Unit,
    *,
    hospital_id: UUID,
    account_id: UUID | None,
    person_id: UUID,
    subject_kind: str,
    subject_id: UUID,
    order_type: OrderType,
    description: str,
    lines: Sequence[Line],
    pay_by: datetime,
) -> Charge:
    """The price of something whose rows are locked: a new charge, or its live one with a new `pay_by`.

    What costs nothing is settled at once. `description` is shown by providers: no illness, no drug.

    Raises ChargeClosed while the live one is being closed, or when nothing can be had for nothing.
    """
    live = await queries.lock_live_charge(unit, subject_kind, subject_id)
    if live is not None:
        if live.closing_since is not None:
            raise ChargeClosed()
        live.pay_by = pay_by
        return live
    charge = Charge(
        id=new_id(),
        number=charge_number(unit.now),
        hospital_id=hospital_id,
        account_id=account_id,
        person_id=person_id,
        subject_kind=subject_kind,
        subject_id=subject_id,
        order_type=order_type,
        description=description,
        amount=sum(line.amount for line in lines),
        state=ChargeState.CREATED,
        pay_by=pay_by,
        created_at=unit.now,
    )
    unit.session.add(charge)
    # Lines point at it.
    await unit.session.flush()
    unit.session.add_all(
        ChargeLine(
            charge_id=charge.id,
            hospital_id=hospital_id,
            account_id=account_id,
            position=position,
            kind=line.kind,
            description=line.description,
            amount=line.amount,
        )
        for position, line in enumerate(lines, start=1)
    )
    unit.audit("charge.opened", charge, number=charge.number, amount=charge.amount, kind=subject_kind)
    await unit.session.flush()
    if charge.amount == 0:
        await _settle_nothing(unit, charge)
    return charge


async def begin(
    units: Units,
    actor: Actor,
    charge_id: UUID,
    way: Way,
    *,
    openid: str = "",
    client_ip: str = "",
    return_url: str = "",
    cover_id: UUID | None = None,
) -> Begun:
    """Ask a provider to take the money; with a cover, only its cash part, behind one password.

    Raises:
        ChargeNotFound: none, or none of theirs. ChargeSettled, ChargeClosed: nothing to pay any more.
        WayNotOffered, OpenidNeeded: choose another way, or sign in with WeChat first.
        CoverNotFound, AuthorisationLost: the insurer's part cannot be used; oneself may pay.
        ProviderDown, ProviderBusy, ProviderRefused: pressing again is safe.
    """
    wish = _Wish(charge_id, way, openid, client_ip, return_url, cover_id)
    order = await _order_for(units, actor, wish)
    facts = facts_of(order)
    provider = units.port(Providers)[order.provider]
    answer = dict(order.answer)
    if order.cash and (not answer or way is Way.H5):
        # An H5 address lives five minutes: it is asked for again, which is harmless.
        point("pay.prepay.before_call")
        try:
            answer |= await provider.prepay(facts)
        except OrderPaid:
            await look(units, order.out_trade_no)
            raise ChargeSettled() from None
        except ProviderRefused:
            # Under this number it will always say no: the next press gets another.
            await look(units, order.out_trade_no, stop=True)
            raise
        point("pay.prepay.after_call")
    mixed = ""
    if order.cover_id is not None:
        mixed = order.mix_trade_no or await begin_mixed(units, actor, order, answer.get("prepay_id"))
    async with units.of(actor) as unit:
        order = await _submitted(unit, order, answer, mixed)
        unit.step("pay.prepay")
    if order.cover_id is not None:
        channel = mixed_channel(units)
        return Begun(order, channel.mixed_invocation(facts.hospital, mixed, answer.get("prepay_id"), way))
    if way in _BY_OPENID:
        return Begun(order, provider.invocation(facts.hospital, way, answer["prepay_id"]))
    return Begun(order, code_url=answer.get("code_url", ""), h5_url=answer.get("h5_url", ""))


async def earn(unit: Unit, charge_id: UUID) -> None:
    """The service was rendered: what is left of the prepaid money became revenue. Again changes nothing."""
    charge = await queries.lock_charge(unit, charge_id)
    if charge.state is not ChargeState.SETTLED or charge.earned_at is not None:
        return
    charge.earned_at = unit.now
    amount = 0
    if charge.settled_by is not None:
        order = await queries.lock_order(unit, charge.settled_by)
        amount = (entries.parts_of(order) - await queries.returned_of(unit, order.id)).total
    if amount:
        await post(unit, entries.earned(charge, amount))
    unit.audit("charge.earned", charge, number=charge.number, amount=amount)


async def charge_for(unit: Unit, actor: Actor, charge_id: UUID) -> Charge:
    """To look at only. Raises ChargeNotFound: somebody else's does not exist for them."""
    charge = await queries.seen_charge(unit, charge_id)
    if charge is None or not may_see(actor, charge):
        raise ChargeNotFound()
    return charge


def facts_of(order: PayOrder) -> OrderFacts:
    """As they were first sent, so that a repetition is the same byte for byte."""
    kept = order.request
    return OrderFacts(
        hospital=kept["hospital"],
        out_trade_no=order.out_trade_no,
        way=order.way,
        amount=order.cash,
        description=kept["description"],
        expires_at=order.expires_at,
        openid=kept["openid"],
        client_ip=kept["client_ip"],
        return_url=kept["return_url"],
    )


async def _settle_nothing(unit: Unit, charge: Charge) -> None:
    if not await unit.port(Subjects).of(charge).take(unit, Paid(charge, unit.now)):
        raise ChargeClosed()
    charge.apply(ChargeEvent.SETTLE)
    charge.settled_at = unit.now
    unit.audit("charge.settled", charge, number=charge.number, amount=0)


async def _order_for(units: Units, actor: Actor, wish: _Wish) -> PayOrder:
    """One order that is the only open one of its charge, committed before anybody is asked."""
    for _ in range(_TRIES):
        async with units.of(actor) as unit:
            order, others = await _open_order(unit, actor, wish)
            unit.step("pay.order")
        if order is not None and not others:
            return order
        for number in others:
            await look(units, number, stop=True)
    raise ProviderDown(reason="orders_open")


async def _open_order(unit: Unit, actor: Actor, wish: _Wish) -> tuple[PayOrder | None, list[str]]:
    """Ours, and the numbers of others that must be closed at the provider first."""
    await queries.charge_of(unit, actor, wish.charge_id)
    charge = await queries.lock_charge(unit, wish.charge_id)
    _payable(unit, charge)
    started = await queries.lock_orders(unit, charge.id)
    still_open = [order for order in started if order.state in queries.OPEN]
    ours = next((order for order in still_open if _is_same(unit, order, wish)), None)
    others = [order.out_trade_no for order in still_open if order is not ours]
    if others or ours is not None:
        return ours, others
    order = await _create(unit, charge, wish, count=len(started) + 1)
    return order, []


def _payable(unit: Unit, charge: Charge) -> None:
    if charge.state is ChargeState.SETTLED:
        raise ChargeSettled()
    late = charge.closing_since is not None or charge.pay_by <= unit.now
    if charge.state is ChargeState.CLOSED or late:
        raise ChargeClosed()


def _is_same(unit: Unit, order: PayOrder, wish: _Wish) -> bool:
    asked = (order.way, order.request["openid"], order.cover_id)
    return asked == (wish.way, wish.openid, wish.cover_id) and order.expires_at > unit.now


async def _create(unit: Unit, charge: Charge, wish: _Wish, *, count: int) -> PayOrder:
    code = (await hospital(unit, charge.hospital_id)).code
    providers = unit.port(Providers)
    offering = (one for one in providers.by_name.values() if one.offers(code, wish.way))
    provider = next(offering, None)
    if provider is None or wish.way is Way.CASH:
        raise WayNotOffered(way=wish.way)
    if wish.way in _BY_OPENID and not wish.openid:
        raise OpenidNeeded()
    parts, until = Parts(cash=charge.amount), charge.pay_by
    if wish.cover_id is not None:
        if wish.way not in MIXED_WAYS or not mixed_channel(unit.units).offers_mixed(code):
            raise WayNotOffered(way=wish.way)
        parts, usable_until = await cover_parts(unit, charge, wish.cover_id)
        until = min(until, usable_until)
    order = PayOrder(
        id=new_id(),
        charge_id=charge.id,
        hospital_id=charge.hospital_id,
        account_id=charge.account_id,
        provider=provider.name,
        way=wish.way,
        out_trade_no=order_number(charge.number, count),
        cash=parts.cash,
        fund=parts.fund,
        personal=parts.personal,
        other=parts.other,
        cover_id=wish.cover_id,
        state=PayOrderState.CREATED,
        request=_request(charge, code, wish),
        answer={},
        expires_at=order_expires(unit.now, until),
        look_at=unit.wall + wait_after(0),
        looks=0,
        created_at=unit.now,
    )
    unit.session.add(order)
    unit.audit(
        "pay_order.created", order,
        number=order.out_trade_no, way=order.way, provider=order.provider, cash=order.cash,
        insured=order.insured,
    )  # fmt: skip
    await unit.session.flush()
    return order


def _request(charge: Charge, code: str, wish: _Wish) -> dict[str, Any]:
    return {
        "hospital": code,
        "description": charge.description,
        "openid": wish.openid,
        "client_ip": wish.client_ip,
        "return_url": wish.return_url,
    }


async def _submitted(unit: Unit, order: PayOrder, answer: dict[str, str], mixed: str) -> PayOrder:
    """Raises ChargeSettled, ChargeClosed: it was paid or closed meanwhile, so nobody gets to pay it."""
    charge = await queries.lock_charge(unit, order.charge_id)
    order = await queries.lock_order(unit, order.id)
    if order.state is PayOrderState.PAID:
        raise ChargeSettled()
    if order.state is PayOrderState.CLOSED:
        raise ChargeClosed()
    order.answer = {**order.answer, **answer}
    order.mix_trade_no = mixed or order.mix_trade_no
    if order.state is PayOrderState.CREATED:
        order.apply(PayOrderEvent.SUBMIT)
        charge.apply(ChargeEvent.SUBMIT)
        unit.audit("pay_order.submitted", order, number=order.out_trade_no)
    return order
