"""A refund walks its legs: one settles, the next starts, and with the last the refund is settled."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from telehealth.core.money import yuan
from telehealth.core.unit import Unit
from telehealth.ledger import post
from telehealth.notifications import Notice, notify
from telehealth.payments import entries, mixing, queries
from telehealth.payments.events import RefundParked
from telehealth.payments.models import Charge, Refund, RefundLeg
from telehealth.payments.ports import RefundAnswer
from telehealth.payments.rules import NOT_ENOUGH_WAITS, Parts, events_between, state_of
from telehealth.payments.states import LegEvent, LegKind, LegState, RefundEvent, RefundState
from telehealth.payments.subjects import Subjects

__all__ = ["BLOCKED", "NOT_ENOUGH", "Road", "follow_legs", "lock_road", "park_leg", "settle_leg", "take_up"]

#: A leg that waits for money at the merchant: tried again by itself.
NOT_ENOUGH = "not_enough"
#: A leg whose way back is blocked: staff choose another.
BLOCKED = "abnormal"


@dataclass(frozen=True, slots=True)
class Road:
    """A refund with everything it touches, locked in the order of the house."""

    charge: Charge
    refund: Refund
    legs: Sequence[RefundLeg]


async def lock_road(unit: Unit, refund_id: UUID) -> Road:
    """Subject, charge, refund, legs. Raises RefundNotFound."""
    seen = await queries.charge_of_refund(unit, refund_id)
    await unit.port(Subjects).of(seen).lock(unit, seen.subject_id)
    charge = await queries.lock_charge(unit, seen.id)
    refund = await queries.lock_refund(unit, refund_id)
    return Road(charge, refund, await queries.lock_legs(unit, refund_id))


def take_up(leg: RefundLeg, answer: RefundAnswer | None) -> None:
    """What the party said of a leg, beside its state."""
    if answer is not None:
        leg.party_number = answer.party_number or leg.party_number
        leg.received_by = answer.received_by or leg.received_by
        leg.settled_at = answer.settled_at


async def settle_leg(unit: Unit, road: Road, leg: RefundLeg) -> None:
    """This part of the money is out. Once more changes nothing."""
    if leg.state is LegState.SETTLED:
        return
    if leg.state is LegState.REQUESTED:
        leg.apply(LegEvent.SUBMIT)
    leg.apply(LegEvent.SETTLE)
    leg.settled_at, leg.word = leg.settled_at or unit.now, None
    await _post(unit, road, leg)
    unit.audit("refund_leg.settled", leg, kind=leg.kind, party=leg.party, amount=leg.amount)
    following = next((one for one in road.legs if one.state is LegState.WAITING), None)
    if following is not None:
        following.apply(LegEvent.START)
        following.next_at = unit.wall
    follow_legs(unit, road.refund, road.legs)
    if road.refund.state is RefundState.SETTLED:
        await _finish(unit, road)


async def park_leg(unit: Unit, road: Road, leg: RefundLeg, word: str) -> None:
    """It cannot go on by itself: finance is told, and decides."""
    if leg.state not in (LegState.REQUESTED, LegState.SUBMITTED):
        return
    leg.apply(LegEvent.PARK)
    leg.word = word
    leg.next_at = unit.wall + NOT_ENOUGH_WAITS
    follow_legs(unit, road.refund, road.legs)
    unit.audit("refund.parked", road.refund, number=road.refund.number, leg=leg.kind, word=word)
    await unit.publish(RefundParked(road.refund.hospital_id, road.refund.id, word))


def follow_legs(unit: Unit, refund: Refund, legs: Sequence[RefundLeg]) -> None:
    """Bring a refund where its legs are."""
    for event in events_between(refund.state, state_of(leg.state for leg in legs)):
        refund.apply(event)
        if event is RefundEvent.SUBMIT:
            refund.submitted_at = refund.submitted_at or unit.now
        if event is RefundEvent.SETTLE:
            refund.settled_at = unit.now


async def _post(unit: Unit, road: Road, leg: RefundLeg) -> None:
    if leg.kind is LegKind.TELL:
        return
    cash = leg.amount if leg.kind is LegKind.CASH else 0
    entry = entries.leg_settled(
        leg.id,
        leg.party,
        Parts(cash, leg.fund, leg.personal, leg.other),
        hospital_id=leg.hospital_id,
        charge_id=road.charge.id,
        account_id=leg.account_id,
    )
    await post(unit, entry)
    if leg.kind is LegKind.INSURANCE:
        order = await queries.lock_order(unit, leg.pay_order_id)
        if order.cover_id is not None and await queries.insured_back(unit, order.id) >= order.insured:
            await mixing.cover_given_back(unit, order.cover_id)


async def _finish(unit: Unit, road: Road) -> None:
    charge, refund = road.charge, road.refund
    unit.audit("refund.settled", refund, number=refund.number, amount=refund.amount)
    await unit.port(Subjects).of(charge).refunded(unit, charge, refund)
    if refund.account_id is not None:
        await notify(
            unit, Notice.REFUND_SETTLED, refund.account_id, hospital_id=refund.hospital_id,
            href=f"/refunds/{refund.id}", number=refund.number, amount=yuan(refund.amount),
        )  # fmt: skip
