"""A consultation's life, and those of what belongs to it."""

from enum import StrEnum

from telehealth.core.machine import Machine


class ConsultationState(StrEnum):
    WAITING = "waiting"
    ADMITTED = "admitted"
    CONCLUDED = "concluded"
    #: The booking left it: cancelled, withdrawn, unattended, absent.
    CLOSED = "closed"


class ConsultationEvent(StrEnum):
    ADMIT = "admit"
    CONCLUDE = "conclude"
    CLOSE = "close"


class SeatState(StrEnum):
    """Of a helper or a second doctor."""

    INVITED = "invited"
    TAKEN = "taken"
    ENDED = "ended"


class SeatEvent(StrEnum):
    TAKE = "take"
    END = "end"


class NoteState(StrEnum):
    DRAFT = "draft"
    SIGNED = "signed"


class NoteEvent(StrEnum):
    SIGN = "sign"


class FileState(StrEnum):
    OFFERED = "offered"
    READY = "ready"
    REFUSED = "refused"


class FileEvent(StrEnum):
    ACCEPT = "accept"
    REFUSE = "refuse"


class FollowUpState(StrEnum):
    OPEN = "open"
    DONE = "done"
    DROPPED = "dropped"


class FollowUpEvent(StrEnum):
    FINISH = "finish"
    DROP = "drop"


class MessageKind(StrEnum):
    TEXT = "text"
    #: A prepared sentence: no evidence of attendance (XY13).
    QUICK = "quick"
    FILE = "file"
    #: What happened; `facts` says.
    SYSTEM = "system"
    #: Contributed by a feature above; `facts` names it.
    CARD = "card"


class FileKind(StrEnum):
    PHOTO = "photo"
    DOCUMENT = "document"
    VOICE = "voice"


C, CE = ConsultationState, ConsultationEvent

CONSULTATION = Machine(
    "consultation",
    C.WAITING,
    {
        (C.WAITING, CE.ADMIT): C.ADMITTED,
        (C.WAITING, CE.CLOSE): C.CLOSED,
        (C.ADMITTED, CE.CONCLUDE): C.CONCLUDED,
        (C.ADMITTED, CE.CLOSE): C.CLOSED,
    },
)

SEAT = Machine(
    "room_seat",
    SeatState.INVITED,
    {
        (SeatState.INVITED, SeatEvent.TAKE): SeatState.TAKEN,
        (SeatState.INVITED, SeatEvent.END): SeatState.ENDED,
        (SeatState.TAKEN, SeatEvent.END): SeatState.ENDED,
    },
)

NOTE = Machine("note", NoteState.DRAFT, {(NoteState.DRAFT, NoteEvent.SIGN): NoteState.SIGNED})

FILE = Machine(
    "room_file",
    FileState.OFFERED,
    {
        (FileState.OFFERED, FileEvent.ACCEPT): FileState.READY,
        (FileState.OFFERED, FileEvent.REFUSE): FileState.REFUSED,
    },
)

FOLLOW_UP = Machine(
    "follow_up",
    FollowUpState.OPEN,
    {
        (FollowUpState.OPEN, FollowUpEvent.FINISH): FollowUpState.DONE,
        (FollowUpState.OPEN, FollowUpEvent.DROP): FollowUpState.DROPPED,
    },
)

#: States in which people may write and call.
OPEN = frozenset({C.WAITING, C.ADMITTED})
