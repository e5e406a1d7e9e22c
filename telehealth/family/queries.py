"""Every SELECT of this feature. Row-level security is the second wall; the first are the filters here."""

from collections.abc import Sequence
from datetime import date, datetime
from uuid import UUID

import sqlalchemy as sa

from telehealth.core.unit import Unit
from telehealth.family.errors import BindingNotFound, PaperNotFound
from telehealth.family.models import Binding, Paper, PaymentCheck, Place
from telehealth.family.states import LIVE, PENDING, BindingState, PaperState, Side


async def own_binding(unit: Unit, account_id: UUID, binding_id: UUID, *, lock: bool = False) -> Binding:
    """One this account asked for. Raises BindingNotFound."""
    return await _one(unit, Binding.id == binding_id, Binding.account_id == account_id, lock=lock)


async def binding_at(unit: Unit, hospital_id: UUID, binding_id: UUID, *, lock: bool = False) -> Binding:
    """One this hospital checks. Raises BindingNotFound."""
    return await _one(unit, Binding.id == binding_id, Binding.hospital_id == hospital_id, lock=lock)


async def any_binding(unit: Unit, binding_id: UUID, *, lock: bool = False) -> Binding:
    """Whosever it is; who may do what with it is the caller's to decide. Raises BindingNotFound."""
    return await _one(unit, Binding.id == binding_id, lock=lock)


async def bindings_of(unit: Unit, account_id: UUID, *, limit: int = 60) -> Sequence[Binding]:
    """What this account asked for, newest first."""
    rows = await unit.session.scalars(
        sa.select(Binding)
        .where(Binding.account_id == account_id)
        .order_by(Binding.requested_at.desc(), Binding.id.desc())
        .limit(limit)
    )
    return rows.all()


async def live_between(unit: Unit, account_id: UUID, person_id: UUID) -> Binding | None:
    """The pending or bound one of these two."""
    found = sa.select(Binding).where(
        Binding.account_id == account_id, Binding.person_id == person_id, Binding.state.in_(LIVE)
    )
    return (await unit.session.scalars(found)).first()


async def bound_between(
    unit: Unit, account_id: UUID, person_id: UUID, *, hold: bool = False
) -> Binding | None:
    """`hold`: nobody unbinds it until this unit is over."""
    found = sa.select(Binding).where(
        Binding.account_id == account_id,
        Binding.person_id == person_id,
        Binding.state == BindingState.BOUND,
    )
    if hold:
        found = found.with_for_update(read=True).execution_options(populate_existing=True)
    return (await unit.session.scalars(found)).first()


async def has_ever_been_bound(unit: Unit, account_id: UUID, person_id: UUID) -> bool:
    found = sa.select(Binding.id).where(
        Binding.account_id == account_id, Binding.person_id == person_id, Binding.bound_at.is_not(None)
    )
    return (await unit.session.scalars(found.limit(1))).first() is not None


async def live_of_link(unit: Unit, link_id: UUID) -> Sequence[Binding]:
    """Locked."""
    rows = await unit.session.scalars(
        sa.select(Binding).where(Binding.link_id == link_id, Binding.state.in_(LIVE)).with_for_update()
    )
    return rows.all()


async def live_of_pair(unit: Unit, account_id: UUID, person_id: UUID) -> Sequence[Binding]:
    """Locked."""
    rows = await unit.session.scalars(
        sa.select(Binding)
        .where(Binding.account_id == account_id, Binding.person_id == person_id, Binding.state.in_(LIVE))
        .with_for_update()
    )
    return rows.all()


async def payers_of(unit: Unit, person_id: UUID) -> Sequence[Binding]:
    """Who may pay for this person, and who asks to, as far as this unit sees them."""
    rows = await unit.session.scalars(
        sa.select(Binding)
        .where(Binding.person_id == person_id, Binding.state.in_(LIVE))
        .order_by(Binding.requested_at)
    )
    return rows.all()


async def review_queue(unit: Unit, hospital_id: UUID, *, limit: int = 100) -> Sequence[Binding]:
    """Oldest promise first."""
    rows = await unit.session.scalars(
        sa.select(Binding)
        .where(Binding.hospital_id == hospital_id, Binding.state == BindingState.REVIEWING)
        .order_by(Binding.answer_by, Binding.id)
        .limit(limit)
    )
    return rows.all()


