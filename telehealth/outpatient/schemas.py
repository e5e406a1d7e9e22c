"""What the API says of bills and queues, and what it takes."""

from datetime import date, datetime
from typing import Annotated, Any
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from telehealth.core.text import OptionalLine
from telehealth.hospital.billing import BillKind
from telehealth.outpatient.models import QueueTicket
from telehealth.outpatient.queries import BillPlace
from telehealth.outpatient.queue_showing import Board, Mine, Screen, Today
from telehealth.outpatient.rules import number_shown
from telehealth.outpatient.showing import View
from telehealth.outpatient.states import BillState, TicketState
from telehealth.patients.masking import mask_name
from telehealth.payments import Charge
from telehealth.web.pagination import PageQuery


class Input(BaseModel):
    model_config = ConfigDict(extra="forbid")


class BillQuery(PageQuery):
    model_config = ConfigDict(extra="forbid")

    state: BillState | None = None


class PayBill(BaseModel):
    """A form leaves an unticked box out, so it is said here what that means."""

    model_config = ConfigDict(extra="ignore")

    amount: int = Field(ge=0, le=100_000_000, description="fen, as the payer saw it")
    agrees_self_pay: bool = Field(
        default=False, description="told that it is self-pay and cannot be reimbursed (XY08, XY09)"
    )


class BillView(BaseModel):
    """One line of the list."""

    id: UUID
    number: str
    hospital: str = Field(description="code")
    campus: str = Field(description="in Chinese, as it stands on the building")
    campus_en: str
    person_id: UUID
    kind: BillKind
    department: str
    visited_on: date
    amount: int = Field(description="fen")
    state: BillState
    pay_by: datetime | None = Field(description="the one deadline of an unpaid bill")
    window: str
    pickup_number: str
    called_at: datetime | None

    @classmethod
    def of(cls, place: BillPlace) -> "BillView":
        return cls(**_facts(place))


class BillItemView(BaseModel):
    text: str = Field(description="the kind of bill, in Chinese, where the name is withheld")
    amount: int = Field(description="fen")
    withheld: bool = Field(description="its name is the patient's: whoever pays needs their word for it")


class OneBillView(BillView):
    items: list[BillItemView]
    reimbursed_until: datetime = Field(description="until then the window pays with insurance")
    window_sentence: str = Field(description="what paying here gives up, in Chinese; empty for the uninsured")
    last_campus: str = Field(description="where they were last, when that was elsewhere")
    charge_id: UUID | None

    @classmethod
    def seen(cls, view: View) -> "OneBillView":
        row = view.bill
        return cls(
            **_facts(view.place),
            items=[
                BillItemView(text=item.text, amount=item.amount, withheld=item.withheld)
                for item in view.items
            ],
            reimbursed_until=row.reimbursed_until,
            window_sentence=view.window_sentence,
            last_campus=view.last_campus.name if view.last_campus else "",
            charge_id=row.charge_id,
        )


class BillsAsked(BaseModel):
    """What became of asking the hospitals."""

    silent: list[UUID] = Field(description="hospitals that did not answer")
    asked_at: datetime | None


class BillChargeView(BaseModel):
    charge_id: UUID
    number: str
    amount: int = Field(description="fen")
    pay_by: datetime

    @classmethod
    def of(cls, charge: Charge) -> "BillChargeView":
        return cls(charge_id=charge.id, number=charge.number, amount=charge.amount, pay_by=charge.pay_by)


class UnconfirmedBillView(BaseModel):
    """Paid here; the hospital's system did not confirm it yet."""

    id: UUID
    number: str
    amount: int
    paid_at: datetime | None
    tells: int

    @classmethod
    def of(cls, place: BillPlace) -> "UnconfirmedBillView":
        row = place.bill
        return cls(id=row.id, number=row.number, amount=row.amount, paid_at=row.paid_at, tells=row.tells)


def _facts(place: BillPlace) -> dict[str, Any]:
    row, where = place.bill, place.campus
    return {
        "id": row.id,
        "number": row.number,
        "hospital": place.hospital.code,
        "campus": where.name if where else row.campus_name,
        "campus_en": where.name_en if where else row.campus_name,
        "person_id": row.person_id,
        "kind": row.kind,
        "department": row.department,
        "visited_on": row.visited_on,
        "amount": row.amount,
        "state": row.state,
        "pay_by": row.shown_until if row.state is BillState.DUE else None,
        "window": row.window,
        "pickup_number": row.pickup_number,
        "called_at": row.called_at,
    }


