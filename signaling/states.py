"""A call's life."""

from enum import StrEnum

from telehealth.core.machine import Machine


class CallState(StrEnum):
    RINGING = "ringing"
    ACTIVE = "active"
    ENDED = "ended"


class CallEvent(StrEnum):
    ACCEPT = "accept"
    END = "end"


class Ending(StrEnum):
    """Why a call ended."""

    DECLINED = "declined"
    CANCELLED = "cancelled"
    UNANSWERED = "unanswered"
    HUNG_UP = "hung_up"
    LOST = "lost"
    NOT_RECORDED = "not_recorded"
    ROOM_CLOSED = "room_closed"


class RecordingState(StrEnum):
    """Of one call: as `call.recording` says it."""

    NONE = "none"
    WANTED = "wanted"
    ON = "on"


S, E = CallState, CallEvent

CALL = Machine(
    "call",
    S.RINGING,
    {
        (S.RINGING, E.ACCEPT): S.ACTIVE,
        (S.RINGING, E.END): S.ENDED,
        (S.ACTIVE, E.END): S.ENDED,
    },
)
