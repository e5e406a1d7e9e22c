"""What the house does for itself, whoever is signed in."""

from uuid import UUID

from telehealth.core import audit, idempotency
from telehealth.core.unit import Unit, Units

BATCH = 500


async def seal_audit(units: Units) -> int:
    """Chain what is not yet chained, batch by batch, and say how many records."""
    sealed = 0
    while True:
        async with units.system("audit sealing") as unit:
            count = await audit.seal_batch(unit.session, limit=BATCH)
        sealed += count
        if count < BATCH:
            return sealed


async def forget_old_keys(units: Units) -> None:
    async with units.system("housekeeping") as unit:
        await idempotency.forget_old(unit)


async def verify_chain(unit: Unit, hospital_id: UUID) -> int | None:
    """The first link that no longer matches its record, or None; that somebody looked is on record."""
    broken = await audit.broken_link(unit.session, hospital_id)
    unit.audit("audit.verified", f"hospital:{hospital_id}", hospital_id=hospital_id, broken_link=broken)
    return broken
