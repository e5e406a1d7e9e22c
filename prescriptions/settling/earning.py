"""The medicine is in the courier's hands or the patient's: what was prepaid is earned."""

from prescriptions.events import MedicineDispensed
from prescriptions.settling.queries import lock_sheet
from prescriptions.states import FulfilmentEvent, FulfilmentState
from telehealth.core.unit import Unit
from telehealth.payments.charging import earn


async def on_dispensed(unit: Unit, event: MedicineDispensed) -> None:
    """Once, whoever says it again."""
    sheet = await lock_sheet(unit, event.prescription_id)
    row = sheet.fulfilment
    if row is None or row.state is not FulfilmentState.PAID:
        return
    row.apply(FulfilmentEvent.DISPENSE, at=unit.now)
    # What was handed over opens nothing any more.
    row.code_digest = None
    unit.audit("fulfilment.dispensed", row, number=sheet.rx.number)
    if row.charge_id is not None:
        await earn(unit, row.charge_id)
