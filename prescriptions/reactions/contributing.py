"""Reports on the pages around: the pharmacist's work, and a sheet as something to complain of."""

from typing import Any
from uuid import UUID

from prescriptions.reactions import queries
from prescriptions.reactions.models import Reaction
from prescriptions.reactions.states import Severity
from telehealth.complaints.topics import Found, Topic
from telehealth.core.access import Actor, Permission
from telehealth.core.i18n import N_
from telehealth.core.unit import Unit
from telehealth.core.work import SHOWN, rest_of

QUEUE = "/staff/reactions"


async def worklist(unit: Unit, actor: Actor) -> list[dict[str, Any]]:
    if not actor.is_staff or not actor.may(Permission.REVIEW_PRESCRIPTIONS):
        return []
    rows = await queries.waiting(unit, limit=100)
    return [
        *(_work(row) for row in rows[:SHOWN]),
        *rest_of(rows[:SHOWN], len(rows), N_("更多用药不适报告"), QUEUE, icon="activity", kind="warn"),
    ]


def _work(row: Reaction) -> dict[str, Any]:
    is_severe = row.severity is Severity.SEVERE
    return {
        "title": N_("严重用药不适待评价") if is_severe else N_("用药不适待评价"),
        "text": row.rx_number,
        "href": f"{QUEUE}/{row.id}",
        "icon": "activity",
        "kind": "danger" if is_severe else "warn",
        "due_at": row.assess_by,
        "since": row.made_at,
        "owner": N_("值班药师"),
    }


async def _sheet(unit: Unit, actor: Actor, prescription_id: UUID) -> Found | None:
    rx = await queries.own_sheet(unit, prescription_id)
    return Found(rx.hospital_id, rx.number) if rx is not None and rx.signed_at is not None else None


TOPIC = Topic("prescription", N_("处方笺"), _sheet, lambda rx_id: f"/prescriptions/{rx_id}")
