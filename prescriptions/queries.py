"""Reading prescriptions. Lists start from what row-level security lets the unit see."""

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from uuid import UUID

import sqlalchemy as sa

from prescriptions.errors import PrescriptionNotFound
from prescriptions.models import Check, Line, Prescription, Review, SheetFile
from prescriptions.states import CheckStage, RxState, SheetStage
from telehealth.core.unit import Unit

#: No sheet supplies more than twelve weeks (REG 22); a herb sheet no more than its doses.
LONGEST_SUPPLY = timedelta(days=366)


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


async def lock_behind_visit(unit: Unit, prescription_id: UUID) -> Prescription:
    """As `lock_prescription`, after the visit that the chat card is written to: the written order.

    Raises PrescriptionNotFound.
    """
    visit_id = (await prescription(unit, prescription_id)).visit_id
    await unit.session.execute(_LOCK_VISIT, {"visit": visit_id})
    return await lock_prescription(unit, prescription_id)


# Others may point at it meanwhile.
_LOCK_VISIT = sa.text("select id from consultations where id = :visit for no key update")


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


async def sheets_in_use(
    unit: Unit, person_id: UUID, *, besides: UUID, since: datetime, hospital_id: UUID | None
) -> list[Prescription]:
    """Signed and standing, of no longer ago than the longest supply; of one hospital, or of all (None)."""
    wanted = sa.select(Prescription).where(
        Prescription.person_id == person_id,
        Prescription.id != besides,
        Prescription.state.in_([RxState.SIGNED, RxState.PASSED, RxState.SPENT]),
        Prescription.signed_at > since - LONGEST_SUPPLY,
    )
    if hospital_id is not None:
        wanted = wanted.where(Prescription.hospital_id == hospital_id)
    return [*await unit.session.scalars(wanted.order_by(Prescription.signed_at, Prescription.id))]


async def last_sheet(unit: Unit, rx: Prescription) -> Prescription | None:
    """The person's last sheet of this kind that was signed at this hospital, before this one."""
    found: Prescription | None = await unit.session.scalar(
        sa.select(Prescription)
        .where(
            Prescription.hospital_id == rx.hospital_id,
            Prescription.person_id == rx.person_id,
            Prescription.kind == rx.kind,
            Prescription.id != rx.id,
            Prescription.signed_at.is_not(None),
        )
        .order_by(Prescription.signed_at.desc(), Prescription.id.desc())
        .limit(1)
    )
    return found


async def pharmacist_expected(unit: Unit, hospital_id: UUID, *, since: datetime, until: datetime) -> bool:
    """Whether any pharmacist is on duty at some time in between."""
    found = sa.select(_DUTIES.c.id).where(
        _DUTIES.c.hospital_id == hospital_id, _DUTIES.c.starts_at < until, _DUTIES.c.ends_at > since
    )
    return await unit.session.scalar(found.limit(1)) is not None


#: Planned by those above: only what is read of it is named here.
_DUTIES = sa.table(
    "pharmacist_duties",
    sa.column("id", sa.Uuid()),
    sa.column("hospital_id", sa.Uuid()),
    sa.column("starts_at", sa.DateTime(timezone=True)),
    sa.column("ends_at", sa.DateTime(timezone=True)),
)


async def returned_sheets(unit: Unit, account_id: UUID, *, limit: int = 20) -> Sequence[Prescription]:
    """Signed by this account and sent back by a pharmacist, those due first."""
    rows = await unit.session.scalars(
        sa.select(Prescription)
        .where(Prescription.signed_by == account_id, Prescription.state == RxState.RETURNED)
        .order_by(Prescription.answer_by, Prescription.id)
        .limit(limit)
    )
    return rows.all()
