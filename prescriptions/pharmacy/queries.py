"""Reading the dispatch queue. An order is locked after its sheet (see `settling.lock_sheet`)."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from prescriptions.couriers.ports import Scan
from prescriptions.pharmacy.errors import DispatchNotFound, RecallNotFound
from prescriptions.pharmacy.models import (
    DispatchException,
    DispatchOrder,
    Dispense,
    Parcel,
    ParcelScan,
    PickedLot,
    Recall,
)
from prescriptions.settling import Fulfilment
from prescriptions.states import AT_PHARMACY, DispatchState, FulfilmentState, RecallState
from prescriptions.stock import Pick
from telehealth.core.unit import Unit


async def find_order(unit: Unit, order_id: UUID) -> DispatchOrder | None:
    found: DispatchOrder | None = await unit.session.get(DispatchOrder, order_id)
    return found


async def order(unit: Unit, order_id: UUID) -> DispatchOrder:
    """Raises DispatchNotFound."""
    found = await find_order(unit, order_id)
    if found is None:
        raise DispatchNotFound()
    return found


async def lock_order(unit: Unit, order_id: UUID) -> DispatchOrder:
    """As it is once locked. Raises DispatchNotFound."""
    found = await unit.session.scalar(
        sa.select(DispatchOrder)
        .where(DispatchOrder.id == order_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    if found is None:
        raise DispatchNotFound()
    return found


async def lane(
    unit: Unit, pharmacy_id: UUID, states: Collection[DispatchState], *, limit: int
) -> Sequence[DispatchOrder]:
    """The oldest promise first; each state is read from its own end of the index."""
    parts = [
        sa.select(DispatchOrder.id)
        .where(
            DispatchOrder.pharmacy_id == pharmacy_id,
            DispatchOrder.state == state,
            _AT_PHARMACY,
            DispatchOrder.held_at.is_(None),
        )
        .order_by(DispatchOrder.promised_at)
        .limit(limit)
        for state in states
    ]
    ids = sa.union_all(*(sa.select(part.subquery().c.id) for part in parts)).subquery()
    rows = await unit.session.scalars(
        sa.select(DispatchOrder)
        .where(DispatchOrder.id.in_(sa.select(ids.c.id)))
        .order_by(DispatchOrder.promised_at, DispatchOrder.id)
        .limit(limit)
    )
    return rows.all()


@dataclass(frozen=True, slots=True)
class Counts:
    """Of what is still at the pharmacy; `late` ones are not packed and their promise is broken."""

    by_state: dict[DispatchState, int]
    late: int

    @property
    def total(self) -> int:
        return sum(self.by_state.values())


#: Nobody counts further: of a longer lane the board says "300+", and does as little work as of this one.
COUNTED = 300


async def counts(unit: Unit, pharmacy_id: UUID, now: datetime) -> Counts:
    """Up to `COUNTED` of each state, so that its cost does not grow with the queue."""
    asked = {"pharmacy": pharmacy_id, "now": now, "most": COUNTED}
    found = [
        (DispatchState(row.state), row.found, row.late) for row in await unit.session.execute(_COUNTS, asked)
    ]
    return Counts(
        {state: count for state, count, _ in found},
        sum(late for state, _, late in found if state is not DispatchState.PACKED),
    )


_LIVE = "('waiting', 'claimed', 'picked', 'decocting', 'decocted', 'checked', 'packed')"
_OF_STATE = f"o.pharmacy_id = :pharmacy and o.state = s.state and o.state in {_LIVE}"
_COUNTS = sa.text(f"""
select s.state,
    (select count(*) from (
        select 1 from dispatch_orders o where {_OF_STATE} limit :most
    ) one) as found,
    (select count(*) from (
        select 1 from dispatch_orders o where {_OF_STATE} and o.promised_at <= :now limit :most
    ) two) as late
