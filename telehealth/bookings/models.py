"""A booking: one person's seat in one slot, from the hold to the visit's end."""

from datetime import date, datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from telehealth.bookings.states import BOOKING, LIVE, BookingEvent, BookingState
from telehealth.core.db import Base, PrimaryKey
from telehealth.core.seal import Sealed
from telehealth.core.tenancy import OF_PERSON, Tenancy
from telehealth.rulebook.rules import Channel, ClinicKind

#: Feeds the human number; gaps are fine.
NUMBERS = sa.Sequence("booking_numbers", metadata=Base.metadata)


class Booking(Base):
    __tablename__ = "bookings"
    __tenancy__ = Tenancy(hospital=True, account=True, of=OF_PERSON)
    __table_args__ = (
        sa.Index(
            "uq_bookings_live_clinic_person",
            "clinic_id",
            "person_id",
            unique=True,
            postgresql_where=sa.text("state in ('held', 'paid')"),
        ),
        sa.Index("ix_bookings_account_id_starts_at", "account_id", "starts_at"),
        sa.Index("ix_bookings_clinic_id", "clinic_id"),
        sa.Index("ix_bookings_person_id", "person_id"),
        sa.Index(
            "ix_bookings_unattended",
            "day",
            postgresql_where=sa.text("state = 'paid' and attended_at is null"),
        ),
        sa.Index(
            "ix_bookings_pending",
            "hospital_id",
            "created_at",
            postgresql_where=sa.text("pending_verification and state = 'held'"),
        ),
    )

    id: Mapped[PrimaryKey]
    #: `BK-261121-004217`, read out at a desk.
    number: Mapped[str] = mapped_column(unique=True)
    hospital_id: Mapped[UUID] = mapped_column(index=True)
    #: Whose phone shows it; None for a desk booking of somebody without an account.
    account_id: Mapped[UUID | None]
    person_id: Mapped[UUID]
    clinic_id: Mapped[UUID] = mapped_column(sa.ForeignKey("clinics.id"))
    slot_id: Mapped[UUID] = mapped_column(sa.ForeignKey("slots.id"))
    campus_id: Mapped[UUID]
    department_id: Mapped[UUID]
    doctor_id: Mapped[UUID]
    kind: Mapped[ClinicKind]
    channel: Mapped[Channel]
    #: Through which door (XY15): "browser", "app", "mini_program", "desk", "phone".
    door: Mapped[str]
    state: Mapped[BookingState]
    #: The hospital's system could not be asked: the seat waits uncharged (XY24).
    pending_verification: Mapped[bool]
    #: Held in elder or assisted mode, which gives more time to pay (XY24).
    assisted: Mapped[bool] = mapped_column(server_default=sa.false())
    day: Mapped[date]
    starts_at: Mapped[datetime]
    ends_at: Mapped[datetime]
    #: When an unpaid seat lapses.
    hold_until: Mapped[datetime]
    #: Fen, fixed at the hold.
    fee: Mapped[int]
    #: The gate's decision behind this booking.
    decision_id: Mapped[UUID | None]
    form_id: Mapped[UUID | None]
    #: Staff who booked it at the desk or by phone (SJ11).
    booked_by: Mapped[UUID | None]
    #: What it costs, from the moment somebody wants to pay.
    charge_id: Mapped[UUID | None] = mapped_column(sa.ForeignKey("charges.id"))
    attended_at: Mapped[datetime | None]
    #: Which evidence came first (XY13), and where it is kept.
    attended_by: Mapped[str | None]
    attended_ref: Mapped[str | None]
    #: Offline: when the hospital's system, asked after the day, knew of no visit on it.
    no_visit_at: Mapped[datetime | None]
    #: A call that runs holds the midnight sweep until it ends (XY14).
    call_since: Mapped[datetime | None]
    #: An `Ending`, a `CancelReason`, or what the hospital said when it closed the clinic.
    reason: Mapped[str | None]
    #: Why the doctor found it unsuitable online, and what they advise instead (XY11). Health text, so sealed.
    finding: Mapped[str | None] = mapped_column(Sealed("bookings.finding"))
    advice: Mapped[str | None] = mapped_column(Sealed("bookings.advice"))
    created_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]

    def apply(self, event: BookingEvent, *, at: datetime, reason: str | None = None) -> None:
        """Raises TransitionRefused. The caller gives back the seat of a booking that ends."""
        self.state = BOOKING.after(self.state, event)
        if self.state in LIVE:
            self.ended_at = self.reason = None
        else:
            self.ended_at, self.reason = at, reason or self.reason
