"""Strikes, the bans they brought, and what people say against them.

They belong to the person at one hospital: whoever acts for the person sees them, and meets
the ban.
"""

from datetime import date, datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from telehealth.core.db import Base, PrimaryKey
from telehealth.core.seal import Sealed
from telehealth.core.tenancy import OF_PERSON, Tenancy
from telehealth.rulebook.rules import Channel
from telehealth.strikes.states import APPEAL, AppealEvent, AppealState


class StrikeRow(Base):
    __tablename__ = "strikes"
    __tenancy__ = Tenancy(hospital=True, account=True, person=True, of=OF_PERSON)
    __table_args__ = (
        # One absence is one strike, however often it is reported.
        sa.UniqueConstraint("booking_id"),
        sa.Index("ix_strikes_hospital_id_person_id", "hospital_id", "person_id"),
    )

    id: Mapped[PrimaryKey]
    hospital_id: Mapped[UUID] = mapped_column(sa.ForeignKey("hospitals.id"))
    person_id: Mapped[UUID] = mapped_column(sa.ForeignKey("persons.id"))
    #: Who booked; None for a booking the desk made.
    account_id: Mapped[UUID | None] = mapped_column(sa.ForeignKey("accounts.id"))
    booking_id: Mapped[UUID]
    #: What people call the booking.
    booking_number: Mapped[str]
    #: Day of the missed slot.
    on: Mapped[date]
    given_at: Mapped[datetime]
    policy_number: Mapped[int]
    #: What was known of the absence when it was given, as the rule saw it.
    evidence: Mapped[dict[str, Any]]
    reversed_at: Mapped[datetime | None]
    reversed_by: Mapped[UUID | None]
    reversal_reason: Mapped[str]

    @property
    def is_reversed(self) -> bool:
        return self.reversed_at is not None


class BanRow(Base):
    __tablename__ = "bans"
    __tenancy__ = Tenancy(hospital=True, person=True)
    __table_args__ = (
        sa.UniqueConstraint("strike_id", "channel", "from_on"),
        sa.Index("ix_bans_hospital_id_person_id", "hospital_id", "person_id"),
    )

    id: Mapped[PrimaryKey]
    hospital_id: Mapped[UUID] = mapped_column(sa.ForeignKey("hospitals.id"))
    person_id: Mapped[UUID] = mapped_column(sa.ForeignKey("persons.id"))
    #: The strike whose report brought it: the one too many, or an earlier one reported late.
    strike_id: Mapped[UUID] = mapped_column(sa.ForeignKey("strikes.id"))
    channel: Mapped[Channel]
    from_on: Mapped[date]
    #: Ends at 24:00 of this day.
    until_on: Mapped[date]
    lifted_at: Mapped[datetime | None]
    lifted_by: Mapped[UUID | None]


class Appeal(Base):
    __tablename__ = "appeals"
    __tenancy__ = Tenancy(hospital=True, account=True, of=OF_PERSON)
    __table_args__ = (
        sa.Index(
            "uq_appeals_open", "strike_id", unique=True, postgresql_where=sa.text("state = 'open'")
        ),
        sa.Index("ix_appeals_hospital_id_state", "hospital_id", "state"),
    )  # fmt: skip

    id: Mapped[PrimaryKey]
    hospital_id: Mapped[UUID] = mapped_column(sa.ForeignKey("hospitals.id"))
    account_id: Mapped[UUID | None] = mapped_column(sa.ForeignKey("accounts.id"))
    person_id: Mapped[UUID] = mapped_column(sa.ForeignKey("persons.id"))
    strike_id: Mapped[UUID] = mapped_column(sa.ForeignKey("strikes.id"))
    state: Mapped[AppealState]
    #: People explain with their health: sealed.
    text: Mapped[str] = mapped_column(Sealed("appeals.text"))
    made_at: Mapped[datetime]
    decided_at: Mapped[datetime | None]
    decided_by: Mapped[UUID | None]
    answer: Mapped[str] = mapped_column(Sealed("appeals.answer"))

    def apply(self, event: AppealEvent) -> None:
        self.state = APPEAL.after(self.state, event)