from unnest(array['waiting', 'claimed', 'picked', 'decocting', 'decocted', 'checked', 'packed']) s(state)
""")  # noqa: S608 - made of our own words


#: As the partial index says it, so that the planner sees that it fits.
_AT_PHARMACY = sa.text(
    "dispatch_orders.state in ('waiting', 'claimed', 'picked', 'decocting', 'decocted', 'checked', 'packed')"
)


async def held(
    unit: Unit, pharmacy_id: UUID, *, limit: int = 50
) -> Sequence[tuple[DispatchException, DispatchOrder]]:
    """Open exceptions with their orders, the longest open first."""
    rows = await unit.session.execute(
        sa.select(DispatchException, DispatchOrder)
        .join(DispatchOrder, DispatchOrder.id == DispatchException.order_id)
        .where(DispatchException.pharmacy_id == pharmacy_id, DispatchException.resolved_at.is_(None))
        .order_by(DispatchException.opened_at)
        .limit(limit)
    )
    return [(trouble, found) for trouble, found in rows]


async def count_held(unit: Unit, pharmacy_id: UUID) -> int:
    found = await unit.session.scalar(
        sa.select(sa.func.count())
        .select_from(DispatchException)
        .where(DispatchException.pharmacy_id == pharmacy_id, DispatchException.resolved_at.is_(None))
    )
    return found or 0


async def open_exception(unit: Unit, order_id: UUID) -> DispatchException | None:
    found: DispatchException | None = await unit.session.scalar(
        sa.select(DispatchException).where(
            DispatchException.order_id == order_id, DispatchException.resolved_at.is_(None)
        )
    )
    return found


async def exceptions_of(unit: Unit, order_id: UUID) -> Sequence[DispatchException]:
    rows = await unit.session.scalars(
        sa.select(DispatchException)
        .where(DispatchException.order_id == order_id)
        .order_by(DispatchException.opened_at.desc())
    )
    return rows.all()


async def on_the_way(
    unit: Unit, pharmacy_id: UUID, *, limit: int = 50
) -> Sequence[tuple[DispatchOrder, Parcel]]:
    rows = await unit.session.execute(
        sa.select(DispatchOrder, Parcel)
        .join(Parcel, Parcel.order_id == DispatchOrder.id)
        .where(
            DispatchOrder.pharmacy_id == pharmacy_id,
            DispatchOrder.state == DispatchState.HANDED_OVER,
            Parcel.cancelled_at.is_(None),
        )
        .order_by(DispatchOrder.handed_at.desc())
        .limit(limit)
    )
    return [(found, parcel) for found, parcel in rows]


async def undecided(unit: Unit, hospital_id: UUID, *, limit: int = 50) -> Sequence[DispatchOrder]:
    """Given up by a person, and nobody has said yet what of the money goes back; the oldest first."""
    rows = await unit.session.scalars(
        sa.select(DispatchOrder)
        .join(Fulfilment, Fulfilment.id == DispatchOrder.id)
        .where(
            DispatchOrder.hospital_id == hospital_id,
            DispatchOrder.state == DispatchState.CANCELLED,
            Fulfilment.state == FulfilmentState.PAID,
        )
        .order_by(DispatchOrder.ended_at)
        .limit(limit)
    )
    return rows.all()


async def idle_claims(unit: Unit, hospital_id: UUID, before: datetime) -> Sequence[UUID]:
    rows = await unit.session.scalars(
        sa.select(DispatchOrder.id).where(
            DispatchOrder.hospital_id == hospital_id,
            DispatchOrder.state == DispatchState.CLAIMED,
            DispatchOrder.claimed_at < before,
            DispatchOrder.held_at.is_(None),
        )
    )
    return rows.all()


async def hospitals_with_claims(unit: Unit) -> Sequence[UUID]:
    rows = await unit.session.scalars(
        sa.select(DispatchOrder.hospital_id).where(DispatchOrder.state == DispatchState.CLAIMED).distinct()
    )
    return rows.all()


async def being_undone(unit: Unit, *, limit: int = 50) -> Sequence[UUID]:
    rows = await unit.session.scalars(
        sa.select(DispatchOrder.id)
        .where(DispatchOrder.undo_reason.is_not(None), DispatchOrder.state.in_(AT_PHARMACY))
        .limit(limit)
    )
    return rows.all()


async def picks(unit: Unit, order_id: UUID) -> list[Pick]:
    rows = await unit.session.scalars(
        sa.select(PickedLot).where(PickedLot.order_id == order_id).order_by(PickedLot.drug_code)
    )
    return [Pick(row.drug_code, row.lot_id, row.quantity) for row in rows]


async def add_pick(unit: Unit, row: DispatchOrder, pick: Pick) -> None:
    unit.session.add(
        PickedLot(
            order_id=row.id,
            lot_id=pick.lot_id,
            hospital_id=row.hospital_id,
            drug_code=pick.drug_code,
            quantity=pick.quantity,
        )
    )
    await unit.session.flush()


async def drop_picks(unit: Unit, order_id: UUID, lot_ids: Collection[UUID] | None = None) -> None:
    wanted = sa.delete(PickedLot).where(PickedLot.order_id == order_id)
    if lot_ids is not None:
        wanted = wanted.where(PickedLot.lot_id.in_(lot_ids))
    await unit.session.execute(wanted)


async def orders_with_lots(unit: Unit, lot_ids: Collection[UUID]) -> list[tuple[DispatchOrder, Decimal]]:
    """Every order that got some of these lots, the newest first, and how much."""
    rows = await unit.session.execute(
        sa.select(DispatchOrder, sa.func.sum(PickedLot.quantity))
        .join(PickedLot, PickedLot.order_id == DispatchOrder.id)
        .where(PickedLot.lot_id.in_(lot_ids))
        .group_by(DispatchOrder.id)
        .order_by(DispatchOrder.paid_at.desc())
    )
    return [(found, quantity) for found, quantity in rows]


async def dispense(unit: Unit, order_id: UUID) -> Dispense | None:
    found: Dispense | None = await unit.session.get(Dispense, order_id)
    return found


async def parcels_of(unit: Unit, order_id: UUID) -> Sequence[Parcel]:
    rows = await unit.session.scalars(
        sa.select(Parcel).where(Parcel.order_id == order_id).order_by(Parcel.created_at, Parcel.id)
    )
    return rows.all()


async def live_parcel(unit: Unit, order_id: UUID) -> Parcel | None:
    """The last one that was not cancelled."""
    found: Parcel | None = await unit.session.scalar(
        sa.select(Parcel)
        .where(Parcel.order_id == order_id, Parcel.cancelled_at.is_(None))
        .order_by(Parcel.created_at.desc(), Parcel.id.desc())
        .limit(1)
        .execution_options(populate_existing=True)
    )
    return found


async def lock_parcel(unit: Unit, parcel_id: UUID) -> Parcel | None:
    found: Parcel | None = await unit.session.scalar(
        sa.select(Parcel)
        .where(Parcel.id == parcel_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    return found


async def parcel_by_waybill(unit: Unit, hospital_id: UUID, carrier: str, waybill: str) -> Parcel | None:
    found: Parcel | None = await unit.session.scalar(
        sa.select(Parcel)
        .where(Parcel.hospital_id == hospital_id, Parcel.carrier == carrier, Parcel.waybill == waybill)
        .order_by(Parcel.created_at.desc())
        .limit(1)
    )
    return found


async def parcels_to_look_at(unit: Unit, *, limit: int) -> Sequence[UUID]:
    rows = await unit.session.scalars(
        sa.select(Parcel.id).where(Parcel.look_at <= unit.wall).order_by(Parcel.look_at).limit(limit)
    )
    return rows.all()


async def scans(unit: Unit, parcel_id: UUID) -> list[Scan]:
    """Everything the courier told, oldest first."""
    rows = await unit.session.scalars(
        sa.select(ParcelScan).where(ParcelScan.parcel_id == parcel_id).order_by(ParcelScan.at)
    )
    return [Scan(row.scan_id, row.at, row.place, row.remark, row.raw_code, row.state) for row in rows]


async def recall(unit: Unit, recall_id: UUID, *, lock: bool = False) -> Recall:
    """Raises RecallNotFound."""
    wanted = sa.select(Recall).where(Recall.id == recall_id).execution_options(populate_existing=True)
    found = await unit.session.scalar(wanted.with_for_update() if lock else wanted)
    if found is None:
        raise RecallNotFound()
    return found


async def recalls(unit: Unit, hospital_id: UUID, *, limit: int = 50) -> Sequence[Recall]:
    rows = await unit.session.scalars(
        sa.select(Recall)
        .where(Recall.hospital_id == hospital_id)
        .order_by(Recall.opened_at.desc())
        .limit(limit)
    )
    return rows.all()


async def open_recall(unit: Unit, hospital_id: UUID, drug_code: str, lot_number: str) -> Recall | None:
    found: Recall | None = await unit.session.scalar(
        sa.select(Recall).where(
            Recall.hospital_id == hospital_id,
            Recall.drug_code == drug_code,
            Recall.lot_number == lot_number,
            Recall.state == RecallState.OPEN,
        )
    )
    return found


async def insert_scans(unit: Unit, rows: Sequence[dict[str, Any]]) -> int:
    """How many of them were new."""
    if not rows:
        return 0
    done = await unit.session.execute(
        sa.dialects.postgresql.insert(ParcelScan).values(rows).on_conflict_do_nothing()
    )
    return int(done.rowcount)  # type: ignore[attr-defined]


async def scanned(unit: Unit, pharmacy_id: UUID, code: str) -> UUID | None:
    """The order of this pharmacy that a sheet's number, a waybill or a window number of today means."""
    upper = code.strip().upper()
    by_number = sa.select(DispatchOrder.id).where(
        DispatchOrder.pharmacy_id == pharmacy_id, DispatchOrder.number == upper
    )
    by_waybill = (
        sa.select(DispatchOrder.id)
        .join(Parcel, Parcel.order_id == DispatchOrder.id)
        .where(DispatchOrder.pharmacy_id == pharmacy_id, Parcel.waybill == upper)
        .order_by(Parcel.created_at.desc())
        .limit(1)
    )
    found: UUID | None = await unit.session.scalar(by_number)
    if found is None:
        found = await unit.session.scalar(by_waybill)
    if found is None and upper.isdigit() and len(upper) <= 4:
        found = await unit.session.scalar(
            sa.select(DispatchOrder.id)
            .where(
                DispatchOrder.pharmacy_id == pharmacy_id,
                _AT_PHARMACY,
                DispatchOrder.window_number == int(upper),
            )
            .order_by(DispatchOrder.paid_at.desc())
            .limit(1)
        )
    return found
