"""Reading sheets for those who pay and collect them; lists start from `visible_to`."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import sqlalchemy as sa

from prescriptions.errors import PrescriptionNotFound
from prescriptions.models import Prescription
from prescriptions.pharmacy import DispatchOrder
from prescriptions.settling import visible_to
from prescriptions.states import DispatchState, Path, RxState
from telehealth.core.unit import Unit


async def sheet_of(unit: Unit, prescription_id: UUID) -> Prescription:
    """One the actor may see. Raises PrescriptionNotFound: somebody else's does not exist for them."""
    found: Prescription | None = await unit.session.scalar(
        sa.select(Prescription).where(Prescription.id == prescription_id, visible_to(unit.actor))
    )
    if found is None:
        raise PrescriptionNotFound()
    return found


async def sheets_of(
    unit: Unit, *, before: tuple[datetime, UUID] | None = None, limit: int = 20
) -> Sequence[Prescription]:
    """One's own, the newest first, one more than `limit` if there are more."""
    found = sa.select(Prescription).where(visible_to(unit.actor))
    if before is not None:
        found = found.where(sa.tuple_(Prescription.created_at, Prescription.id) < sa.tuple_(*before))
    ordered = found.order_by(Prescription.created_at.desc(), Prescription.id.desc()).limit(limit + 1)
    return (await unit.session.scalars(ordered)).all()


async def payable(unit: Unit, *, limit: int = 3) -> Sequence[Prescription]:
    """What waits for money, the most pressing first."""
    found = sa.select(Prescription).where(
        visible_to(unit.actor), Prescription.state == RxState.PASSED, Prescription.valid_until > unit.now
    )
    return (await unit.session.scalars(found.order_by(Prescription.valid_until).limit(limit))).all()


async def coming(unit: Unit, *, limit: int = 3) -> Sequence[tuple[Prescription, DispatchOrder]]:
    """What lies ready at a window, or is on its way to a door; the latest first."""
    lies_ready = (DispatchOrder.path == Path.WINDOW) & (DispatchOrder.state == DispatchState.PACKED)
    travels = (DispatchOrder.path == Path.COURIER) & (DispatchOrder.state == DispatchState.HANDED_OVER)
    rows = await unit.session.execute(
        sa.select(Prescription, DispatchOrder)
        .join(DispatchOrder, DispatchOrder.id == Prescription.id)
        .where(visible_to(unit.actor), lies_ready | travels)
        .order_by(DispatchOrder.paid_at.desc())
        .limit(limit)
    )
    return [(rx, order) for rx, order in rows]


async def of_visit(unit: Unit, visit_id: UUID) -> Sequence[Prescription]:
    found = sa.select(Prescription).where(Prescription.visit_id == visit_id, visible_to(unit.actor))
    return (await unit.session.scalars(found.order_by(Prescription.created_at))).all()


async def by_number(unit: Unit, number: str) -> Sequence[Prescription]:
    """The end of a number is enough at the desk: "004217"."""
    found = sa.select(Prescription).where(
        visible_to(unit.actor), Prescription.number.iendswith(number, autoescape=True)
    )
    return (await unit.session.scalars(found.order_by(Prescription.created_at.desc()).limit(20))).all()


async def by_verify_code(unit: Unit, code: str) -> Prescription | None:
    found: Prescription | None = await unit.session.scalar(
        sa.select(Prescription).where(
            Prescription.verify_code == code, Prescription.state.not_in([RxState.DRAFT])
        )
    )
    return found
