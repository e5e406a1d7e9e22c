"""What the list of orders shows, and what is asked of it."""

from collections.abc import Sequence
from datetime import date, datetime
from functools import partial
from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from telehealth.core.i18n import format_day, translator
from telehealth.core.orders import Group, Line, Link, Opened
from telehealth.core.promises import Owner, Part, Promise, Said, Standing
from telehealth.core.text import OptionalParagraph
from telehealth.eligibility.explaining import Explanation, Sentence, explain_all
from telehealth.orders.pricing import DepartmentFees, RefundRow
from telehealth.orders.rebooking import Proposal
from telehealth.orders.rules import OWNERS
from telehealth.orders.visits import names
from telehealth.web.pagination import PageQuery

SOURCE, ENGLISH = "zh-CN", "en"


class Input(BaseModel):
    model_config = ConfigDict(extra="forbid")


class OrderQuery(PageQuery):
    model_config = ConfigDict(extra="forbid")

    person: UUID | None = None
    group: Group | None = Field(default=None, description="all of them when left out")


class Text(BaseModel):
    """A sentence in both languages."""

    zh: str
    en: str

    @classmethod
    def of(cls, said: Said) -> "Text":
        if isinstance(said, str):
            return cls(zh=said, en=translator(ENGLISH)(said) if said else "")
        return cls(zh=said[SOURCE], en=said[ENGLISH])


class OrderView(BaseModel):
    """One line of the list. Names of medicines and illnesses stand on the pages of their own."""

    kind: str = Field(description="with `id`, its address: /api/v1/orders/{kind}/{id}")
    id: UUID
    number: str
    ordered_at: datetime
    person_id: UUID
    group: Group
    what: Text
    title: Text = Field(description="with whom")
    place: Text
    state: Text
    starts_at: datetime | None
    ends_at: datetime | None
    amount: int | None = Field(description="fen")
    due_at: datetime | None = Field(description="until when the patient has to act")
    refund: int | None = Field(description="fen on their way back")
    refund_on: date | None = Field(description="the day by which they arrive")
    pickup_code: str
    window_number: str
    waybill: str
    action: Text
    href: str = Field(description="the page on which something is done about it")

    @classmethod
    def of(cls, line: Line) -> "OrderView":
        return cls(
            kind=line.kind, id=line.id, number=line.number, ordered_at=line.ordered_at,
            person_id=line.person_id, group=line.group, what=Text.of(line.what), title=Text.of(line.title),
            place=Text.of(line.place), state=Text.of(line.label), starts_at=line.starts_at,
            ends_at=line.ends_at, amount=line.amount, due_at=line.due_at, refund=line.refund,
            refund_on=line.refund_on, pickup_code=line.code, window_number=line.window_number,
            waybill=line.waybill, action=Text.of(line.action), href=line.href,
        )  # fmt: skip


class OrderPage(BaseModel):
    label: Text = Field(description="what this channel calls the list (XY19)")
    items: list[OrderView]
    next: str = Field(default="", description="pass as `after`; empty on the last page")


class PartView(BaseModel):
    """A half of a refund: the insurer's part, or the cash."""

    label: Text
    state: Text
    amount: int
    is_done: bool
    at: datetime | None

    @classmethod
    def of(cls, part: Part) -> "PartView":
        return cls(
            label=Text.of(part.label), state=Text.of(part.text), amount=part.amount, is_done=part.is_done,
            at=part.at,
        )  # fmt: skip


class PromiseView(BaseModel):
    code: str
    title: Text
    owner: Owner = Field(description="who has to act")
    owner_name: Text
    standing: Standing
    due_at: datetime | None = Field(description="the first instant that is too late")
    due_on: date | None = Field(description="told as a day: by the end of it")
    kept_at: datetime | None
    otherwise: Text = Field(description="what happens if it is missed")
    why: Text = Field(description="why there is such a promise, where that is not plain")
    amount: int | None = Field(description="fen")
    parts: list[PartView]

    @classmethod
    def of(cls, made: Promise) -> "PromiseView":
        return cls(
            code=made.code, title=Text.of(made.title), owner=made.owner,
            owner_name=Text.of(OWNERS[made.owner]), standing=made.standing, due_at=made.due_at,
            due_on=made.due_on, kept_at=made.kept_at, otherwise=Text.of(made.otherwise),
            why=Text.of(made.why), amount=made.amount, parts=[PartView.of(part) for part in made.parts],
        )  # fmt: skip


class LinkView(BaseModel):
    href: str
    label: Text

    @classmethod
    def of(cls, link: Link) -> "LinkView":
        return cls(href=link.href, label=Text.of(link.label))


class OneOrderView(OrderView):
    hospital: Text
    phone: str
    complaint_phone: str
    promises: list[PromiseView] = Field(description="in the order of time")
    links: list[LinkView] = Field(description="the first is the main thing to do")

    @classmethod
    def opened(cls, order: Opened, links: Sequence[Link]) -> "OneOrderView":
        return cls(
            **dict(OrderView.of(order.line)),
            hospital=Text.of(order.hospital),
            phone=order.phone,
            complaint_phone=order.complaint_phone,
            promises=[PromiseView.of(made) for made in order.promises],
            links=[LinkView.of(link) for link in links],
        )


