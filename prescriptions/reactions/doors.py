"""What the pages and the API of reactions share."""

from typing import Any
from uuid import UUID

from prescriptions.reactions.models import Reaction
from prescriptions.reactions.states import Severity
from telehealth.core.unit import Unit
from telehealth.directory import emergency_advice, said
from telehealth.rulebook import current_policy


async def emergency_for(unit: Unit, row: Reaction, lang: str) -> dict[str, Any] | None:
    """For a severe reaction: what to do before anything else."""
    return await emergency_of(unit, row.hospital_id, lang) if row.severity is Severity.SEVERE else None


async def emergency_of(unit: Unit, hospital_id: UUID, lang: str) -> dict[str, Any]:
    here = await emergency_advice(unit, hospital_id)
    policy = (await current_policy(unit, hospital_id)).policy
    return {"text": said(here, "text", lang), "phone": here.phone, "number": policy.intake.emergency_number}
