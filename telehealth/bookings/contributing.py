"""What the home pages below show of bookings."""

from typing import Any

from telehealth.bookings import queries
from telehealth.bookings.queries import BookingPlace
from telehealth.core.access import Actor, Permission
from telehealth.core.i18n import N_, format_instant
from telehealth.core.unit import Unit
from telehealth.core.work import SHOWN, rest_of


async def worklist(unit: Unit, actor: Actor) -> list[dict[str, Any]]:
    if not actor.is_staff or not actor.may(Permission.BOOK_FOR_PATIENT):
        return []
    rows = await queries.recent(unit, pending=True, limit=SHOWN)
    count = await queries.count_pending(unit) if len(rows) == SHOWN else len(rows)
    more = "/staff/bookings?group=pending"
    return [
        *(_unverified(place) for place in rows),
        *rest_of(rows, count, N_("更多待核验的号源"), more, icon="hourglass", kind="warn"),
    ]


def _unverified(place: BookingPlace) -> dict[str, Any]:
    return {
        "title": N_("有号源待核验"),
        "text": {lang: f"{place.booking.number} · {_where(place, lang)}" for lang in ("zh-CN", "en")},
        "href": f"/staff/bookings/{place.booking.id}",
        "icon": "hourglass",
        "kind": "warn",
        # The house asks again each minute; then the seat lapses and the patient is told.
        "due_at": place.booking.hold_until,
        "since": place.booking.created_at,
        "owner": N_("系统每分钟再问医院系统"),
    }


def _where(place: BookingPlace, lang: str) -> str:
    named = (place.hospital, place.campus, place.department, place.doctor)
    names = [row.name_en if lang == "en" else row.name for row in named]
    return " · ".join((format_instant(place.booking.starts_at, lang, "short"), *names))
