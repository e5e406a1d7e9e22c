"""What the staff home below shows of the rooms: alarms for those on duty, a doctor's own line."""

from typing import Any

from telehealth.consultations.duty import UrgentVisit, urgent_visits
from telehealth.core.access import Actor, Permission
from telehealth.core.i18n import N_, format_clock, translator
from telehealth.core.unit import Unit
from telehealth.directory import doctor_of_account
from telehealth.patients import people_by_id
from telehealth.patients.masking import mask_name

_TITLES = {
    "worse": N_("患者说病情加重：%(name)s"),
    "red_flag": N_("患者写到危险症状：%(name)s"),
}
_OTHER = N_("患者情况紧急：%(name)s")
_TEXT = N_("%(time)s 起，%(doctor)s，预约号 %(number)s；请马上联系患者")


async def worklist(unit: Unit, actor: Actor) -> list[dict[str, Any]]:
    if not actor.is_staff or not actor.may(Permission.SEE_CLINICS):
        return []
    found = await urgent_visits(unit)
    if not found:
        return []
    people = await people_by_id(unit, [visit.person_id for visit in found])
    mine = await doctor_of_account(unit, actor.account, actor.hospital)
    items = []
    for visit in found:
        who = people.get(visit.person_id)
        is_mine = mine is not None and visit.doctor_id == mine.id
        items.append(_alarm(visit, mask_name(who.name) if who else "*", _door(actor, visit, is_mine=is_mine)))
    return items


def _door(actor: Actor, visit: UrgentVisit, *, is_mine: bool) -> str:
    if is_mine and actor.may(Permission.CONSULT):
        return f"/staff/rooms/{visit.room}"
    return "/staff/alarms"


def _alarm(visit: UrgentVisit, name: str, href: str) -> dict[str, Any]:
    title, text = {}, {}
    for lang, doctor in (("zh-CN", visit.doctor_name), ("en", visit.doctor_name_en)):
        _ = translator(lang)
        title[lang] = _(_TITLES.get(visit.urgent_by, _OTHER)) % {"name": name}
        text[lang] = _(_TEXT) % {
            "time": format_clock(visit.urgent_at, lang), "doctor": doctor, "number": visit.number,
        }  # fmt: skip
    return {"title": title, "text": text, "href": href, "icon": "siren", "kind": "danger"}
