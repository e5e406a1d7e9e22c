"""Both sides of a day, bills as they were fetched, and differences with their age.

Amounts of our side come from the ledger, never from the orders themselves; which day an order belongs to
is the day its provider says it was paid on.
"""

from collections.abc import Collection, Iterable, Sequence
from datetime import date
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql
from sqlalchemy.orm import InstrumentedAttribute

from telehealth.core.clock import day_end, day_start
from telehealth.core.unit import Unit
from telehealth.insurance import covers_by_serial, serials_of
from telehealth.ledger import Account, provider_account
from telehealth.ledger.statements import movements
from telehealth.payments.comparing import Books, Key, summed
from telehealth.payments.errors import DifferenceNotFound
from telehealth.payments.models import BillFetch, BillRow, Charge, Difference, PayOrder, Refund, RefundLeg
from telehealth.payments.states import LegKind

PAYMENT, REFUND = "payment", "refund"
#: The party of an insurance leg, and of the insurer's list.
INSURER = "nhsa"
_TEXT = sa.Text()
INSURED = (Account.INSURER_FUND, Account.INSURER_PERSONAL, Account.INSURER_OTHER)


async def books_of(unit: Unit, hospital_id: UUID, party: str, day: date) -> Books:
    """Both sides of one party's day, ready to compare."""
    theirs = await _their_lines(unit, hospital_id, party, day)
    due = await _our_lines(unit, hospital_id, party, day=day)
    return Books(
        due=due,
        known=await _our_lines(unit, hospital_id, party, numbers=[number for _, number in theirs]),
        theirs=theirs,
        elsewhere=await _listed_elsewhere(unit, hospital_id, party, day, due.keys() - theirs.keys()),
    )


async def fees_of(unit: Unit, hospital_id: UUID, party: str, day: date) -> int:
    """What the party keeps of the day, by its bill."""
    found = sa.select(sa.func.coalesce(sa.func.sum(BillRow.fee), 0)).where(*_bill(hospital_id, party, day))
    return int(await unit.session.scalar(found) or 0)


def fees_cause(hospital_id: UUID, party: str, day: date) -> str:
    return f"bill:{hospital_id}:{party}:{day}:fees"


async def fees_posted(unit: Unit, hospital_id: UUID, party: str, day: date) -> int:
    moved = movements()
    found = sa.select(sa.func.coalesce(sa.func.sum(moved.c.amount), 0)).where(
        moved.c.cause == fees_cause(hospital_id, party, day), moved.c.account == Account.FEES
    )
    return int(await unit.session.scalar(found) or 0)


async def fetches_of(unit: Unit, hospital_id: UUID, day: date) -> dict[str, BillFetch]:
    """Whose bill of the day is here, by party."""
    found = sa.select(BillFetch).where(BillFetch.hospital_id == hospital_id, BillFetch.day == day)
    return {row.party: row for row in await unit.session.scalars(found)}


async def fetched_days(unit: Unit, hospital_id: UUID, days: Collection[date]) -> set[tuple[str, date]]:
    """Party and day of every bill that is here."""
    found = sa.select(BillFetch.party, BillFetch.day).where(
        BillFetch.hospital_id == hospital_id, BillFetch.day.in_(days)
    )
    return {(party, day) for party, day in await unit.session.execute(found)}


async def days_in_question(unit: Unit, hospital_id: UUID, party: str, day: date) -> Sequence[date]:
    """Days of a party whose open differences a newly fetched bill may explain."""
    found = (
        sa.select(Difference.day)
        .where(
            Difference.hospital_id == hospital_id,
            Difference.party == party,
            Difference.resolved_at.is_(None),
            Difference.day != day,
        )
        .distinct()
    )
    return (await unit.session.scalars(found.order_by(Difference.day))).all()


