"""The pharmacy's work on a paid sheet, its parcel, what was handed to whom, and recalls."""

from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from prescriptions.couriers.states import ParcelState
from prescriptions.states import (
    DISPATCH,
    RECALL,
    DispatchEvent,
    DispatchState,
    Path,
    RecallEvent,
    RecallState,
)
from telehealth.core.db import Base, PrimaryKey
from telehealth.core.seal import Sealed
from telehealth.core.tenancy import Tenancy

_SHEETS = "select p.id from prescriptions p where p.person_id = {person}"
_OF_SHEET = f"id in ({_SHEETS})"
_OF_ORDER = f"order_id in ({_SHEETS})"
_OF_PARCEL = f"parcel_id in (select l.id from parcels l where l.order_id in ({_SHEETS}))"  # noqa: S608


class DispatchOrder(Base):
    """Its id is the prescription's: a sheet is worked on once."""

    __tablename__ = "dispatch_orders"
    __tenancy__ = Tenancy(hospital=True, account=True, of=_OF_SHEET)
    __table_args__ = (
        sa.Index(
            "ix_dispatch_orders_board",
            "pharmacy_id",
            "state",
            "promised_at",
            postgresql_where=sa.text(
                "state in ('waiting', 'claimed', 'picked', 'decocting', 'decocted', 'checked', 'packed')"
            ),
        ),
        sa.Index("ix_dispatch_orders_pharmacy", "pharmacy_id", "paid_at"),
    )

    id: Mapped[UUID] = mapped_column(sa.ForeignKey("prescriptions.id"), primary_key=True)
    number: Mapped[str]
    hospital_id: Mapped[UUID]
    account_id: Mapped[UUID | None]
    pharmacy_id: Mapped[UUID] = mapped_column(sa.ForeignKey("pharmacies.id"))
    path: Mapped[Path]
    state: Mapped[DispatchState]
    needs_decocting: Mapped[bool]
    needs_cold_chain: Mapped[bool]
    #: The window's number for today (BJ08).
    window_number: Mapped[int | None]
    paid_at: Mapped[datetime]
    #: Packed by then, or the money goes back by itself.
    promised_at: Mapped[datetime]
    #: Whoever works on it, and since when; a claim nobody touched goes back to the queue.
    claimed_by: Mapped[UUID | None]
    claimed_at: Mapped[datetime | None]
    picked_by: Mapped[UUID | None]
    picked_at: Mapped[datetime | None]
    #: Pharmacy's batch of the decoction: pot, started, bags.
    decoction: Mapped[dict[str, Any]]
    #: The four checks and ten matches as the second person ticked them (REG 31).
    checklist: Mapped[dict[str, Any]]
    checked_by: Mapped[UUID | None]
    checked_at: Mapped[datetime | None]
    #: Nobody else was on duty: picked and checked by one person, after a pause.
    alone: Mapped[bool]
    packed_at: Mapped[datetime | None]
    #: Cold chain: the logger's id that travels along (REG 45).
    logger: Mapped[str]
    handed_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]
    #: A person has to look (an open row of `dispatch_exceptions`); nothing moves by itself meanwhile.
    held_at: Mapped[datetime | None]
    #: The window called its number.
    called_at: Mapped[datetime | None]
    #: The house gives it up and asks the courier first; nobody packs it meanwhile.
    undo_reason: Mapped[str | None]
    #: A code, once it was cancelled or abandoned.
    reason: Mapped[str | None]

    def apply(self, event: DispatchEvent) -> None:
        """Raises TransitionRefused."""
        self.state = DISPATCH.after(self.state, event)


class DispatchException(Base):
    """Something went wrong with an order, and what a person did about it."""

    __tablename__ = "dispatch_exceptions"
    __tenancy__ = Tenancy(hospital=True)
    __table_args__ = (
        sa.Index(
            "uq_dispatch_exceptions_open",
            "order_id",
            unique=True,
            postgresql_where=sa.text("resolved_at is null"),
        ),
    )

    id: Mapped[PrimaryKey]
    hospital_id: Mapped[UUID]
    pharmacy_id: Mapped[UUID]
    order_id: Mapped[UUID] = mapped_column(sa.ForeignKey("dispatch_orders.id"))
    #: "short", "damaged", "address", "unreachable", "cold_chain", "refused", "returned", "lost", "courier",
    #: "other".
    kind: Mapped[str]
    note: Mapped[str] = mapped_column(Sealed("dispatch_exceptions.note"))
    opened_by: Mapped[UUID | None]
    opened_at: Mapped[datetime]
    #: "continued", "rerouted", "refunded", "sent_again", "abandoned"; "" while it is open.
    resolution: Mapped[str]
    resolved_by: Mapped[UUID | None]
    resolved_at: Mapped[datetime | None]


