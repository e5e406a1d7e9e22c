"""What may go wrong in a call; `error_id` is what the protocol calls it."""

from typing import ClassVar

from signaling.protocol import ErrorId
from telehealth.core.errors import Conflict, Forbidden, NotFound, Refused


class UnknownCall(NotFound):
    code = "unknown_call"
    detail = "没有这次通话"
    error_id: ClassVar[ErrorId] = ErrorId.UNKNOWN_CALL


class CallOver(Conflict):
    """Somebody ended it first, or it rang too long."""

    code = "call_over"
    detail = "通话已经结束"
    error_id: ClassVar[ErrorId] = ErrorId.CALL_OVER


class CallRefused(Refused):
    """`refusal` in its facts says why, as `Terms.refusal` does; "full" when four are in it."""

    code = "call_refused"
    detail = "现在不能通话"
    error_id: ClassVar[ErrorId] = ErrorId.CALL_REFUSED


class NotAMember(Forbidden):
    code = "not_a_member"
    detail = "您不在这次通话中"
    error_id: ClassVar[ErrorId] = ErrorId.NOT_A_MEMBER


class NotAllowed(Forbidden):
    code = "not_allowed"
    detail = "您的身份不能进行此操作"
    error_id: ClassVar[ErrorId] = ErrorId.NOT_ALLOWED


class RoomClosed(Refused):
    code = "room_closed"
    detail = "诊室已经关闭"
    error_id: ClassVar[ErrorId] = ErrorId.ROOM_CLOSED


#: Each carries `error_id`.
CALL_ERRORS = (UnknownCall, CallOver, CallRefused, NotAMember, NotAllowed, RoomClosed)
