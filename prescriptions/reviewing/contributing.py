"""Sheets under review on the staff's list of work: to pharmacists what waits, to the desk what is late."""

from typing import Any

from prescriptions.models import Prescription
from prescriptions.reviewing import queries
from telehealth.core.access import Actor, Permission
from telehealth.core.i18n import N_
from telehealth.core.unit import Unit
from telehealth.core.work import SHOWN, rest_of

_QUEUE = "/staff/reviews"
_PHARMACIST = N_("值班药师")


async def worklist(unit: Unit, actor: Actor) -> list[dict[str, Any]]:
    """The desk hears of broken promises only; doctors hear of what came back from `writing.tooling`."""
    if not actor.is_staff:
        return []
    if actor.may(Permission.REVIEW_PRESCRIPTIONS):
        return await _to_review(unit, actor)
    if actor.may(Permission.BOOK_FOR_PATIENT):
        return await _late(unit, actor)
    return []


async def _to_review(unit: Unit, actor: Actor) -> list[dict[str, Any]]:
    rows = await queries.waiting(unit, actor.hospital)
    count = (await queries.count_waiting(unit, actor.hospital))[0] if len(rows) > SHOWN else len(rows)
    shown = rows[:SHOWN]
    return [
        *(_sheet(row) for row in shown),
        *rest_of(shown, count, N_("更多待审核的处方"), _QUEUE, icon="clipboard-check", kind="warn"),
    ]


def _sheet(row: Prescription) -> dict[str, Any]:
    return {
        "title": N_("有处方待审核"),
        "text": row.number,
        "href": f"{_QUEUE}/{row.id}",
        "icon": "clipboard-check",
        "kind": "warn",
        "due_at": row.answer_by,
        "since": row.signed_at,
        "owner": _PHARMACIST,
    }


async def _late(unit: Unit, actor: Actor) -> list[dict[str, Any]]:
    """They call the pharmacist on duty: there is no page of theirs to open."""
    _waiting, late = await queries.count_waiting(unit, actor.hospital)
    if not late:
        return []
    oldest = (await queries.waiting(unit, actor.hospital))[0]
    return [
        {
            "title": N_("处方审核超时"),
            "text": N_("请联系值班药师尽快审核"),
            "href": "",
            "icon": "clipboard-check",
            "kind": "danger",
            "count": late,
            "due_at": oldest.answer_by,
            "since": oldest.signed_at,
            "owner": _PHARMACIST,
        }
    ]
