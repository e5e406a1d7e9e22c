"""What a sheet held is gone: hold it elsewhere before anybody notices, or give it up in time (PAIN 13)."""

from uuid import UUID

from prescriptions.events import ReservationLost
from prescriptions.models import Prescription
from prescriptions.pharmacy import queries
from prescriptions.pharmacy.decocting import asks_for_decocting
from prescriptions.pharmacy.excepting import hold_anew, move_elsewhere
from prescriptions.pharmacy.holding import hold
from prescriptions.pharmacy.rules import Trouble
from prescriptions.pharmacy.undoing import begin
from prescriptions.settling import Fulfilment, lock_sheet
from prescriptions.states import DispatchState, Path, RxState
from prescriptions.stock import OutOfStock, holds, reservations
from telehealth.core.jobs import Work, task
from telehealth.core.unit import Unit, Units

LOST_STOCK = "lost stock"


async def on_reservation_lost(unit: Unit, event: ReservationLost) -> None:
    """Later and by itself: whoever lost it has the shelf locked, which comes after the order."""
    await unit.defer(repair_stock, order_id=event.prescription_id)


@task("pharmacy.repair_stock")
async def repair_stock(work: Work, *, order_id: str) -> None:
    await repair(work.units, UUID(order_id))


async def repair(units: Units, prescription_id: UUID) -> None:
    """Doing it again changes nothing."""
    async with units.system(LOST_STOCK) as unit:
        sheet = await lock_sheet(unit, prescription_id)
        if await holds(unit, prescription_id):
            return
        row = await queries.find_order(unit, prescription_id)
        if row is None:
            if sheet.rx.state is RxState.PASSED:
                await _hold_unpaid(unit, sheet.rx, sheet.fulfilment)
            return
        row = await queries.lock_order(unit, prescription_id)
        if row.state is DispatchState.CLAIMED:
            await hold(unit, row, Trouble.SHORT)
        if row.state is not DispatchState.WAITING or row.held_at is not None:
            return
        try:
            await move_elsewhere(unit, sheet, row, besides=None)
        except OutOfStock:
            await begin(unit, row, "out_of_stock")


async def _hold_unpaid(unit: Unit, rx: Prescription, way: Fulfilment | None) -> None:
    """If nobody has it, the order to come will be given up at once."""
    needs = {each.drug_code: each.quantity for each in await reservations(unit, rx.id)}
    path = (way.path if way is not None else None) or (None if rx.may_travel else Path.WINDOW)
    try:
        place = await hold_anew(unit, rx.id, needs, decocts=asks_for_decocting(rx), path=path, besides=None)
    except OutOfStock:
        return
    if way is not None:
        way.pharmacy_id = place.id
