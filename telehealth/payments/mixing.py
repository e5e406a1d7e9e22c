"""One payment, two purses: the insurer's part and the patient's own cash behind one password.

Three statuses are always read, the whole's and both halves': the whole may have failed while a half
succeeded, and then that half goes back (docs/money.md §8).
"""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from telehealth.core.access import Actor
from telehealth.core.points import point
from telehealth.core.unit import Unit, Units
from telehealth.insurance import AuthorisationLost, Cover, CoverState, Giveup, cover_of
from telehealth.insurance.covering import given_back, settled
from telehealth.insurance.revoking import give_up, reverse
from telehealth.insurance.sharing import payer_and_patient
from telehealth.payments import queries
from telehealth.payments.errors import OrderPaid, ProviderDown, WayNotOffered
from telehealth.payments.models import Charge, PayOrder
from telehealth.payments.ports import (
    HalfTruth,
    MixedAnswer,
    MixedChannel,
    MixedFacts,
    OrderAnswer,
    OrderTruth,
    Providers,
)
from telehealth.payments.rules import Parts
from telehealth.payments.states import Way

__all__ = [
    "MIXED_WAYS", "ask", "begin_mixed", "close", "cover_failed", "cover_given_back", "cover_parts",
    "cover_settled", "mixed_channel",
]  # fmt: skip

#: Only inside WeChat (XY07).
MIXED_WAYS = (Way.JSAPI, Way.MINI_PROGRAM)

#: The channel wants a position with the insurer's half. We do not ask people where they are: the
#: insurer's own city stands there.
_LOCATION = "116.40,39.90"
#: A half that was given back did come in.
_CAME = (HalfTruth.PAID, HalfTruth.REFUNDED)


@dataclass(frozen=True, slots=True)
class _Halves:
    """What the channel says, and what the provider says of the cash."""

    mixed: MixedAnswer
    cash: OrderAnswer


def mixed_channel(units: Units) -> MixedChannel:
    """Raises WayNotOffered where none is joined."""
    channel = units.port(Providers).mixed
    if channel is None:
        raise WayNotOffered()
    return channel


async def cover_parts(unit: Unit, charge: Charge, cover_id: UUID) -> tuple[Parts, datetime]:
    """How a priced cover divides this charge, and until when it may be used.

    Raises CoverNotFound, AuthorisationLost.
    """
    cover = await cover_of(unit, cover_id)
    fits = (cover.charge_id, cover.total) == (charge.id, charge.amount)
    late = unit.now >= cover.fresh_until
    if not fits or late or cover.state is not CoverState.PRICED or cover.reason is not None:
        raise AuthorisationLost(reason=cover.reason or Giveup.EXPIRED)
    return Parts(cover.cash, cover.fund, cover.personal, cover.other), cover.usable_until


async def begin_mixed(units: Units, actor: Actor, order: PayOrder, prepay_id: str | None) -> str:
    """Join both halves at the channel, under our number; the channel's own number for them.

    Repeating it is harmless: the channel answers what it holds.

    Raises ProviderDown, ProviderBusy, ProviderRefused; AuthorisationLost, CoverNotOffered, PersonNotFound.
    """
    async with units.of(actor) as unit:
        facts = await _facts(unit, order, prepay_id)
    point("pay.mixed.before_call")
    answer = await mixed_channel(units).order_mixed(facts)
    point("pay.mixed.after_call")
    if not answer.mix_trade_no:
        raise ProviderDown(reason="unreadable")
    return answer.mix_trade_no