class TicketView(BaseModel):
    """A place in the queue of an offline clinic."""

    id: UUID
    booking_id: UUID
    clinic_id: UUID
    number: str = Field(description="as it stands on ticket and screen")
    state: TicketState
    ahead: int | None = Field(description="how many wait before them; null for whoever does not wait")
    missed_calls: int
    checked_in_at: datetime
    called_at: datetime | None

    @classmethod
    def of(cls, ticket: QueueTicket) -> "TicketView":
        return cls(
            id=ticket.id, booking_id=ticket.booking_id, clinic_id=ticket.clinic_id,
            number=number_shown(ticket.number), state=ticket.state, ahead=ticket.ahead,
            missed_calls=ticket.missed_calls, checked_in_at=ticket.checked_in_at, called_at=ticket.called_at,
        )  # fmt: skip


class OwnQueueView(BaseModel):
    """Where somebody stands, or from when they may check in."""

    booking_id: UUID
    campus: str = Field(description="in Chinese, as it stands on the building")
    campus_en: str
    room: str
    last_campus: str = Field(description="where they were before, when that was elsewhere")
    check_in_opens_at: datetime
    may_check_in: bool
    called_number: str = Field(description="who was called last; empty before the first")
    ticket: TicketView | None

    @classmethod
    def of(cls, mine: Mine) -> "OwnQueueView":
        return cls(
            booking_id=mine.booking.id, campus=mine.place.campus.name, campus_en=mine.place.campus.name_en,
            room=mine.room, last_campus=mine.last_campus.name if mine.last_campus else "",
            check_in_opens_at=mine.opens_at, may_check_in=mine.is_open and mine.ticket is None,
            called_number=number_shown(mine.called_number) if mine.called_number else "",
            ticket=TicketView.of(mine.ticket) if mine.ticket else None,
        )  # fmt: skip


class ExpectedView(BaseModel):
    """Booked and paid, not here yet; the name is masked."""

    booking_id: UUID
    number: str
    name: str
    starts_at: datetime


class TodaysQueueView(BaseModel):
    """One of today's clinics, and how many stand where in its queue."""

    clinic_id: UUID
    doctor: str
    department: str
    campus: str
    starts_at: datetime
    ends_at: datetime
    waiting: int
    called: int
    seen: int

    @classmethod
    def of(cls, row: Today) -> "TodaysQueueView":
        place = row.place
        return cls(
            clinic_id=place.clinic.id, doctor=place.doctor.name, department=place.department.name,
            campus=place.campus.name, starts_at=place.clinic.starts_at, ends_at=place.clinic.ends_at,
            waiting=row.waiting, called=row.called, seen=row.seen,
        )  # fmt: skip


class QueueView(BaseModel):
    clinic_id: UUID
    campus: str
    room: str
    screen: str = Field(description="address of the waiting room's screen; empty until the queue is opened")
    called: list[TicketView]
    waiting: list[TicketView]
    missed: list[TicketView]
    seen: int
    expected: list[ExpectedView]

    @classmethod
    def of(cls, board: Board) -> "QueueView":
        line = board.line
        return cls(
            clinic_id=board.place.clinic.id,
            campus=board.place.campus.name,
            room=line.room if line else "",
            screen=f"/screens/{line.screen_token}" if line else "",
            called=[TicketView.of(each.ticket) for each in board.called],
            waiting=[TicketView.of(each.ticket) for each in board.waiting],
            missed=[TicketView.of(each.ticket) for each in board.missed],
            seen=board.seen,
            expected=[
                ExpectedView(
                    booking_id=booking.id,
                    number=booking.number,
                    name=mask_name(person.name),
                    starts_at=booking.starts_at,
                )
                for booking, person in board.expected
            ],
        )


class ShownView(BaseModel):
    number: str
    name: str = Field(description="masked")


class ScreenView(BaseModel):
    campus: str
    room: str
    doctor: str
    called: list[ShownView]
    coming: list[ShownView]
    waiting: int

    @classmethod
    def of(cls, screen: Screen) -> "ScreenView":
        return cls(
            campus=screen.place.campus.name, room=screen.room, doctor=screen.place.doctor.name,
            called=[ShownView(number=each.number, name=each.name) for each in screen.called],
            coming=[ShownView(number=each.number, name=each.name) for each in screen.coming],
            waiting=screen.waiting,
        )  # fmt: skip


class NameRoom(Input):
    room: Annotated[OptionalLine, Field(max_length=20)] = ""


class RoomForm(BaseModel):
    model_config = ConfigDict(extra="ignore")

    room: Annotated[OptionalLine, Field(max_length=20)] = ""
