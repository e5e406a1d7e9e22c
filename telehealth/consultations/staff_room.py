"""Everything one of the doctor's pages shows, gathered in as few units as may be."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from uuid import UUID

from telehealth.consultations.absent import standing
from telehealth.consultations.doctor_presenting import (
    Row,
    absence_conditions,
    allergies_view,
    answers_view,
    evidence_view,
    line_view,
    patient_view,
    pictures_view,
    said_view,
    state_tag,
    urgent_words,
)
from telehealth.consultations.doctor_queries import follow_up_of
from telehealth.consultations.filing import PatientFile, file_of
from telehealth.consultations.gate import find_seat
from telehealth.consultations.inviting import colleagues
from telehealth.consultations.line import line_of
from telehealth.consultations.models import Consultation, VisitNote
from telehealth.consultations.note_content import PARTS, NoteContent, read_content
from telehealth.consultations.queries import messages_after, seats_of
from telehealth.consultations.showing import overview
from telehealth.consultations.states import OPEN, ConsultationState, NoteState
from telehealth.consultations.wording import room_texts
from telehealth.core.access import Actor
from telehealth.core.i18n import N_, format_clock, format_day, format_fen, translator
from telehealth.core.ids import new_id
from telehealth.core.rooms import Role, Seat, Terms
from telehealth.core.unit import Unit, Units
from telehealth.directory import doctor, doctors_by_id, said
from telehealth.patients import hospital_patient
from telehealth.patients.masking import mask_card
from telehealth.rulebook import current_policy

#: So much of the talk is drawn by the server; with script all of it is read.
DRAWN = 100
WAITING, ADMITTED = ConsultationState.WAITING, ConsultationState.ADMITTED
#: REG59: whoever opens the file sees it beside the name.
RESTRICTED = N_("资料已限制处理")
NOTE_TAGS = {NoteState.DRAFT: ("warn", N_("草稿")), NoteState.SIGNED: ("ok", N_("已签名"))}
_NO_NOTE = ("", N_("还没有写"))
_NOT_YET, _OVER = N_("接诊后可以回复"), N_("本次就诊已结束")


@dataclass(frozen=True, slots=True)
class Typed:
    """What was sent and refused: form → values and errors, to be shown again."""

    form: str = ""
    values: Mapping[str, Any] = field(default_factory=dict)
    errors: Mapping[str, str] = field(default_factory=dict)

    def of(self, form: str) -> dict[str, Any]:
        is_it = form == self.form
        return {"typed": self.values if is_it else {}, "errors": self.errors if is_it else {}}


async def room_context(units: Units, actor: Actor, room: UUID, *, lang: str, shown: str, typed: Typed) -> Row:
    """Raises RoomNotFound."""
    seat = await find_seat(units, actor, room)
    found = await overview(units, seat)
    async with units.of(actor) as unit:
        return await _room(unit, seat, found.terms, found.last, lang=lang, shown=shown, typed=typed)


async def restricted_tags(unit: Unit, visit: Consultation) -> list[tuple[str, str]]:
    """REG59: wherever staff open a record, they see that nothing but keeping it is done."""
    known = await hospital_patient(unit, visit.hospital_id, visit.person_id)
    return [("warn", RESTRICTED)] if known is not None and known.restricted_at is not None else []


async def _room(
    unit: Unit, seat: Seat, terms: Terms, last: int, *, lang: str, shown: str, typed: Typed
) -> Row:
    say = translator(lang)
    file = await file_of(unit, seat.room)
    visit = file.visit
    is_today = visit.day == unit.today
    line = await line_of(unit, None if is_today else visit.day)
    card = await hospital_patient(unit, visit.hospital_id, visit.person_id)
    number = mask_card(card.card_number) if card else ""
    restricted = await restricted_tags(unit, visit)
    rows = await messages_after(unit, seat.room, max(0, last - DRAWN), DRAWN)
    is_mine = seat.role is Role.DOCTOR
    href = f"/staff/rooms/{seat.room}"
    policy = (await current_policy(unit, visit.hospital_id)).policy
    may_write = terms.may_write
    return {
        "shown": shown,
        "line": line_view(
            line, visit.day, now=unit.now, is_today=is_today, lang=lang, say=say, current=seat.room
        ),
        "visit": _visit(file, href, lang, say, is_mine=is_mine),
        "patient": patient_view(file.person, file.age, number, lang, say, restricted),
        "urgent": _urgent(visit, say),
        "allergies": allergies_view(file, say),
        "form_at": file.form.submitted_at if file.form else None,
        "answers": answers_view(file, say),
        "pictures": pictures_view(file),
        "visits": evidence_view(file, lang, say),
        "past": await _past(unit, file, lang),
        "admission": _admission(unit, file, lang, say, typed) if is_mine else None,
        "note": await _note(unit, file, typed, say, is_mine=is_mine, least=policy.room.note_min_chars),
        "seats": await _seats(unit, visit, typed, lang, is_mine=is_mine),
        "ends": await _ends(unit, file, typed, lang, is_mine=is_mine),
        "said": said_view(rows, unit.actor.account, say),
        "talk": {
            "post": f"{href}/messages",
            "client_id": str(new_id()),
            "may_write": may_write,
            "why_not": "" if may_write else say(_NOT_YET if visit.state is WAITING else _OVER),
            "is_patient_side": False,
            "may_call": terms.may_call,
        },
        "quick": policy.room.quick_replies,
        "quick_id": str(new_id()),
        "may_call": visit.state is ADMITTED and is_mine,
        "room": _options(seat, file.person.name, lang),
    }  # fmt: skip


def _options(seat: Seat, patient: str, lang: str) -> Row:
    api, say = f"/api/v1/rooms/{seat.room}", translator(lang)
    texts = room_texts(say) | {"placeholder": say(N_("回复患者"))}
    return {
        "room": str(seat.room), "me": str(seat.actor.account), "role": str(seat.role), "lang": lang,
        "ticket_url": f"{api}/ticket", "messages_url": f"{api}/messages", "files_url": "/api/v1/room-files",
        "api_url": api, "names": {"other": patient}, "texts": texts,
    }  # fmt: skip


def _visit(file: PatientFile, href: str, lang: str, say: Any, *, is_mine: bool) -> Row:
    visit, booking = file.visit, file.booking
    strip, kind = _strip(file, lang, say) if is_mine else (say(N_("您受邀会诊，由主诊医生结束就诊")), "info")
    return {
        "href": href,
        "record": f"{href}/record",
        "line_href": f"/staff/line?day={visit.day.isoformat()}",
        "number": booking.number,
        "slot": slot(visit, lang),
        "code": str(visit.state),
        "tag": state_tag(visit.state, booking.state),
        "strip": strip,
        "strip_kind": kind,
    }


def slot(visit: Consultation, lang: str) -> str:
    begins, ends = (format_clock(at, lang) for at in (visit.starts_at, visit.ends_at))
    return f"{format_day(visit.day, lang, 'short')} {begins}–{ends}"


def _strip(file: PatientFile, lang: str, say: Any) -> tuple[str, str]:
    """The deadline that is running, in words."""
    if file.visit.state is WAITING:
        return say(N_("还没有接诊。当天 24:00 前没有看诊，费用会自动全额退回患者。")), "warn"
    if file.visit.state is not ADMITTED:
        return "", ""
    if file.booking.attended_at is None:
        return say(
            N_("已接诊，还没有看诊：当天 24:00 前请写一句话、通话或签名病历，否则费用自动退回患者。")
        ), "warn"
    signed = file.note is not None and file.note.state is NoteState.SIGNED
    return ("", "") if signed else (say(N_("已看诊。请签名病历，然后完成就诊。")), "info")


def _urgent(visit: Consultation, say: Any) -> Row | None:
    if visit.urgent_at is None or visit.state not in OPEN:
        return None
    return {
        "title": say(urgent_words(visit.urgent_by)),
        "text": say(N_("请马上看对话并联系患者；必要时让患者拨打急救电话。")),
        "at": visit.urgent_at,
    }


async def _past(unit: Unit, file: PatientFile, lang: str) -> list[Row]:
    names = await doctors_by_id(unit, [past.visit.doctor_id for past in file.earlier])
    return [
        {
            "href": f"/staff/rooms/{past.visit.id}/record",
            "on": past.visit.day,
            "doctor": said(names[past.visit.doctor_id], "name", lang)
            if past.visit.doctor_id in names
            else "",
            "text": (past.note.diagnosis_text or past.note.assessment) if past.note else "",
        }
        for past in file.earlier
    ]


def _admission(unit: Unit, file: PatientFile, lang: str, say: Any, typed: Typed) -> Row | None:
    if file.visit.state is not WAITING:
        return None
    evidence = evidence_view(file, lang, say)
    return {
        "why": "" if file.visit.day == unit.today else N_("这次就诊不在今天，当天才能接诊。"),
        "errors": typed.of("admission")["errors"],
        "evidence": [row for row in evidence if row["is_ground"]][:3] or evidence[:1],
    }


async def _note(unit: Unit, file: PatientFile, typed: Typed, say: Any, *, is_mine: bool, least: int) -> Row:
    note = file.note
    content = read_content(note.body) if note else NoteContent()
    values = content.model_dump() | dict(typed.of("note")["typed"])
    tag = NOTE_TAGS[note.state] if note else _NO_NOTE
    signed = note is not None and note.state is NoteState.SIGNED
    code = str(values["diagnosis_code"])
    return {
        "tag": tag,
        "signed": await signature(unit, note) if note and signed else None,
        "filled": filled(content, say),
        "may_write": is_mine and not signed and file.visit.state is ADMITTED,
        "closed": N_("接诊后可以写病历。") if file.visit.state is WAITING else N_("没有病历。"),
        "url": f"/api/v1/rooms/{file.visit.id}/note",
        "version": note.version if note else 0,
        "page": str(new_id()),
        "errors": typed.of("note")["errors"],
        "fields": [
            {"name": name, "label": label, "value": values[name], "least": least, "rows": 2, "most": 4000}
            for name, label in PARTS.items()
        ],
        "known": [*file.diagnoses.items()],
        "chosen": code,
        "chosen_text": file.diagnoses.get(code, ""),
        "allergies": values["allergies"],
        "reviewed": values["allergies_reviewed"] in (True, "true"),
    }


async def signature(unit: Unit, note: VisitNote) -> Row:
    signer = await doctor(unit, note.doctor_id)
    return {"by": signer.name, "at": note.signed_at, "digest": note.digest or ""}


def filled(content: NoteContent, say: Any) -> list[tuple[str, str]]:
    diagnosis = f"{content.diagnosis_text} {content.diagnosis_code}".strip()
    rows = [(label, str(getattr(content, name))) for name, label in PARTS.items()]
    rows += [(N_("确认的既往诊断"), diagnosis), (N_("过敏史补充"), content.allergies)]
    return [(say(label), value) for label, value in rows if value]


async def _seats(unit: Unit, visit: Consultation, typed: Typed, lang: str, *, is_mine: bool) -> Row:
    say = translator(lang)
    open_now = visit.state in OPEN
    rows = [row for row in await seats_of(unit, visit.id) if row.taken_at is not None] if open_now else []
    may_invite = is_mine and visit.state is ADMITTED
    members = await colleagues(unit, visit) if may_invite else []
    names = await doctors_by_id(unit, [one.doctor_id for one in members if one.doctor_id is not None])
    return {
        "shown": bool(rows) or bool(members),
        "items": [
            {
                "name": row.name,
                "tag": ("info", N_("会诊医生")) if row.role == Role.COLLEAGUE else ("", N_("家属协助")),
                "text": row.reason if row.role == Role.COLLEAGUE else "",
                "remove": f"/staff/rooms/{visit.id}/colleagues/{row.id}/removal"
                if is_mine and row.role == Role.COLLEAGUE
                else "",
            }
            for row in rows
        ],
        "options": [
            (one.id, f"{said(one, 'name', lang)} {say(said(one, 'title', lang))}") for one in names.values()
        ],
        **typed.of("colleagues"),
    }


async def _ends(unit: Unit, file: PatientFile, typed: Typed, lang: str, *, is_mine: bool) -> Row:
    say, visit = translator(lang), file.visit
    over, kind = ("", "")
    if not is_mine:
        over, kind = N_("由主诊医生结束就诊。"), "info"
    elif visit.state not in OPEN:
        kind, over = state_tag(visit.state, file.booking.state)
    planned = await follow_up_of(unit, visit.id) if visit.state is ConsultationState.CONCLUDED else None
    signed = file.note is not None and file.note.state is NoteState.SIGNED
    conclude, withdraw = typed.of("conclusion"), typed.of("withdrawal")
    why = "" if signed else N_("先接诊、签名病历，再完成就诊。")
    refund = say(N_("患者已付的 %(fee)s 会自动全额退回，不计爽约。")) % {
        "fee": format_fen(file.booking.fee, lang)
    }
    return {
        "over": over,
        "over_kind": kind or "info",
        "advice": visit.advice or file.booking.advice or "",
        "follow_up": planned.due_day if planned else None,
        "conclude": conclude | {"why": why, "first": (unit.today + timedelta(days=1)).isoformat()},
        "withdraw": withdraw | {"why": "", "refund": refund},
        "absence": await _absence(unit, visit, say) if is_mine and not over else None,
    }


async def _absence(unit: Unit, visit: Consultation, say: Any) -> Row:
    policy = (await current_policy(unit, visit.hospital_id)).policy
    absence, reasons = await standing(unit, visit)
    return {
        "open": False,
        "allowed": not reasons,
        "may_remind": visit.day == unit.today,
        "conditions": absence_conditions(absence, reasons, policy, say),
    }
