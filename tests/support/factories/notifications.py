"""Messages somebody was sent."""

from datetime import timedelta
from typing import Any
from uuid import UUID

from telehealth.core.ids import new_id
from telehealth.core.unit import Units
from telehealth.notifications import Notice, notify


async def add_message(
    units: Units,
    account_id: UUID | None,
    notice: Notice = Notice.BOOKING_CANCELLED,
    *,
    hospital_id: UUID | None = None,
    phone: str | None = None,
    **variables: Any,
) -> None:
    async with units.system("test") as unit:
        if notice is Notice.BOOKING_CANCELLED and not variables:
            variables = {"number": f"BK-261121-{new_id().int % 1_000_000:06d}", "starts_at": unit.now}
        if notice is Notice.CLINIC_CLOSED and not variables:
            variables = {"number": "BK-261121-000001", "starts_at": unit.now + timedelta(days=1)}
        await notify(unit, notice, account_id, hospital_id=hospital_id, phone=phone, **variables)
