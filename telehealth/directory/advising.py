"""Where to turn at once, for the red-flag screen of a patient who cannot wait for an online visit (XY04)."""

from dataclasses import dataclass
from uuid import UUID

from telehealth.core.unit import Unit
from telehealth.directory import queries


@dataclass(frozen=True, slots=True)
class Place:
    name: str
    name_en: str
    address: str
    address_en: str
    phone: str


@dataclass(frozen=True, slots=True)
class EmergencyAdvice:
    """`phone` is the emergency number to dial; `places` are emergency departments one can walk into."""

    phone: str
    text: str
    text_en: str
    places: tuple[Place, ...]


async def emergency_advice(unit: Unit, hospital_id: UUID) -> EmergencyAdvice:
    """Raises HospitalNotFound."""
    row = await queries.hospital(unit, hospital_id)
    campuses = await queries.campuses(unit, hospital_id, live_only=False)
    places = tuple(
        Place(campus.name, campus.name_en, campus.address, campus.address_en, campus.emergency_phone)
        for campus in campuses
        if campus.emergency_phone
    )
    return EmergencyAdvice(row.emergency_phone, row.emergency_text, row.emergency_text_en, places)
