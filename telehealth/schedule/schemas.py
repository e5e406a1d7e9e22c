"""What the schedule shows, and what its forms take."""

from datetime import date, datetime, time
from typing import Annotated
from uuid import UUID

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from telehealth.core.i18n import N_
from telehealth.core.text import Day, Line
from telehealth.directory import Campus, Department, Doctor
from telehealth.rulebook.rules import ClinicKind
from telehealth.schedule.models import Clinic, ClinicTemplate
from telehealth.schedule.queries import ClinicOffer, SlotOffer
from telehealth.schedule.rules import HalfDay
from telehealth.schedule.states import ClinicState


def _whole_minutes(value: time) -> time:
    """Clocks at the hospital's wall: no zone, no seconds."""
    if value.tzinfo is not None or value.second or value.microsecond:
        raise ValueError("请填写时刻，例如 08:00")
    return value


ClockTime = Annotated[time, AfterValidator(_whole_minutes)]
#: Days people plan for; keeps date arithmetic away from the ends of the calendar.
NearDay = Annotated[Day, Field(ge=date(2000, 1, 1), le=date(2199, 12, 31))]


class Input(BaseModel):
    model_config = ConfigDict(extra="forbid")


class ClinicQuery(Input):
    hospital: str = Field(max_length=32, description="the hospital's code")
    kind: ClinicKind = ClinicKind.INTERNET
    campus: UUID | None = None
    department: UUID | None = None
    doctor: UUID | None = None
    first: NearDay | None = Field(default=None, alias="from", description="today when left out")
    days: int = Field(default=14, ge=1, le=62)


class PlannedQuery(Input):
    campus: UUID
    first: NearDay | None = Field(default=None, alias="from", description="today when left out")
    days: int = Field(default=7, ge=1, le=62)


class AddTemplate(Input):
    doctor_id: UUID
    campus_id: UUID
    weekday: int = Field(ge=0, le=6, description="Monday is 0")
    half: HalfDay
    kind: ClinicKind
    capacity: int = Field(ge=1, le=500)
    slot_minutes: int | None = Field(default=None, ge=5, le=240)
    starts: ClockTime | None = None
    ends: ClockTime | None = None
    runs_on_holidays: bool = False

    @model_validator(mode="after")
    def _ends_after_it_starts(self) -> "AddTemplate":
        if self.starts and self.ends and self.ends <= self.starts:
            raise ValueError(N_("结束时间要晚于开始时间"))
        return self


class PlanClinics(Input):
    """Days in Asia/Shanghai, both included."""

    first: NearDay
    last: NearDay

    @model_validator(mode="after")
    def _in_order(self) -> "PlanClinics":
        if self.last < self.first:
            raise ValueError(N_("起止日期颠倒了"))
        return self


class CloseClinic(Input):
    reason: Line = Field(description="told to everybody who is booked")


class CampusBrief(BaseModel):
    id: UUID
    name: str
    name_en: str

    @classmethod
    def of(cls, row: Campus | Department) -> "CampusBrief":
        return cls(id=row.id, name=row.name, name_en=row.name_en)


class DoctorBrief(BaseModel):
    id: UUID
    name: str
    name_en: str
    title: str
    title_en: str

    @classmethod
    def of(cls, row: Doctor) -> "DoctorBrief":
        return cls(
            id=row.id, name=row.name, name_en=row.name_en, title=row.title, title_en=row.title_en
        )  # fmt: skip


class ClinicView(BaseModel):
    id: UUID
    kind: ClinicKind
    day: date
    half: HalfDay
    starts_at: datetime
    ends_at: datetime
    campus: CampusBrief
    department: CampusBrief
    doctor: DoctorBrief
    fee: int = Field(description="fen")
    capacity: int
    remaining: int = Field(description="seats that may still be booked online")
    state: ClinicState

    @classmethod
    def of(cls, offer: ClinicOffer) -> "ClinicView":
        row = offer.clinic
        return cls(
            id=row.id, kind=row.kind, day=row.day, half=row.half, starts_at=row.starts_at,
            ends_at=row.ends_at, campus=CampusBrief.of(offer.campus),
            department=CampusBrief.of(offer.department), doctor=DoctorBrief.of(offer.doctor),
            fee=row.fee, capacity=row.capacity, remaining=offer.left, state=row.state,
        )  # fmt: skip


class SlotView(BaseModel):
    id: UUID
    clinic_id: UUID
    starts_at: datetime
    ends_at: datetime
    fee: int = Field(description="fen")
    remaining: int = Field(description="seats that may still be booked online")

    @classmethod
    def of(cls, offer: SlotOffer) -> "SlotView":
        return cls(
            id=offer.slot.id, clinic_id=offer.clinic.id, starts_at=offer.slot.starts_at,
            ends_at=offer.slot.ends_at, fee=offer.clinic.fee, remaining=offer.left,
        )  # fmt: skip


class TemplateView(BaseModel):
    id: UUID
    campus_id: UUID
    department_id: UUID
    doctor_id: UUID
    weekday: int
    half: HalfDay
    kind: ClinicKind
    capacity: int
    slot_minutes: int | None
    starts: time | None
    ends: time | None
    runs_on_holidays: bool

    @classmethod
    def of(cls, row: ClinicTemplate) -> "TemplateView":
        return cls(
            id=row.id, campus_id=row.campus_id, department_id=row.department_id, doctor_id=row.doctor_id,
            weekday=row.weekday, half=row.half, kind=row.kind, capacity=row.capacity,
            slot_minutes=row.slot_minutes, starts=row.starts, ends=row.ends,
            runs_on_holidays=row.runs_on_holidays,
        )  # fmt: skip


class PlanView(BaseModel):
    """`clinics` were added; those that existed stay as they were."""

    clinics: int
    first: date
    last: date


class ClosedClinicView(BaseModel):
    id: UUID
    state: ClinicState
    closed_at: datetime | None
    reason: str | None

    @classmethod
    def of(cls, row: Clinic) -> "ClosedClinicView":
        return cls(id=row.id, state=row.state, closed_at=row.closed_at, reason=row.closed_reason)
