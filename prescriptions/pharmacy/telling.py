"""Tell the patient where the medicine is: a number, a place, never a drug."""

from typing import Any

from prescriptions.pharmacy.models import DispatchOrder
from telehealth.core.unit import Unit
from telehealth.notifications import Notice, notify


async def tell(unit: Unit, row: DispatchOrder, notice: Notice, **more: Any) -> None:
    """Whoever has no account is told at the window."""
    if row.account_id is not None:
        await notify(
            unit, notice, row.account_id, hospital_id=row.hospital_id, href=f"/prescriptions/{row.id}",
            number=row.number, **more,
        )  # fmt: skip
