"""Every SELECT of payments, and what is locked in which order: charge, pay order, refund, leg."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

import sqlalchemy as sa

from telehealth.core.access import Actor
from telehealth.core.hot import Hot
from telehealth.core.unit import Unit
from telehealth.payments.errors import ChargeNotFound, RefundNotFound
from telehealth.payments.models import (
    Charge,
    ChargeLine,
    PayOrder,
    ProviderNotice,
    Refund,
    RefundLeg,
)
from telehealth.payments.policy import visible_to
from telehealth.payments.rules import Parts
from telehealth.payments.states import (
    ChargeState,
    LegKind,
    LegState,
    PayOrderState,
    RefundState,
)

#: Orders by which money may still come in.
OPEN = (PayOrderState.CREATED, PayOrderState.SUBMITTED)


@dataclass(frozen=True, slots=True)
class RefundSteps:
    """A refund and its legs, in the order they are walked."""

    refund: Refund
    legs: tuple[RefundLeg, ...]


@dataclass(frozen=True, slots=True)
class Receipt:
    """What was paid for, by which means, and what went back."""

    charge: Charge
    lines: tuple[ChargeLine, ...]
    #: None for a charge of nothing, or one that is not paid.
    order: PayOrder | None
    refunds: tuple[RefundSteps, ...]

    @property
    def returned(self) -> int:
        """Fen that are out of the door."""
        return sum(step.refund.amount for step in self.refunds if step.refund.state is RefundState.SETTLED)


_ORDER = Hot(
    sa.select(PayOrder, Charge)
    .join(Charge, Charge.id == PayOrder.charge_id)
    .where(PayOrder.out_trade_no == sa.bindparam("out_trade_no"))
)


async def order_and_charge(unit: Unit, out_trade_no: str) -> tuple[PayOrder, Charge] | None:
    """To look at only: whoever changes them locks the subject first."""
    return await _ORDER.first(unit, out_trade_no=out_trade_no)


async def seen_charge(unit: Unit, charge_id: UUID) -> Charge | None:
    """To look at only, whoever asks."""
    row = await _CHARGE.first(unit, charge_id=charge_id)
    return None if row is None else row[0]


_CHARGE = Hot(sa.select(Charge).where(Charge.id == sa.bindparam("charge_id")))


async def charge_of(unit: Unit, actor: Actor, charge_id: UUID) -> Charge:
    """Raises ChargeNotFound: somebody else's does not exist for them."""
    found = sa.select(Charge).where(Charge.id == charge_id, visible_to(actor))
    row = (await unit.session.scalars(found)).first()
    if row is None:
        raise ChargeNotFound()
    return row


async def own_charge(unit: Unit, actor: Actor, charge_id: UUID) -> Charge | None:
    """None where somebody else paid: what it is for went to whoever acts for the patient now (XY17)."""
    found = sa.select(Charge).where(Charge.id == charge_id, visible_to(actor))
    return (await unit.session.scalars(found)).first()


async def charge_by_id(unit: Unit, charge_id: UUID) -> Charge:
    """Whoever asks: they came from an order of it. Raises ChargeNotFound."""
    row = await unit.session.get(Charge, charge_id)
    if row is None:
        raise ChargeNotFound()
    return row


async def lock_charge(unit: Unit, charge_id: UUID) -> Charge:
    """As it is once locked. Raises ChargeNotFound."""
    locked = sa.select(Charge).where(Charge.id == charge_id).with_for_update()
    row = (await unit.session.scalars(locked.execution_options(populate_existing=True))).first()
    if row is None:
        raise ChargeNotFound()
    return row


async def lock_live_charge(unit: Unit, subject_kind: str, subject_id: UUID) -> Charge | None:
    """The one charge of a subject that is not closed."""
    locked = sa.select(Charge).where(
        Charge.subject_kind == subject_kind,
        Charge.subject_id == subject_id,
        Charge.state != ChargeState.CLOSED,
    )
    found = locked.with_for_update().execution_options(populate_existing=True)
    return (await unit.session.scalars(found)).first()


