"""What the API says and takes about money. All amounts are integer fen."""

from collections.abc import Callable
from datetime import date, datetime
from typing import Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from telehealth.insurance import Cover
from telehealth.payments.charging import Begun
from telehealth.payments.models import Charge, ChargeLine, PayOrder
from telehealth.payments.queries import Receipt, RefundSteps
from telehealth.payments.sharing_bills import called
from telehealth.payments.states import (
    ChargeState,
    LegKind,
    LegState,
    OrderType,
    RefundReason,
    RefundState,
    Way,
)

Words = Callable[[str], str]


class Split(BaseModel):
    """`fund + personal + other + cash` is the whole (GD01)."""

    fund: int
    personal: int
    other: int
    cash: int

    @classmethod
    def of(cls, row: Cover | PayOrder) -> "Split":
        return cls(fund=row.fund, personal=row.personal, other=row.other, cash=row.cash)


class LineView(BaseModel):
    kind: str
    description: str
    amount: int
    fund: int
    personal: int
    other: int

    @classmethod
    def of(cls, row: ChargeLine, _: Words, *, named: bool = True) -> "LineView":
        return cls(
            kind=row.kind,
            description=_(called(row, named=named)),
            amount=row.amount,
            fund=row.fund,
            personal=row.personal,
            other=row.other,
        )


class ChargeView(BaseModel):
    id: UUID
    number: str
    order_type: OrderType
    description: str
    amount: int
    state: ChargeState
    pay_by: datetime
    settled_at: datetime | None

    @classmethod
    def of(cls, row: Charge) -> "ChargeView":
        return cls(
            id=row.id,
            number=row.number,
            order_type=row.order_type,
            description=row.description,
            amount=row.amount,
            state=row.state,
            pay_by=row.pay_by,
            settled_at=row.settled_at,
        )


class BeginPayment(BaseModel):
    """`openid` is the one of the app one pays in; an account that linked its WeChat may leave it out."""

    model_config = ConfigDict(extra="forbid")

    way: Literal[Way.JSAPI, Way.MINI_PROGRAM, Way.H5, Way.NATIVE]
    cover_id: UUID | None = None


class PaymentView(BaseModel):
    """What the payer's device needs next: parameters of its own call, a text for a QR code, or an address."""

    number: str
    cash: int
    invocation: dict[str, str]
    code_url: str
    h5_url: str

    @classmethod
    def of(cls, begun: Begun) -> "PaymentView":
        return cls(
            number=begun.order.out_trade_no,
            cash=begun.order.cash,
            invocation=begun.invocation,
            code_url=begun.code_url,
            h5_url=begun.h5_url,
        )


class LegView(BaseModel):
    kind: LegKind
    amount: int
    state: LegState
    settled_at: datetime | None


class RefundView(BaseModel):
    id: UUID
    number: str
    reason: RefundReason
    amount: int
    state: RefundState
    requested_at: datetime
    settled_at: datetime | None
    expected_by: date
    legs: list[LegView]

    @classmethod
    def of(cls, found: RefundSteps) -> "RefundView":
        row = found.refund
        legs = [
            LegView(kind=leg.kind, amount=leg.amount, state=leg.state, settled_at=leg.settled_at)
            for leg in found.legs
        ]
        return cls(
            id=row.id,
            number=row.number,
            reason=row.reason,
            amount=row.amount,
            state=row.state,
            requested_at=row.requested_at,
            settled_at=row.settled_at,
            expected_by=row.expected_by,
            legs=legs,
        )


class ReceiptView(BaseModel):
    charge: ChargeView
    lines: list[LineView]
    way: Way | None
    split: Split | None
    transaction_id: str | None
    refunds: list[RefundView]

    @classmethod
    def of(cls, found: Receipt, _: Words, *, named: bool) -> "ReceiptView":
        order = found.order
        return cls(
            charge=ChargeView.of(found.charge),
            lines=[LineView.of(line, _, named=named) for line in found.lines],
            way=order.way if order else None,
            split=Split.of(order) if order else None,
            transaction_id=order.transaction_id if order else None,
            refunds=[RefundView.of(step) for step in found.refunds],
        )


class PayerCode(BaseModel):
    model_config = ConfigDict(extra="forbid")

    code: str = Field(pattern=r"^[0-9]{6}$")


class PayerCodeSent(BaseModel):
    phone_masked: str


class DeclareInsured(BaseModel):
    model_config = ConfigDict(extra="forbid")

    region: Literal["beijing", "elsewhere", "none"]


class CoverRulingView(BaseModel):
    """Whether a split is offered; `reason` is a code, `sentence` for a person."""

    offered: bool
    reason: str | None
    sentence: str


class AskedCoverView(BaseModel):
    """`url` is the insurer's page, to be opened in the payer's browser."""

    cover_id: UUID
    url: str


class CoverView(BaseModel):
    id: UUID
    state: str
    total: int
    split: Split | None
    usable_until: datetime

    @classmethod
    def of(cls, row: Cover) -> "CoverView":
        has_split = row.fund + row.personal + row.other + row.cash == row.total
        return cls(
            id=row.id,
            state=str(row.state),
            total=row.total,
            split=Split.of(row) if has_split else None,
            usable_until=row.usable_until,
        )


class AuthoriseCover(BaseModel):
    """What the insurer's page handed back."""

    model_config = ConfigDict(extra="forbid")

    state: str = Field(min_length=1, max_length=100)
    pay_auth_no: str = Field(min_length=1, max_length=40)
