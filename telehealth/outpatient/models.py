"""Bills the hospital's system asks for, when it was asked, and the queues of offline clinics."""

from datetime import date, datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from telehealth.core.db import Base, PrimaryKey
from telehealth.core.seal import Sealed
from telehealth.core.tenancy import OF_PERSON, Tenancy
from telehealth.hospital.billing import BillKind
from telehealth.outpatient.states import BILL, TICKET, BillEvent, BillState, TicketEvent, TicketState


class OutpatientBill(Base):
    """One prescription or examination order of an offline visit. The hospital's system owns the price."""

    __tablename__ = "outpatient_bills"
    __tenancy__ = Tenancy(hospital=True, person=True)
    __table_args__ = (
        sa.UniqueConstraint("hospital_id", "resource_id"),
        sa.Index("ix_outpatient_bills_person", "person_id", "visited_on"),
        sa.Index("ix_outpatient_bills_telling", "tell_at", postgresql_where=sa.text("state = 'paid'")),
        sa.Index(
            "ix_outpatient_bills_pickup", "paid_at",
            postgresql_where=sa.text("state = 'confirmed' and called_at is null and pickup_number <> ''"),
        ),
        sa.Index("ix_outpatient_bills_kept", "asked_at", postgresql_where=sa.text("state = 'confirmed'")),
    )  # fmt: skip

    id: Mapped[PrimaryKey]
    hospital_id: Mapped[UUID] = mapped_column(sa.ForeignKey("hospitals.id"))
    person_id: Mapped[UUID] = mapped_column(sa.ForeignKey("persons.id"))
    #: The hospital system's own id of it, and of the patient it belongs to.
    resource_id: Mapped[str]
    his_patient_id: Mapped[str]
    #: Read out at the window.
    number: Mapped[str]
    kind: Mapped[BillKind]
    #: None where the hospital's system names a place we do not know; `campus_name` is its word for it.
    campus_id: Mapped[UUID | None] = mapped_column(sa.ForeignKey("campuses.id"))
    campus_name: Mapped[str]
    department: Mapped[str]
    visited_on: Mapped[date]
    #: Fen, as the hospital's system said last.
    amount: Mapped[int]
    #: JSON list of {text, amount}; what it is of is health text, so sealed.
    lines: Mapped[str] = mapped_column(Sealed("outpatient_bills.lines"))
    state: Mapped[BillState]
    #: The one deadline people are told (XY33), and the policy version it was decided by.
    shown_until: Mapped[datetime]
    reimbursed_until: Mapped[datetime]
    valid_until: Mapped[datetime | None]
    policy_id: Mapped[UUID]
    #: Business time of the answer that is written here.
    asked_at: Mapped[datetime]
    #: When the family was told that there is something to pay.
    told_at: Mapped[datetime | None]
    #: Self-pay was said and confirmed (XY08), by whom and when.
    agreed_at: Mapped[datetime | None]
    payer_id: Mapped[UUID | None]
    #: What a charge is for: the bill's own id, and another one after money for it went back.
    attempt_id: Mapped[UUID] = mapped_column(unique=True)
    charge_id: Mapped[UUID | None] = mapped_column(sa.ForeignKey("charges.id"))
    paid_at: Mapped[datetime | None]
    #: Wall time from which the hospital's system is told (again), and how often it was.
    tell_at: Mapped[datetime | None]
    tells: Mapped[int] = mapped_column(server_default=sa.text("0"))
    confirmed_at: Mapped[datetime | None]
    #: Where medicine is handed out, and under which number (BJ08).
    window: Mapped[str]
    pickup_number: Mapped[str]
    called_at: Mapped[datetime | None]

    def apply(self, event: BillEvent) -> None:
        """Raises TransitionRefused."""
        self.state = BILL.after(self.state, event)


class BillFetch(Base):
    """When the hospital's system last answered about somebody's bills, also if there were none."""

    __tablename__ = "outpatient_bill_fetches"
    __tenancy__ = Tenancy(hospital=True, person=True)

    hospital_id: Mapped[UUID] = mapped_column(sa.ForeignKey("hospitals.id"), primary_key=True)
    person_id: Mapped[UUID] = mapped_column(sa.ForeignKey("persons.id"), primary_key=True)
    #: Business time.
    fetched_at: Mapped[datetime]


class QueueLine(Base):
    """The queue of one clinic. Whoever changes the order of its tickets locks this row first."""

    __tablename__ = "queue_lines"
    __tenancy__ = Tenancy(hospital=True, public=True)

    clinic_id: Mapped[UUID] = mapped_column(sa.ForeignKey("clinics.id"), primary_key=True)
    hospital_id: Mapped[UUID] = mapped_column(sa.ForeignKey("hospitals.id"))
    #: Given to whoever checked in last.
    last_number: Mapped[int] = mapped_column(server_default=sa.text("0"))
    #: Who was called last, for those who wait and may not see each other.
    called_number: Mapped[int | None]
    #: Where the called go, as it stands on the door; empty until somebody says.
    room: Mapped[str]
    #: The address of the screen in the waiting room, which nobody can guess.
    screen_token: Mapped[str] = mapped_column(unique=True)
    opened_at: Mapped[datetime]


class QueueTicket(Base):
    """A place in a queue. `place` counts from 1 among those who wait; kept right with every change."""

    __tablename__ = "queue_tickets"
    __tenancy__ = Tenancy(hospital=True, account=True, of=OF_PERSON)
    __table_args__ = (
        sa.UniqueConstraint("booking_id"),
        sa.UniqueConstraint("clinic_id", "number"),
        sa.Index(
            "ix_queue_tickets_waiting", "clinic_id", "place", postgresql_where=sa.text("state = 'waiting'")
        ),
        sa.Index("ix_queue_tickets_account", "account_id", "checked_in_at"),
        sa.CheckConstraint("(state = 'waiting') = (place is not null)", name="place"),
    )  # fmt: skip

    id: Mapped[PrimaryKey]
    hospital_id: Mapped[UUID]
    account_id: Mapped[UUID | None]
    person_id: Mapped[UUID]
    booking_id: Mapped[UUID] = mapped_column(sa.ForeignKey("bookings.id"))
    clinic_id: Mapped[UUID] = mapped_column(sa.ForeignKey("clinics.id"))
    number: Mapped[int]
    state: Mapped[TicketState]
    place: Mapped[int | None]
    starts_at: Mapped[datetime]
    #: Stands where they were put, not by their time.
    is_late: Mapped[bool]
    missed_calls: Mapped[int] = mapped_column(server_default=sa.text("0"))
    #: The smallest position they were told of since they (re)joined.
    reminded_at: Mapped[int | None]
    checked_in_at: Mapped[datetime]
    #: Staff who checked them in; None for the patient's own phone.
    checked_in_by: Mapped[UUID | None]
    called_at: Mapped[datetime | None]
    called_by: Mapped[UUID | None]
    ended_at: Mapped[datetime | None]

    @property
    def ahead(self) -> int | None:
        """How many wait before them; None for whoever does not wait."""
        return None if self.place is None else self.place - 1

    def apply(self, event: TicketEvent, *, at: datetime) -> None:
        """Raises TransitionRefused."""
        self.state = TICKET.after(self.state, event)
        if self.state is not TicketState.WAITING:
            self.place = None
        if self.state in (TicketState.SEEN, TicketState.LEFT):
            self.ended_at = at
