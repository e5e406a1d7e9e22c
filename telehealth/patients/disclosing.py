"""What of a person goes to somebody outside, to whom and for what: said before, kept after (REG57).

Call `disclose` in the unit that records the errand as done, whatever adapter carries it out.
"""

from collections.abc import Sequence
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from telehealth.core.ids import new_id
from telehealth.core.unit import Unit
from telehealth.patients.models import Disclosure
from telehealth.patients.states import TOLD, Recipient

__all__ = ["Disclosure", "Recipient", "disclose", "disclosures_of"]


async def disclose(
    unit: Unit, recipient: Recipient, *, hospital_id: UUID | None, person_id: UUID, name: str, subject: str
) -> None:
    """The same errand again changes nothing. `subject` is "kind:id"; no value of what was told is kept."""
    row = insert(Disclosure).values(
        id=new_id(),
        hospital_id=hospital_id,
        person_id=person_id,
        recipient=recipient,
        name=name,
        kinds=[str(kind) for kind in TOLD[recipient]],
        subject=subject,
        at=unit.now,
    )
    await unit.session.execute(row.on_conflict_do_nothing())
    unit.audit("person.disclosed", subject, hospital_id=hospital_id, recipient=recipient)


async def tell_of_identity_check(
    unit: Unit, person_id: UUID, errand: UUID, *, by: Recipient = Recipient.IDENTITY_CHECKER
) -> None:
    """Name and document went to whoever checks them; no hospital asked (REG57). Whatever they answered."""
    await disclose(
        unit, by, hospital_id=None, person_id=person_id, name="", subject=f"identity_check:{errand}"
    )


async def disclosures_of(unit: Unit, person_ids: Sequence[UUID], *, limit: int = 100) -> Sequence[Disclosure]:
    """Latest first."""
    found = sa.select(Disclosure).where(Disclosure.person_id.in_(person_ids))
    return (await unit.session.scalars(found.order_by(Disclosure.at.desc()).limit(limit))).all()
