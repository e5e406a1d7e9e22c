"""What the API says of bills and queues, and what it takes."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from telehealth.hospital.billing import BillKind
from telehealth.outpatient.queries import BillPlace
from telehealth.outpatient.showing import View
from telehealth.outpatient.states import BillState
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
    text: str
    amount: int = Field(description="fen")


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
            items=[BillItemView(text=item.text, amount=item.amount) for item in view.items],
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
