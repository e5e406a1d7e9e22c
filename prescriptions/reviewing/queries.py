"""Sheets a pharmacist may see, the oldest promise first."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import sqlalchemy as sa

from prescriptions.models import Prescription, Review
from prescriptions.states import RxState
from telehealth.core.unit import Unit


async def waiting(unit: Unit, hospital_id: UUID) -> Sequence[Prescription]:
    rows = await unit.session.scalars(
        sa.select(Prescription)
        .where(Prescription.hospital_id == hospital_id, Prescription.state == RxState.SIGNED)
        .order_by(Prescription.answer_by, Prescription.id)
        .limit(200)
    )
    return rows.all()


async def count_waiting(unit: Unit, hospital_id: UUID) -> tuple[int, int]:
    """How many wait, and how many of them longer than promised."""
    late = sa.func.count().filter(Prescription.answer_by <= unit.now)
    row = await unit.session.execute(
        sa.select(sa.func.count(), late).where(
            Prescription.hospital_id == hospital_id, Prescription.state == RxState.SIGNED
        )
    )
    found = row.one()
    return int(found[0]), int(found[1])


async def answered(
    unit: Unit, hospital_id: UUID, *, since: datetime
) -> Sequence[tuple[Review, Prescription]]:
    """Today's answers, the last first."""
    rows = await unit.session.execute(
        sa.select(Review, Prescription)
        .join(Prescription, Prescription.id == Review.prescription_id)
        .where(Review.hospital_id == hospital_id, Review.at >= since)
        .order_by(Review.at.desc())
        .limit(50)
    )
    return [(review, rx) for review, rx in rows]
