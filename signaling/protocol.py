"""The messages of `docs/protocol/signaling.md`, version 1: what a client may say, and how it is read."""

import json
from enum import StrEnum
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError, model_validator

VERSIONS = (1,)
#: Of one frame, in bytes.
MAX_FRAME = 64 * 1024
MAX_SDP = 48 * 1024
MAX_CANDIDATE = 2 * 1024
MAX_TEXT = 4_000
#: Messages of one `messages` frame.
PAGE = 100
#: In a call.
MOST_MEMBERS = 4

HEARTBEAT_S = 15
SILENT_S = 45
HELLO_WITHIN_S = 5
RINGS_S = 45
RECORD_WITHIN_S = 10
LOST_AFTER_S = 60
#: What may wait for a slow socket, in bytes.
MAX_WAITING = 256 * 1024
#: `to` and `from` of signals that concern the recorder.
RECORDER = "recorder"


class Close:
    """Close codes."""

    UNAVAILABLE = 1011
    GOING_AWAY = 1012
    BAD_FRAME = 4400
    UNAUTHENTICATED = 4401
    FORBIDDEN = 4403
    NO_VERSION = 4406
    SILENT = 4408
    ELSEWHERE = 4409
    OVER = 4410
    TOO_SLOW = 4413
    FLOODING = 4429


class ErrorId(StrEnum):
    BAD_MESSAGE = "bad_message"
    TOO_LARGE = "too_large"
    TOO_MANY = "too_many"
    UNKNOWN_CALL = "unknown_call"
    CALL_OVER = "call_over"
    CALL_REFUSED = "call_refused"
    NOT_A_MEMBER = "not_a_member"
    UNKNOWN_PEER = "unknown_peer"
    BAD_DESCRIPTION = "bad_description"
    ROOM_CLOSED = "room_closed"
    NOT_ALLOWED = "not_allowed"
    FILE_NOT_READY = "file_not_ready"
    UNAVAILABLE = "unavailable"


class Media(StrEnum):
    AUDIO = "audio"
    VIDEO = "video"