async def lock_differences(unit: Unit, hospital_id: UUID, party: str, day: date) -> Sequence[Difference]:
    locked = sa.select(Difference).where(
        Difference.hospital_id == hospital_id, Difference.party == party, Difference.day == day
    )
    return (await unit.session.scalars(locked.order_by(Difference.id).with_for_update())).all()


async def lock_difference(unit: Unit, difference_id: UUID) -> Difference:
    """Raises DifferenceNotFound."""
    locked = sa.select(Difference).where(
        Difference.id == difference_id, Difference.hospital_id == unit.actor.hospital
    )
    row = (await unit.session.scalars(locked.with_for_update())).first()
    if row is None:
        raise DifferenceNotFound()
    return row


async def difference(unit: Unit, difference_id: UUID) -> Difference:
    """Raises DifferenceNotFound."""
    found = sa.select(Difference).where(
        Difference.id == difference_id, Difference.hospital_id == unit.actor.hospital
    )
    row = (await unit.session.scalars(found)).first()
    if row is None:
        raise DifferenceNotFound()
    return row


async def differences(
    unit: Unit, *, is_open: bool | None = None, day: date | None = None, limit: int = 200
) -> Sequence[Difference]:
    """Of the actor's hospital: open ones oldest first, others latest first."""
    found = sa.select(Difference).where(Difference.hospital_id == unit.actor.hospital)
    if is_open is not None:
        found = found.where(
            Difference.resolved_at.is_(None) if is_open else Difference.resolved_at.is_not(None)
        )
    if day is not None:
        found = found.where(Difference.day == day)
    order = (
        (Difference.day, Difference.id) if is_open else (Difference.resolved_at.desc(), Difference.id.desc())
    )
    return (await unit.session.scalars(found.order_by(*order).limit(limit))).all()


async def count_open(unit: Unit) -> int:
    found = sa.select(sa.func.count()).where(
        Difference.hospital_id == unit.actor.hospital, Difference.resolved_at.is_(None)
    )
    return await unit.session.scalar(found) or 0


async def order_behind(unit: Unit, row: Difference) -> tuple[PayOrder, Charge] | None:
    """Our order under the number a difference is about, paid or not; a refund's order for a refund."""
    refunded = sa.select(Refund.pay_order_id).where(Refund.number == row.reference)
    covered = (await covers_by_serial(unit, [row.reference])).get(row.reference)
    meant = sa.or_(PayOrder.out_trade_no == row.reference, PayOrder.id.in_(refunded))
    if covered is not None:
        meant = sa.or_(meant, PayOrder.cover_id == covered)
    found = sa.select(PayOrder, Charge).join(Charge, Charge.id == PayOrder.charge_id)
    mine = found.where(PayOrder.hospital_id == row.hospital_id, meant).limit(1)
    first = (await unit.session.execute(mine)).first()
    return (first[0], first[1]) if first else None


async def _their_lines(unit: Unit, hospital_id: UUID, party: str, day: date) -> dict[Key, int]:
    found = sa.select(BillRow.kind, BillRow.reference, BillRow.amount).where(*_bill(hospital_id, party, day))
    rows = await unit.session.execute(found.order_by(BillRow.at, BillRow.reference))
    return summed((kind, reference, amount) for kind, reference, amount in rows)


def _bill(hospital_id: UUID, party: str, day: date) -> tuple[sa.ColumnElement[bool], ...]:
    return BillRow.hospital_id == hospital_id, BillRow.party == party, BillRow.day == day


async def _listed_elsewhere(
    unit: Unit, hospital_id: UUID, party: str, day: date, keys: Iterable[Key]
) -> set[Key]:
    found = sa.select(BillRow.kind, BillRow.reference).where(
        BillRow.hospital_id == hospital_id,
        BillRow.party == party,
        BillRow.day != day,
        among(BillRow.reference, [reference for _, reference in keys]),
    )
    return {(kind, reference) for kind, reference in await unit.session.execute(found)}


