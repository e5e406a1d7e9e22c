"""Appeals that wait for an answer, on the staff's list of work."""

from datetime import timedelta
from typing import Any

from telehealth.core.access import Actor, Permission
from telehealth.core.i18n import N_
from telehealth.core.unit import Unit
from telehealth.patients import people_by_id
from telehealth.patients.masking import mask_name
from telehealth.rulebook import desk_promises
from telehealth.strikes import queries

#: Where they are answered.
HERE = "/staff/appeals"


async def worklist(unit: Unit, actor: Actor) -> list[dict[str, Any]]:
    if not actor.may(Permission.LIFT_STRIKE):
        return []
    waiting = await queries.open_appeals(unit, actor.hospital)
    within = timedelta(hours=(await desk_promises(unit, actor.hospital)).appeal_hours)
    people = await people_by_id(unit, [row.person_id for row in waiting])
    return [
        {
            "title": N_("爽约申诉"),
            "text": mask_name(people[row.person_id].name) if row.person_id in people else "",
            "href": f"{HERE}#a-{row.id}",
            "icon": "scale",
            "kind": "warn",
            "due_at": row.made_at + within,
            "since": row.made_at,
            "owner": N_("审核员"),
        }
        for row in waiting
    ]
