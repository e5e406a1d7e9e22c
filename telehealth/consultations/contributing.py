"""What the staff's list of work shows of the rooms: alarms for those on duty, a doctor's own line."""

from datetime import timedelta
from typing import Any

from telehealth.bookings import BookingState
from telehealth.consultations.duty import UrgentVisit, urgent_visits
from telehealth.consultations.line import InLine, line_of
from telehealth.core.access import Actor, Permission
from telehealth.core.clock import day_end
from telehealth.core.i18n import N_, format_clock, translator
from telehealth.core.unit import Unit
from telehealth.directory import doctor_of_account
from telehealth.patients import people_by_id
from telehealth.patients.masking import mask_name
from telehealth.rulebook import current_policy, desk_promises

_TITLES = {
    "worse": N_("患者说病情加重：%(name)s"),
    "red_flag": N_("患者写到危险症状：%(name)s"),
}
_OTHER = N_("患者情况紧急：%(name)s")
_TEXT = N_("%(time)s 起，%(doctor)s，预约号 %(number)s；请马上联系患者")


async def worklist(unit: Unit, actor: Actor) -> list[dict[str, Any]]:
    if not actor.is_staff or not actor.may(Permission.SEE_CLINICS):
        return []
    return [*await _alarms(unit, actor), *await _own_line(unit, actor)]


async def _alarms(unit: Unit, actor: Actor) -> list[dict[str, Any]]:
    found = await urgent_visits(unit)
    if not found:
        return []
    within = timedelta(minutes=(await desk_promises(unit, actor.hospital)).alarm_minutes)
    people = await people_by_id(unit, [visit.person_id for visit in found])
    mine = await doctor_of_account(unit, actor.account, actor.hospital)
    items = []
    for visit in found:
        who = people.get(visit.person_id)
        is_mine = mine is not None and visit.doctor_id == mine.id
        door = _door(actor, visit, is_mine=is_mine)
        items.append(_alarm(visit, mask_name(who.name) if who else "*", door, within))
    return items


async def _own_line(unit: Unit, actor: Actor) -> list[dict[str, Any]]:
    """A doctor's visits of today that nobody was seen in, and open ones whose note is not signed."""
    if not actor.may(Permission.CONSULT):
        return []
    rows = [row for row in await line_of(unit) if row.booking_state == BookingState.PAID]
    note_days = 0
    if any(row.attended for row in rows):
        note_days = (await current_policy(unit, actor.hospital)).policy.unattended.unfinished_after_days
    return [_visit(row, actor, note_days) for row in rows if not row.attended or row.note != "signed"]


def _visit(row: InLine, actor: Actor, note_days: int) -> dict[str, Any]:
    texts = {}
    for lang in ("zh-CN", "en"):
        _ = translator(lang)
        texts[lang] = _(N_("%(time)s，预约号 %(number)s")) % {
            "time": format_clock(row.starts_at, lang), "number": row.number,
        }  # fmt: skip
    title = N_("写完病历并结束就诊：%(name)s") if row.attended else N_("等候接诊：%(name)s")
    return {
        "title": {lang: translator(lang)(title) % {"name": row.name} for lang in ("zh-CN", "en")},
        "text": texts,
        "href": f"/staff/rooms/{row.room}",
        "icon": "file-pen-line" if row.attended else "stethoscope",
        "kind": "info",
        # Not attended by 24:00, or without a note a day later: the fee goes back (XY12, XY13).
        "due_at": day_end(row.day + timedelta(days=note_days if row.attended else 0)),
        "since": row.waiting_since or (row.starts_at if row.attended else None),
        "owner": actor.name,
    }


def _door(actor: Actor, visit: UrgentVisit, *, is_mine: bool) -> str:
    if is_mine and actor.may(Permission.CONSULT):
        return f"/staff/rooms/{visit.room}"
    return "/staff/alarms"


def _alarm(visit: UrgentVisit, name: str, href: str, within: timedelta) -> dict[str, Any]:
    title, text, owner = {}, {}, {}
    for lang, doctor in (("zh-CN", visit.doctor_name), ("en", visit.doctor_name_en)):
        _ = translator(lang)
        title[lang] = _(_TITLES.get(visit.urgent_by, _OTHER)) % {"name": name}
        text[lang] = _(_TEXT) % {
            "time": format_clock(visit.urgent_at, lang), "doctor": doctor, "number": visit.number,
        }  # fmt: skip
        owner[lang] = doctor or visit.doctor_name
    return {
        "title": title, "text": text, "href": href, "icon": "siren", "kind": "danger",
        "due_at": visit.urgent_at + within, "since": visit.urgent_at, "owner": owner,
    }  # fmt: skip
