"""An order stops until a person has looked: one open exception each."""

from prescriptions.pharmacy import queries
from prescriptions.pharmacy.models import DispatchException, DispatchOrder
from prescriptions.pharmacy.rules import Trouble
from telehealth.core.unit import Unit


async def hold(unit: Unit, row: DispatchOrder, kind: Trouble, *, note: str = "") -> DispatchException:
    """The order is locked. A second trouble joins the first one that is open."""
    found = await queries.open_exception(unit, row.id)
    row.held_at = row.held_at or unit.now
    unit.audit("dispatch.held", row, number=row.number, kind=str(kind))
    if found is not None:
        return found
    found = DispatchException(
        hospital_id=row.hospital_id,
        pharmacy_id=row.pharmacy_id,
        order_id=row.id,
        kind=str(kind),
        note=note,
        opened_by=unit.actor.account_id,
        opened_at=unit.now,
        resolution="",
        resolved_by=None,
        resolved_at=None,
    )
    unit.session.add(found)
    await unit.session.flush()
    return found


async def let_go(unit: Unit, row: DispatchOrder, resolution: str) -> None:
    """Whatever is open is resolved; the order is locked."""
    row.held_at = None
    found = await queries.open_exception(unit, row.id)
    if found is not None:
        found.resolution, found.resolved_at = resolution, unit.now
        found.resolved_by = unit.actor.account_id
        await unit.session.flush()
