"""What the home pages below show of bookings."""

from datetime import datetime
from typing import Any

from telehealth.bookings import queries
from telehealth.bookings.capabilities import capability_of
from telehealth.bookings.queries import BookingPlace
from telehealth.core.access import Actor, Permission
from telehealth.core.i18n import N_, format_instant
from telehealth.core.unit import Unit
from telehealth.core.work import SHOWN, rest_of


async def patient_home(unit: Unit, actor: Actor) -> list[dict[str, Any]]:
    """The next visits; a held seat is a matter of minutes, so it warns."""
    if actor.is_staff or not actor.may(Permission.BOOK):
        return []
    return [_card(place, unit.now) for place in await queries.coming(unit, limit=3)]


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


def _card(place: BookingPlace, now: datetime) -> dict[str, Any]:
    booking = place.booking
    due = capability_of(booking, now=now).can_pay
    waits = N_("号源待核验，暂不收费") if booking.pending_verification else N_("即将就诊")
    return {
        "title": N_("号源待支付，逾时自动释放") if due else waits,
        "text": {"zh-CN": _where(place, "zh-CN"), "en": _where(place, "en")},
        "href": f"/bookings/{booking.id}",
        "icon": "calendar-clock",
        "kind": "warn" if due else "info",
        "until": booking.hold_until if due else None,
    }


def _where(place: BookingPlace, lang: str) -> str:
    named = (place.hospital, place.campus, place.department, place.doctor)
    names = [row.name_en if lang == "en" else row.name for row in named]
    return " · ".join((format_instant(place.booking.starts_at, lang, "short"), *names))
