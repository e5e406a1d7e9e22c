"""What clients of notifications send and read."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, RootModel, StringConstraints

from telehealth.notifications.consenting import Asked
from telehealth.notifications.models import Rung
from telehealth.notifications.ports import Report
from telehealth.notifications.preferring import Wanted
from telehealth.notifications.reading import Letter
from telehealth.notifications.states import Channel, DeliveryState, RungState, Topic
from telehealth.notifications.tracing import ChannelCount, Trace
from telehealth.web.pagination import PageQuery

Short = Annotated[str, StringConstraints(max_length=200)]
HospitalCode = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9-]{1,30}$")]


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
    wechat: bool
    has_urgent: bool = Field(description="some of this topic comes whatever is chosen")

    @classmethod
    def of(cls, wanted: Wanted) -> "NoticePreferenceView":
        return cls(topic=wanted.topic, sms=wanted.sms, wechat=wanted.wechat, has_urgent=wanted.has_urgent)


class ChooseNotices(BaseModel):
    """What is left out stays as it is."""

    model_config = ConfigDict(extra="forbid")

    sms: bool | None = None
    wechat: bool | None = None


class ConsentQuery(BaseModel):
    hospital: HospitalCode


class SubscribeTemplateView(BaseModel):
    family: str = Field(description="stable name of what such messages are about")
    template_id: str = Field(description="for `wx.requestSubscribeMessage`")
    remaining: int = Field(description="messages that may still be sent")

    @classmethod
    def of(cls, asked: Asked) -> "SubscribeTemplateView":
        return cls(family=asked.family, template_id=asked.template_id, remaining=asked.remaining)


class RecordConsents(BaseModel):
    """What `wx.requestSubscribeMessage` answered in the mini-program of one hospital."""

    model_config = ConfigDict(extra="forbid")

    hospital: HospitalCode
    answers: Annotated[
        dict[
            Annotated[str, StringConstraints(max_length=128)],
            Literal["accept", "reject", "ban", "filter", "acceptWithAudio"],
        ],
        Field(min_length=1, max_length=3, description="template id → what the person chose"),
    ]


class TraceQuery(PageQuery):
    phone: str = Field(default="", max_length=30, description="of one patient; looking is recorded")


class RungView(BaseModel):
    channel: Channel
    state: RungState
    tries: int
    reason: str = Field(description="the carrier's own word, or ours")
    accepted_at: datetime | None
    reported_at: datetime | None

    @classmethod
    def of(cls, rung: Rung) -> "RungView":
        return cls.model_validate(rung, from_attributes=True)


class TraceView(BaseModel):
    id: UUID
    notice: str
    title: str
    text: str
    created_at: datetime
    state: DeliveryState
    reason: str
    rungs: list[RungView]

    @classmethod
    def of(cls, trace: Trace) -> "TraceView":
        return cls(
            id=trace.id,
            notice=trace.notice,
            title=trace.title,
            text=trace.text,
            created_at=trace.created_at,
            state=trace.state,
            reason=trace.reason,
            rungs=[RungView.of(rung) for rung in trace.rungs],
        )


class ChannelCountView(BaseModel):
    channel: Channel
    sent: int
    delivered: int
    failed: int
    share: float | None = Field(description="delivered among those whose fate is known; null while none is")

    @classmethod
    def of(cls, count: ChannelCount) -> "ChannelCountView":
        return cls.model_validate(count, from_attributes=True)


class CarrierReceipt(BaseModel):
    """One entry of Tencent's delivery callback; it may carry more than we read."""

    sid: Annotated[str, StringConstraints(pattern=r"^[!-~]{1,128}$")]
    report_status: Literal["SUCCESS", "FAIL"]
    errmsg: Short = ""
    description: Short = ""
    mobile: Short = ""
    nationcode: Short = ""
    user_receive_time: Short = ""

    @property
    def is_the_carriers(self) -> bool:
        """Not a number of WeChat's: WeChat proves who it is at a door of its own."""
        return not (self.sid.startswith("wx") and ":" in self.sid)

    def report(self) -> Report:
        reason = "".join(char for char in self.errmsg if char.isprintable())[:80]
        return Report(self.sid, self.report_status == "SUCCESS", reason)


class CarrierReceipts(RootModel[list[CarrierReceipt]]):
    root: Annotated[list[CarrierReceipt], Field(max_length=500)]


class CallbackAnswer(BaseModel):
    result: Literal[0] = 0
    errmsg: Literal["OK"] = "OK"