class PickedLot(Base):
    """Which lot of which drug lies in a parcel or bag: what a recall asks for."""

    __tablename__ = "picked_lots"
    __tenancy__ = Tenancy(hospital=True)
    __table_args__ = (sa.Index("ix_picked_lots_lot", "lot_id"),)

    order_id: Mapped[UUID] = mapped_column(sa.ForeignKey("dispatch_orders.id"), primary_key=True)
    lot_id: Mapped[UUID] = mapped_column(sa.ForeignKey("stock_lots.id"), primary_key=True)
    hospital_id: Mapped[UUID]
    drug_code: Mapped[str]
    quantity: Mapped[Decimal]


class Dispense(Base):
    """The one time a sheet was dispensed: handed to a courier, or to a person at the window."""

    __tablename__ = "dispenses"
    __tenancy__ = Tenancy(hospital=True, account=True, append_only=True, of=_OF_SHEET)

    id: Mapped[UUID] = mapped_column(sa.ForeignKey("prescriptions.id"), primary_key=True)
    hospital_id: Mapped[UUID]
    account_id: Mapped[UUID | None]
    pharmacy_id: Mapped[UUID]
    path: Mapped[Path]
    by: Mapped[UUID]
    checked_by: Mapped[UUID]
    #: JSON of who collected it: name, document, relation, and both identities for a proxy (REG 47).
    collector: Mapped[str] = mapped_column(Sealed("dispenses.collector"))
    #: What the pharmacist explained (REG 32).
    counselling: Mapped[str] = mapped_column(Sealed("dispenses.counselling"))
    at: Mapped[datetime]


class Parcel(Base):
    __tablename__ = "parcels"
    __tenancy__ = Tenancy(hospital=True, account=True, of=_OF_ORDER)
    __table_args__ = (
        sa.UniqueConstraint("carrier", "order_number"),
        sa.Index("ix_parcels_waybill", "carrier", "waybill"),
        sa.Index("ix_parcels_order", "order_id"),
    )

    id: Mapped[PrimaryKey]
    order_id: Mapped[UUID] = mapped_column(sa.ForeignKey("dispatch_orders.id"))
    hospital_id: Mapped[UUID]
    account_id: Mapped[UUID | None]
    carrier: Mapped[str]
    #: Our number at the courier; made before the call, so that asking twice makes one waybill.
    order_number: Mapped[str]
    waybill: Mapped[str]
    state: Mapped[ParcelState]
    cold_chain: Mapped[bool]
    created_at: Mapped[datetime]
    booked_at: Mapped[datetime | None]
    cancelled_at: Mapped[datetime | None]
    delivered_at: Mapped[datetime | None]
    #: Wall time when the courier is asked next, should no push come.
    look_at: Mapped[datetime | None]
    looks: Mapped[int] = mapped_column(server_default=sa.text("0"))

    def stand_at(self, state: ParcelState) -> None:
        """As `couriers.rules.advance` reads it from all scans, or cancelled by us."""
        self.state = state


class ParcelScan(Base):
    """What a courier reported, once each (`scan_id` is the courier's own); raw code and remark are kept."""

    __tablename__ = "parcel_scans"
    __tenancy__ = Tenancy(hospital=True, account=True, append_only=True, of=_OF_PARCEL)

    parcel_id: Mapped[UUID] = mapped_column(sa.ForeignKey("parcels.id"), primary_key=True)
    scan_id: Mapped[str] = mapped_column(primary_key=True)
    hospital_id: Mapped[UUID]
    account_id: Mapped[UUID | None]
    at: Mapped[datetime]
    place: Mapped[str]
    remark: Mapped[str]
    raw_code: Mapped[str]
    #: None: a code we do not know, which changes nothing.
    state: Mapped[ParcelState | None]
    heard_at: Mapped[datetime]


class Recall(Base):
    """A lot is called back: who has it is read from `picked_lots`."""

    __tablename__ = "recalls"
    __tenancy__ = Tenancy(hospital=True)

    id: Mapped[PrimaryKey]
    hospital_id: Mapped[UUID]
    drug_code: Mapped[str]
    lot_number: Mapped[str]
    reason: Mapped[str]
    state: Mapped[RecallState]
    opened_by: Mapped[UUID]
    opened_at: Mapped[datetime]
    closed_at: Mapped[datetime | None]

    def apply(self, event: RecallEvent, *, at: datetime) -> None:
        """Raises TransitionRefused."""
        self.state = RECALL.after(self.state, event)
        self.closed_at = at
