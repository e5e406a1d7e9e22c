"""What a client is told when something was refused: an id of the protocol, and a code that says why."""

from signaling.protocol import ErrorId
from telehealth.core.errors import (
    Busy,
    Conflict,
    DomainError,
    Forbidden,
    Invalid,
    NotFound,
    Refused,
    Unauthenticated,
    Unavailable,
)

#: For errors without an id of the protocol's own.
_KINDS: tuple[tuple[type[DomainError], ErrorId], ...] = (
    (Unavailable, ErrorId.UNAVAILABLE),
    (Busy, ErrorId.TOO_MANY),
    (Invalid, ErrorId.BAD_MESSAGE),
    (Conflict, ErrorId.FILE_NOT_READY),
    (Refused, ErrorId.ROOM_CLOSED),
    (Forbidden, ErrorId.NOT_ALLOWED),
    (NotFound, ErrorId.NOT_ALLOWED),
    (Unauthenticated, ErrorId.NOT_ALLOWED),
)


def error_id(no: DomainError) -> ErrorId:
    own = getattr(no, "error_id", None)
    if isinstance(own, ErrorId):
        return own
    return next((id for kind, id in _KINDS if isinstance(no, kind)), ErrorId.NOT_ALLOWED)


def detail(no: DomainError) -> str:
    return str(no.facts.get("refusal") or no.code)
