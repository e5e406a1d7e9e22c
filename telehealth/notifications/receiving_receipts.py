"""The carrier's delivery reports: kept by serial number, without the phone they name."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from telehealth.core.unit import Unit, Units
from telehealth.notifications import queries
from telehealth.notifications.delivering import report
from telehealth.notifications.models import SMSReceipt

KEPT_FOR = timedelta(days=90)


@dataclass(frozen=True, slots=True)
class Report:
    serial: str
    arrived: bool
    reason: str


async def receive(units: Units, reports: Sequence[Report]) -> None:
    """Keep each report once and mark its message. Reports of messages we do not know wait for them."""
    async with units.system("sms callback") as unit:
        # One order for everybody, so that two batches cannot wait on each other.
        for item in sorted(reports, key=lambda item: item.serial):
            await _keep(unit, item)


async def _keep(unit: Unit, item: Report) -> None:
    delivery = await queries.delivery_by_serial(unit, item.serial)
    kept = insert(SMSReceipt).values(
        serial=item.serial, arrived=item.arrived, reason=item.reason, stored_at=unit.wall
    )
    await unit.session.execute(kept.on_conflict_do_nothing())
    if delivery is not None:
        report(unit, delivery, arrived=item.arrived, reason=item.reason)


async def forget_receipts(units: Units) -> None:
    async with units.system("housekeeping") as unit:
        await unit.session.execute(sa.delete(SMSReceipt).where(SMSReceipt.stored_at < unit.wall - KEPT_FOR))
