"""What the home pages below show of bookings."""

from datetime import datetime
from typing import Any

from telehealth.bookings import queries
from telehealth.bookings.capabilities import capability_of
from telehealth.bookings.queries import BookingPlace
from telehealth.core.access import Actor, Permission
from telehealth.core.i18n import N_, format_instant
from telehealth.core.unit import Unit


async def patient_home(unit: Unit, actor: Actor) -> list[dict[str, Any]]:
    """The next visits; a held seat is a matter of minutes, so it warns."""
    if actor.is_staff or not actor.may(Permission.BOOK):
        return []
    return [_card(place, unit.now) for place in await queries.coming(unit, limit=3)]


async def worklist(unit: Unit, actor: Actor) -> list[dict[str, Any]]:
    if not actor.is_staff or not actor.may(Permission.BOOK_FOR_PATIENT):
        return []
    waiting = await queries.count_pending(unit)
    if not waiting:
        return []
    return [
        {
            "title": N_("有号源待核验"),
            "text": N_("医院系统没有应答；系统每分钟再问一次，就诊前一小时仍无结果会释放并通知患者"),
            "href": "/staff/bookings?group=pending",
            "icon": "hourglass",
            "kind": "warn",
            "count": waiting,
        }
    ]


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
