"""What could be promised now: a hint on the pad, not a promise."""

from collections.abc import Collection, Mapping
from decimal import Decimal
from uuid import UUID

from prescriptions.stock import queries
from telehealth.core.unit import Unit


async def availability(
    unit: Unit, hospital_id: UUID, campus_id: UUID, codes: Collection[str]
) -> Mapping[str, Decimal]:
    """Free quantity of each drug at the pharmacy that has most of the codes; of the campus, when equal.

    Packs of a medicine, grams of a herb. A drug that is nowhere is 0.
    """
    wanted = set(codes)
    free = await queries.free_by_pharmacy(unit, hospital_id, wanted)
    best: dict[str, Decimal] = {}
    rank = (-1, False)
    for place in await queries.pharmacies(unit, hospital_id):
        here = {code: free.get((place.id, code), Decimal(0)) for code in wanted}
        found = sum(amount > 0 for amount in here.values()), place.campus_id == campus_id
        if place.is_open and found > rank:
            best, rank = here, found
    return {code: best.get(code, Decimal(0)) for code in wanted}
