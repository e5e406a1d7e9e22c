"""The record of a visit as staff read it, and the doctor's list of follow-ups."""

from uuid import UUID

from telehealth.bookings import Booking
from telehealth.consultations.doctor_presenting import (
    Row,
    Say,
    patient_view,
    recordings_view,
    said_view,
    state_tag,
    urgent_words,
    who,
)
from telehealth.consultations.doctor_queries import note_of, readable_visit
from telehealth.consultations.duty import name_in_alarm, urgent_visits
from telehealth.consultations.following_up import follow_ups
from telehealth.consultations.note_content import read_content
from telehealth.consultations.queries import consultation, messages_after, views_of
from telehealth.consultations.recordings import playlist
from telehealth.consultations.staff_room import NOTE_TAGS, Typed, filled, restricted_tags, signature, slot
from telehealth.consultations.viewing import note_view
from telehealth.core.access import Permission
from telehealth.core.clock import completed_years, hospital_day
from telehealth.core.i18n import N_, format_clock, translator
from telehealth.core.unit import Unit
from telehealth.directory import doctor, said
from telehealth.patients import people_by_id, person
from telehealth.patients.masking import mask_name

_VIEWED = {"record": N_("就诊记录"), "recording": N_("录音录像"), "image": N_("图片或文件")}


async def record_context(unit: Unit, room: UUID, *, lang: str) -> Row:
    """The whole of a visit in one time line; whoever reads it is written down. Raises RoomNotFound."""
    say = translator(lang)
    visit, role = await readable_visit(unit, room)
    note_view(unit, visit, role, what="record")
    booking = await unit.session.get(Booking, room)
    patient = await person(unit, visit.person_id)
    of = await doctor(unit, visit.doctor_id)
    note = await note_of(unit, room)
    age = completed_years(patient.birth_date, unit.today)
    plays = None if role == "colleague" else await playlist(unit, room)
    views = await views_of(unit, room)
    state = str(booking.state) if booking else ""
    return {
        "patient": patient_view(patient, age, "", lang, say, await restricted_tags(unit, visit)),
        "visit": {
            "number": booking.number if booking else "",
            "slot": slot(visit, lang),
            "tag": state_tag(visit.state, state),
            "back": f"/staff/rooms/{room}" if unit.actor.may(Permission.CONSULT) and role != "head" else "",
        },
        "summary": [
            (say(N_("医生")), f"{said(of, 'name', lang)} {said(of, 'title', lang)}"),
            (say(N_("接诊")), format_clock(visit.admitted_at, lang) if visit.admitted_at else ""),
            (say(N_("结束")), format_clock(visit.ended_at, lang) if visit.ended_at else ""),
            (say(N_("医嘱")), visit.advice or (booking.advice if booking else "") or ""),
        ],
        "recordings": recordings_view(plays.segments, say) if plays else [],
        "whole": plays.is_whole if plays else True,
        "timeline": await _timeline(unit, room, lang),
        "note": {
            "tag": NOTE_TAGS[note.state],
            "filled": filled(read_content(note.body), say),
            "signed": await signature(unit, note) if note.signed_at else None,
        }
        if note
        else None,
        "views": [
            {"name": row.viewer_name, "what": _VIEWED.get(row.what, row.what), "at": row.at} for row in views
        ],
    }


async def _timeline(unit: Unit, room: UUID, lang: str) -> list[Row]:
    rows, since = [], 0
    last = (await consultation(unit, room)).last_seq
    while since < last:
        found = await messages_after(unit, room, since, 500)
        if not found:
            break
        rows += found
        since = found[-1][0].seq
    shown = said_view(rows, unit.actor.account, translator(lang))
    return [row | {"day": hospital_day(row["at"])} for row in shown]


async def tasks_context(unit: Unit, *, lang: str, typed: Typed) -> Row:
    say, found = translator(lang), await follow_ups(unit)
    items = []
    for task in found:
        days = (task.row.due_day - unit.today).days
        patient, sent = task.person, typed.of(f"task:{task.row.id}")
        age = completed_years(patient.birth_date, unit.today) if patient else None
        items.append(
            {
                "id": task.row.id,
                "name": mask_name(patient.name) if patient else "*",
                "who": who(str(patient.sex), age, say) if patient else "",
                "tag": _due(days, say),
                "due": task.row.due_day,
                "reason": task.row.reason,
                "visited": hospital_day(task.row.created_at),
                "record": f"/staff/rooms/{task.row.room}/record",
                "typed": sent["typed"].get("outcome", ""),
                "error": sent["errors"].get("outcome", ""),
            }
        )
    return {"tasks": items, "late": sum(task.row.due_day <= unit.today for task in found)}


def _due(days: int, say: Say) -> tuple[str, str]:
    if days < 0:
        return "danger", say(N_("过期 %(n)s 天")) % {"n": -days}
    if days == 0:
        return "warn", say(N_("今天到期"))
    return "", say(N_("还有 %(n)s 天")) % {"n": days}


async def alarms_context(unit: Unit, *, lang: str) -> list[Row]:
    say, found = translator(lang), await urgent_visits(unit)
    people = await people_by_id(unit, [visit.person_id for visit in found])
    may_open = unit.actor.may(Permission.BOOK_FOR_PATIENT)
    rows = []
    for visit in found:
        patient = people.get(visit.person_id)
        age = completed_years(patient.birth_date, unit.today) if patient else None
        rows.append(
            {
                "room": visit.room,
                "name": name_in_alarm(unit, patient),
                "who": who(str(patient.sex), age, say) if patient else "",
                "what": say(urgent_words(visit.urgent_by)),
                "at": visit.urgent_at,
                "doctor": visit.doctor_name_en if lang == "en" else visit.doctor_name,
                "number": visit.number,
                "href": f"/staff/bookings/{visit.room}" if may_open else "",
            }
        )
    return rows
