"""Whom to call without an account: the hospital's complaint phone, and the authority's above it (REG68)."""

from dataclasses import dataclass
from uuid import UUID

from telehealth.core.unit import Unit
from telehealth.directory import hospitals, said
from telehealth.rulebook import PolicyMissing, current_policy
from telehealth.rulebook.rules import sample_policy


@dataclass(frozen=True, slots=True)
class Phones:
    hospital_id: UUID
    code: str
    name: str
    complaint_phone: str
    supervision_phone: str


async def phones(unit: Unit, lang: str) -> list[Phones]:
    """Of every live hospital."""
    return [
        Phones(
            row.id,
            row.code,
            said(row, "name", lang),
            row.complaint_phone,
            await supervision_phone(unit, row.id),
        )
        for row in await hospitals(unit)
    ]


async def supervision_phone(unit: Unit, hospital_id: UUID) -> str:
    try:
        policy = (await current_policy(unit, hospital_id)).policy
    except PolicyMissing:
        policy = sample_policy()
    return policy.complaints.supervision_phone
