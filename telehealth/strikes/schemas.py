from datetime import date, datetime
from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from telehealth.core.text import Paragraph
from telehealth.rulebook.rules import Channel
from telehealth.strikes.models import Appeal, BanRow, StrikeRow
from telehealth.strikes.states import AppealState
from telehealth.strikes.viewing import Record


class Input(BaseModel):
    model_config = ConfigDict(extra="forbid")


class MakeAppeal(Input):
    text: Annotated[Paragraph, Field(max_length=1000)]


class AnswerAppeal(Input):
    answer: Annotated[Paragraph, Field(max_length=1000)]


class ReverseStrike(Input):
    reason: Annotated[Paragraph, Field(max_length=1000)]


class AppealView(BaseModel):
    id: UUID
    strike_id: UUID
    state: AppealState
    text: str
    made_at: datetime
    decided_at: datetime | None
    answer: str

    @classmethod
    def of(cls, row: Appeal) -> "AppealView":
        return cls.model_validate(row, from_attributes=True)


class StrikeView(BaseModel):
    id: UUID
    person_id: UUID
    hospital_id: UUID
    booking_id: UUID
    booking_number: str
    on: date
    reversed: bool
    #: The last day on which it counts, where the reader is shown a whole record.
    counts_until: date | None = None
    #: The latest, where there is one.
    appeal: AppealView | None

    @classmethod
    def of(
        cls, row: StrikeRow, appeal: Appeal | None = None, counts_until: date | None = None
    ) -> "StrikeView":
        return cls(
            id=row.id,
            person_id=row.person_id,
            hospital_id=row.hospital_id,
            booking_id=row.booking_id,
            booking_number=row.booking_number,
            on=row.on,
            reversed=row.is_reversed,
            counts_until=None if row.is_reversed else counts_until,
            appeal=AppealView.of(appeal) if appeal else None,
        )


class BanView(BaseModel):
    """Ends at 24:00 of `until_on`; other channels stay open."""

    channel: Channel
    from_on: date
    until_on: date

    @classmethod
    def of(cls, row: BanRow) -> "BanView":
        return cls(channel=row.channel, from_on=row.from_on, until_on=row.until_on)


class StandingView(BaseModel):
    """One person at one hospital: `counted` strikes of `limit` within `window_months`."""

    person_id: UUID
    hospital_id: UUID
    counted: int
    limit: int
    window_months: int
    oldest_drops_on: date | None
    bans: list[BanView]
    strikes: list[StrikeView]

    @classmethod
    def of(cls, record: Record) -> "StandingView":
        return cls(
            person_id=record.link.person_id,
            hospital_id=record.hospital.id,
            counted=record.standing.counted,
            limit=record.standing.limit,
            window_months=record.window_months,
            oldest_drops_on=record.standing.oldest_drops_on,
            bans=[BanView.of(row) for row in record.bans],
            strikes=[
                StrikeView.of(row, appeal, record.counts_until[row.id]) for row, appeal in record.strikes
            ],
        )
