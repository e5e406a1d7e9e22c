"""What the room's API says and takes. Where a sentence comes in two languages it is {"zh": …, "en": …}."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from telehealth.consultations.gate import Issued
from telehealth.consultations.models import RecordView, RoomFile, RoomSeat
from telehealth.consultations.presenting import file_body
from telehealth.consultations.states import FileKind, FileState, SeatState
from telehealth.core.rooms import Role, Seat, Stored, Terms

PREFIX = "/api/v1"
MAX_TEXT = 4_000
Word = Annotated[str, StringConstraints(max_length=40, strip_whitespace=True)]


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid")


class SinceQuery(_Body):
    since: int = Field(default=0, ge=0, lt=2**53)


class ThumbnailQuery(_Body):
    thumbnail: bool = False


class SayBody(_Body):
    """A message without a socket; `client_id` makes it safe to repeat."""

    client_id: UUID
    kind: Literal["text", "quick", "file"] = "text"
    text: Annotated[str, Field(max_length=MAX_TEXT)] = ""
    file: UUID | None = None


class ConsentBody(_Body):
    agreed: bool


class HelperBody(_Body):
    """As the patient calls them."""

    name: Annotated[str, StringConstraints(min_length=1, max_length=10, strip_whitespace=True)]


class DeviceCheckBody(_Body):
    camera: Word
    microphone: Word
    network: Word = ""
    relay: bool | None = None
    relay_ms: float | None = Field(default=None, ge=0, le=600_000)
    in_app: bool = False


class TicketView(BaseModel):
    ticket: str
    socket: str
    expires_at: datetime

    @classmethod
    def of(cls, room: UUID, issued: Issued) -> "TicketView":
        return cls(ticket=issued.ticket, socket=f"/rooms/{room}/socket", expires_at=issued.expires_at)


class HelperView(BaseModel):
    id: UUID
    name: str
    state: SeatState
    taken_at: datetime | None

    @classmethod
    def of(cls, row: RoomSeat) -> "HelperView":
        return cls(id=row.id, name=row.name, state=row.state, taken_at=row.taken_at)


class HelperInvited(HelperView):
    #: To be sent to them; its secret is shown this once.
    link: str


class Can(BaseModel):
    write: bool
    call: bool
    record: bool


class RoomView(BaseModel):
    """A room as one seat sees it; `view` is what the socket's `room` message says besides."""

    id: UUID
    role: Role
    name: str
    state: str
    can: Can
    #: Number of the last message.
    last: int
    reads: dict[str, int]
    view: dict[str, Any]
    helpers: list[HelperView]

    @classmethod
    def of(
        cls, seat: Seat, terms: Terms, *, last: int, reads: Mapping[str, int], helpers: Sequence[RoomSeat]
    ) -> "RoomView":
        return cls(
            id=seat.room,
            role=seat.role,
            name=seat.name,
            state=terms.state,
            can=can_of(terms),
            last=last,
            reads=dict(reads),
            view=dict(terms.view),
            helpers=[HelperView.of(row) for row in helpers],
        )


def can_of(terms: Terms) -> Can:
    return Can(write=terms.may_write, call=terms.may_call, record=terms.records)


class MessagesView(BaseModel):
    """Ascending, as the socket's `messages`; ask again from the last one while there are `more`."""

    items: list[dict[str, Any]]
    more: bool


class SaidView(BaseModel):
    seq: int
    client_id: UUID
    at: datetime
    #: False: this client id was stored before, under this number.
    is_new: bool
    alert: dict[str, Any] | None

    @classmethod
    def of(cls, stored: Stored) -> "SaidView":
        return cls(
            seq=stored.seq,
            client_id=stored.body["client_id"],
            at=stored.body["at"],
            is_new=stored.is_new,
            alert=None if stored.alert is None else dict(stored.alert),
        )


class ConsentView(BaseModel):
    can: Can
    refusal: str


class CardView(BaseModel):
    level: str
    numbers: list[str]
    sentence: dict[str, str]


class AcceptedView(BaseModel):
    room: UUID
    href: str


class RoomFileView(BaseModel):
    """A kept file; say it with its id."""

    id: UUID
    kind: FileKind
    state: FileState
    name: str
    size: int
    content_type: str
    width: int | None
    height: int | None
    duration_ms: int | None
    pages: int | None
    thumbnail: bool

    @classmethod
    def of(cls, row: RoomFile) -> "RoomFileView":
        return cls(state=row.state, **file_body(row))


class LinkView(BaseModel):
    url: str
    expires_in_s: int


class ViewedView(BaseModel):
    """Who of the hospital looked, at what, and when."""

    viewer: str
    role: str
    what: str
    at: datetime

    @classmethod
    def of(cls, row: RecordView) -> "ViewedView":
        return cls(viewer=row.viewer_name, role=row.role, what=row.what, at=row.at)
