"""What clients of notifications send and read."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, RootModel, StringConstraints

from telehealth.notifications.reading import Letter
from telehealth.notifications.receiving_receipts import Report
from telehealth.notifications.states import Topic

Short = Annotated[str, StringConstraints(max_length=200)]


class MessageView(BaseModel):
    id: UUID
    notice: str = Field(description="stable name of what happened")
    title: str
    text: str
    href: str = Field(description="the page it is about; empty when there is none")
    created_at: datetime
    is_read: bool

    @classmethod
    def of(cls, letter: Letter) -> "MessageView":
        return cls(
            id=letter.id,
            notice=letter.notice,
            title=letter.title,
            text=letter.text,
            href=letter.href,
            created_at=letter.created_at,
            is_read=letter.is_read,
        )


class UnreadView(BaseModel):
    unread: int


class NoticePreferenceView(BaseModel):
    topic: Topic
    sms: bool


class ChooseNotices(BaseModel):
    model_config = ConfigDict(extra="forbid")

    sms: bool


class CarrierReceipt(BaseModel):
    """One entry of Tencent's delivery callback; it may carry more than we read."""

    sid: Annotated[str, StringConstraints(pattern=r"^[!-~]{1,128}$")]
    report_status: Literal["SUCCESS", "FAIL"]
    errmsg: Short = ""
    description: Short = ""
    mobile: Short = ""
    nationcode: Short = ""
    user_receive_time: Short = ""

    def report(self) -> Report:
        reason = "".join(char for char in self.errmsg if char.isprintable())[:80]
        return Report(self.sid, self.report_status == "SUCCESS", reason)


class CarrierReceipts(RootModel[list[CarrierReceipt]]):
    root: Annotated[list[CarrierReceipt], Field(max_length=500)]


class CallbackAnswer(BaseModel):
    result: Literal[0] = 0
    errmsg: Literal["OK"] = "OK"
