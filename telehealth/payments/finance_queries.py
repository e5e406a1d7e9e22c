"""A day's totals by the ledger, and long lists in pages: what finance reads beside the reconciliation."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

import sqlalchemy as sa

from telehealth.core.clock import day_end, day_start
from telehealth.core.unit import Unit
from telehealth.ledger import Account
from telehealth.ledger.statements import movements
from telehealth.payments.models import Charge, Difference, PayOrder, Refund, RefundLeg
from telehealth.payments.reconciliation_queries import INSURED, among
from telehealth.payments.states import OrderType, RefundState, Way


@dataclass(frozen=True, slots=True)
class DayTotal:
    """What one way and one type of order brought in and gave back on a day, by the ledger. Fen."""

    way: Way
    order_type: OrderType
    orders: int = 0
    cash: int = 0
    insured: int = 0
    refunds: int = 0
    back: int = 0

    @property
    def paid(self) -> int:
        return self.cash + self.insured


async def day_totals(unit: Unit, hospital_id: UUID, day: date) -> list[DayTotal]:
    """What the books say moved on a day, by way and type; ways and types without any are left out."""
    came = await _came_in(unit, hospital_id, day)
    back = await _went_back(unit, hospital_id, day)
    return [
        DayTotal(way, kind, *came.get((way, kind), (0, 0, 0)), *back.get((way, kind), (0, 0)))
        for way in Way
        for kind in OrderType
        if (way, kind) in came or (way, kind) in back
    ]


async def parked(unit: Unit, *, limit: int) -> Sequence[Refund]:
    """Refunds of the actor's hospital that wait for a person, the longest waiting first."""
    found = (
        sa.select(Refund)
        .where(Refund.hospital_id == unit.actor.hospital, Refund.state == RefundState.PARKED)
        .order_by(Refund.requested_at, Refund.id)
        .limit(limit)
    )
    return (await unit.session.scalars(found)).all()


async def count_parked(unit: Unit) -> int:
    """Refunds of the actor's hospital that wait for a person."""
    found = sa.select(sa.func.count()).where(
        Refund.hospital_id == unit.actor.hospital, Refund.state == RefundState.PARKED
    )
    return await unit.session.scalar(found) or 0


async def orders_after(
    unit: Unit, first: date, last: date, after: tuple[datetime, UUID] | None, *, limit: int
) -> list[tuple[PayOrder, Charge]]:
    """Paid orders of a span of days in order of time, a page of them."""
    found = (
        sa.select(PayOrder, Charge)
        .join(Charge, Charge.id == PayOrder.charge_id)
        .where(PayOrder.hospital_id == unit.actor.hospital, PayOrder.paid_on.between(first, last))
        .order_by(PayOrder.paid_at, PayOrder.id)
        .limit(limit)
    )
    if after is not None:
        found = found.where(sa.tuple_(PayOrder.paid_at, PayOrder.id) > sa.tuple_(*after))
    return [(order, charge) for order, charge in await unit.session.execute(found)]


async def refunds_after(
    unit: Unit, first: date, last: date, after: tuple[datetime, UUID] | None, *, limit: int
) -> list[tuple[Refund, PayOrder]]:
    """Refunds asked for in a span of days in order of time, a page of them."""
    found = (
        sa.select(Refund, PayOrder)
        .join(PayOrder, PayOrder.id == Refund.pay_order_id)
        .where(
            Refund.hospital_id == unit.actor.hospital,
            Refund.requested_at >= day_start(first),
            Refund.requested_at < day_end(last),
        )
        .order_by(Refund.requested_at, Refund.id)
        .limit(limit)
    )
    if after is not None:
        found = found.where(sa.tuple_(Refund.requested_at, Refund.id) > sa.tuple_(*after))
    return [(refund, order) for refund, order in await unit.session.execute(found)]


