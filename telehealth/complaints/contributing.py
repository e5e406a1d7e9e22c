"""Complaints on the pages below: home, the account's own page, a booking, the staff's work, the footer."""

from typing import Any

from telehealth.bookings import Booking
from telehealth.complaints import queries
from telehealth.complaints.models import Complaint
from telehealth.complaints.phones import phones
from telehealth.complaints.presenting import promise_of
from telehealth.core.access import Actor, Permission
from telehealth.core.i18n import LANGUAGES, N_
from telehealth.core.unit import Unit
from telehealth.core.work import SHOWN, rest_of

QUEUE = "/staff/complaints"


async def patient_home(unit: Unit, actor: Actor) -> list[dict[str, Any]]:
    """An answer that may still be objected to."""
    if actor.is_staff or not actor.may(Permission.BOOK):
        return []
    return [
        {
            "title": N_("投诉已答复，请查看"),
            "text": {lang: row.number for lang in LANGUAGES},
            "href": f"/complaints/{row.id}",
            "icon": "mail-check",
            "kind": "info",
        }
        for row in await queries.waiting_for_reader(unit)
    ]


async def me_links(unit: Unit, actor: Actor) -> list[dict[str, Any]]:
    if actor.is_staff or not actor.may(Permission.BOOK):
        return []
    return [
        {
            "title": N_("投诉与建议"),
            "href": "/complaints",
            "icon": "megaphone",
            "text": N_("进度、答复与监督电话"),
        }
    ]


async def booking_actions(unit: Unit, actor: Actor, booking: Booking) -> list[dict[str, Any]]:
    if actor.is_staff:
        return []
    return [
        {"href": f"/complaints/new?about=booking&id={booking.id}", "label": N_("投诉这次预约"), "quiet": True}
    ]


async def worklist(unit: Unit, actor: Actor) -> list[dict[str, Any]]:
    """To those who answer, all that waits; to the head, what came up to them because it is late."""
    if not actor.is_staff or not actor.may(Permission.HANDLE_COMPLAINTS):
        return []
    is_head = not actor.may(Permission.REVIEW_DOCUMENTS)
    rows = await queries.owed(unit, escalated_only=is_head, limit=SHOWN)
    waiting, _, _ = await queries.count_owed(unit, escalated_only=is_head)
    shown = rows[:SHOWN]
    return [
        *(_work(row, unit) for row in shown),
        *rest_of(shown, waiting, N_("更多投诉"), QUEUE, icon="megaphone", kind="warn"),
    ]


def _work(row: Complaint, unit: Unit) -> dict[str, Any]:
    due = promise_of(row)
    return {
        "title": N_("投诉超过承诺时间") if due <= unit.now else N_("有投诉待处理"),
        "text": row.number,
        "href": f"{QUEUE}/{row.id}",
        "icon": "megaphone",
        "kind": "danger" if due <= unit.now else "warn",
        "due_at": due,
        "since": row.made_at,
        "owner": {lang: row.owner_name for lang in LANGUAGES} if row.owner_name else N_("服务台"),
        **(
            {} if row.owner_id else {"claim": {"action": f"{QUEUE}/{row.id}/taking", "label": N_("由我受理")}}
        ),
    }


async def supervision(unit: Unit) -> dict[Any, str]:
    """Hospital → the authority's phone, for the footers of the pages below."""
    return {place.hospital_id: place.supervision_phone for place in await phones(unit, "zh-CN")}