async def live_sibling(unit: Unit, charge: Charge) -> UUID | None:
    """Another charge for the same thing that is not closed."""
    found = sa.select(Charge.id).where(
        Charge.subject_kind == charge.subject_kind,
        Charge.subject_id == charge.subject_id,
        Charge.state != ChargeState.CLOSED,
        Charge.id != charge.id,
    )
    return (await unit.session.scalars(found.limit(1))).first()


async def open_orders(unit: Unit, charge_id: UUID) -> list[str]:
    """Numbers of those by which money may still come in, oldest first."""
    found = sa.select(PayOrder.out_trade_no).where(PayOrder.charge_id == charge_id, PayOrder.state.in_(OPEN))
    return list(await unit.session.scalars(found.order_by(PayOrder.created_at, PayOrder.id)))


async def lock_order(unit: Unit, order_id: UUID) -> PayOrder:
    locked = sa.select(PayOrder).where(PayOrder.id == order_id).with_for_update()
    return (await unit.session.scalars(locked.execution_options(populate_existing=True))).one()


async def lock_charge_and_order(unit: Unit, order_id: UUID) -> tuple[Charge, PayOrder]:
    """Both in one statement, the charge first."""
    locked = sa.select(Charge, PayOrder).join(PayOrder, PayOrder.charge_id == Charge.id)
    rows = await unit.session.execute(
        locked.where(PayOrder.id == order_id)
        .with_for_update(of=[Charge, PayOrder])
        .execution_options(populate_existing=True)
    )
    charge, order = rows.one()
    return charge, order


async def lock_orders(unit: Unit, charge_id: UUID) -> Sequence[PayOrder]:
    """All that were ever begun for a charge that is locked, oldest first."""
    locked = sa.select(PayOrder).where(PayOrder.charge_id == charge_id).order_by(PayOrder.created_at)
    rows = await unit.session.scalars(
        locked.order_by(PayOrder.id).with_for_update().execution_options(populate_existing=True)
    )
    return rows.all()


async def lines_of(unit: Unit, charge_id: UUID) -> Sequence[ChargeLine]:
    found = sa.select(ChargeLine).where(ChargeLine.charge_id == charge_id).order_by(ChargeLine.position)
    return (await unit.session.scalars(found)).all()


async def returned_of(unit: Unit, order_id: UUID) -> Parts:
    """What was promised back of an order so far, by part."""
    moves = RefundLeg.kind.in_((LegKind.INSURANCE, LegKind.CASH))
    cash = sa.func.sum(RefundLeg.amount).filter(RefundLeg.kind == LegKind.CASH)
    found = sa.select(
        sa.func.coalesce(cash, 0).cast(sa.BigInteger),
        *(
            sa.func.coalesce(sa.func.sum(part), 0).cast(sa.BigInteger)
            for part in (RefundLeg.fund, RefundLeg.personal, RefundLeg.other)
        ),
    ).where(RefundLeg.pay_order_id == order_id, moves)
    row = (await unit.session.execute(found)).one()
    return Parts(row[0], row[1], row[2], row[3])


async def refund_by_cause(unit: Unit, cause: str) -> Refund | None:
    return (await unit.session.scalars(sa.select(Refund).where(Refund.cause == cause))).first()


async def count_refunds(unit: Unit, order_id: UUID) -> int:
    found = sa.select(sa.func.count()).select_from(Refund).where(Refund.pay_order_id == order_id)
    return await unit.session.scalar(found) or 0


async def lock_refund(unit: Unit, refund_id: UUID) -> Refund:
    """Raises RefundNotFound."""
    locked = sa.select(Refund).where(Refund.id == refund_id).with_for_update()
    row = (await unit.session.scalars(locked.execution_options(populate_existing=True))).first()
    if row is None:
        raise RefundNotFound()
    return row


