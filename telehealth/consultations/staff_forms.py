"""What the doctor's pages send."""

from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from telehealth.core.text import Day, Line, OptionalLine, Paragraph


class _Sent(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)


class Say(_Sent):
    client_id: UUID
    kind: Literal["text", "quick"] = "text"
    text: Paragraph


class Admit(_Sent):
    fit: bool = False


class Conclude(_Sent):
    advice: Paragraph
    follow_up_day: Day | None = None
    follow_up_reason: OptionalLine = ""


class Withdraw(_Sent):
    reason: Annotated[Paragraph, Field(max_length=500)]
    advice: Annotated[Paragraph, Field(max_length=1000)]


class Invite(_Sent):
    doctor_id: UUID
    reason: Line


class FinishFollowUp(_Sent):
    outcome: Annotated[Paragraph, Field(max_length=500)]
