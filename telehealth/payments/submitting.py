"""Carry refunds out: take the legs that are due, ask the party, write down what it said.

A leg is leased by moving `next_at` on, and its number never changes. Whoever dies in between leaves a
leg whose lease runs out: it is asked about before it is sent again, so nothing goes out twice.
"""

import asyncio
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog

from telehealth.core.clock import Clock
from telehealth.core.errors import Busy, DomainError, Refused, Unavailable
from telehealth.core.jobs import Work, task
from telehealth.core.points import point
from telehealth.core.unit import Units
from telehealth.insurance import Insurer, Split, cover_of
from telehealth.payments import queries, statements
from telehealth.payments.errors import NotEnough
from telehealth.payments.mixing import mixed_channel
from telehealth.payments.ports import Providers, RefundAnswer, RefundFacts, RefundTruth, Told
from telehealth.payments.rules import REFUNDS_AT_MOST, wait_after
from telehealth.payments.statements import DueLeg
from telehealth.payments.states import LegEvent, LegKind, LegState, RefundReason
from telehealth.payments.walking import (
    BLOCKED,
    NOT_ENOUGH,
    follow_legs,
    lock_road,
    park_leg,
    settle_leg,
    take_up,
)

__all__ = ["look_at_refund", "release_waiting", "submit_due", "submit_refunds", "submit_round"]

log = structlog.get_logger(__name__)

REFUNDS = "refunds"
_SIDE_BY_SIDE = 16
_TOO_MANY = "too_many"
_ANSWERED = {RefundTruth.ABNORMAL: BLOCKED, RefundTruth.CLOSED: "closed"}
#: The provider may show it to the patient, so it says only what kind of thing happened.
REASON_WORDS = {
    RefundReason.UNATTENDED: "当日未接诊，自动退费",
    RefundReason.CANCELLED: "取消预约退费",
    RefundReason.CLINIC_CLOSED: "停诊退费",
    RefundReason.WITHDRAWN: "医生退号退费",
    RefundReason.INELIGIBLE: "接诊未通过退费",
    RefundReason.UNFINISHED: "未完成接诊退费",
    RefundReason.NOT_PREPARED: "未能配药退费",
    RefundReason.ORDER_CANCELLED: "取消取药退费",
    RefundReason.PAID_ELSEWHERE: "窗口已收费退费",
    RefundReason.BILL_WITHDRAWN: "缴费单撤销退费",
    RefundReason.LATE_PAYMENT: "超时支付退费",
    RefundReason.DOUBLE_PAYMENT: "重复支付退费",
    RefundReason.SPLIT_FAILED: "医保支付未完成退费",
    RefundReason.STAFF: "医院退费",
}


@dataclass(frozen=True, slots=True)
class Said:
    """What a party answered about one leg."""

    leg: DueLeg
    #: None when nothing is known of it: it waits until `again_at`.
    answer: RefundAnswer | None = None
    again_at: datetime | None = None
    #: Refused, and why: a person looks.
    word: str = ""


async def submit_due(units: Units, limit: int = 50) -> int:
    """One round: lease, call side by side, record. How many legs were taken."""
    async with units.system(REFUNDS) as unit:
        due = await statements.lease_legs(unit, limit=limit)
        if due:
            unit.step("refund.leased")
    if not due:
        return 0
    gate = asyncio.Semaphore(_SIDE_BY_SIDE)

    async def ask(leg: DueLeg) -> Said:
        async with gate:
            return await _ask(units, leg)

    await _record(units, await asyncio.gather(*(ask(leg) for leg in due)))
    return len(due)


async def submit_round(units: Units) -> int:
    """Rounds until nothing is due."""
    count = 0
    while taken := await submit_due(units):
        count += taken
    return count


@task("payments.submit_refunds", retry_s=(5, 30))
async def submit_refunds(work: Work) -> None:
    """Soon after a refund was requested; the periodic round would come to it, too."""
    await submit_round(work.units)


async def look_at_refund(units: Units, number: str, *, told: Told | None = None) -> bool:
    """Ask the provider what became of a refund's cash, and write it down; False for an unknown number.

    Raises ProviderDown, ProviderBusy: nothing is known; and NoticeRefused, when what was `told` does not
    fit the refund.
    """
    async with units.system(REFUNDS) as unit:
        leg = await statements.cash_leg(unit, number)
    if leg is None:
        return False
    if told is not None:
        told.require(leg.hospital, leg.amount)
    if leg.state not in (LegState.REQUESTED, LegState.SUBMITTED, LegState.PARKED):
        return True
    point("refund.query.before_call")
    answer = await units.port(Providers)[leg.party].query_refund(leg.hospital, number)
    point("refund.query.after_call")
    if answer.truth is not RefundTruth.UNKNOWN:
        await _record(units, [_said(units.clock, leg, answer)])
    return True


async def release_waiting(units: Units) -> int:
    """Send again what waited for money at the merchant, with the same numbers; how many."""
    async with units.system(REFUNDS) as unit:
        waiting = await queries.lock_waiting_for_money(unit, NOT_ENOUGH)
        for refund in waiting:
            legs = await queries.lock_legs(unit, refund.id)
            for leg in legs:
                if leg.state is LegState.PARKED and leg.word == NOT_ENOUGH:
                    leg.apply(LegEvent.RETRY)
                    leg.next_at, leg.word = unit.wall, None
            follow_legs(unit, refund, legs)
            unit.audit("refund.retried", refund, number=refund.number)
        if waiting:
            unit.step("refund.retried")
            await unit.defer(submit_refunds)
    return len(waiting)


