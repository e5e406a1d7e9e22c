"""What the API says of a sheet, and what it takes."""

from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from prescriptions.patient.journey import Step
from prescriptions.patient.presenting import Row, View
from prescriptions.patient.stages import Stage
from prescriptions.settling import Address
from prescriptions.settling.deciding import PaidSheet
from prescriptions.settling.rules import FULL, Cause
from prescriptions.states import Path, SheetKind
from telehealth.payments import Refund


class Input(BaseModel):
    model_config = ConfigDict(extra="forbid")


class ChooseCourier(Address):
    """Where it goes. Both agreements are asked for beside what they are about."""

    agrees_self_pay: bool = Field(description="told that it is self-pay and cannot be reimbursed (XY08)")
    agrees_disclosure: bool = Field(description="told that pharmacy and courier get name, phone, address")

    @property
    def address(self) -> Address:
        return Address.model_construct(**{name: getattr(self, name) for name in Address.model_fields})

    @property
    def agreed(self) -> bool:
        return self.agrees_self_pay and self.agrees_disclosure


class TakeCash(Input):
    received: int = Field(ge=0, le=10_000_000, description="fen, change given")


class LookUp(Input):
    code: str = Field(min_length=1, max_length=40, description="pick-up code")


class DecideRefund(Input):
    cause: Cause
    basis_points: int | None = Field(default=None, ge=0, le=FULL, description="none: as the table says")
    note: str = Field(default="", max_length=200)


class PrescriptionView(BaseModel):
    """One line of the list."""

    id: UUID
    number: str
    kind: SheetKind
    visit_id: UUID
    stage: Stage
    total: int = Field(description="fen, without freight")
    signed_at: datetime | None
    pay_by: datetime | None

    @classmethod
    def of(cls, row: Row) -> "PrescriptionView":
        return cls(
            id=row.rx.id, number=row.rx.number, kind=row.rx.kind, visit_id=row.rx.visit_id, stage=row.stage,
            total=row.rx.total, signed_at=row.rx.signed_at,
            pay_by=row.row.pay_by if row.row is not None and row.can.can_choose else None,
        )  # fmt: skip


class MedicineView(BaseModel):
    """Strength and amount per time together, in plain words."""

    name: str
    strength: str
    how: str
    when: str
    days: str
    quantity: str
    note: str


class PathView(BaseModel):
    is_open: bool
    reason: str = Field(default="", description="an error's code; empty when it is open")


class EstimateView(BaseModel):
    """What the courier may ask for at the door: an estimate, never charged here (XY31). Fen."""

    lowest: int | None
    highest: int | None
    arrives_by: datetime | None


class StepView(BaseModel):
    title: str
    at: datetime | None
    place: str
    state: str

    @classmethod
    def of(cls, step: Step) -> "StepView":
        return cls(title=step.title, at=step.at, place=step.place, state=step.state)


class OnePrescriptionView(BaseModel):
    id: UUID
    number: str
    kind: SheetKind
    visit_id: UUID
    stage: Stage
    total: int
    signed_at: datetime | None
    valid_until: datetime | None
    path: Path | None
    pay_by: datetime | None = Field(description="the one deadline shown (XY33)")
    courier: PathView | None
    window: PathView | None
    estimate: EstimateView | None
    pickup_code: str = Field(description="of the window path, its patient's own")
    window_number: int | None
    medicines: list[MedicineView]
    herbs: str
    decoction: list[str]
    steps: list[StepView]
    waybill: str
    charge_id: UUID | None

    @classmethod
    def of(cls, view: View) -> "OnePrescriptionView":
        row, choices, plain = view.row, view.choices, view.plain
        parcel = view.journey.parcel
        return cls(
            id=view.rx.id, number=view.rx.number, kind=view.rx.kind, visit_id=view.rx.visit_id,
            stage=view.stage, total=view.rx.total, signed_at=view.rx.signed_at,
            valid_until=view.rx.valid_until,
            path=row.path if row is not None else None,
            pay_by=row.pay_by if row is not None and view.can.can_choose else None,
            courier=_path(choices.courier) if choices is not None else None,
            window=_path(choices.window) if choices is not None else None,
            estimate=EstimateView.model_validate(row.estimate) if row is not None and row.estimate else None,
            pickup_code=(row.code or "") if row is not None and view.can.has_sheet else "",
            window_number=row.window_number if row is not None else None,
            medicines=[MedicineView.model_validate(line) for line in plain["lines"]],
            herbs=plain["herbs"], decoction=plain["decoction"],
            steps=[StepView.of(step) for step in view.journey.steps],
            waybill=parcel.waybill if parcel is not None else "",
            charge_id=row.charge_id if row is not None else None,
        )  # fmt: skip


class ChargeLink(BaseModel):
    id: UUID
    amount: int
    pay_by: datetime
    href: str


class WindowPaid(BaseModel):
    id: UUID
    number: str
    window_number: int | None


class FoundSheet(BaseModel):
    """What the desk needs to take money: amount and deadline."""

    id: UUID
    number: str
    stage: Stage
    total: int
    pay_by: datetime | None
    window_number: int | None

    @classmethod
    def of(cls, view: View) -> "FoundSheet":
        row = view.row
        return cls(
            id=view.rx.id, number=view.rx.number, stage=view.stage, total=view.rx.total,
            pay_by=row.pay_by if row is not None else None,
            window_number=row.window_number if row is not None else None,
        )  # fmt: skip


class PaidSheetQuery(Input):
    number: str = Field(default="", max_length=40, description="whole; otherwise those that wait")


class PaidSheetView(BaseModel):
    """A sheet finance may decide on. Amounts in fen; what is on it is nobody's business here."""

    id: UUID
    number: str
    total: int
    paid_at: datetime | None
    path: Path | None
    has_left: bool = Field(description="sent, or handed out at the window")
    is_open: bool = Field(description="a share of it can still be given back")

    @classmethod
    def of(cls, sheet: PaidSheet) -> "PaidSheetView":
        return cls(
            id=sheet.id, number=sheet.number, total=sheet.total, paid_at=sheet.paid_at, path=sheet.path,
            has_left=sheet.has_left, is_open=sheet.is_open,
        )  # fmt: skip


class RefundDecided(BaseModel):
    refund_id: UUID | None = Field(description="none: nothing goes back")
    amount: int

    @classmethod
    def of(cls, refund: Refund | None) -> "RefundDecided":
        return cls(
            refund_id=refund.id if refund is not None else None,
            amount=refund.amount if refund is not None else 0,
        )


def _path(closed: type[Any] | None) -> PathView:
    return PathView(is_open=closed is None, reason=closed.code if closed is not None else "")
