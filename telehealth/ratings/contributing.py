"""Ratings on the pages below: the card that asks once, a booking, a doctor to choose, the staff's work."""

from typing import Any
from uuid import UUID

from telehealth.bookings import Booking, BookingState
from telehealth.core.access import Actor, Permission
from telehealth.core.i18n import LANGUAGES, N_, translator
from telehealth.core.unit import Unit
from telehealth.core.work import SHOWN, rest_of
from telehealth.directory import doctors_by_id
from telehealth.ratings import queries
from telehealth.ratings.rules import rate_by
from telehealth.ratings.tallying import averages
from telehealth.rulebook import current_policy

_SCORE = N_("%(average)s 分，%(count)s 人评价")


async def patient_home(unit: Unit, actor: Actor) -> list[dict[str, Any]]:
    """The latest visit only, until it is rated or waved away."""
    if actor.is_staff or not actor.may(Permission.BOOK):
        return []
    found = await queries.open_asks(unit, actor.account)
    doctors = await doctors_by_id(unit, [row.doctor_id for row in found])
    return [
        {
            "title": N_("这次就诊怎么样？可以评价，也可以不评"),
            "text": {
                "zh-CN": f"{doctors[row.doctor_id].name} · {row.number}",
                "en": f"{doctors[row.doctor_id].name_en} · {row.number}",
            },
            "href": f"/bookings/{row.id}/rating",
            "icon": "star",
            "kind": "info",
        }
        for row in found
        if row.doctor_id in doctors
    ]


async def booking_actions(unit: Unit, actor: Actor, booking: Booking) -> list[dict[str, Any]]:
    if actor.is_staff or booking.state is not BookingState.COMPLETED or booking.ended_at is None:
        return []
    known = await queries.rating_of(unit, actor.account, booking.id)
    if known is not None:
        return [{"href": f"/bookings/{booking.id}/rating", "label": N_("查看我的评价"), "quiet": True}]
    policy = (await current_policy(unit, booking.hospital_id)).policy
    if rate_by(booking.ended_at, policy) <= unit.now:
        return []
    return [{"href": f"/bookings/{booking.id}/rating", "label": N_("评价这次就诊")}]


async def doctor_scores(unit: Unit, doctor_ids: list[UUID]) -> dict[UUID, dict[str, str]]:
    """Doctor → a line in each language, of those whom enough rated."""
    found = await averages(unit, doctor_ids)
    return {
        doctor_id: {
            lang: translator(lang)(_SCORE) % {"average": f"{average / 10:.1f}", "count": count}
            for lang in LANGUAGES
        }
        for doctor_id, (average, count) in found.items()
    }


async def worklist(unit: Unit, actor: Actor) -> list[dict[str, Any]]:
    """One line, without a promise: words that nobody read yet."""
    if not actor.is_staff or not actor.may(Permission.REVIEW_DOCUMENTS):
        return []
    if not actor.may(Permission.HANDLE_COMPLAINTS):
        return []
    rows = await queries.waiting_words(unit, actor.hospital, limit=SHOWN)
    return [
        {**line, "since": rows[0].made_at}
        for line in rest_of([], len(rows), N_("评价留言待阅"), "/staff/rating-words", icon="star")
    ]
