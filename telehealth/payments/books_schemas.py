"""What the API says of a hospital's own books. Amounts in fen."""

from collections.abc import Iterable, Mapping
from datetime import date, datetime, timedelta
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from telehealth.core.errors import FieldsInvalid
from telehealth.core.i18n import N_
from telehealth.ledger.statements import AccountLine, EntryLine
from telehealth.payments.comparing import matched
from telehealth.payments.finance_queries import DayTotal
from telehealth.payments.finance_schemas import DifferenceView, NearDay
from telehealth.payments.models import Charge, PayOrder
from telehealth.payments.party_books import PartyBooks
from telehealth.payments.states import OrderType, Way
from telehealth.web.pagination import PageQuery

#: Days of one answer.
_LONGEST = timedelta(days=366)


class DayQuery(BaseModel):
    model_config = ConfigDict(extra="forbid")

    day: NearDay | None = Field(default=None, description="of the hospital; today when left out")


class SpanQuery(BaseModel):
    """Days of the hospital, both included, at most a year; this month so far when left out."""

    model_config = ConfigDict(extra="forbid")

    first: NearDay | None = None
    last: NearDay | None = None

    def span(self, today: date) -> tuple[date, date]:
        """Raises FieldsInvalid."""
        last = self.last or today
        first = self.first or last.replace(day=1)
        if not timedelta(0) <= last - first < _LONGEST:
            raise FieldsInvalid({"last": N_("请选择起止日期，最长一年")})
        return first, last


class PaidQuery(SpanQuery, PageQuery):
    model_config = ConfigDict(extra="forbid")


class EntryQuery(SpanQuery, PageQuery):
    model_config = ConfigDict(extra="forbid")

    account: str | None = Field(default=None, max_length=60, description="only this account's postings")


class DayTotalView(BaseModel):
    """What one way of paying and one type of order moved."""

    way: Way
    order_type: OrderType
    orders: int
    cash: int
    insured: int
    refunds: int
    refunded: int


class PartyBooksView(BaseModel):
    """A party's book of the day beside what the ledger expects of it."""

    party: str
    is_due: bool = Field(description="the bill should be there by now")
    fetched_at: datetime | None = Field(description="null: its bill is not here yet")
    expected_lines: int
    lines: int
    matched_lines: int = Field(description="of theirs, ours to the fen")
    fees: int


class MoneyDayView(BaseModel):
    day: date
    paid: int
    refunded: int
    totals: list[DayTotalView]
    parties: list[PartyBooksView]
    open_differences: int

    @classmethod
    def of(
        cls, day: date, totals: Iterable[DayTotal], parties: Iterable[PartyBooks], open_differences: int
    ) -> "MoneyDayView":
        lines = [
            DayTotalView(
                way=one.way, order_type=one.order_type, orders=one.orders, cash=one.cash,
                insured=one.insured, refunds=one.refunds, refunded=one.back,
            )
            for one in totals
        ]  # fmt: skip
        return cls(
            day=day,
            paid=sum(line.cash + line.insured for line in lines),
            refunded=sum(line.refunded for line in lines),
            totals=lines,
            parties=[
                PartyBooksView(
                    party=one.party,
                    is_due=one.is_due,
                    fetched_at=one.fetched_at,
                    expected_lines=len(one.books.due),
                    lines=len(one.books.theirs),
                    matched_lines=matched(one.books),
                    fees=one.fees,
                )
                for one in parties
            ],
            open_differences=open_differences,
        )


class PaidOrderView(BaseModel):
    number: str
    paid_at: datetime | None
    order_type: OrderType
    way: Way
    total: int
    cash: int
    insured: int
    transaction_id: str | None = Field(description="the provider's own number")

    @classmethod
    def of(cls, order: PayOrder, charge: Charge) -> "PaidOrderView":
        return cls(
            number=order.out_trade_no, paid_at=order.paid_at, order_type=charge.order_type, way=order.way,
            total=order.total, cash=order.cash, insured=order.insured, transaction_id=order.transaction_id,
        )  # fmt: skip


class OneDifferenceView(BaseModel):
    difference: DifferenceView
    order: PaidOrderView | None


class AccountView(BaseModel):
    """Debits and credits both positive; the balance is as of the end of the span."""

    account: str
    opening: int
    debits: int
    credits: int
    balance: int

    @classmethod
    def of(cls, line: AccountLine) -> "AccountView":
        return cls(
            account=line.account, opening=line.opening, debits=line.debits, credits=line.credits,
            balance=line.balance,
        )  # fmt: skip


class PostingView(BaseModel):
    entry_id: UUID
    at: datetime
    event: str
    cause: str = Field(description="each cause is posted once")
    charge: str = Field(description="what people call the charge behind it; empty without one")
    account: str
    amount: int = Field(description="a debit is positive, a credit negative")

    @classmethod
    def of(cls, line: EntryLine, charges: Mapping[UUID, str]) -> "PostingView":
        return cls(
            entry_id=line.entry_id, at=line.at, event=line.event, cause=line.cause,
            charge=charges.get(line.charge_id, "") if line.charge_id else "",
            account=line.account, amount=line.amount,
        )  # fmt: skip