async def _ask(units: Units, leg: DueLeg) -> Said:
    if leg.kind is LegKind.CASH and leg.sent_before >= REFUNDS_AT_MOST and leg.state is LegState.REQUESTED:
        return Said(leg, word=_TOO_MANY)
    try:
        return _said(units.clock, leg, await _carry_out(units, leg))
    except NotEnough:
        return Said(leg, word=NOT_ENOUGH)
    except Refused as refusal:
        return Said(leg, word=str(refusal.facts.get("word") or refusal.code))
    except (Unavailable, Busy) as error:
        log.info("refund.party_silent", number=leg.number, error=error.code)
        return Said(leg, again_at=_again(units.clock, leg, error))


def _said(clock: Clock, leg: DueLeg, answer: RefundAnswer) -> Said:
    if answer.truth in _ANSWERED:
        return Said(leg, answer, word=_ANSWERED[answer.truth])
    if answer.truth is RefundTruth.SETTLED and answer.amount not in (None, leg.amount):
        return Said(leg, answer, word="amount_differs")
    return Said(leg, answer, again_at=clock.wall() + wait_after(max(leg.tries - 1, 0)))


def _again(clock: Clock, leg: DueLeg, error: DomainError) -> datetime:
    wait = wait_after(max(leg.tries - 1, 0))
    if isinstance(error, Busy):
        wait = max(wait, timedelta(seconds=error.retry_after_s))
    return clock.wall() + wait


async def _carry_out(units: Units, leg: DueLeg) -> RefundAnswer:
    if leg.kind is LegKind.INSURANCE:
        return await _at_insurer(units, leg)
    if leg.kind is LegKind.TELL:
        return await _tell(units, leg)
    provider = units.port(Providers)[leg.party]
    if leg.tries > 1 or leg.state is LegState.SUBMITTED:
        point("refund.query.before_call")
        known = await provider.query_refund(leg.hospital, leg.number)
        point("refund.query.after_call")
        if known.truth is not RefundTruth.UNKNOWN:
            return known
    point("refund.sent.before_call")
    answer = await provider.refund(
        RefundFacts(
            hospital=leg.hospital,
            out_trade_no=leg.out_trade_no,
            number=leg.number,
            amount=leg.amount,
            total=leg.order_cash,
            reason=REASON_WORDS[leg.reason],
        )
    )
    point("refund.sent.after_call")
    return answer


async def _at_insurer(units: Units, leg: DueLeg) -> RefundAnswer:
    """The insurer gives its part back at once; the same number does so once."""
    async with units.system(REFUNDS) as unit:
        cover = await cover_of(unit, leg.cover)
    point("refund.insurer.before_call")
    await units.port(Insurer).refund(  # type: ignore[type-abstract]
        leg.hospital,
        pay_order_id=cover.pay_order_id or "",
        number=leg.number,
        split=Split(leg.fund, leg.personal, leg.other, 0),
        at=leg.requested_at,
    )
    point("refund.insurer.after_call")
    return RefundAnswer(RefundTruth.SETTLED, party_number=cover.pay_order_id)


async def _tell(units: Units, leg: DueLeg) -> RefundAnswer:
    point("refund.told.before_call")
    await mixed_channel(units).tell_refunded(
        leg.hospital,
        leg.mix_trade_no or "",
        number=leg.number,
        fund=leg.fund,
        personal=leg.personal,
        other=leg.other,
        at=leg.requested_at,
    )
    point("refund.told.after_call")
    return RefundAnswer(RefundTruth.SETTLED)


async def _record(units: Units, said: Sequence[Said]) -> None:
    """The many that are on their way in one statement, each that ends in a unit of its own."""
    await _record_under_way(units, [one for one in said if _is_under_way(one)])
    for one in said:
        if not _is_under_way(one):
            await _record_end(units, one)


def _is_under_way(one: Said) -> bool:
    return not one.word and (one.answer is None or one.answer.truth is not RefundTruth.SETTLED)


async def _record_under_way(units: Units, said: Iterable[Said]) -> None:
    known = [one for one in said if one.answer is not None]
    silent = [one for one in said if one.answer is None]
    if not known and not silent:
        return
    async with units.system(REFUNDS) as unit:
        await statements.write_submitted(
            unit, [(one.leg.id, one.again_at, one.answer.party_number) for one in known if one.answer]
        )
        await statements.write_later(unit, [(one.leg.id, one.again_at) for one in silent])
        unit.step("refund.recorded")


async def _record_end(units: Units, one: Said) -> None:
    async with units.system(REFUNDS) as unit:
        road = await lock_road(unit, one.leg.refund_id)
        leg = next(leg for leg in road.legs if leg.id == one.leg.id)
        if one.word:
            await park_leg(unit, road, leg, one.word)
        else:
            take_up(leg, one.answer)
            await settle_leg(unit, road, leg)
        unit.step("refund.settled")
    if not one.word and any(leg.state is LegState.REQUESTED for leg in road.legs):
        # The next leg may start at once: no need to wait for the next round.
        async with units.system(REFUNDS) as unit:
            await unit.defer(submit_refunds)
