"""What bookings show, and what their forms take."""

from datetime import date, datetime
from enum import StrEnum
from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from telehealth.bookings.capabilities import capability_of
from telehealth.bookings.models import Booking
from telehealth.bookings.queries import BookingPlace
from telehealth.bookings.states import BookingState
from telehealth.core.money import parse_yuan
from telehealth.core.text import Line, OptionalLine
from telehealth.directory import Campus, Department, Doctor, Hospital
from telehealth.patients import Person
from telehealth.patients.masking import mask_name
from telehealth.rulebook.rules import Channel, ClinicKind
from telehealth.web.pagination import PageQuery


class Group(StrEnum):
    ALL = "all"
    HELD = "held"
    COMING = "coming"
    PAST = "past"


class Helper(StrEnum):
    """Through whom staff book."""

    DESK = "desk"
    PHONE = "phone"


class SearchBy(StrEnum):
    """By what staff look for a patient."""

    CARD = "card"
    RESIDENT_ID = "resident_id"
    INSURANCE_CARD = "insurance_card"
    PASSPORT = "passport"
    PERMIT = "permit"
    PHONE = "phone"


Yuan = Annotated[int, BeforeValidator(lambda text: parse_yuan(str(text)))]


class Input(BaseModel):
    model_config = ConfigDict(extra="forbid")


class HoldSlot(Input):
    slot_id: UUID
    person_id: UUID
    check_id: UUID | None = Field(
        default=None, description="the eligibility check; only offline registration goes without"
    )
    form_id: UUID | None = Field(default=None, description="the submitted form an internet clinic needs")
    assisted: bool = Field(default=False, description="elder mode, or somebody helps: more time to pay")


class BookingQuery(PageQuery):
    model_config = ConfigDict(extra="forbid")

    person: UUID | None = None
    group: Group = Group.ALL


class BookAtDesk(Input):
    slot_id: UUID
    person_id: UUID
    channel: Helper
    stable: bool | None = Field(default=None, description="as the patient said; internet clinics ask")
    red_flags: list[Line] | None = Field(default=None, max_length=60, description="those answered yes")


class FindDeskPatient(Input):
    """In a body, not in an address: a number of a card or document is nobody else's business."""

    by: SearchBy
    number: Line


class DeskPatientView(BaseModel):
    person_id: UUID
    name: str = Field(description="masked")

    @classmethod
    def of(cls, who: Person) -> "DeskPatientView":
        return cls(person_id=who.id, name=mask_name(who.name))


class DeskBookingsQuery(Input):
    number: OptionalLine = Field(default="", description="a booking's; otherwise those made last")
    pending: bool = Field(default=False, description="only those the hospital's system was silent about")


class CancelForPatient(Input):
    reason: Line


class TakeCash(Input):
    """What was counted at the window, as written: "50" or "50.00"."""

    received: Yuan


class CashReceived(Input):
    received: int = Field(ge=0, description="fen")


class Names(BaseModel):
    id: UUID
    name: str
    name_en: str

    @classmethod
    def of(cls, row: Hospital | Campus | Department | Doctor) -> "Names":
        return cls(id=row.id, name=row.name, name_en=row.name_en)


class BookingView(BaseModel):
    id: UUID
    number: str
    hospital_id: UUID
    campus_id: UUID
    department_id: UUID
    doctor_id: UUID
    clinic_id: UUID
    slot_id: UUID
    person_id: UUID
    kind: ClinicKind
    channel: Channel
    state: BookingState
    pending_verification: bool = Field(description="kept uncharged until the hospital's system answers")
    day: date
    starts_at: datetime
    ends_at: datetime
    hold_until: datetime = Field(description="when an unpaid seat is released")
    fee: int = Field(description="fen")
    charge_id: UUID | None = Field(description="what it costs, once somebody wanted to pay")
    label: str = Field(description="the state in Chinese")
    can_pay: bool
    can_rebook: bool

    @classmethod
    def of(cls, row: Booking) -> "BookingView":
        said = capability_of(row)
        return cls(
            id=row.id, number=row.number, hospital_id=row.hospital_id, campus_id=row.campus_id,
            department_id=row.department_id, doctor_id=row.doctor_id, clinic_id=row.clinic_id,
            slot_id=row.slot_id, person_id=row.person_id, kind=row.kind, channel=row.channel,
            state=row.state, pending_verification=row.pending_verification, day=row.day,
            starts_at=row.starts_at, ends_at=row.ends_at, hold_until=row.hold_until, fee=row.fee,
            charge_id=row.charge_id,
            label=said.label, can_pay=said.can_pay, can_rebook=said.can_rebook,
        )  # fmt: skip


class BookingDetailView(BookingView):
    """With the names around it, and what cancelling now would mean."""

    hospital: Names
    campus: Names
    department: Names
    doctor: Names

    @classmethod
    def at(cls, place: BookingPlace) -> "BookingDetailView":
        return cls(
            **dict(BookingView.of(place.booking)),
            hospital=Names.of(place.hospital),
            campus=Names.of(place.campus),
            department=Names.of(place.department),
            doctor=Names.of(place.doctor),
        )


class DeskBookingView(BookingDetailView):
    """As the desk sees it."""

    patient: str = Field(description="masked")

    @classmethod
    def shown(cls, place: BookingPlace, who: Person | None) -> "DeskBookingView":
        return cls(**dict(BookingDetailView.at(place)), patient=mask_name(who.name) if who else "")


class OneDeskBookingView(DeskBookingView):
    card: str = Field(description="masked; empty for whoever has none here")
    is_restricted: bool = Field(description="the patient had the use of their data restricted")
    may_take_cash: bool
    may_attend: bool = Field(description="of an offline registration: the patient may be noted as seen")


class CancelRulingView(BaseModel):
    allowed: bool
    refund_bp: int = Field(description="share of the fee that goes back, in basis points")
    reason: str
    free_until: datetime


class OneBookingView(BookingDetailView):
    cancelling: CancelRulingView
    finding: str | None = Field(description="why the doctor found it unsuitable online")
    advice: str | None = Field(description="what the doctor advises instead")


class ChargeLink(BaseModel):
    """What to pay, and the page where a person pays it."""

    id: UUID
    amount: int = Field(description="fen")
    pay_by: datetime
    href: str


class ClinicBookingView(BaseModel):
    """A line of who is booked; names are masked in lists."""

    id: UUID
    number: str
    patient: str
    channel: Channel
    state: BookingState
    starts_at: datetime
    pending_verification: bool

    @classmethod
    def of(cls, row: Booking, who: Person | None) -> "ClinicBookingView":
        return cls(
            id=row.id, number=row.number, patient=mask_name(who.name) if who else "", channel=row.channel,
            state=row.state, starts_at=row.starts_at, pending_verification=row.pending_verification,
        )  # fmt: skip
