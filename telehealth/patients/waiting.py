"""Papers that wait for a look, on the staff's list of work."""

from datetime import timedelta
from typing import Any

from telehealth.core.access import Actor, Permission
from telehealth.core.i18n import N_
from telehealth.core.unit import Unit
from telehealth.patients import queries
from telehealth.patients.masking import mask_name
from telehealth.rulebook import desk_promises

#: Where they are reviewed.
HERE = "/staff/identity-reviews"


async def worklist(unit: Unit, actor: Actor) -> list[dict[str, Any]]:
    if not actor.may(Permission.REVIEW_DOCUMENTS):
        return []
    waiting = await queries.review_queue(unit, actor.hospital)
    within = timedelta(hours=(await desk_promises(unit, actor.hospital)).identity_review_hours)
    return [
        {
            "title": N_("身份核验"),
            "text": mask_name(row.name),
            "href": f"{HERE}#r-{row.id}",
            "icon": "id-card",
            "kind": "warn",
            "due_at": row.requested_at + within,
            "since": row.requested_at,
            "owner": N_("审核员"),
        }
        for row in waiting
    ]
