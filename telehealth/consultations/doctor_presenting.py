"""From the rows of a doctor's day to what the pages show: finished words, in the reader's language."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from telehealth.consultations.filing import PatientFile
from telehealth.consultations.line import InLine
from telehealth.consultations.models import RoomFile, RoomMessage
from telehealth.consultations.states import ConsultationState
from telehealth.consultations.wording import ROLES, STAFF_DOOR, card_of, event_line
from telehealth.core.clock import HospitalDay
from telehealth.core.i18n import N_, format_clock, format_day, format_instant
from telehealth.core.rooms import Segment
from telehealth.hospital import VisitKind
from telehealth.intake.presenting import FILLERS
from telehealth.intake.rules import PhotoKind
from telehealth.patients import Person
from telehealth.patients.wording import SEX_LABELS
from telehealth.rulebook.rules import PolicySet
from telehealth.strikes import Absence

Say = Callable[[str], str]
Row = dict[str, Any]

ELDER_FROM = 65
MINOR_UNDER = 18
FILES = "/api/v1/room-files"
ATTACHMENTS = "/api/v1/attachments"

_WAITING = ("", N_("待接诊"))
_ADMITTED = ("brand", N_("就诊中"))
#: How a visit that left its line ended.
_ENDS: Mapping[str, tuple[str, str]] = {
    "completed": ("ok", N_("已完成")),
    "withdrawn": ("warn", N_("不适合线上，已退费")),
    "unattended": ("danger", N_("未接诊，已退费")),
    "unfinished": ("danger", N_("病历未完成，已退费")),
    "patient_absent": ("warn", N_("患者未到")),
    "cancelled": ("", N_("已取消")),
    "clinic_closed": ("", N_("已停诊")),
    "ineligible_at_admission": ("warn", N_("不符合条件，已退费")),
}
_URGENT: Mapping[str, str] = {"worse": N_("患者说病情加重"), "red_flag": N_("患者写到危险症状")}
_GROUPS = (N_("紧急"), N_("就诊中"), N_("待接诊"), N_("已结束"))
_PICTURES: Mapping[PhotoKind, str] = {
    PhotoKind.TONGUE: N_("舌象照片"),
    PhotoKind.SITE: N_("患处照片"),
    PhotoKind.REPORT: N_("检查报告"),
}
_KINDS: Mapping[VisitKind, str] = {
    VisitKind.OUTPATIENT: N_("门诊"),
    VisitKind.ONLINE: N_("线上就诊"),
    VisitKind.INPATIENT: N_("住院"),
    VisitKind.EMERGENCY: N_("急诊"),
}
_SIGNS: Mapping[str, str] = {
    "call": "phone", "recording": "circle-dot", "urgent": "siren", "consent": "mic", "note": "file-check",
    "helper": "users-round", "colleague": "user-plus", "patient": "bell", "closed": "door-closed",
    "prescription": "pill",
}  # fmt: skip


def who(sex: str, age: int | None, say: Say) -> str:
    """女，78 岁."""
    label = next((say(label) for key, label in SEX_LABELS.items() if str(key) == sex), "")
    if age is None or not label:
        return label
    return say(N_("%(sex)s，%(age)s 岁")) % {"sex": label, "age": age}


def age_tags(age: int | None) -> list[tuple[str, str]]:
    if age is not None and age >= ELDER_FROM:
        return [("warn", N_("老年"))]
    return [("warn", N_("未成年"))] if age is not None and age < MINOR_UNDER else []


def state_tag(state: str, booking_state: str) -> tuple[str, str]:
    if state == ConsultationState.WAITING:
        return _WAITING
    if state == ConsultationState.ADMITTED:
        return _ADMITTED
    return _ENDS.get(booking_state, ("", N_("已结束")))


def urgent_words(by: str | None) -> str:
    return _URGENT.get(by or "", N_("情况紧急"))


def line_view(
    rows: Sequence[InLine], day: HospitalDay, *, now: datetime, is_today: bool, lang: str, say: Say,
    current: UUID | None = None,
) -> Row:  # fmt: skip
    groups: list[list[Row]] = [[], [], [], []]
    for row in rows:
        groups[_group(row)].append(_entry(row, now, lang, say, is_current=row.room == current))
    since = [row.waiting_since for row in rows if row.waiting_since is not None]
    open_rows = [row for row in rows if row.state in ("waiting", "admitted")]
    left = sum(not row.attended for row in open_rows)
    href = f"/staff/line?day={day.isoformat()}"
    return {
        "day": day,
        "is_today": is_today,
        "before": f"/staff/line?day={(day - timedelta(days=1)).isoformat()}",
        "after": f"/staff/line?day={(day + timedelta(days=1)).isoformat()}",
        "fresh": href + (f"&current={current}" if current else ""),
        "to_see": sum(row.state == "waiting" for row in rows),
        "longest": _minutes(now - min(since)) if since and is_today else None,
        "seen": sum(row.attended for row in rows),
        "unread": sum(row.unread for row in open_rows),
        "deadline": _deadline(left, say) if is_today else "",
        "deadline_kind": "warn" if left else "ok",
        "groups": [
            {"title": say(title), "items": items}
            for title, items in zip(_GROUPS, groups, strict=True)
            if items
        ],
        "next": next((f"/staff/rooms/{row.room}" for row in open_rows), ""),
    }


def _group(row: InLine) -> int:
    if row.state not in ("waiting", "admitted"):
        return 3
    if row.urgent_at is not None:
        return 0
    return 1 if row.state == "admitted" else 2


def _deadline(left: int, say: Say) -> str:
    """Midnight in words, never as a bare clock."""
    if not left:
        return ""
    return say(N_("%(n)s 位还没有看诊：今天 24:00 前没有看诊的，费用自动全额退回患者")) % {"n": left}


def _entry(row: InLine, now: datetime, lang: str, say: Say, *, is_current: bool) -> Row:
    kind, label = state_tag(row.state, row.booking_state)
    tags = [(kind, say(label), "")]
    is_open = row.state in ("waiting", "admitted")
    if row.urgent_at is not None and is_open:
        tags.insert(0, ("danger", say(urgent_words(row.urgent_by)), "siren"))
    if row.state == "admitted" and not row.attended:
        tags.append(("warn", say(N_("还没有看诊")), ""))
    if row.state == "admitted" and row.attended and row.note != "signed":
        tags.append(("warn", say(N_("病历未签名")), ""))
    tags += [(tone, say(text), "") for tone, text in age_tags(row.age)]
    early = row.before_admission if row.state == "waiting" else 0
    last = ""
    if early:
        last = say(N_("接诊前留言 %(n)s 条")) % {"n": early}
    elif is_open and row.last_is_patients and row.last_message_at is not None:
        last = say(N_("患者 %(time)s 有留言")) % {"time": format_clock(row.last_message_at, lang)}
    return {
        "href": f"/staff/rooms/{row.room}",
        "name": row.name,
        "who": who(row.sex, row.age, say),
        "slot": row.starts_at,
        "waiting": _waiting(row, now, lang, say),
        "last": last,
        "before": bool(early),
        "tags": tags,
        "unread": row.unread if is_open else 0,
        "urgent": row.urgent_at is not None and is_open,
        "over": not is_open,
        "current": is_current,
        "tone": "",
    }


def _waiting(row: InLine, now: datetime, lang: str, say: Say) -> str:
    if row.state != "waiting":
        return ""
    if row.waiting_since is None:
        return say(N_("%(time)s 开始")) % {"time": format_clock(row.starts_at, lang)}
    minutes = _minutes(now - row.waiting_since)
    if minutes < 60:
        return say(N_("已等候 %(n)s 分钟")) % {"n": minutes}
    return say(N_("已等候 %(h)s 小时 %(n)s 分钟")) % {"h": minutes // 60, "n": minutes % 60}


def _minutes(lasts: timedelta) -> int:
    return max(0, int(lasts.total_seconds() // 60))


def patient_view(
    person: Person, age: int, card: str, lang: str, say: Say, more: Sequence[tuple[str, str]] = ()
) -> Row:
    """An opened patient by full name: the wrong patient is the worst mistake of a desk."""
    return {
        "name": person.name,
        "who": who(str(person.sex), age, say),
        "born": say(N_("%(day)s 出生")) % {"day": format_day(person.birth_date, lang, "numeric")},
        "card": card,
        "tags": [*age_tags(age), *more],
    }


def allergies_view(file: PatientFile, say: Say) -> Row:
    if file.allergies:
        return {"kind": "danger", "sign": "triangle-alert", "text": file.allergies}
    if file.has_no_known_allergies:
        return {"kind": "ok", "sign": "circle-check", "text": say(N_("患者表示没有已知的过敏"))}
    return {"kind": "warn", "sign": "circle-question-mark", "text": say(N_("患者没有填写，请先询问"))}


def answers_view(file: PatientFile, say: Say) -> list[tuple[str, str]]:
    content = file.content
    if content is None:
        return []
    none = say(N_("没有"))
    filler = say(FILLERS[content.filled_by])
    named = "，".join(part for part in (content.filler_name, content.filler_relation) if part)
    rows = [
        (say(N_("主诉")), content.complaint),
        (say(N_("既往史")), content.history or (none if content.no_history else "")),
        (say(N_("正在用药")), content.medicines or (none if content.no_medicines else "")),
        (say(N_("体重")), f"{content.weight_kg} kg" if content.weight_kg else ""),
        (say(N_("填写人")), f"{filler}（{named}）" if named else filler),
    ]
    return [(label, value) for label, value in rows if value]


def pictures_view(file: PatientFile) -> list[Row]:
    return [
        {
            "href": f"{ATTACHMENTS}/{row.id}/content",
            "thumbnail": f"{ATTACHMENTS}/{row.id}/content?thumbnail=true" if row.thumbnail_key else "",
            "name": row.filename,
            "cap": _PICTURES[row.kind],
        }
        for row in file.images
    ]


def evidence_view(file: PatientFile, lang: str, say: Say) -> list[Row]:
    """Visits in person; those the gate went by are marked."""
    went_by = {str(item.get("resource")) for item in file.decision.evidence} if file.decision else set()
    return [
        {
            "on": visit.on,
            "is_ground": visit.resource_id in went_by,
            "tag": ("ok", N_("复诊依据")) if visit.resource_id in went_by else ("", N_("就诊记录")),
            "diagnoses": "、".join(f"{item.text} {item.code}".strip() for item in visit.diagnoses),
            "place": say(_KINDS.get(visit.kind, N_("其他"))),
            "confirmed": say(N_("%(time)s 由医院系统确认"))
            % {"time": format_instant(visit.fetched_at, lang, "short")},
        }
        for visit in sorted(file.evidence, key=lambda visit: visit.on, reverse=True)[:8]
    ]


def absence_conditions(
    absence: Absence, reasons: Sequence[str], policy: PolicySet, say: Say
) -> list[tuple[bool, str]]:
    """SJ07, each condition and whether it is met."""
    rings, reminders = policy.strikes.rings_before_absent, policy.strikes.reminders_before_absent
    found = [
        (absence.has_slot_started, say(N_("就诊时间已经开始"))),
        (
            absence.rings >= rings,
            say(N_("呼叫无人接听至少 %(n)s 次（已有 %(now)s 次）")) % {"n": rings, "now": absence.rings},
        ),
        (
            absence.reminders >= reminders,
            say(N_("至少提醒 %(n)s 次（已有 %(now)s 次）")) % {"n": reminders, "now": absence.reminders},
        ),
        (absence.patient_messages_that_day == 0, say(N_("患者当天没有留言"))),
    ]
    against = {
        "patient_came": N_("患者当天来过或接听过"),
        "technical_failure": N_("有通话因网络或录制中断"),
        "recording_refused": N_("患者选择不录音录像：用文字接诊，不能记为未到"),
        "not_today": N_("不是就诊当天"),
        "cancelled": N_("这次就诊已经结束"),
    }
    return found + [(False, say(text)) for code, text in against.items() if code in reasons]


def said_view(rows: Sequence[tuple[RoomMessage, RoomFile | None]], me: UUID, say: Say) -> list[Row]:
    """The talk as `_messages.html` shows it; what the room says with codes we do not know is left out."""
    found = []
    for row, file in rows:
        is_of_room = row.author_id is None
        text = event_line(row.facts, say) if is_of_room else row.text
        if is_of_room and not text:
            continue
        label = "" if is_of_room or row.role == "doctor" else say(ROLES.get(row.role, ""))
        found.append(
            {
                "of_room": is_of_room,
                "is_mine": row.author_id == me,
                "by": row.author_name,
                "label": label,
                "at": row.at,
                "text": text,
                "file": file_view(file) if file else None,
                "card": card_of(row.facts, say, door=STAFF_DOOR) if is_of_room else None,
                "sign": _sign(str(row.facts.get("event", ""))) if is_of_room else "",
                "early": bool(row.facts.get("before_admission")),
            }
        )
    return found


def _sign(event: str) -> str:
    return next((sign for start, sign in _SIGNS.items() if event.startswith(start)), "info")


def file_view(file: RoomFile) -> Row:
    return {
        "href": f"{FILES}/{file.id}",
        "name": file.filename,
        "is_photo": str(file.kind) == "photo",
        "is_voice": str(file.kind) == "voice",
    }


def recordings_view(segments: Sequence[Segment], say: Say) -> list[Row]:
    """Call by call, side by side, part by part."""
    calls: dict[UUID, Row] = {}
    for segment in segments:
        call = calls.setdefault(segment.call, {"at": segment.begun_at, "legs": {}})
        call["at"] = min(call["at"], segment.begun_at)
        leg = call["legs"].setdefault(
            segment.leg, {"title": say(ROLES.get(segment.role, N_("其他"))), "parts": []}
        )
        leg["parts"].append(_part(segment, len(leg["parts"]) + 1, say))
    ordered = sorted(calls.values(), key=lambda call: call["at"])
    return [
        {"title": say(N_("通话 %(n)s")) % {"n": number}, "at": call["at"], "legs": [*call["legs"].values()]}
        for number, call in enumerate(ordered, 1)
    ]


def _part(segment: Segment, number: int, say: Say) -> Row:
    seconds = segment.duration_ms // 1000
    return {
        "title": say(N_("第 %(n)s 段")) % {"n": number} + f" {seconds // 60}:{seconds % 60:02}",
        "link": f"/api/v1/recordings/{segment.id}/link",
        "href": f"/staff/recordings/{segment.id}",
    }
