"""What the staff home shows of sheets under review: to pharmacists what waits, to the desk what is late."""

from typing import Any

from prescriptions.reviewing import queries
from telehealth.core.access import Actor, Permission
from telehealth.core.i18n import N_
from telehealth.core.unit import Unit


async def worklist(unit: Unit, actor: Actor) -> list[dict[str, Any]]:
    """The desk hears of broken promises only; doctors hear of what came back from `writing.tooling`."""
    if not actor.is_staff:
        return []
    reviews = actor.may(Permission.REVIEW_PRESCRIPTIONS)
    if not reviews and not actor.may(Permission.BOOK_FOR_PATIENT):
        return []
    waiting, late = await queries.count_waiting(unit, actor.hospital)
    if not (waiting if reviews else late):
        return []
    return [
        {
            "title": N_("处方审核超时") if late else N_("有处方待审核"),
            "text": N_("患者要等药师审核后才能缴费") if reviews else N_("请联系值班药师尽快审核"),
            "href": "/staff/reviews" if reviews else "/staff",
            "icon": "clipboard-check",
            "kind": "danger" if late else "warn",
            "count": waiting if reviews else late,
        }
    ]
