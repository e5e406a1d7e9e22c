"""Clinics own capacity and channel quotas; slots are arrival times in them, with seats."""

from datetime import date, datetime, time
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from telehealth.core.db import Base, PrimaryKey
from telehealth.core.tenancy import Tenancy
from telehealth.rulebook.rules import ClinicKind
from telehealth.schedule.rules import HalfDay
from telehealth.schedule.states import ClinicState


class ClinicTemplate(Base):
    """One line of a doctor's week, from which clinics are planned."""

    __tablename__ = "clinic_templates"
    __tenancy__ = Tenancy(hospital=True)
    __table_args__ = (
        sa.UniqueConstraint("doctor_id", "campus_id", "weekday", "half", "kind"),
        sa.CheckConstraint("weekday between 0 and 6", name="weekday"),
        sa.CheckConstraint("capacity > 0", name="capacity"),
    )

    id: Mapped[PrimaryKey]
    hospital_id: Mapped[UUID] = mapped_column(index=True)
    campus_id: Mapped[UUID]
    department_id: Mapped[UUID]
    doctor_id: Mapped[UUID]
    #: Monday is 0.
    weekday: Mapped[int]
    half: Mapped[HalfDay]
    kind: Mapped[ClinicKind]
    capacity: Mapped[int]
    slot_minutes: Mapped[int | None]
    starts: Mapped[time | None]
    ends: Mapped[time | None]
    runs_on_holidays: Mapped[bool]
    active: Mapped[bool]


class Clinic(Base):
    """Doctor × campus × half-day × kind. `taken_*` count live bookings by channel."""

    __tablename__ = "clinics"
    __tenancy__ = Tenancy(hospital=True, seats=True)
    __table_args__ = (
        sa.UniqueConstraint("doctor_id", "campus_id", "day", "half", "kind"),
        sa.CheckConstraint(
            "taken_online >= 0 and taken_desk >= 0 and taken_phone >= 0"
            " and taken_online + taken_desk + taken_phone <= capacity",
            name="seats",
        ),
        sa.Index("ix_clinics_hospital_id_day", "hospital_id", "day"),
    )

    id: Mapped[PrimaryKey]
    hospital_id: Mapped[UUID]
    campus_id: Mapped[UUID]
    department_id: Mapped[UUID]
    doctor_id: Mapped[UUID]
    kind: Mapped[ClinicKind]
    day: Mapped[date]
    half: Mapped[HalfDay]
    starts_at: Mapped[datetime]
    ends_at: Mapped[datetime]
    capacity: Mapped[int]
    quota_online: Mapped[int]
    quota_desk: Mapped[int]
    quota_phone: Mapped[int]
    taken_online: Mapped[int] = mapped_column(server_default="0")
    taken_desk: Mapped[int] = mapped_column(server_default="0")
    taken_phone: Mapped[int] = mapped_column(server_default="0")
    #: From when every channel may take what is left; None when shares stay (SJ04).
    released_at: Mapped[datetime | None]
    #: Fen, copied from the doctor when planned, so that a later price change leaves it alone.
    fee: Mapped[int]
    state: Mapped[ClinicState]
    closed_at: Mapped[datetime | None]
    closed_reason: Mapped[str | None]


class Slot(Base):
    __tablename__ = "slots"
    __tenancy__ = Tenancy(hospital=True, seats=True)
    __table_args__ = (
        sa.UniqueConstraint("clinic_id", "starts_at"),
        sa.CheckConstraint("taken >= 0 and taken <= seats", name="seats"),
    )

    id: Mapped[PrimaryKey]
    hospital_id: Mapped[UUID]
    clinic_id: Mapped[UUID] = mapped_column(sa.ForeignKey("clinics.id"))
    starts_at: Mapped[datetime]
    ends_at: Mapped[datetime]
    seats: Mapped[int]
    taken: Mapped[int] = mapped_column(server_default="0")
