from uuid import UUID

import sqlalchemy as sa

from telehealth.core.hot import Hot
from telehealth.core.unit import Unit
from telehealth.eligibility.errors import CheckNotFound
from telehealth.eligibility.models import GateDecision

DECISION = Hot(sa.select(GateDecision).where(GateDecision.id == sa.bindparam("decision_id")))


async def decision(unit: Unit, decision_id: UUID) -> GateDecision:
    """One that the unit may see. Raises CheckNotFound."""
    row = await DECISION.first(unit, decision_id=decision_id)
    if row is None:
        raise CheckNotFound()
    return row[0]


async def latest_decision(unit: Unit, hospital_id: UUID, person_id: UUID) -> GateDecision | None:
    found = sa.select(GateDecision).where(
        GateDecision.hospital_id == hospital_id, GateDecision.person_id == person_id
    )
    return (await unit.session.scalars(found.order_by(GateDecision.decided_at.desc()).limit(1))).first()
