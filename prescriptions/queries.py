"""Reading prescriptions. Lists start from what row-level security lets the unit see."""

from collections.abc import Collection, Sequence
from uuid import UUID

import sqlalchemy as sa

from prescriptions.errors import PrescriptionNotFound
from prescriptions.models import Check, Line, Prescription, Review, SheetFile
from prescriptions.states import CheckStage, SheetStage
from telehealth.core.unit import Unit


async def prescription(unit: Unit, prescription_id: UUID) -> Prescription:
    """Raises PrescriptionNotFound."""
    found = await unit.session.get(Prescription, prescription_id)
    if found is None:
        raise PrescriptionNotFound()
    return found


async def lock_prescription(unit: Unit, prescription_id: UUID) -> Prescription:
    """Raises PrescriptionNotFound."""
    found = await unit.session.scalar(
        sa.select(Prescription)
        .where(Prescription.id == prescription_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    if found is None:
        raise PrescriptionNotFound()
    return found


async def lines_of(unit: Unit, prescription_id: UUID) -> Sequence[Line]:
    rows = await unit.session.scalars(
        sa.select(Line).where(Line.prescription_id == prescription_id).order_by(Line.position)
    )
    return rows.all()


async def lines_by_sheet(unit: Unit, ids: Collection[UUID]) -> dict[UUID, list[Line]]:
    found: dict[UUID, list[Line]] = {each: [] for each in ids}
    rows = await unit.session.scalars(
        sa.select(Line).where(Line.prescription_id.in_(ids)).order_by(Line.prescription_id, Line.position)
    )
    for line in rows:
        found[line.prescription_id].append(line)
    return found


async def sheets_of_visit(unit: Unit, visit_id: UUID) -> Sequence[Prescription]:
    rows = await unit.session.scalars(
        sa.select(Prescription).where(Prescription.visit_id == visit_id).order_by(Prescription.created_at)
    )
    return rows.all()


async def sheet_file(unit: Unit, prescription_id: UUID, issue: int, stage: SheetStage) -> SheetFile | None:
    found: SheetFile | None = await unit.session.scalar(
        sa.select(SheetFile).where(
            SheetFile.prescription_id == prescription_id,
            SheetFile.issue == issue,
            SheetFile.stage == stage,
        )
    )
    return found


async def last_check(unit: Unit, prescription_id: UUID, stage: CheckStage | None = None) -> Check | None:
    wanted = sa.select(Check).where(Check.prescription_id == prescription_id)
    if stage is not None:
        wanted = wanted.where(Check.stage == stage)
    found: Check | None = await unit.session.scalar(
        wanted.order_by(Check.at.desc(), Check.id.desc()).limit(1)
    )
    return found


async def last_review(unit: Unit, prescription_id: UUID) -> Review | None:
    found: Review | None = await unit.session.scalar(
        sa.select(Review)
        .where(Review.prescription_id == prescription_id)
        .order_by(Review.issue.desc())
        .limit(1)
    )
    return found
