"""How the room's rows look in the protocol, and the sentences of its waiting view."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from telehealth.consultations.models import RoomFile, RoomMessage
from telehealth.consultations.rules import CallRule, next_step
from telehealth.consultations.states import ConsultationState
from telehealth.core.clock import HospitalDay, day_end
from telehealth.core.i18n import N_, format_instant, translator
from telehealth.core.rooms import Seat, Side

LANGUAGES = {"zh": "zh-CN", "en": "en"}


def said(message: str) -> dict[str, str]:
    """One of our sentences in both languages: a socket does not know its reader's."""
    return {short: translator(lang)(message) for short, lang in LANGUAGES.items()}


def message_body(row: RoomMessage, file: RoomFile | None) -> dict[str, Any]:
    return body(
        seq=row.seq,
        client_id=row.client_id,
        author=None if row.author_id is None else author(row.author_id, row.role, row.author_name),
        kind=str(row.kind),
        text=row.text,
        file=None if file is None else file_body(file),
        facts=row.facts,
        at=row.at,
    )


def body(
    *,
    seq: int,
    client_id: UUID,
    author: Mapping[str, str] | None,
    kind: str,
    text: str,
    file: Mapping[str, Any] | None,
    facts: Mapping[str, Any],
    at: datetime,
) -> dict[str, Any]:
    return {
        "seq": seq, "client_id": str(client_id), "author": author, "kind": kind, "text": text, "file": file,
        "facts": facts, "at": at.isoformat(),
    }  # fmt: skip


def author(account_id: UUID, role: str, name: str) -> dict[str, str]:
    return {"account": str(account_id), "role": str(role), "name": name}


def author_of(seat: Seat) -> dict[str, str]:
    return author(seat.actor.account, seat.role, seat.name)


def file_body(file: RoomFile) -> dict[str, Any]:
    return {
        "id": str(file.id), "kind": str(file.kind), "name": file.filename, "size": file.size,
        "content_type": file.content_type, "width": file.width, "height": file.height,
        "duration_ms": file.duration_ms, "pages": file.pages, "thumbnail": file.thumbnail_key is not None,
    }  # fmt: skip


_STATES = {
    ConsultationState.WAITING: N_("等待医生接诊"),
    ConsultationState.ADMITTED: N_("就诊中"),
    ConsultationState.CONCLUDED: N_("就诊已结束"),
    ConsultationState.CLOSED: N_("诊室已关闭"),
}

_STEPS = {
    "prepare": N_("您可以先写下想问的问题、发送照片或报告，并检查摄像头和麦克风；医生来了会看到。"),
    "admit": N_("核对患者资料后接诊；接诊后才能发送消息和呼叫。"),
    "answer_consent": N_("请选择是否同意通话录音录像；不同意时用文字继续就诊，不影响就诊。"),
    "talk": N_("请与医生交流；有新的症状请马上写下来。"),
    "conclude": N_("请完成病历并结束就诊。"),
    "read": N_("就诊内容可在就诊记录中查看。"),
}

_PROMISE = N_("当天24:00前无人接诊，费用自动全额退回，不计爽约。")
_ATTENDED = N_("医生已接诊；医生会写好病历并结束本次就诊。")


def view_of(row: Mapping[str, Any], seat: Seat, call: CallRule, now: datetime) -> dict[str, Any]:
    """The part of the `room` message that is the visit's own (XY25). `row` is of `gate.TERMS`."""
    state = ConsultationState(row["state"])
    side = seat.role.side
    step = next_step(state, side, call)
    view: dict[str, Any] = {
        "position": row["position"],
        "doctor": {"name": row["doctor_name"], "name_en": row["doctor_name_en"],
                   "last_seen": _iso(_latest(row["doctor_seen"], row["admitted_at"]))},
        "day": row["day"].isoformat(),
        "starts_at": _iso(row["starts_at"]),
        "expected": _expected(row, now),
        "ends_at": _iso(_holds_until(row)),
        "urgent": {"at": _iso(row["urgent_at"]), "by": row["urgent_by"]} if row["urgent_at"] else None,
        "words": said(_STATES[state]),
        "promise": _promise(state),
        "next": {"code": step, **said(_STEPS[step])},
        "consent": {"asked": row["recorded"], "answers": row["answers"]},
        "call_refusal": call.refusal,
    }  # fmt: skip
    if side is Side.DOCTOR:
        view["line"] = row["in_line"]
    return view


def _promise(state: ConsultationState) -> dict[str, str] | None:
    if state is ConsultationState.WAITING:
        return said(_PROMISE)
    return said(_ATTENDED) if state is ConsultationState.ADMITTED else None


def _expected(row: Mapping[str, Any], now: datetime) -> dict[str, Any] | None:
    """When the doctor should come: the slot, or any time until midnight once it is over."""
    if row["state"] != ConsultationState.WAITING:
        return None
    until = row["ends_at"] if now < row["ends_at"] else day_end(row["day"])
    return {
        "from": _iso(max(now, row["starts_at"])), "until": _iso(until),
        **{short: format_instant(until, lang, "short") for short, lang in LANGUAGES.items()},
    }  # fmt: skip


def _holds_until(row: Mapping[str, Any]) -> datetime | None:
    """24:00 of the day when nobody attends; some days more for a note once somebody did (XY12, XY13)."""
    day: HospitalDay = row["day"]
    if row["state"] == ConsultationState.WAITING:
        return day_end(day)
    if row["state"] == ConsultationState.ADMITTED:
        return day_end(day + timedelta(days=row["note_days"]))
    return None


def _latest(*instants: datetime | None) -> datetime | None:
    return max((at for at in instants if at is not None), default=None)


def _iso(at: datetime | None) -> str | None:
    return None if at is None else at.isoformat()