Complaint = Annotated[OptionalParagraph, StringConstraints(max_length=1000)]
FlagId = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z_]{1,39}$")]


class TakeSeat(Input):
    """The tap. An offline registration needs the seat only."""

    slot_id: UUID
    stable: bool | None = Field(default=None, description="as the patient says; internet clinics ask")
    answers: Annotated[dict[FlagId, bool], Field(max_length=60)] = {}
    complaint: Complaint = Field(default="", description="what it is about this time; internet clinics ask")
    assisted: bool = Field(default=False, description="elder mode, or somebody helps: more time to pay")


class AskedView(BaseModel):
    id: str
    text: Text


class FoundView(BaseModel):
    """A rule of the gate that speaks against it, and what would satisfy it."""

    code: str
    title: Text
    seen: Text
    remedy: Text


class SeatView(BaseModel):
    slot_id: UUID
    starts_at: datetime
    ends_at: datetime
    campus: Text
    fee: int = Field(description="fen")


class RebookingView(BaseModel):
    """The next free seat with the same doctor, judged by the gate for its day."""

    booking_id: UUID
    person_id: UUID
    doctor: Text
    department: Text
    seat: SeatView | None = Field(description="null: the doctor has no seat that may be booked online")
    last_campus: Text | None = Field(description="BJ05: set when the seat is at another campus")
    follow_up_on: date | None = Field(description="the day the doctor named")
    allowed: bool
    findings: list[FoundView]
    notice_id: UUID | None = Field(description="the service notice to be accepted first")
    complaint: str = Field(description="what was written last time")
    questions: list[AskedView] = Field(description="each must be answered")

    @classmethod
    def of(cls, made: Proposal) -> "RebookingView":
        seat = made.seat
        return cls(
            booking_id=made.booking.id,
            person_id=made.booking.person_id,
            doctor=Text.of(names(made.last.doctor)),
            department=Text.of(names(made.last.department)),
            seat=None
            if seat is None
            else SeatView(
                slot_id=seat.slot.id,
                starts_at=seat.slot.starts_at,
                ends_at=seat.slot.ends_at,
                campus=Text.of(names(seat.campus)),
                fee=seat.clinic.fee,
            ),
            last_campus=Text.of(names(made.last.campus)) if made.other_campus else None,
            follow_up_on=made.due_on,
            allowed=made.is_allowed,
            findings=[_found(each) for each in explain_all(made.decision)],
            notice_id=made.notice_id,
            complaint=made.complaint,
            questions=[AskedView(id=each.id, text=Text(zh=each.zh, en=each.en)) for each in made.questions],
        )


def _found(each: Explanation) -> FoundView:
    return FoundView(
        code=str(each.code),
        title=_both(each.title),
        seen=_both(each.seen),
        remedy=_both(each.remedy),
    )


def _both(sentence: Sentence) -> Text:
    said = {
        lang: sentence.said(translator(lang), partial(format_day, lang=lang)) for lang in (SOURCE, ENGLISH)
    }
    return Text.of(said)


class FeeView(BaseModel):
    """Null: this doctor does not see patients that way."""

    doctor_id: UUID
    doctor: Text
    title: Text
    online: int | None = Field(description="fen")
    offline: int | None = Field(description="fen")


class DepartmentFeesView(BaseModel):
    department_id: UUID
    department: Text
    doctors: list[FeeView]

    @classmethod
    def of(cls, row: DepartmentFees) -> "DepartmentFeesView":
        return cls(
            department_id=row.department.id,
            department=Text.of(names(row.department)),
            doctors=[
                FeeView(
                    doctor_id=each.doctor.id,
                    doctor=Text.of(names(each.doctor)),
                    title=Text(zh=each.doctor.title, en=each.doctor.title_en or each.doctor.title),
                    online=each.online,
                    offline=each.offline,
                )
                for each in row.doctors
            ],
        )


class RefundRowView(BaseModel):
    when: Text
    note: Text
    share_bp: int | None = Field(description="of what was paid, in basis points; null where nothing was paid")
    is_automatic: bool = Field(description="nobody has to ask for it")
    is_possible: bool = Field(description="false: it cannot be ended at that moment")

    @classmethod
    def of(cls, row: RefundRow) -> "RefundRowView":
        return cls(
            when=_counted(row.when, row.number),
            note=_counted(row.note, row.number),
            share_bp=row.share,
            is_automatic=row.is_automatic,
            is_possible=row.is_possible,
        )


class RefundTableView(BaseModel):
    title: Text
    rows: list[RefundRowView]


class PricesView(BaseModel):
    """What everything costs and what comes back of it, by the published policy (REGULATION 16)."""

    hospital: Text
    policy_number: int = Field(description="of the published rules the refunds follow from")
    departments: list[DepartmentFeesView]
    refunds: list[RefundTableView]
    cash_back_working_days: int
    insured_back_working_days: int


def _counted(message: str, number: int) -> Text:
    said = Text.of(message)
    return Text(zh=said.zh % {"n": number}, en=said.en % {"n": number}) if message else said
