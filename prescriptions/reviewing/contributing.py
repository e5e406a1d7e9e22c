"""What the staff home shows of sheets under review: to pharmacists what waits, to doctors what came back."""

from typing import Any

from prescriptions.reviewing import queries
from telehealth.core.access import Actor, Permission
from telehealth.core.i18n import N_
from telehealth.core.unit import Unit


async def worklist(unit: Unit, actor: Actor) -> list[dict[str, Any]]:
    if not actor.is_staff:
        return []
    return [*await _to_review(unit, actor), *await _returned(unit, actor)]


async def _to_review(unit: Unit, actor: Actor) -> list[dict[str, Any]]:
    """The desk hears of broken promises only."""
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


async def _returned(unit: Unit, actor: Actor) -> list[dict[str, Any]]:
    if not actor.may(Permission.CONSULT):
        return []
    rows = await queries.returned_to(unit, actor.hospital, actor.account)
    return (
        [
            {
                "title": N_("药师退回的处方"),
                "text": N_("请修改后重新签名；逾期未处理处方作废"),
                "href": f"/staff/prescriptions/{rows[0].id}",
                "icon": "undo-2",
                "kind": "danger",
                "count": len(rows),
            }
        ]
        if rows
        else []
    )
