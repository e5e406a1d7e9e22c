"""A room as its pages draw it: lines of talk, the state in the reader's language, how a visit ended.

Templates get finished values from here.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from telehealth.bookings import Booking
from telehealth.bookings.capabilities import capability_of
from telehealth.consultations.models import Consultation, FollowUp, RecordView, RoomSeat
from telehealth.consultations.states import ConsultationState, FileKind, SeatState
from telehealth.consultations.wording import PATIENT_DOOR, ROLES, STAFF_DOOR, card_of, event_line
from telehealth.core.i18n import N_, format_instant
from telehealth.core.rooms import Role, Seat, Segment, Terms

FILES = "/api/v1/room-files"

Say = Callable[[str], str]

_SEAT_STATES = {
    SeatState.INVITED: N_("已邀请，对方还没有接受"),
    SeatState.TAKEN: N_("已加入"),
    SeatState.ENDED: N_("已结束"),
}
_SEEN = {"record": N_("查看就诊记录"), "recording": N_("回看通话录音录像"), "image": N_("查看图片")}
_NOT_YET = N_("接诊后可以发送")
_OVER = N_("本次就诊已结束")


@dataclass(frozen=True, slots=True)
class Visit:
    """The strip of the patient's page."""

    code: str
    words: str
    promise: str
    position: str
    expected: str
    next: str
    is_open: bool


def visit_of(terms: Terms, say: Say, lang: str) -> Visit:
    view, short = terms.view, lang[:2]
    ahead = (view.get("position") or 0) - 1
    line = say("下一位就是您") if ahead == 0 else say("您前面还有 {n} 位").replace("{n}", str(ahead))
    expected = _in(view.get("expected"), short)
    return Visit(
        code=terms.state,
        words=_in(view.get("words"), short),
        promise=_in(view.get("promise"), short),
        position=line if ahead >= 0 else "",
        expected=say("预计 {time} 前接诊").replace("{time}", expected) if expected else "",
        next=_in(view.get("next"), short),
        is_open=terms.state not in (ConsultationState.CONCLUDED, ConsultationState.CLOSED),
    )


def why_not(terms: Terms) -> str:
    """What stands in the field when nobody may write in it; a message id."""
    return "" if terms.may_write else _NOT_YET if terms.state == ConsultationState.WAITING else _OVER


def lines(items: Iterable[Mapping[str, Any]], seat: Seat, say: Say, lang: str) -> list[dict[str, Any]]:
    """Messages as the protocol shows them → what `_messages.html` draws."""
    drawn = []
    for item in items:
        author = item["author"]
        text = event_line(item["facts"], say) if author is None else item["text"]
        if author is None and not text:
            continue
        drawn.append(
            {
                "of_room": author is None,
                "is_mine": author is not None and author["account"] == str(seat.actor.account_id),
                "by": author["name"] if author else "",
                "label": _label(author["role"], say) if author else "",
                "when": format_instant(datetime.fromisoformat(item["at"]), lang, "short"),
                "text": text,
                "file": _file(item["file"], say) if item["file"] else None,
                "card": card_of(item["facts"], say, door=_door(seat)) if author is None else None,
            }
        )
    return drawn


def _door(seat: Seat) -> str:
    """A helper may know of a sheet, and does not open it."""
    doors = {Role.PATIENT: PATIENT_DOOR, Role.DOCTOR: STAFF_DOOR}
    return doors.get(seat.role, "")


def consent_of(terms: Terms, seat: Seat) -> dict[str, Any]:
    """Whether this seat is asked to be recorded, and what it answered; `now` is a message id."""
    asked = terms.view.get("consent") or {"asked": False, "answers": {}}
    answer = asked["answers"].get(str(seat.role))
    is_over = terms.state in (ConsultationState.CONCLUDED, ConsultationState.CLOSED)
    concerns = bool(asked["asked"]) and not is_over
    now = {True: N_("您同意通话时录音录像"), False: N_("您选择不录音录像，用文字就诊"), None: ""}[answer]
    return {
        "is_open": concerns and answer is None,
        "is_answered": concerns and answer is not None,
        "now": now,
    }


def ending_of(
    row: Consultation, booking: Booking, follow_up: FollowUp | None, say: Say, *, is_own: bool
) -> dict[str, Any]:
    """How it ended and what comes now; empty while it runs. A helper has no business in the money."""
    to_booking = {"href": f"/bookings/{row.id}", "label": N_("查看预约与退款")}
    to_record = {"href": f"/rooms/{row.id}/record", "label": N_("就诊记录")}
    if row.state is ConsultationState.CONCLUDED:
        return {
            "title": say("就诊已结束"),
            "text": "",
            "advice": row.advice or "",
            "follow_up": {"day": follow_up.due_day, "reason": follow_up.reason} if follow_up else None,
            "links": [to_record, {**to_booking, "label": N_("预约与费用")}] if is_own else [to_record],
        }
    if row.state is ConsultationState.CLOSED:
        return {
            "title": say("诊室已关闭"),
            "text": say(capability_of(booking).sentence),
            "advice": booking.advice or "",
            "follow_up": None,
            "links": [to_booking, to_record] if is_own else [to_record],
        }
    return {}


def seats(rows: Iterable[RoomSeat]) -> list[dict[str, Any]]:
    return [{"id": row.id, "name": row.name, "state": _SEAT_STATES[row.state]} for row in rows]


def views(rows: Iterable[RecordView]) -> list[dict[str, Any]]:
    return [
        {"who": row.viewer_name, "what": _SEEN.get(row.what, _SEEN["record"]), "at": row.at} for row in rows
    ]


def recordings(segments: Iterable[Segment], say: Say) -> list[dict[str, Any]]:
    """In the order they are played."""
    return [
        {
            "href": f"/rooms/recordings/{one.id}",
            "title": say(ROLES[one.role]) if one.role in ROLES else one.role,
            "minutes": f"{one.duration_ms // 60_000}:{one.duration_ms // 1000 % 60:02}",
            "at": one.begun_at,
            "has_picture": one.content_type.startswith("video"),
        }
        for one in segments
    ]


def _file(file: Mapping[str, Any], say: Say) -> dict[str, Any]:
    return {
        "href": f"{FILES}/{file['id']}",
        "name": file["name"] or say("文件"),
        "is_photo": file["kind"] == FileKind.PHOTO,
        "is_voice": file["kind"] == FileKind.VOICE,
    }


def _label(role: str, say: Say) -> str:
    return say(ROLES[role]) if role in (Role.HELPER, Role.COLLEAGUE) else ""


def _in(said: Mapping[str, Any] | None, short: str) -> str:
    return str(said.get(short) or said.get("zh") or "") if said else ""
