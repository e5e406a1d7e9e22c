"""Reading what is served. Nothing of a sheet leaves before its doctor has signed it.

A western line is a `MedicationRequest` under its own id, a decoction is one under the sheet's.
A lot that was handed out is a `MedicationDispense`, under an id made of sheet and lot; a decoction is one.
"""

from collections.abc import Collection, Sequence
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import aliased

from prescriptions.models import Line, Prescription, SheetFile
from prescriptions.pharmacy import DispatchOrder, Dispense, PickedLot
from prescriptions.states import DispatchState, RxState, SheetKind, SheetStage
from prescriptions.stock import Lot
from telehealth.core.unit import Unit

#: Signed, and not being written anew; voided as it was signed.
SIGNED = sa.and_(
    Prescription.signed_at.is_not(None),
    Prescription.state != RxState.DRAFT,
    sa.or_(Prescription.state != RxState.VOIDED, Prescription.saved_at <= Prescription.signed_at),
)

#: `MedicationRequest.status`.
REQUEST_STATUS = sa.case(
    (Prescription.state.in_([RxState.SIGNED, RxState.RETURNED]), "on-hold"),
    (Prescription.state == RxState.PASSED, "active"),
    (sa.and_(Prescription.state == RxState.SPENT, Dispense.id.is_not(None)), "completed"),
    (Prescription.state == RxState.SPENT, "active"),
    (Prescription.state == RxState.EXPIRED, "stopped"),
    else_="cancelled",
)
REQUEST_UPDATED = sa.func.greatest(
    Prescription.signed_at, Prescription.reviewed_at, Prescription.ended_at, Dispense.at
)
_IS_HERB = Prescription.kind == SheetKind.HERB
REQUEST_ID = sa.case((_IS_HERB, Prescription.id), else_=Line.id)
_OTHER = aliased(Line)
_FIRST_HERB = Line.position == (
    sa.select(sa.func.min(_OTHER.position))
    .where(_OTHER.prescription_id == Prescription.id)
    .correlate(Prescription)
    .scalar_subquery()
)


def requests(hospital_id: UUID) -> sa.Select[Any]:
    """Sheet, line (the first of a decoction), status, time."""
    return (
        sa.select(Prescription, Line, REQUEST_STATUS, REQUEST_UPDATED)
        .join(Line, Line.prescription_id == Prescription.id)
        .outerjoin(Dispense, Dispense.id == Prescription.id)
        .where(Prescription.hospital_id == hospital_id, sa.or_(sa.not_(_IS_HERB), _FIRST_HERB), SIGNED)
    )


async def is_withdrawn(unit: Unit, hospital_id: UUID, resource_id: UUID) -> bool:
    """A request that was served once, and whose sheet is no longer what was signed."""
    found = await unit.session.scalar(
        sa.select(Prescription.id)
        .join(Line, Line.prescription_id == Prescription.id)
        .where(
            Prescription.hospital_id == hospital_id,
            sa.or_(Prescription.id == resource_id, Line.id == resource_id),
            Prescription.issue > 0,
            sa.not_(SIGNED),
        )
        .limit(1)
    )
    return found is not None


#: `MedicationDispense.status`: what came back may go out again, or not.
DISPENSE_STATUS = sa.case(
    (DispatchOrder.state.in_([DispatchState.RETURNED, DispatchState.LOST]), "on-hold"),
    (DispatchOrder.state == DispatchState.CANCELLED, "stopped"),
    else_="completed",
)
DISPENSE_UPDATED = sa.func.greatest(
    Dispense.at, DispatchOrder.handed_at, DispatchOrder.held_at, DispatchOrder.ended_at
)
#: Sheet and lot together, in one UUID that is always the same.
DISPENSE_ID = sa.case(
    (_IS_HERB, Prescription.id),
    else_=sa.cast(
        sa.func.md5(sa.cast(Prescription.id, sa.Text) + sa.cast(PickedLot.lot_id, sa.Text)), sa.Uuid()
    ),
)
_OTHER_PICK = aliased(PickedLot)
_FIRST_PICK = PickedLot.lot_id == (
    sa.select(_OTHER_PICK.lot_id)
    .where(_OTHER_PICK.order_id == Prescription.id)
    .order_by(_OTHER_PICK.lot_id)
    .limit(1)
    .correlate(Prescription)
    .scalar_subquery()
)


def dispenses(hospital_id: UUID) -> sa.Select[Any]:
    """Sheet, order, dispense, picked lot (the first of a decoction), its id, status, time."""
    return (
        sa.select(
            Prescription, DispatchOrder, Dispense, PickedLot, DISPENSE_ID, DISPENSE_STATUS, DISPENSE_UPDATED
        )
        .join(Dispense, Dispense.id == Prescription.id)
        .join(DispatchOrder, DispatchOrder.id == Prescription.id)
        .join(PickedLot, PickedLot.order_id == Prescription.id)
        .where(Prescription.hospital_id == hospital_id, sa.or_(sa.not_(_IS_HERB), _FIRST_PICK))
    )


async def picks_of(unit: Unit, orders: Collection[UUID]) -> dict[UUID, list[tuple[PickedLot, Lot]]]:
    """By sheet: every lot that was taken for it."""
    found: dict[UUID, list[tuple[PickedLot, Lot]]] = {each: [] for each in orders}
    rows = await unit.session.execute(
        sa.select(PickedLot, Lot)
        .join(Lot, Lot.id == PickedLot.lot_id)
        .where(PickedLot.order_id.in_(orders))
        .order_by(PickedLot.order_id, PickedLot.drug_code, PickedLot.lot_id)
    )
    for pick, lot in rows:
        found[pick.order_id].append((pick, lot))
    return found


_LATER = aliased(SheetFile)
_IS_LAST = sa.not_(
    sa.exists(
        sa.select(_LATER.id)
        .where(
            _LATER.prescription_id == SheetFile.prescription_id,
            sa.or_(
                _LATER.issue > SheetFile.issue,
                sa.and_(
                    _LATER.issue == SheetFile.issue,
                    _LATER.stage == SheetStage.BOTH,
                    SheetFile.stage == SheetStage.DOCTOR,
                ),
            ),
        )
        .correlate(SheetFile)
    )
)
#: `DocumentReference.status`; a file itself never changes, what follows it does.
FILE_STATUS = sa.case((_IS_LAST, "current"), else_="superseded")
_FOLLOWED_AT = (
    sa.select(sa.func.min(_LATER.at))
    .where(_LATER.prescription_id == SheetFile.prescription_id, _LATER.at > SheetFile.at)
    .correlate(SheetFile)
    .scalar_subquery()
)
FILE_UPDATED = sa.func.greatest(SheetFile.at, _FOLLOWED_AT)


def files(hospital_id: UUID) -> sa.Select[Any]:
    """File, sheet, status, time."""
    return (
        sa.select(SheetFile, Prescription, FILE_STATUS, FILE_UPDATED)
        .join(Prescription, Prescription.id == SheetFile.prescription_id)
        .where(SheetFile.hospital_id == hospital_id)
    )


async def file_row(unit: Unit, hospital_id: UUID, file_id: UUID) -> Sequence[Any] | None:
    found: Sequence[Any] | None = (
        await unit.session.execute(files(hospital_id).where(SheetFile.id == file_id))
    ).first()
    return found