async def ask(
    units: Units, order: PayOrder, hospital: str, *, final: bool = False
) -> tuple[OrderAnswer, Parts | None]:
    """What became of a split payment; with it, the halves that came in when they are not all of it.

    `final`: the cash cannot be closed, so what has come in until now is all there will be.

    Raises ProviderDown, ProviderBusy.
    """
    halves = await _halves(units, order, hospital)
    mixed, cash = halves.mixed, halves.cash
    if mixed.whole in _CAME and _is_whole(order, halves):
        return OrderAnswer(
            OrderTruth.PAID,
            transaction_id=cash.transaction_id or mixed.mix_trade_no,
            amount=cash.amount if order.cash else 0,
            paid_at=cash.paid_at,
        ), None
    came = Parts(
        cash=order.cash if cash.truth is OrderTruth.PAID else 0,
        fund=order.fund if mixed.insured in _CAME else 0,
        personal=order.personal if mixed.insured in _CAME else 0,
        other=order.other if mixed.insured in _CAME else 0,
    )
    over = final or mixed.whole in (HalfTruth.FAILED, HalfTruth.NONE, *_CAME)
    if came.total and over:
        paid = cash if came.cash else OrderAnswer(OrderTruth.PAID, mixed.mix_trade_no, 0)
        return paid, came
    if mixed.whole is HalfTruth.FAILED:
        return OrderAnswer(OrderTruth.CLOSED), None
    if mixed.whole is HalfTruth.NONE and cash.truth is OrderTruth.UNKNOWN:
        return OrderAnswer(OrderTruth.UNKNOWN), None
    return OrderAnswer(OrderTruth.UNPAID), None


async def close(units: Units, order: PayOrder, hospital: str) -> None:
    """Neither half can come in any more, when this returns.

    Raises OrderPaid when one has; ProviderDown, ProviderBusy, InsurerDown, InsurerRefused.
    """
    is_paid = False
    if order.cash:
        try:
            await units.port(Providers)[order.provider].close(hospital, order.out_trade_no)
        except OrderPaid:
            is_paid = True
    # Also when the cash is in: the insurer must not deduct its part once we gave up on it.
    if order.cover_id is not None:
        is_paid |= not await reverse(units, order.cover_id)
    if is_paid:
        raise OrderPaid(out_trade_no=order.out_trade_no)


async def cover_settled(unit: Unit, cover_id: UUID) -> None:
    await settled(unit, cover_id)


async def cover_failed(unit: Unit, cover_id: UUID) -> None:
    """The insurer's half did not come in: what it holds is taken back by a job."""
    await give_up(unit, await cover_of(unit, cover_id, lock=True), Giveup.INSURER)


async def cover_given_back(unit: Unit, cover_id: UUID) -> None:
    """All of the insurer's half was refunded."""
    await given_back(unit, cover_id)


def _is_whole(order: PayOrder, halves: _Halves) -> bool:
    cash_came = halves.mixed.cash in _CAME and halves.cash.truth is OrderTruth.PAID
    return halves.mixed.insured in _CAME and (cash_came or not order.cash)


async def _halves(units: Units, order: PayOrder, hospital: str) -> _Halves:
    """The channel names no transaction of the cash: that is the provider's to say."""
    mixed = await mixed_channel(units).query_mixed(hospital, order.out_trade_no)
    if not order.cash:
        return _Halves(mixed, OrderAnswer(OrderTruth.UNKNOWN))
    return _Halves(mixed, await units.port(Providers)[order.provider].query(hospital, order.out_trade_no))


async def _facts(unit: Unit, order: PayOrder, prepay_id: str | None) -> MixedFacts:
    cover = await _cover_of(unit, order)
    charge = await queries.charge_by_id(unit, order.charge_id)
    people = await payer_and_patient(unit, cover)
    payer, patient = people.payer, people.patient
    relative = patient if people.is_relative else None
    return MixedFacts(
        hospital=order.request["hospital"],
        out_trade_no=order.out_trade_no,
        openid=order.request["openid"],
        prepay_id=prepay_id if order.cash else None,
        order_kind=charge.order_type,
        payer_name=payer.name,
        payer_number=payer.document_number,
        payer_document=payer.document_kind,
        relative_name=relative.name if relative else "",
        relative_number=relative.document_number if relative else "",
        relative_document=relative.document_kind if relative else "",
        serial_no=cover.serial_no,
        pay_order_id=cover.pay_order_id or "",
        pay_auth_no=cover.auth_number or "",
        location=_LOCATION,
        created_at=order.created_at,
        total=order.total,
        fund=order.fund,
        personal=order.personal,
        other=order.other,
        cash=order.cash,
        way=order.way,
    )


async def _cover_of(unit: Unit, order: PayOrder) -> Cover:
    if order.cover_id is None:
        raise AuthorisationLost(reason=Giveup.EXPIRED)
    return await cover_of(unit, order.cover_id)
