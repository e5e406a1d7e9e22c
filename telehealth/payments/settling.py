"""What a provider says of an order becomes what we know of it: paid and taken, paid and refunded, or closed.

A callback is only a hint; what is written here was asked for. Everybody who changes something locks
the subject first, then the charge, then its order (docs/money.md §4).
"""

import asyncio
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any
from uuid import UUID

import structlog

from telehealth.core.clock import hospital_day
from telehealth.core.errors import Busy, Refused, Unavailable
from telehealth.core.jobs import Work, task
from telehealth.core.money import yuan
from telehealth.core.points import point
from telehealth.core.unit import Unit, Units
from telehealth.ledger import post
from telehealth.notifications import Notice, notify
from telehealth.payments import entries, mixing, queries, statements
from telehealth.payments.errors import ChargeSettled, OrderPaid
from telehealth.payments.models import Charge, PayOrder
from telehealth.payments.ports import OrderAnswer, OrderTruth, Providers, Told
from telehealth.payments.refunding import refund_order
from telehealth.payments.rules import Parts, split_lines
from telehealth.payments.states import (
    ChargeEvent,
    ChargeState,
    PayOrderEvent,
    PayOrderState,
    RefundReason,
)
from telehealth.payments.subjects import Paid, Subjects

__all__ = [
    "Outcome", "close_at_once", "close_charge", "come_in", "look", "look_at", "look_at_order", "look_round",
    "settle",
]  # fmt: skip

log = structlog.get_logger(__name__)

PAYMENT = "payment"
#: Orders taken by one round, and how many of them are asked about side by side.
_AT_ONCE, _SIDE_BY_SIDE = 64, 16


class Outcome(StrEnum):
    """What became of an order that somebody asked about."""

    #: The charge is settled by it.
    TAKEN = "taken"
    #: Posted, and on its way back.
    REFUNDED = "refunded"
    #: Somebody wrote it down before.
    KNOWN = "known"
    #: The provider's amount is not ours: nothing is taken, staff look.
    DIFFERS = "differs"
    #: No order of ours has that number.
    UNKNOWN = "unknown"
    #: It is not paid: it still may be, or it is closed.
    OPEN = "open"
    CLOSED = "closed"
    #: A split payment: both of its halves must be asked about.
    SPLIT = "split"


@dataclass(frozen=True, slots=True)
class _Open:
    """An order to ask about, as it was before the question."""

    order: PayOrder
    hospital: str
    #: Nobody wants money by it any more: closed at the provider unless it is paid.
    unwanted: bool
    expired: bool


async def settle(
    unit: Unit,
    out_trade_no: str,
    answer: OrderAnswer,
    *,
    came: Parts | None = None,
    is_whole: bool = False,
    told: Told | None = None,
) -> Outcome:
    """Write down that an order is paid; once more changes nothing.

    A split payment is settled only by whoever asked about both halves: `is_whole` when both are paid,
    else `came` is what really came in, and it goes back.

    Raises NoticeRefused when what was `told` does not fit the order.
    """
    found = await queries.order_and_charge(unit, out_trade_no)
    if found is None:
        return Outcome.UNKNOWN
    seen, of = found
    if told is not None:
        told.require(seen.request["hospital"], seen.cash, seen.total)
    if seen.state is PayOrderState.PAID:
        return Outcome.KNOWN
    if seen.cover_id is not None and came is None and not is_whole:
        return Outcome.SPLIT
    # Kept in hand until the end: the session forgets what nobody holds, and `take` would read it again.
    subject = await unit.port(Subjects).of(of).lock(unit, of.subject_id)
    charge, order = await queries.lock_charge_and_order(unit, seen.id)
    if order.state is PayOrderState.PAID:
        return Outcome.KNOWN
    asked = order.cash if came is None else came.cash
    if answer.amount != asked:
        return _note_difference(unit, order, answer)
    if came is not None:
        order.cash, order.fund, order.personal, order.other = came.cash, came.fund, came.personal, came.other
    order.transaction_id = answer.transaction_id
    order.paid_at = answer.paid_at or unit.now
    unit.step("pay.settle")
    outcome = await come_in(unit, charge, order, is_half=came is not None)
    del subject
    return outcome


async def come_in(unit: Unit, charge: Charge, order: PayOrder, *, is_half: bool = False) -> Outcome:
    """Post a payment whose `paid_at` is known; subject, charge and order are locked.

    It settles the charge when the subject takes it. If not, all of it goes back.
    """
    order.apply(PayOrderEvent.PAY)
    paid_at = order.paid_at or unit.now
    order.paid_on = hospital_day(paid_at)
    await post(unit, entries.paid(charge, order))
    if order.cover_id is not None:
        await (mixing.cover_settled if order.insured else mixing.cover_failed)(unit, order.cover_id)
    unit.audit("pay_order.paid", order, number=order.out_trade_no, cash=order.cash, insured=order.insured)
    back = RefundReason.SPLIT_FAILED if is_half else await _why_not_taken(unit, charge, paid_at)
    if back is None:
        await _settled(unit, charge, order, paid_at)
        return Outcome.TAKEN
    await refund_order(unit, order, back)
    await _close_if_done(unit, charge, is_wanted=is_half and charge.closing_since is None)
    return Outcome.REFUNDED


