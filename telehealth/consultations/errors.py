"""What can go wrong in a room. Somebody else's room does not exist for whoever asks."""

from telehealth.core.errors import (
    Conflict,
    Forbidden,
    Invalid,
    NotFound,
    Refused,
    Unauthenticated,
    Unavailable,
)


class RoomNotFound(NotFound):
    code = "room_not_found"
    detail = "没有找到这个诊室"


class SignedOut(Unauthenticated):
    """The session their page was opened in is over."""

    code = "signed_out"
    detail = "登录已过期，请重新登录；写下的内容还在"


class SeatEnded(Forbidden):
    """They were in this room, and may not be any more."""

    code = "seat_ended"
    detail = "您已不在这个诊室中"


class RoomClosed(Refused):
    """The visit is over; what was said can still be read."""

    code = "room_closed"
    detail = "本次就诊已结束，不能再发送；内容可在就诊记录中查看"


class NotAdmitted(Refused):
    """A doctor writes after admitting: that is where step-up and the gate are asked (REG6, REG8)."""

    code = "not_admitted"
    detail = "请先接诊，再给患者发送消息"


class ChatDown(Unavailable):
    code = "chat_down"
    detail = "消息暂时没有发出，请稍后重发"


class MessageEmpty(Invalid):
    code = "message_empty"
    detail = "请输入要发送的内容"


class FileNotReady(Conflict):
    """It has not arrived, was refused, or is not of this room."""

    code = "file_not_ready"
    detail = "文件还没有准备好，请等待上传完成"


class RoomFileNotFound(NotFound):
    code = "room_file_not_found"
    detail = "没有找到这个文件"


class TooManyRoomFiles(Refused):
    code = "too_many_room_files"
    detail = "本次就诊发送的文件已到上限"


class FileKindWrong(Invalid):
    """It is something else than it was announced as."""

    code = "file_kind_wrong"
    detail = "文件的内容与类型不符，不能发送"


class InvitationNotFound(NotFound):
    code = "invitation_not_found"
    detail = "邀请无效或已失效，请让患者重新邀请"


class OwnInvitation(Refused):
    code = "own_invitation"
    detail = "这是您自己发出的邀请，请发给家人打开"


class HelpersFull(Refused):
    code = "helpers_full"
    detail = "本次就诊的家属协助席位已满"


class SeatNotFound(NotFound):
    code = "seat_not_found"
    detail = "没有找到这个席位"


class ClientIdTaken(Conflict):
    """Somebody else in this room used this client id."""

    code = "client_id_taken"
    detail = "消息编号重复，请重新发送"
