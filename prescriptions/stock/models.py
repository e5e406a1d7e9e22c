"""What lies on a pharmacy's shelves: lots with expiry, what is reserved, and every movement."""

from datetime import date, datetime
from decimal import Decimal
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from prescriptions.states import RESERVATION, ReservationEvent, ReservationState
from telehealth.core.db import Base, PrimaryKey
from telehealth.core.tenancy import Tenancy


class Pharmacy(Base):
    """One place that dispenses. Everybody may read where it is; its rows belong to its own people."""

    __tablename__ = "pharmacies"
    __tenancy__ = Tenancy(hospital=True, public=True)
    __table_args__ = (sa.UniqueConstraint("hospital_id", "code"),)

    id: Mapped[PrimaryKey]
    hospital_id: Mapped[UUID]
    campus_id: Mapped[UUID]
    code: Mapped[str]
    name: Mapped[str]
    name_en: Mapped[str]
    phone: Mapped[str]
    #: As a courier wants it: province, city, county, street.
    province: Mapped[str]
    city: Mapped[str]
    county: Mapped[str]
    address: Mapped[str]
    #: What it does: hands out at a window, sends by courier, decocts, has a cold-chain logger.
    has_window: Mapped[bool]
    sends: Mapped[bool]
    decocts: Mapped[bool]
    has_cold_chain: Mapped[bool]
    #: Window hours, "08:00" to "16:30", working days only.
    opens: Mapped[str]
    closes: Mapped[str]
    is_open: Mapped[bool]
    order: Mapped[int]


class PharmacyMember(Base):
    """Which pharmacy a member of staff works at; one at a time."""

    __tablename__ = "pharmacy_members"
    __tenancy__ = Tenancy(hospital=True)

    account_id: Mapped[UUID] = mapped_column(primary_key=True)
    hospital_id: Mapped[UUID] = mapped_column(primary_key=True)
    pharmacy_id: Mapped[UUID] = mapped_column(sa.ForeignKey("pharmacies.id"), index=True)
    #: Wall time of the last sign of life at the dispatch desk: decides the lone-duty rule.
    seen_at: Mapped[datetime | None]


class StockItem(Base):
    """One drug at one pharmacy: whole packs of a medicine, grams of a herb.

    `on_hand` is the sum of usable lots (not recalled, not about to expire); the row is locked
    before its lots, and can never promise more than lies there.
    """

    __tablename__ = "stock_items"
    __tenancy__ = Tenancy(hospital=True)
    __table_args__ = (
        sa.CheckConstraint("reserved >= 0 and on_hand >= 0", name="not_negative"),
        sa.CheckConstraint("reserved <= on_hand", name="covered"),
    )

    pharmacy_id: Mapped[UUID] = mapped_column(sa.ForeignKey("pharmacies.id"), primary_key=True)
    drug_code: Mapped[str] = mapped_column(primary_key=True)
    hospital_id: Mapped[UUID]
    on_hand: Mapped[Decimal]
    reserved: Mapped[Decimal]
    #: Below this the pharmacy is told to order.
    reorder_at: Mapped[Decimal]


class Lot(Base):
    __tablename__ = "stock_lots"
    __tenancy__ = Tenancy(hospital=True)
    __table_args__ = (
        sa.UniqueConstraint("pharmacy_id", "drug_code", "lot_number"),
        sa.CheckConstraint("quantity >= 0", name="not_negative"),
        sa.Index("ix_stock_lots_number", "hospital_id", "drug_code", "lot_number"),
    )

    id: Mapped[PrimaryKey]
    hospital_id: Mapped[UUID]
    pharmacy_id: Mapped[UUID] = mapped_column(sa.ForeignKey("pharmacies.id"))
    drug_code: Mapped[str]
    lot_number: Mapped[str]
    #: Last day it may be used.
    expires_on: Mapped[date]
    quantity: Mapped[Decimal]
    received_at: Mapped[datetime]
    #: Recalled, expired or damaged: on the shelf perhaps, in no count.
    blocked_at: Mapped[datetime | None]
    blocked_by: Mapped[str | None]


class Reservation(Base):
    """What one sheet holds of one drug, from *passed* on."""

    __tablename__ = "stock_reservations"
    __tenancy__ = Tenancy(hospital=True)
    __table_args__ = (sa.Index("ix_stock_reservations_item", "pharmacy_id", "drug_code"),)

    prescription_id: Mapped[UUID] = mapped_column(sa.ForeignKey("prescriptions.id"), primary_key=True)
    drug_code: Mapped[str] = mapped_column(primary_key=True)
    hospital_id: Mapped[UUID]
    pharmacy_id: Mapped[UUID] = mapped_column(sa.ForeignKey("pharmacies.id"))
    quantity: Mapped[Decimal]
    state: Mapped[ReservationState]

    def apply(self, event: ReservationEvent) -> None:
        """Raises TransitionRefused."""
        self.state = RESERVATION.after(self.state, event)


class StockMove(Base):
    """One change of one lot, and its cause."""

    __tablename__ = "stock_moves"
    __tenancy__ = Tenancy(hospital=True, append_only=True)
    __table_args__ = (sa.Index("ix_stock_moves_lot", "lot_id", "at"),)

    id: Mapped[PrimaryKey]
    hospital_id: Mapped[UUID]
    pharmacy_id: Mapped[UUID]
    lot_id: Mapped[UUID] = mapped_column(sa.ForeignKey("stock_lots.id"))
    #: Positive in, negative out.
    change: Mapped[Decimal]
    #: "received", "picked", "put_back", "counted", "blocked", "unblocked".
    cause: Mapped[str]
    prescription_id: Mapped[UUID | None]
    by: Mapped[UUID | None]
    at: Mapped[datetime]