async def look(units: Units, out_trade_no: str, *, stop: bool = False, told: Told | None = None) -> Outcome:
    """Ask the provider about an open order and write down what it says.

    With `stop` it is closed at the provider unless it is paid, even if it could still be paid in time.

    Raises ProviderDown, ProviderBusy, InsurerDown: nothing is known, and nothing was changed; and
    NoticeRefused, when what was `told` does not fit the order.
    """
    async with units.system(PAYMENT) as unit:
        found = await queries.order_and_charge(unit, out_trade_no)
        if found is None:
            return Outcome.UNKNOWN
        order, charge = found
        if told is not None:
            # A split payment is told of by its cash, and as a whole.
            told.require(order.request["hospital"], order.cash, order.total)
        if order.state is PayOrderState.PAID:
            return Outcome.KNOWN
        unwanted = stop or charge.closing_since is not None or charge.state not in _PAYABLE
        looked = _Open(order, order.request["hospital"], unwanted, order.expires_at <= unit.now)
    answer, came = await _ask(units, looked)
    over = looked.unwanted or looked.expired
    if answer.truth is OrderTruth.UNPAID and over:
        answer, came = await _close_there(units, looked)
    if answer.truth is OrderTruth.PAID:
        async with units.system(PAYMENT) as unit:
            return await settle(unit, out_trade_no, answer, came=came, is_whole=came is None)
    if answer.truth is OrderTruth.CLOSED or (answer.truth is OrderTruth.UNKNOWN and over):
        async with units.system(PAYMENT) as unit:
            await _closed(unit, order.id, charge)
        return Outcome.CLOSED
    return Outcome.OPEN


async def look_at(units: Units, out_trade_no: str, *, stop: bool = False) -> PayOrderState | None:
    """As `look`, for those who want to know where the order is; None for an unknown number."""
    outcome = await look(units, out_trade_no, stop=stop)
    if outcome is Outcome.UNKNOWN:
        return None
    async with units.system(PAYMENT) as unit:
        found = await queries.order_and_charge(unit, out_trade_no)
    return found[0].state if found else None


async def look_round(units: Units) -> int:
    """Ask about every order whose next question is due; how many were asked about."""
    async with units.system(PAYMENT) as unit:
        due = await statements.lease_orders(unit, limit=_AT_ONCE)
        unit.step("pay.round")
    gate = asyncio.Semaphore(_SIDE_BY_SIDE)

    async def look(number: str) -> None:
        async with gate:
            await _look_quietly(units, number)

    await asyncio.gather(*(look(number) for number in due))
    return len(due)


@task("payments.look_at_order", retry_s=(5, 30))
async def look_at_order(work: Work, *, out_trade_no: str) -> None:
    """At once, when somebody wants it closed; the round goes on where a provider is silent."""
    await _look_quietly(work.units, out_trade_no)


async def close_charge(unit: Unit, charge_id: UUID) -> bool:
    """See to it that no money can come in any more; the caller has locked the subject.

    True: none can, go on. False: the provider is asked first, and the subject told afterwards
    (`PaySubject.closed`, or `take` when it was paid). Raises ChargeSettled for what is paid.
    """
    charge = await queries.lock_charge(unit, charge_id)
    if charge.state is ChargeState.CLOSED:
        return True
    if charge.state is ChargeState.SETTLED:
        raise ChargeSettled()
    still_open = await _still_open(unit, charge)
    if not still_open:
        charge.apply(ChargeEvent.CLOSE)
        unit.audit("charge.closed", charge, number=charge.number)
        return True
    if charge.closing_since is None:
        charge.closing_since = unit.now
        unit.audit("charge.closing", charge, number=charge.number)
    for order in still_open:
        order.look_at = unit.wall
        await unit.defer(look_at_order, out_trade_no=order.out_trade_no)
    unit.step("pay.closing")
    return False


async def close_at_once(units: Units, charge_id: UUID) -> None:
    """Do not wait for the poll: ask about each open order of a charge that is being closed, and close it.

    Raises ProviderDown, ProviderBusy, InsurerDown: the poll goes on asking.
    """
    async with units.system(PAYMENT) as unit:
        numbers = await queries.open_orders(unit, charge_id)
    for number in numbers:
        await look(units, number, stop=True)


_PAYABLE = (ChargeState.CREATED, ChargeState.SUBMITTED)


async def _why_not_taken(unit: Unit, charge: Charge, paid_at: datetime) -> RefundReason | None:
    if charge.state is ChargeState.SETTLED:
        return RefundReason.DOUBLE_PAYMENT
    if charge.state is ChargeState.CLOSED and await queries.live_sibling(unit, charge) is not None:
        return RefundReason.LATE_PAYMENT
    subject = unit.port(Subjects).of(charge)
    taken = await subject.take(unit, Paid(charge, paid_at))
    return None if taken else RefundReason.LATE_PAYMENT


