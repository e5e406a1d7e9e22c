"""Lots that come too near their expiry leave the count, before somebody is promised them."""

from prescriptions.stock import queries
from prescriptions.stock.receiving import EXPIRED, block
from prescriptions.stock.rules import last_usable
from telehealth.core.unit import Units
from telehealth.rulebook import PolicyMissing, current_policy

AT_ONCE = 200


async def retire_lots(units: Units) -> int:
    """Housekeeping, once an hour: how many lots left. A lot is one unit; promises it covered are told."""
    async with units.system("stock expiry") as unit:
        places = await queries.hospitals_with_pharmacies(unit)
    retired = 0
    for hospital_id in places:
        async with units.system("stock expiry") as unit:
            try:
                policy = (await current_policy(unit, hospital_id)).policy
            except PolicyMissing:
                continue
            before = last_usable(unit.today, policy.dispensing.expiry_margin_days)
            worn = [lot.id for lot in await queries.worn_out(unit, hospital_id, before, limit=AT_ONCE)]
        for lot_id in worn:
            async with units.system("stock expiry") as unit:
                await block(unit, lot_id, EXPIRED)
            retired += 1
    return retired
