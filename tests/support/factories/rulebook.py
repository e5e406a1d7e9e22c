"""Published policies, with the few numbers a test is about."""

from typing import Any
from uuid import UUID

from telehealth.core.unit import Units
from telehealth.rulebook import publishing
from telehealth.rulebook.models import PolicyVersionRow
from telehealth.rulebook.rules import PolicySet, parse_policy, sample_policy


def policy(**sections: dict[str, Any]) -> PolicySet:
    """The sample set with some numbers changed: policy(strikes={"limit": 2})."""
    body = sample_policy().model_dump(mode="json")
    for name, changed in sections.items():
        body[name] |= changed
    return parse_policy(body)


async def publish_policy(units: Units, hospital_id: UUID, **sections: dict[str, Any]) -> PolicyVersionRow:
    """Make these numbers decide at the hospital from now on."""
    async with units.system("test") as unit:
        draft = await publishing.draft_from_current(unit, hospital_id)
        body = policy(**sections).model_dump(mode="json")
        saved = await publishing.edit_draft(unit, draft.id, body, note="", revision=draft.revision)
        return await publishing.publish(unit, draft.id, revision=saved.revision)