async def differences_after(
    unit: Unit, first: date, last: date, after: tuple[date, UUID] | None, *, limit: int
) -> Sequence[Difference]:
    found = sa.select(Difference).where(
        Difference.hospital_id == unit.actor.hospital, Difference.day.between(first, last)
    )
    if after is not None:
        found = found.where(sa.tuple_(Difference.day, Difference.id) > sa.tuple_(*after))
    return (await unit.session.scalars(found.order_by(Difference.day, Difference.id).limit(limit))).all()


async def charge_numbers(unit: Unit, charge_ids: Iterable[UUID | None]) -> dict[UUID, str]:
    """What people call the charges behind entries."""
    wanted = list({charge_id for charge_id in charge_ids if charge_id is not None})
    found = sa.select(Charge.id, Charge.number).where(among(Charge.id, wanted, sa.Uuid()))
    return {charge_id: number for charge_id, number in await unit.session.execute(found)}


async def legs_of(unit: Unit, refund_ids: Iterable[UUID]) -> dict[UUID, list[RefundLeg]]:
    """The legs of many refunds, each refund's in the order they are walked."""
    wanted = list(refund_ids)
    legs: dict[UUID, list[RefundLeg]] = {refund_id: [] for refund_id in wanted}
    found = sa.select(RefundLeg).where(among(RefundLeg.refund_id, wanted, sa.Uuid()))
    for leg in await unit.session.scalars(found.order_by(RefundLeg.id)):
        legs[leg.refund_id].append(leg)
    return legs


async def _came_in(
    unit: Unit, hospital_id: UUID, day: date
) -> dict[tuple[Way, OrderType], tuple[int, int, int]]:
    moved = movements()
    provider = moved.c.account.startswith("provider.")
    found = (
        sa.select(
            PayOrder.way,
            Charge.order_type,
            sa.func.count(sa.distinct(PayOrder.id)),
            sa.func.coalesce(sa.func.sum(moved.c.amount).filter(provider), 0),
            sa.func.coalesce(sa.func.sum(moved.c.amount).filter(moved.c.account.in_(INSURED)), 0),
        )
        .select_from(moved)
        .join(PayOrder, PayOrder.id == _subject_of(moved))
        .join(Charge, Charge.id == PayOrder.charge_id)
        .where(*_on(moved, hospital_id, day, "pay_order.paid"))
        .group_by(PayOrder.way, Charge.order_type)
    )
    rows = await unit.session.execute(found)
    return {(way, kind): (count, int(cash), int(insured)) for way, kind, count, cash, insured in rows}


async def _went_back(
    unit: Unit, hospital_id: UUID, day: date
) -> dict[tuple[Way, OrderType], tuple[int, int]]:
    moved = movements()
    found = (
        sa.select(
            PayOrder.way,
            Charge.order_type,
            sa.func.count(sa.distinct(RefundLeg.refund_id)),
            sa.func.sum(moved.c.amount),
        )
        .select_from(moved)
        .join(RefundLeg, RefundLeg.id == _subject_of(moved))
        .join(PayOrder, PayOrder.id == RefundLeg.pay_order_id)
        .join(Charge, Charge.id == PayOrder.charge_id)
        .where(*_on(moved, hospital_id, day, "refund.settled"), moved.c.account == Account.REFUNDS)
        .group_by(PayOrder.way, Charge.order_type)
    )
    rows = await unit.session.execute(found)
    return {(way, kind): (count, int(back)) for way, kind, count, back in rows}


def _on(moved: sa.Subquery, hospital_id: UUID, day: date, event: str) -> tuple[sa.ColumnElement[bool], ...]:
    return moved.c.hospital_id == hospital_id, moved.c.posted_on == day, moved.c.event == event


def _subject_of(moved: sa.Subquery) -> sa.ColumnElement[UUID]:
    """The id in the middle of a cause: `pay_order:<id>:paid`."""
    return sa.cast(sa.func.split_part(moved.c.cause, ":", 2), sa.Uuid)