async def _settled(unit: Unit, charge: Charge, order: PayOrder, paid_at: datetime) -> None:
    revived = charge.state is ChargeState.CLOSED
    charge.apply(ChargeEvent.REVIVE if revived else ChargeEvent.SETTLE)
    charge.settled_at, charge.settled_by, charge.closing_since = unit.now, order.id, None
    if order.insured:
        lines = await queries.lines_of(unit, charge.id)
        shares = split_lines([line.amount for line in lines], entries.parts_of(order))
        for line, share in zip(lines, shares, strict=True):
            line.fund, line.personal, line.other = share.fund, share.personal, share.other
    # Other orders of it are asked about, and closed, at the next round.
    statements.hurry_others(unit, charge.id, order.id)
    unit.audit(
        "charge.settled", charge,
        number=charge.number, amount=charge.amount, order=order.out_trade_no, revived=revived,
    )  # fmt: skip
    if charge.account_id is not None and (order.insured or not unit.port(Subjects).of(charge).tells):
        await _tell(unit, charge, order, charge.account_id)


async def _tell(unit: Unit, charge: Charge, order: PayOrder, account_id: UUID) -> None:
    """In the transaction that settles it, so that nobody waits for the details (GD03)."""
    parts: dict[str, Any] = {}
    if order.insured:
        names = ("fund", "personal", "other", "cash")
        parts = {name: yuan(getattr(order, name)) for name in names}
    await notify(
        unit, Notice.CHARGE_SPLIT if parts else Notice.CHARGE_PAID, account_id,
        hospital_id=charge.hospital_id, href=f"/receipts/{charge.id}", number=charge.number,
        amount=yuan(charge.amount), **parts,
    )  # fmt: skip


def _note_difference(unit: Unit, order: PayOrder, answer: OrderAnswer) -> Outcome:
    """Said, not raised: an error would undo the record staff look at."""
    if "differs" not in order.answer:
        order.answer = {**order.answer, "differs": {"ours": order.cash, "theirs": answer.amount}}
        unit.audit(
            "pay_order.amount_differs", order,
            number=order.out_trade_no, ours=order.cash, theirs=answer.amount,
        )  # fmt: skip
    order.look_at = unit.wall + timedelta(hours=1)
    return Outcome.DIFFERS


async def _ask(units: Units, looked: _Open, *, final: bool = False) -> tuple[OrderAnswer, Parts | None]:
    order = looked.order
    point("pay.query.before_call")
    if order.cover_id is not None:
        answer, came = await mixing.ask(units, order, looked.hospital, final=final)
    else:
        provider = units.port(Providers)[order.provider]
        answer, came = await provider.query(looked.hospital, order.out_trade_no), None
    point("pay.query.after_call")
    return answer, came


async def _close_there(units: Units, looked: _Open) -> tuple[OrderAnswer, Parts | None]:
    """No money can come in any more; or it just did, and then that is the answer."""
    order = looked.order
    point("pay.close.before_call")
    try:
        if order.cover_id is not None:
            await mixing.close(units, order, looked.hospital)
        else:
            await units.port(Providers)[order.provider].close(looked.hospital, order.out_trade_no)
    except OrderPaid:
        return await _ask(units, looked, final=True)
    point("pay.close.after_call")
    return OrderAnswer(OrderTruth.CLOSED), None


async def _closed(unit: Unit, order_id: UUID, of: Charge) -> None:
    await unit.port(Subjects).of(of).lock(unit, of.subject_id)
    charge = await queries.lock_charge(unit, of.id)
    order = await queries.lock_order(unit, order_id)
    if order.state in queries.OPEN:
        order.apply(PayOrderEvent.CLOSE)
        if order.cover_id is not None:
            await mixing.cover_failed(unit, order.cover_id)
        unit.audit("pay_order.closed", order, number=order.out_trade_no)
        unit.step("pay.closed")
    await _close_if_done(unit, charge, is_wanted=charge.closing_since is None)


async def _close_if_done(unit: Unit, charge: Charge, *, is_wanted: bool) -> None:
    """Close a charge nobody wants, once no order of it is open, and tell its subject."""
    if charge.state not in _PAYABLE or is_wanted:
        return
    still_open = await _still_open(unit, charge)
    if still_open:
        charge.closing_since = charge.closing_since or unit.now
        for order in still_open:
            order.look_at = unit.wall
        return
    charge.apply(ChargeEvent.CLOSE)
    unit.audit("charge.closed", charge, number=charge.number)
    await unit.port(Subjects).of(charge).closed(unit, charge)


async def _still_open(unit: Unit, charge: Charge) -> list[PayOrder]:
    """Without those that wait for a person: their money is in already, and not what we asked for."""
    orders = await queries.lock_orders(unit, charge.id)
    return [order for order in orders if order.state in queries.OPEN and "differs" not in order.answer]


async def _look_quietly(units: Units, number: str) -> None:
    try:
        await look(units, number)
    except (Unavailable, Busy, Refused) as error:
        log.info("payment.provider_silent", order=number, error=error.code)
