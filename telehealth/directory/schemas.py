"""What the directory shows, and what its forms take."""

from datetime import date, datetime
from typing import Annotated, Any
from uuid import UUID

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints

from telehealth.core.money import AmountInvalid, parse_yuan
from telehealth.core.text import Day, Line, OptionalLine, OptionalParagraph, Paragraph
from telehealth.directory.advising import EmergencyAdvice
from telehealth.directory.models import Campus, Department, Doctor, Hospital, ServiceNotice
from telehealth.directory.states import (
    CredentialKind,
    DepartmentKind,
    HospitalSwitch,
    NoticeChannel,
)

Code = Annotated[str, StringConstraints(strip_whitespace=True, pattern="^[a-z][a-z0-9-]{1,30}$")]
Phone = Annotated[
    str, StringConstraints(strip_whitespace=True, pattern="^[0-9+][0-9 -]{2,19}$", max_length=20)
]
OptionalPhone = Annotated[
    str, StringConstraints(strip_whitespace=True, pattern="^([0-9+][0-9 -]{2,19})?$", max_length=20)
]


def _yuan(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    try:
        return parse_yuan(value)
    except AmountInvalid:
        raise ValueError(AmountInvalid.detail) from None


#: What a form calls "12.30" yuan, in fen.
YuanField = Annotated[int, BeforeValidator(_yuan), Field(ge=0, le=1_000_000)]


#: Any day a hospital would mean; beyond it instants overflow.


class Input(BaseModel):
    model_config = ConfigDict(extra="forbid")


class HospitalDetails(Input):
    name: Line
    name_en: Line
    phone: Phone
    complaint_phone: Phone
    emergency_phone: Phone
    emergency_text: Paragraph
    emergency_text_en: Paragraph
    live_from: Day | None = None
    switches: list[HospitalSwitch] = []


class CampusDetails(Input):
    code: Code
    name: Line
    name_en: Line
    address: Line
    address_en: Line
    phone: Phone
    emergency_phone: OptionalPhone = ""
    live_from: Day | None = None
    switches: list[HospitalSwitch] = []
    order: int = Field(default=0, ge=0, le=999)


class DepartmentDetails(Input):
    code: Code
    name: Line
    name_en: Line
    kind: DepartmentKind
    about: OptionalLine = ""
    about_en: OptionalLine = ""
    campus_ids: list[UUID] = Field(min_length=1)
    tongue_required: bool = False
    images_first: bool = False
    online: bool = False
    open: bool = False
    order: int = Field(default=0, ge=0, le=999)


class DoctorDetails(Input):
    department_id: UUID
    campus_ids: list[UUID] = Field(min_length=1)
    name: Line
    name_en: Line
    title: Line
    title_en: Line
    good_at: OptionalParagraph = ""
    good_at_en: OptionalParagraph = ""
    practising_since: Day
    multi_site: bool = False
    fee_online: YuanField
    fee_offline: YuanField


class CredentialDetails(Input):
    kind: CredentialKind
    number: Line
    scope: OptionalLine = ""
    valid_from: Day
    valid_until: Day


class NoticeText(Input):
    title: Line
    title_en: Line
    body: Annotated[Paragraph, Field(max_length=4000)]
    body_en: Annotated[Paragraph, Field(max_length=4000)]


class AcceptNotice(Input):
    """`sha256` is that of the text the person was shown."""

    sha256: Annotated[str, Field(pattern="^[0-9a-f]{64}$")]
    channel: NoticeChannel
    person_id: UUID | None = None


class HospitalView(BaseModel):
    id: UUID
    code: str
    name: str
    name_en: str
    phone: str
    complaint_phone: str
    live_from: date | None
    is_live: bool
    switches: list[HospitalSwitch]

    @classmethod
    def of(cls, row: Hospital, today: date) -> "HospitalView":
        return cls(
            id=row.id,
            code=row.code,
            name=row.name,
            name_en=row.name_en,
            phone=row.phone,
            complaint_phone=row.complaint_phone,
            live_from=row.live_from,
            is_live=row.is_live(today),
            switches=[switch for switch in HospitalSwitch if row.has(switch)],
        )


class PlaceView(BaseModel):
    name: str
    name_en: str
    address: str
    address_en: str
    phone: str


class EmergencyView(BaseModel):
    phone: str
    text: str
    text_en: str
    places: list[PlaceView]

    @classmethod
    def of(cls, advice: EmergencyAdvice) -> "EmergencyView":
        return cls(
            phone=advice.phone,
            text=advice.text,
            text_en=advice.text_en,
            places=[
                PlaceView(
                    name=place.name,
                    name_en=place.name_en,
                    address=place.address,
                    address_en=place.address_en,
                    phone=place.phone,
                )
                for place in advice.places
            ],
        )


class HospitalDetailView(HospitalView):
    emergency: EmergencyView


class CampusView(BaseModel):
    id: UUID
    hospital_id: UUID
    code: str
    name: str
    name_en: str
    address: str
    address_en: str
    phone: str
    emergency_phone: str

    @classmethod
    def of(cls, row: Campus) -> "CampusView":
        return cls.model_validate(row, from_attributes=True)


class DepartmentView(BaseModel):
    id: UUID
    hospital_id: UUID
    code: str
    name: str
    name_en: str
    kind: DepartmentKind
    about: str
    about_en: str
    campus_ids: list[UUID]
    tongue_required: bool
    images_first: bool
    online: bool

    @classmethod
    def of(cls, row: Department) -> "DepartmentView":
        return cls.model_validate(row, from_attributes=True)


class DoctorView(BaseModel):
    """Fees are in fen."""

    id: UUID
    hospital_id: UUID
    department_id: UUID
    campus_ids: list[UUID]
    name: str
    name_en: str
    title: str
    title_en: str
    good_at: str
    good_at_en: str
    online: bool
    fee_online: int
    fee_offline: int

    @classmethod
    def of(cls, row: Doctor) -> "DoctorView":
        values = {name: getattr(row, name) for name in cls.model_fields if name != "online"}
        return cls(**values, online=row.sits_online)


class NoticeView(BaseModel):
    id: UUID
    hospital_id: UUID
    version: int
    title: str
    title_en: str
    body: str
    body_en: str
    sha256: str
    published_at: datetime

    @classmethod
    def of(cls, row: ServiceNotice) -> "NoticeView":
        return cls.model_validate(row, from_attributes=True)


class AcceptanceView(BaseModel):
    notice_id: UUID
    version: int
    sha256: str