async def recently_decided(unit: Unit, hospital_id: UUID, *, limit: int = 20) -> Sequence[Binding]:
    rows = await unit.session.scalars(
        sa.select(Binding)
        .where(Binding.hospital_id == hospital_id, Binding.decided_by.is_not(None))
        .order_by(Binding.decided_at.desc(), Binding.id)
        .limit(limit)
    )
    return rows.all()


async def by_number(unit: Unit, hospital_id: UUID, number: str) -> Binding | None:
    found = sa.select(Binding).where(Binding.hospital_id == hospital_id, Binding.number == number)
    return (await unit.session.scalars(found)).first()


async def places_taken(unit: Unit, side: Side, holder_id: UUID, month: date) -> set[int]:
    found = sa.select(Place.ordinal).where(
        Place.side == side, Place.holder_id == holder_id, Place.month == month
    )
    return set(await unit.session.scalars(found))


async def places_brought_along(unit: Unit, side: Side, holder_id: UUID, month: date) -> Sequence[Place]:
    """Places of earlier months that a request still holds, oldest first."""
    rows = await unit.session.scalars(
        sa.select(Place)
        .join(Binding, Binding.id == Place.binding_id)
        .where(Place.side == side, Place.holder_id == holder_id, Place.month < month)
        .where(Binding.state.in_(PENDING))
        .order_by(Place.month, Place.ordinal)
    )
    return rows.all()


async def papers_of(unit: Unit, binding_id: UUID) -> Sequence[Paper]:
    """Those that can be looked at, oldest first."""
    rows = await unit.session.scalars(
        sa.select(Paper)
        .where(Paper.binding_id == binding_id, Paper.state == PaperState.READY)
        .order_by(Paper.finished_at, Paper.id)
    )
    return rows.all()


async def papers_kept(unit: Unit, binding_id: UUID) -> Sequence[Paper]:
    """Locked; whatever may still lie in the store."""
    rows = await unit.session.scalars(
        sa.select(Paper)
        .where(Paper.binding_id == binding_id, Paper.state.in_([PaperState.READY, PaperState.OFFERED]))
        .with_for_update()
    )
    return rows.all()


async def open_offers(unit: Unit, binding_id: UUID, *, since: datetime) -> int:
    found = sa.select(sa.func.count()).where(
        Paper.binding_id == binding_id, Paper.state == PaperState.OFFERED, Paper.offered_at > since
    )
    return await unit.session.scalar(found) or 0


async def paper(unit: Unit, paper_id: UUID, *, lock: bool = False) -> Paper:
    """Raises PaperNotFound, also for what this unit may not see."""
    found = sa.select(Paper).where(Paper.id == paper_id)
    if lock:
        found = found.with_for_update().execution_options(populate_existing=True)
    row = (await unit.session.scalars(found)).first()
    if row is None or row.state is PaperState.DELETED:
        raise PaperNotFound()
    return row


async def unswept(unit: Unit, *, before: datetime, limit: int = 100) -> Sequence[Paper]:
    rows = await unit.session.scalars(
        sa.select(Paper)
        .where(Paper.swept_at.is_(None), Paper.offered_at < before)
        .order_by(Paper.offered_at)
        .limit(limit)
    )
    return rows.all()


async def papers_by_id(unit: Unit, paper_ids: Sequence[UUID]) -> Sequence[Paper]:
    """Locked."""
    found = sa.select(Paper).where(Paper.id.in_(paper_ids)).order_by(Paper.id).with_for_update()
    return (await unit.session.scalars(found)).all()


async def payment_check(
    unit: Unit, account_id: UUID, subject_id: UUID, *, lock: bool = False
) -> PaymentCheck | None:
    """The newest that is good and not spent."""
    found = (
        sa.select(PaymentCheck)
        .where(PaymentCheck.account_id == account_id, PaymentCheck.subject_id == subject_id)
        .where(PaymentCheck.spent_at.is_(None), PaymentCheck.good_until > unit.wall)
        .order_by(PaymentCheck.passed_at.desc())
        .limit(1)
    )
    return (await unit.session.scalars(found.with_for_update() if lock else found)).first()


async def next_number(unit: Unit) -> int:
    return int(await unit.session.scalar(sa.text("select nextval('family_binding_numbers')")) or 0)


async def _one(unit: Unit, *where: sa.ColumnElement[bool], lock: bool) -> Binding:
    found = sa.select(Binding).where(*where)
    if lock:
        found = found.with_for_update().execution_options(populate_existing=True)
    row = (await unit.session.scalars(found)).first()
    if row is None:
        raise BindingNotFound()
    return row