async def _our_lines(
    unit: Unit,
    hospital_id: UUID,
    party: str,
    *,
    day: date | None = None,
    numbers: Sequence[str] = (),
) -> dict[Key, int]:
    """Of one day, or under these numbers whatever the day."""
    paid = _insured_orders if party == INSURER else _orders
    lines = [
        (PAYMENT, number, amount) for number, amount in await paid(unit, hospital_id, party, day, numbers)
    ]
    lines += [
        (REFUND, number, amount) for number, amount in await _legs(unit, hospital_id, party, day, numbers)
    ]
    return summed(lines)


def among(
    column: sa.ColumnElement[Any] | InstrumentedAttribute[Any],
    values: Sequence[Any],
    kind: sa.types.TypeEngine[Any] = _TEXT,
) -> sa.ColumnElement[bool]:
    """As one array: a day of a large hospital has more numbers than a statement has parameters."""
    return column == sa.any_(sa.literal(values, postgresql.ARRAY(kind)))


async def _orders(
    unit: Unit, hospital_id: UUID, party: str, day: date | None, numbers: Sequence[str]
) -> list[tuple[str, int]]:
    """Paid through a provider; an order that the insurer pays all of is none of its business."""
    moved = movements()
    found = (
        sa.select(PayOrder.out_trade_no, moved.c.amount)
        .join(moved, moved.c.cause == _paid_cause())
        .where(
            PayOrder.hospital_id == hospital_id,
            PayOrder.provider == party,
            moved.c.account == provider_account(party),
            PayOrder.paid_on == day if day else among(PayOrder.out_trade_no, numbers),
        )
    )
    return [(number, amount) for number, amount in await unit.session.execute(found)]


async def _insured_orders(
    unit: Unit, hospital_id: UUID, party: str, day: date | None, numbers: Sequence[str]
) -> list[tuple[str, int]]:
    """The insurer's part of split payments, under the number it knows."""
    moved = movements()
    meant: sa.ColumnElement[bool] = PayOrder.paid_on == day
    if day is None:
        covers = await covers_by_serial(unit, numbers)
        meant = among(PayOrder.cover_id, list(covers.values()), sa.Uuid())
    found = (
        sa.select(PayOrder.cover_id, sa.func.sum(moved.c.amount))
        .join(moved, moved.c.cause == _paid_cause())
        .where(PayOrder.hospital_id == hospital_id, moved.c.account.in_(INSURED), meant)
        .group_by(PayOrder.cover_id)
    )
    sums = {cover_id: int(amount) for cover_id, amount in await unit.session.execute(found)}
    serials = await serials_of(unit, sums)
    return [(serials[cover_id], amount) for cover_id, amount in sums.items() if cover_id in serials]


async def _legs(
    unit: Unit, hospital_id: UUID, party: str, day: date | None, numbers: Sequence[str]
) -> list[tuple[str, int]]:
    """Refunds by the day they were first sent: a bill lists them when they begin, not when they end.

    Of a day only those the party has taken on count: one that it refused so far is not in its book.
    """
    meant: sa.ColumnElement[bool] = among(Refund.number, numbers)
    if day is not None:
        meant = sa.and_(
            RefundLeg.sent_at >= day_start(day),
            RefundLeg.sent_at < day_end(day),
            RefundLeg.party_number.is_not(None),
        )
    found = (
        sa.select(Refund.number, RefundLeg.amount)
        .join(Refund, Refund.id == RefundLeg.refund_id)
        .where(
            RefundLeg.hospital_id == hospital_id,
            RefundLeg.party == party,
            RefundLeg.kind == (LegKind.INSURANCE if party == INSURER else LegKind.CASH),
            meant,
        )
    )
    return [(number, amount) for number, amount in await unit.session.execute(found)]


def _paid_cause() -> sa.ColumnElement[str]:
    return sa.literal("pay_order:") + sa.cast(PayOrder.id, sa.Text) + ":paid"