class Said(BaseModel):
    """What a client sends: nothing that is not listed."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Hello(Said):
    type: Literal["hello"]
    ticket: Annotated[str, Field(max_length=2_000)]
    versions: Annotated[tuple[int, ...], Field(min_length=1, max_length=16)]
    #: Of this page load: kept over reconnects, new after a reload.
    page: UUID
    since: Annotated[int, Field(ge=0, lt=2**53)] = 0
    signals_since: Annotated[int, Field(ge=0, lt=2**53)] = 0


class Ping(Said):
    type: Literal["ping"]
    n: Annotated[int, Field(ge=0, lt=2**53)]


class Say(Said):
    type: Literal["say"]
    client_id: UUID
    kind: Literal["text", "quick", "file"]
    text: Annotated[str, Field(max_length=MAX_TEXT)] = ""
    file: UUID | None = None

    @model_validator(mode="after")
    def says_something(self) -> "Say":
        if (self.kind == "file") != (self.file is not None) or (
            self.kind != "file" and not self.text.strip()
        ):
            raise ValueError("a file has an id, a text has words")
        return self


class Read(Said):
    type: Literal["read"]
    seq: Annotated[int, Field(ge=0, lt=2**53)]


class Since(Said):
    type: Literal["since"]
    seq: Annotated[int, Field(ge=0, lt=2**53)]


class CallStart(Said):
    type: Literal["call.start"]
    media: Media


class CallAccept(Said):
    type: Literal["call.accept"]
    call: UUID
    media: Media


class CallDecline(Said):
    type: Literal["call.decline"]
    call: UUID


class CallHangUp(Said):
    type: Literal["call.hang_up"]
    call: UUID


class CallMedia(Said):
    type: Literal["call.media"]
    call: UUID
    connected: bool
    audio: bool
    video: bool
    relay: bool = False


class Description(Said):
    type: Literal["offer", "answer", "rollback"]
    sdp: Annotated[str, Field(max_length=MAX_SDP)] = ""

    @model_validator(mode="after")
    def is_one(self) -> "Description":
        if self.type != "rollback" and not self.sdp.startswith("v=0\r\n"):
            raise ValueError("not a session description")
        return self


class Candidate(Said):
    candidate: Annotated[str, Field(max_length=MAX_CANDIDATE)]
    sdpMid: Annotated[str, Field(max_length=64)] | None = None
    sdpMLineIndex: Annotated[int, Field(ge=0, le=64)] | None = None
    usernameFragment: Annotated[str, Field(max_length=256)] | None = None


class SignalBody(Said):
    """Exactly one of them."""

    description: Description | None = None
    candidate: Candidate | None = None
    replace: Annotated[int, Field(ge=0, lt=1_000_000)] | None = None
    bye: Literal[True] | None = None

    @model_validator(mode="after")
    def is_one(self) -> "SignalBody":
        if len(self.model_dump(exclude_none=True)) != 1:
            raise ValueError("exactly one of description, candidate, replace, bye")
        return self


class Signal(Said):
    type: Literal["signal"]
    call: UUID
    #: A peer's id, or "recorder".
    to: Annotated[str, Field(max_length=64)]
    body: SignalBody


Message = (
    Hello | Ping | Say | Read | Since
    | CallStart | CallAccept | CallDecline | CallHangUp | CallMedia | Signal
)  # fmt: skip

_MESSAGE: TypeAdapter[Message] = TypeAdapter(Annotated[Message, Field(discriminator="type")])


class Unreadable(ValueError):
    """`fields` says where it is wrong, never what stood there."""

    def __init__(self, id: ErrorId, type: str = "", client_id: str | None = None, fields: str = "") -> None:
        super().__init__(id)
        self.id = id
        self.type = type
        self.client_id = client_id
        self.fields = fields


def parse(frame: str) -> Message:
    """Raises Unreadable."""
    if len(frame) > MAX_FRAME or len(frame.encode(errors="surrogatepass")) > MAX_FRAME:
        raise Unreadable(ErrorId.TOO_LARGE)
    if "\x00" in frame or "\\u0000" in frame:
        # The database keeps no such character, in a text or in a signal.
        raise Unreadable(ErrorId.BAD_MESSAGE, fields="nul")
    try:
        raw = json.loads(frame)
    except (ValueError, RecursionError):
        raise Unreadable(ErrorId.BAD_MESSAGE, fields="not json") from None
    named = raw if isinstance(raw, dict) else {}
    kind = named.get("type") if isinstance(named.get("type"), str) else ""
    try:
        return _MESSAGE.validate_python(raw)
    except ValidationError as error:
        problems = error.errors(include_input=False, include_url=False, include_context=False)
        fields = "; ".join(f"{'.'.join(map(str, one['loc']))}: {one['type']}" for one in problems[:5])
        is_sdp = any("description" in one["loc"] for one in problems)
        raise Unreadable(
            ErrorId.BAD_DESCRIPTION if kind == "signal" and is_sdp else ErrorId.BAD_MESSAGE,
            str(kind)[:40],
            _client_id(named),
            fields,
        ) from None


def frame(type: str, /, **fields: Any) -> str:
    return json.dumps({"type": type, **fields}, ensure_ascii=False, separators=(",", ":"), default=str)


def error(
    id: ErrorId, re: str = "", *, client_id: object = None, detail: str = "", retry_after_s: int | None = None
) -> str:
    about = None if client_id is None else str(client_id)
    return frame("error", id=id, re=re, client_id=about, detail=detail, retry_after_s=retry_after_s)


def _client_id(raw: dict[str, Any]) -> str | None:
    try:
        return str(UUID(str(raw["client_id"])))
    except (KeyError, ValueError):
        return None
