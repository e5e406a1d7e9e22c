"""Who of the hospital looked at something of a person; the person can read it (GS13)."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from telehealth.core.access import Role
from telehealth.core.ids import new_id
from telehealth.core.unit import Unit
from telehealth.patients.models import HospitalPatient, PersonView
from telehealth.patients.states import Looked

__all__ = ["Looked", "PersonView", "looks_of", "note_look"]

#: Who holds several roles looked as the one that has to do with patients.
_FIRST = (Role.DOCTOR, Role.PHARMACIST, Role.PHARMACY, Role.DESK, Role.REVIEWER, Role.FINANCE, Role.HEAD)


async def note_look(
    unit: Unit, person_id: UUID, what: Looked, ref: object, *, hospital_id: UUID | None = None
) -> bool:
    """Written once a day for each who looks at the same thing; the patient's own reading never is.

    True where the person asked that nothing but keeping it be done (REG59): the page says so.
    """
    if not unit.actor.is_staff:
        return False
    row = insert(PersonView).values(
        id=new_id(),
        hospital_id=hospital_id or unit.actor.hospital,
        person_id=person_id,
        viewer_id=unit.actor.account,
        role=next((str(role) for role in _FIRST if role in unit.actor.roles), str(Role.ADMIN)),
        what=what,
        ref=str(ref),
        on=unit.today,
        at=unit.now,
    )
    await unit.session.execute(row.on_conflict_do_nothing())
    restricted = sa.select(HospitalPatient.id).where(
        HospitalPatient.hospital_id == (hospital_id or unit.actor.hospital),
        HospitalPatient.person_id == person_id,
        HospitalPatient.restricted_at.is_not(None),
    )
    return await unit.session.scalar(restricted) is not None


async def looks_of(
    unit: Unit, person_id: UUID, *, before: datetime | None = None, limit: int = 100
) -> Sequence[PersonView]:
    """Latest first, as far as this unit may see."""
    found = sa.select(PersonView).where(PersonView.person_id == person_id)
    if before is not None:
        found = found.where(PersonView.at < before)
    return (await unit.session.scalars(found.order_by(PersonView.at.desc()).limit(limit))).all()
