"""Hospitals, campuses, departments, doctors, what they hold, what patients must have read, working days."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from telehealth.core.db import Base, PrimaryKey
from telehealth.core.tenancy import HOSPITAL, Tenancy
from telehealth.directory.states import (
    CredentialKind,
    DepartmentKind,
    HospitalSwitch,
    NoticeChannel,
    Suspension,
)


def _hospital_key() -> Mapped[UUID]:
    return mapped_column(sa.ForeignKey("hospitals.id"), index=True)


class Hospital(Base):
    __tablename__ = "hospitals"
    #: Everybody may read every hospital; only the hospital itself changes its row.
    __tenancy__ = Tenancy(public=True, when=f"id = {HOSPITAL}")

    id: Mapped[PrimaryKey]
    #: In addresses: /h/yunan.
    code: Mapped[str] = mapped_column(unique=True)
    name: Mapped[str]
    name_en: Mapped[str]
    phone: Mapped[str]
    complaint_phone: Mapped[str]
    #: What to do now, and where, when a patient cannot wait for an online visit.
    emergency_phone: Mapped[str]
    emergency_text: Mapped[str]
    emergency_text_en: Mapped[str]
    #: First day patients may book; None is not yet decided (SJ12).
    live_from: Mapped[date | None]
    switches: Mapped[dict[str, Any]]

    def has(self, switch: HospitalSwitch) -> bool:
        return self.switches.get(switch.value) is True

    def is_live(self, day: date) -> bool:
        return self.live_from is not None and self.live_from <= day


class Campus(Base):
    __tablename__ = "campuses"
    __tenancy__ = Tenancy(hospital=True, public=True)
    __table_args__ = (sa.UniqueConstraint("hospital_id", "code"),)

    id: Mapped[PrimaryKey]
    hospital_id: Mapped[UUID] = _hospital_key()
    code: Mapped[str]
    name: Mapped[str]
    name_en: Mapped[str]
    address: Mapped[str]
    address_en: Mapped[str]
    phone: Mapped[str]
    #: Where to go at once: the desk of its emergency department, empty when it has none.
    emergency_phone: Mapped[str]
    live_from: Mapped[date | None]
    switches: Mapped[dict[str, Any]]
    order: Mapped[int]

    def is_live(self, day: date) -> bool:
        return self.live_from is not None and self.live_from <= day


class Department(Base):
    __tablename__ = "departments"
    __tenancy__ = Tenancy(hospital=True, public=True)
    __table_args__ = (sa.UniqueConstraint("hospital_id", "code"),)

    id: Mapped[PrimaryKey]
    hospital_id: Mapped[UUID] = _hospital_key()
    code: Mapped[str]
    name: Mapped[str]
    name_en: Mapped[str]
    kind: Mapped[DepartmentKind]
    about: Mapped[str]
    about_en: Mapped[str]
    campus_ids: Mapped[list[UUID]]
    #: The form asks for a tongue photo; the form asks for photos before words.
    tongue_required: Mapped[bool]
    images_first: Mapped[bool]
    #: On the hospital's licence for online diagnosis and treatment (XY20).
    online: Mapped[bool]
    open: Mapped[bool]
    order: Mapped[int]


class Doctor(Base):
    __tablename__ = "doctors"
    __tenancy__ = Tenancy(hospital=True, public=True)

    id: Mapped[PrimaryKey]
    hospital_id: Mapped[UUID] = _hospital_key()
    department_id: Mapped[UUID] = mapped_column(sa.ForeignKey("departments.id"), index=True)
    campus_ids: Mapped[list[UUID]]
    #: The account they sign in with, once they have one.
    account_id: Mapped[UUID | None] = mapped_column(index=True)
    name: Mapped[str]
    name_en: Mapped[str]
    title: Mapped[str]
    title_en: Mapped[str]
    good_at: Mapped[str]
    good_at_en: Mapped[str]
    #: First day of independent practice; three years of it are needed to sit online.
    practising_since: Mapped[date]
    #: Registered elsewhere and here through a multi-site filing, which then must be valid too.
    multi_site: Mapped[bool]
    #: The hospital lets this doctor sit online clinics; `suspended` overrules it.
    online: Mapped[bool]
    suspension: Mapped[Suspension]
    suspended_at: Mapped[datetime | None]
    #: In fen.
    fee_online: Mapped[int]
    fee_offline: Mapped[int]
    #: The last day they see patients here.
    left_on: Mapped[date | None]

    @property
    def suspended(self) -> bool:
        return self.suspension is not Suspension.NONE

    def works_on(self, day: date) -> bool:
        return self.left_on is None or day <= self.left_on

    @property
    def sits_online(self) -> bool:
        return self.online and not self.suspended


class Credential(Base):
    __tablename__ = "credentials"
    __tenancy__ = Tenancy(hospital=True)
    __table_args__ = (
        sa.CheckConstraint("num_nonnulls(doctor_id, member_id) = 1", name="one_holder"),
        sa.CheckConstraint("valid_from <= valid_until", name="period"),
    )

    id: Mapped[PrimaryKey]
    hospital_id: Mapped[UUID] = _hospital_key()
    doctor_id: Mapped[UUID | None] = mapped_column(sa.ForeignKey("doctors.id"), index=True)
    #: A member of staff who is no doctor, such as a pharmacist.
    member_id: Mapped[UUID | None] = mapped_column(index=True)
    kind: Mapped[CredentialKind]
    number: Mapped[str]
    scope: Mapped[str]
    valid_from: Mapped[date]
    #: The last valid day; it ends at 24:00.
    valid_until: Mapped[date]
    recorded_at: Mapped[datetime]
    #: Withdrawn before its time, such as the hospital's consent.
    revoked_at: Mapped[datetime | None]


class ServiceNotice(Base):
    """A published version of what patients must read; rows are added, never changed."""

    __tablename__ = "service_notices"
    __tenancy__ = Tenancy(hospital=True, public=True)
    __table_args__ = (sa.UniqueConstraint("hospital_id", "version"),)

    id: Mapped[PrimaryKey]
    hospital_id: Mapped[UUID] = _hospital_key()
    version: Mapped[int]
    title: Mapped[str]
    title_en: Mapped[str]
    body: Mapped[str]
    body_en: Mapped[str]
    sha256: Mapped[str]
    published_at: Mapped[datetime]
    published_by: Mapped[UUID | None]


class NoticeAcceptance(Base):
    """Who read which text, when, through which door (XY21)."""

    __tablename__ = "notice_acceptances"
    __tenancy__ = Tenancy(hospital=True, account=True, stays="what the account itself agreed to")
    __table_args__ = (
        sa.UniqueConstraint("account_id", "notice_id", "person_id", postgresql_nulls_not_distinct=True),
    )

    id: Mapped[PrimaryKey]
    hospital_id: Mapped[UUID] = _hospital_key()
    account_id: Mapped[UUID]
    #: The patient it was accepted for, when the caller said so.
    person_id: Mapped[UUID | None]
    notice_id: Mapped[UUID] = mapped_column(sa.ForeignKey("service_notices.id"))
    sha256: Mapped[str]
    channel: Mapped[NoticeChannel]
    accepted_at: Mapped[datetime]


class CalendarDay(Base):
    """A day that differs from its weekday: a holiday, a make-up working day, or what staff decided."""

    __tablename__ = "hospital_calendar"
    __tenancy__ = Tenancy(hospital=True, public=True)

    hospital_id: Mapped[UUID] = mapped_column(sa.ForeignKey("hospitals.id"), primary_key=True)
    day: Mapped[date] = mapped_column(primary_key=True)
    is_working: Mapped[bool]
    reason: Mapped[str]
    #: The government had not announced this day when it was filled in.
    is_forecast: Mapped[bool]
    #: None when it came from the public calendar.
    changed_by: Mapped[UUID | None]
