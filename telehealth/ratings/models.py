"""Whom the hospital asked, what they answered, and the sum that is told of a doctor."""

from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from telehealth.core.db import Base, PrimaryKey
from telehealth.core.seal import Sealed
from telehealth.core.tenancy import Tenancy
from telehealth.ratings.states import WORDS, WordsEvent, WordsState


class RatingAsk(Base):
    """A visit that was had: asked about once. Its id is the booking's."""

    __tablename__ = "rating_asks"
    __tenancy__ = Tenancy(
        hospital=True,
        account=True,
        of="id in (select b.id from bookings b where b.person_id = {person})",
    )
    __table_args__ = (
        sa.Index(
            "ix_rating_asks_open", "account_id", "rate_by", postgresql_where=sa.text("closed_at is null")
        ),
    )

    id: Mapped[PrimaryKey]
    hospital_id: Mapped[UUID]
    account_id: Mapped[UUID | None]
    doctor_id: Mapped[UUID]
    number: Mapped[str]
    asked_at: Mapped[datetime]
    rate_by: Mapped[datetime]
    #: Rated, or waved away.
    closed_at: Mapped[datetime | None]


class Rating(Base):
    __tablename__ = "ratings"
    __tenancy__ = Tenancy(
        hospital=True,
        account=True,
        of="booking_id in (select b.id from bookings b where b.person_id = {person})",
    )
    __table_args__ = (
        # Once (GD12).
        sa.UniqueConstraint("booking_id"),
        sa.CheckConstraint("stars between 1 and 5", name="stars"),
        sa.Index("ix_ratings_doctor_id", "hospital_id", "doctor_id"),
        sa.Index(
            "ix_ratings_waiting",
            "hospital_id",
            "made_at",
            postgresql_where=sa.text("words_state = 'waiting'"),
        ),
    )

    id: Mapped[PrimaryKey]
    booking_id: Mapped[UUID] = mapped_column(sa.ForeignKey("bookings.id"))
    hospital_id: Mapped[UUID]
    account_id: Mapped[UUID | None]
    doctor_id: Mapped[UUID]
    stars: Mapped[int]
    #: People write of their health: sealed.
    words: Mapped[str] = mapped_column(Sealed("ratings.words"))
    words_state: Mapped[WordsState]
    made_at: Mapped[datetime]
    edited_at: Mapped[datetime | None]
    editable_until: Mapped[datetime]
    policy_number: Mapped[int]
    looked_at: Mapped[datetime | None]
    looked_by: Mapped[UUID | None]

    def apply(self, event: WordsEvent) -> None:
        """Raises TransitionRefused."""
        self.words_state = WORDS.after(self.words_state, event)


class DoctorScore(Base):
    """What is told of a doctor's ratings, as of `counted_at`; nobody's own. Its id is the doctor's."""

    __tablename__ = "doctor_scores"
    __tenancy__ = Tenancy(hospital=True, public=True)

    id: Mapped[PrimaryKey]
    hospital_id: Mapped[UUID]
    count: Mapped[int]
    #: In all.
    stars: Mapped[int]
    #: Stars, as text → how many gave them.
    spread: Mapped[dict[str, Any]]
    counted_at: Mapped[datetime]