async def lock_legs(unit: Unit, refund_id: UUID) -> Sequence[RefundLeg]:
    """Of a refund that is locked, in the order they are walked."""
    locked = sa.select(RefundLeg).where(RefundLeg.refund_id == refund_id).order_by(RefundLeg.id)
    rows = await unit.session.scalars(locked.with_for_update().execution_options(populate_existing=True))
    return rows.all()


async def refunds_of(unit: Unit, charge_id: UUID) -> list[RefundSteps]:
    """Oldest first, whoever asks: the caller has shown that they may see the charge."""
    found = sa.select(Refund).where(Refund.charge_id == charge_id)
    return await _with_legs(unit, found.order_by(Refund.requested_at, Refund.id))


async def refunds_on_the_way(unit: Unit, charge_ids: Sequence[UUID]) -> dict[UUID, Refund]:
    """By charge, the latest that is not settled; whoever asks has shown that they may see the charges."""
    found = sa.select(Refund).where(Refund.charge_id.in_(charge_ids), Refund.state != RefundState.SETTLED)
    rows = await unit.session.scalars(found.order_by(Refund.requested_at, Refund.id))
    return {row.charge_id: row for row in rows}


async def refund_of(unit: Unit, actor: Actor, refund_id: UUID) -> RefundSteps:
    """Raises RefundNotFound."""
    steps = await _with_legs(unit, sa.select(Refund).where(Refund.id == refund_id, visible_to(actor, Refund)))
    if not steps:
        raise RefundNotFound()
    return steps[0]


async def receipt(unit: Unit, actor: Actor, charge_id: UUID) -> Receipt:
    """Raises ChargeNotFound."""
    charge = await charge_of(unit, actor, charge_id)
    order = await unit.session.get(PayOrder, charge.settled_by) if charge.settled_by else None
    lines = await lines_of(unit, charge_id)
    return Receipt(charge, tuple(lines), order, tuple(await refunds_of(unit, charge_id)))


async def charge_of_subject(unit: Unit, actor: Actor, kind: str, subject_id: UUID) -> Charge | None:
    """The latest charge for something, open or closed."""
    found = sa.select(Charge).where(
        Charge.subject_kind == kind, Charge.subject_id == subject_id, visible_to(actor)
    )
    return (await unit.session.scalars(found.order_by(Charge.created_at.desc(), Charge.id.desc()))).first()


async def charges_of(unit: Unit, actor: Actor, *, limit: int = 100) -> Sequence[Charge]:
    """The latest that the actor may see, newest first."""
    found = sa.select(Charge).where(visible_to(actor)).order_by(Charge.created_at.desc(), Charge.id.desc())
    return (await unit.session.scalars(found.limit(limit))).all()


async def charges_for(unit: Unit, actor: Actor, person_id: UUID, *, limit: int = 30) -> Sequence[Charge]:
    """Of one patient, as far as the actor may see them; closed ones left out, newest first."""
    found = (
        sa.select(Charge)
        .where(visible_to(actor), Charge.person_id == person_id, Charge.state != ChargeState.CLOSED)
        .order_by(Charge.created_at.desc(), Charge.id.desc())
    )
    return (await unit.session.scalars(found.limit(limit))).all()


async def orders_of(unit: Unit, charge_id: UUID) -> Sequence[PayOrder]:
    """Every attempt to pay a charge the caller may see, oldest first."""
    found = sa.select(PayOrder).where(PayOrder.charge_id == charge_id)
    return (await unit.session.scalars(found.order_by(PayOrder.created_at, PayOrder.id))).all()


async def orders_on(unit: Unit, actor: Actor, day: date) -> list[tuple[PayOrder, Charge]]:
    """What was paid on a day, first payment first."""
    rows = await unit.session.execute(
        sa.select(PayOrder, Charge)
        .join(Charge, Charge.id == PayOrder.charge_id)
        .where(visible_to(actor), PayOrder.paid_on == day)
        .order_by(PayOrder.paid_at, PayOrder.id)
    )
    return [(order, charge) for order, charge in rows]


