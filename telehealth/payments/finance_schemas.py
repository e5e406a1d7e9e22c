"""What the API says to a hospital's own finance system."""

from datetime import date, datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from telehealth.core.clock import hospital_day
from telehealth.core.progress import Progress, ProgressView
from telehealth.payments.comparing import DifferenceKind
from telehealth.payments.models import Difference, FinanceExport

#: What a bill can be of: beyond, a calendar ends.
NearDay = Annotated[date, Field(ge=date(2000, 1, 1), le=date(2199, 12, 31))]


class AskExport(BaseModel):
    model_config = ConfigDict(extra="forbid")

    name: Literal["orders", "refunds", "differences", "entries"]
    first: date
    last: date


class ExportView(BaseModel):
    id: UUID
    name: str
    first: date
    last: date
    asked_at: datetime
    is_whole: bool = Field(description="the file can be fetched")
    progress: ProgressView

    @classmethod
    def of(cls, row: FinanceExport, progress: Progress) -> "ExportView":
        return cls(
            id=row.id, name=row.name, first=row.first, last=row.last, asked_at=row.asked_at,
            is_whole=row.is_whole, progress=ProgressView.of(progress),
        )  # fmt: skip


class DifferenceView(BaseModel):
    """Amounts in fen; null where that book has nothing. `age_days` counts from the day of the bill."""

    id: UUID
    day: date
    party: str
    kind: DifferenceKind
    reference: str
    ours: int | None
    theirs: int | None
    found_at: datetime
    age_days: int
    owner: str
    note: str
    resolved_at: datetime | None

    @classmethod
    def of(cls, row: Difference, today: date) -> "DifferenceView":
        until = hospital_day(row.resolved_at) if row.resolved_at else today
        return cls(
            id=row.id,
            day=row.day,
            party=row.party,
            kind=DifferenceKind(row.kind),
            reference=row.reference,
            ours=row.ours,
            theirs=row.theirs,
            found_at=row.found_at,
            age_days=max(0, (until - row.day).days),
            owner=row.owner_name,
            note=row.note,
            resolved_at=row.resolved_at,
        )


class HandOverTo(BaseModel):
    """Somebody of the hospital's finance."""

    model_config = ConfigDict(extra="forbid")

    member_id: UUID


class FetchBillOf(BaseModel):
    model_config = ConfigDict(extra="forbid")

    day: NearDay
    party: str = Field(max_length=40, description="`wechatpay`, `nhsa`: whoever keeps a book of this money")


class FetchedBillView(BaseModel):
    day: date
    party: str
    lines: int
    open_differences: int = Field(description="of that day and party")


class DifferenceQuery(BaseModel):
    model_config = ConfigDict(extra="forbid")

    group: Literal["open", "resolved"] = "open"


class RefundQuery(BaseModel):
    model_config = ConfigDict(extra="forbid")

    group: Literal["parked", "unsettled"] = "parked"


class Explanation(BaseModel):
    model_config = ConfigDict(extra="forbid")

    note: str = Field(min_length=2, max_length=500)
