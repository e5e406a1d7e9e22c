from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from telehealth.core.text import OptionalParagraph
from telehealth.ratings.models import Rating
from telehealth.ratings.reading import Own
from telehealth.ratings.rules import LONGEST_WORDS
from telehealth.ratings.states import WordsState
from telehealth.web.pagination import PageQuery


class Rate(BaseModel):
    model_config = ConfigDict(extra="forbid")

    stars: Annotated[int, Field(ge=1, le=5)]
    words: Annotated[OptionalParagraph, Field(max_length=LONGEST_WORDS)] = ""


class RatingView(BaseModel):
    booking_id: UUID
    stars: int
    words: str
    words_state: WordsState
    made_at: datetime
    editable_until: datetime

    @classmethod
    def of(cls, row: Rating) -> "RatingView":
        return cls.model_validate(row, from_attributes=True)


class WordsView(BaseModel):
    """Words that somebody has to read before the doctor may; without a name."""

    id: UUID
    stars: int
    words: str
    made_at: datetime

    @classmethod
    def of(cls, row: Rating) -> "WordsView":
        return cls.model_validate(row, from_attributes=True)


class WordsQuery(PageQuery):
    pass


class ScoreView(BaseModel):
    """`average` is stars times ten; None while so few rated that one of them could be guessed."""

    average: int | None
    count: int | None


class OwnScoreView(BaseModel):
    shown_from: int
    #: How many have to rate before the numbers move; then they do at midnight.
    batch: int
    counted_at: datetime | None
    average: int | None
    count: int
    #: Stars → how many gave them.
    spread: dict[int, int]
    words: list[str]

    @classmethod
    def of(cls, own: Own) -> "OwnScoreView":
        return cls(
            shown_from=own.shown_from,
            batch=own.batch,
            counted_at=own.counted_at,
            average=own.average,
            count=own.count,
            spread=own.spread,
            words=list(own.words),
        )