async def parked_refunds(unit: Unit, actor: Actor, *, limit: int = 200) -> list[RefundSteps]:
    """Those that wait for a person, oldest first."""
    found = sa.select(Refund).where(Refund.state == RefundState.PARKED, visible_to(actor, Refund))
    return await _with_legs(unit, found.order_by(Refund.requested_at, Refund.id).limit(limit))


async def unsettled_refunds(unit: Unit, actor: Actor, *, limit: int = 200) -> list[RefundSteps]:
    """All that are not out of the door, oldest first."""
    found = sa.select(Refund).where(Refund.state != RefundState.SETTLED, visible_to(actor, Refund))
    return await _with_legs(unit, found.order_by(Refund.requested_at, Refund.id).limit(limit))


async def orders_that_differ(unit: Unit, actor: Actor, *, limit: int = 200) -> list[tuple[PayOrder, Charge]]:
    """Orders for which the provider took another amount than ours: a person looks."""
    rows = await unit.session.execute(
        sa.select(PayOrder, Charge)
        .join(Charge, Charge.id == PayOrder.charge_id)
        .where(visible_to(actor), PayOrder.state != PayOrderState.PAID, PayOrder.answer.has_key("differs"))
        .order_by(PayOrder.created_at)
        .limit(limit)
    )
    return [(order, charge) for order, charge in rows]


async def refused_notices(unit: Unit, actor: Actor, *, limit: int = 200) -> Sequence[ProviderNotice]:
    """Callbacks that changed nothing though they should have, or should not have come. Newest first."""
    harmless = ("unread", "accepted", "repeated")
    rows = await unit.session.scalars(
        sa.select(ProviderNotice)
        .where(ProviderNotice.hospital_id == actor.hospital, ProviderNotice.verdict.not_in(harmless))
        .order_by(ProviderNotice.received_at.desc())
        .limit(limit)
    )
    return rows.all()


async def _with_legs(unit: Unit, refunds: sa.Select[Refund]) -> list[RefundSteps]:
    found = (await unit.session.scalars(refunds)).all()
    legs: dict[UUID, list[RefundLeg]] = {refund.id: [] for refund in found}
    rows = await unit.session.scalars(
        sa.select(RefundLeg).where(RefundLeg.refund_id.in_(legs)).order_by(RefundLeg.id)
    )
    for leg in rows:
        legs[leg.refund_id].append(leg)
    return [RefundSteps(refund, tuple(legs[refund.id])) for refund in found]


async def charge_of_refund(unit: Unit, refund_id: UUID) -> Charge:
    """To look at only. Raises RefundNotFound."""
    row = await _CHARGE_OF_REFUND.first(unit, refund_id=refund_id)
    if row is None:
        raise RefundNotFound()
    return row[0]


_CHARGE_OF_REFUND = Hot(
    sa.select(Charge)
    .join(Refund, Refund.charge_id == Charge.id)
    .where(Refund.id == sa.bindparam("refund_id"))
)


async def insured_back(unit: Unit, order_id: UUID) -> int:
    """What the insurer gave back of an order so far, in fen."""
    found = sa.select(sa.func.coalesce(sa.func.sum(RefundLeg.amount), 0)).where(
        RefundLeg.pay_order_id == order_id,
        RefundLeg.kind == LegKind.INSURANCE,
        RefundLeg.state == LegState.SETTLED,
    )
    return int(await unit.session.scalar(found) or 0)


async def lock_waiting_for_money(unit: Unit, word: str, *, limit: int = 100) -> Sequence[Refund]:
    """Parked refunds that a merchant could not pay, whose time to try again has come."""
    waits = sa.exists().where(
        RefundLeg.refund_id == Refund.id,
        RefundLeg.state == LegState.PARKED,
        RefundLeg.word == word,
        RefundLeg.next_at <= unit.wall,
    )
    found = sa.select(Refund).where(Refund.state == RefundState.PARKED, waits).order_by(Refund.id)
    rows = await unit.session.scalars(found.limit(limit).with_for_update(skip_locked=True))
    return rows.all()
