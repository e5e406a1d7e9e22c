"""What the administrator's forms and clients send, and what they read."""

from datetime import date, datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints

from telehealth.accounts import MemberState, StaffMember, parse_phone
from telehealth.accounts.rules import parse_login
from telehealth.admin.reading_audit import Reading
from telehealth.core.access import Role
from telehealth.core.audit import AuditRecord
from telehealth.core.text import Day, Line, OptionalLine
from telehealth.web.pagination import PageQuery

Login = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=40),
    AfterValidator(parse_login),
    Field(description="3 to 40 small letters, digits, dot, dash or underscore"),
]


def _staff_role(role: Role) -> Role:
    if role is Role.PATIENT:
        raise ValueError("请从给出的选项中选择")
    return role


def _phone(text: str) -> str:
    return parse_phone(text) if text else ""


StaffRole = Annotated[Role, AfterValidator(_staff_role)]
Phone = Annotated[str, StringConstraints(strip_whitespace=True, max_length=24), AfterValidator(_phone)]


#: Any day a hospital would mean; beyond it instants overflow.


class Input(BaseModel):
    model_config = ConfigDict(extra="forbid")


class InviteStaff(Input):
    login: Login
    name: Line
    name_en: OptionalLine = ""
    roles: list[StaffRole] = Field(min_length=1, max_length=9)


class EnrolStaff(InviteStaff):
    phone: Phone = ""
    #: The doctor this person is, for those who see patients.
    doctor_id: UUID | None = None


class ChangeStaff(Input):
    name: Line
    name_en: OptionalLine = ""
    roles: list[StaffRole] = Field(min_length=1, max_length=9)
    doctor_id: UUID | None = None


class WithReason(Input):
    reason: Line


class ChangeDay(Input):
    day: Annotated[date, Field(ge=date(2000, 1, 1), le=date(2099, 12, 31))]
    is_working: Literal["yes", "no"]
    reason: Line


class FillYear(Input):
    year: int = Field(ge=2001, le=2099)


class AuditQuery(PageQuery):
    """All conditions must hold; days include both ends."""

    model_config = ConfigDict(extra="forbid")

    area: OptionalLine = Field(default="", description="a part of the hospital's work, see /audit/names")
    name: OptionalLine = Field(
        default="", description="an exact name, the beginning of names, or words of them in your language"
    )
    subject: OptionalLine = Field(default="", description="an id, kind:id, or a number in capitals")
    actor: OptionalLine = Field(default="", description="the beginning of a name")
    first: Day | None = None
    last: Day | None = None


class StaffView(BaseModel):
    id: UUID
    login: str
    name: str
    name_en: str
    roles: list[str]
    doctor_id: UUID | None
    status: MemberState

    @classmethod
    def of(cls, member: StaffMember) -> "StaffView":
        return cls.model_validate(member, from_attributes=True)


class EnrolledView(BaseModel):
    member: StaffView
    initial_password: str = Field(description="shown once; the first sign-in replaces it")


class AuditFactView(BaseModel):
    model_config = ConfigDict(from_attributes=True)

    key: str
    words: str
    value: str


class AuditReadingView(BaseModel):
    """The record in your language. Words may change, names do not; empty where there are no words."""

    event: str
    area: str
    subject: str
    actor: str
    occasion: str = Field(description="on what occasion the house itself acted")
    facts: list[AuditFactView]


class AuditNameView(BaseModel):
    name: str
    words: str
    area: str
    area_words: str


class AuditView(BaseModel):
    id: UUID
    at: datetime
    name: str
    subject_kind: str
    subject_id: str
    actor_id: UUID | None
    actor_name: str
    scope: str
    facts: dict[str, Any]
    request_id: str
    link: int | None = Field(description="its place in the sealed chain; null until sealed")
    words: AuditReadingView

    @classmethod
    def of(cls, record: AuditRecord, link: int | None, reading: Reading) -> "AuditView":
        values = {name: getattr(record, name) for name in cls.model_fields if name not in ("link", "words")}
        words = AuditReadingView.model_validate(reading, from_attributes=True)
        return cls(**values, link=link, words=words)


class ChainView(BaseModel):
    links: int
    waiting: int
    tip: str
    broken_link: int | None = Field(description="the first link that no longer matches its record")
    intact: bool
