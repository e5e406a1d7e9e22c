"""Find a sheet by its pick-up code. Codes are few and short, so wrong ones are counted (XY32)."""

import re
from uuid import UUID

from prescriptions.queries import prescription
from prescriptions.settling import queries
from prescriptions.settling.errors import CodeUnknown
from prescriptions.settling.queries import Sheet
from prescriptions.settling.rules import CODE_DIGITS
from prescriptions.states import FulfilmentState
from telehealth.core.limits import Limiter
from telehealth.core.unit import Unit
from telehealth.rulebook import current_policy

_CODE = re.compile(rf"\d{{{CODE_DIGITS}}}")
_BETWEEN = re.compile(r"[\s-]")
#: However many devices try, a hospital has no more wrong codes in an hour than this many devices would.
_DEVICES = 40
_FOUND = (FulfilmentState.OPEN, FulfilmentState.PAID)


async def find_by_code(unit: Unit, limiter: Limiter, hospital_id: UUID, code: str, *, device: str) -> Sheet:
    """The sheet that waits for its patient under this code. `device` is the kiosk or the desk's account.

    Raises CodeUnknown for a wrong code and for one that is used up; Busy after too many of them.
    """
    rules = (await current_policy(unit, hospital_id)).policy.dispensing
    own = f"{rules.code_tries}/{rules.code_lock_minutes}minutes"
    everybody = f"{rules.code_tries * _DEVICES}/hour"
    await limiter.look(own, "pickup", str(hospital_id), device)
    await limiter.look(everybody, "pickup", str(hospital_id))
    plain = _BETWEEN.sub("", code)
    row = await queries.by_code(unit, hospital_id, plain) if _CODE.fullmatch(plain) else None
    if row is None or row.state not in _FOUND:
        await limiter.hit(everybody, "pickup", str(hospital_id))
        await limiter.hit(own, "pickup", str(hospital_id), device)
        raise CodeUnknown()
    return Sheet(await prescription(unit, row.id), row)


async def count_print(unit: Unit, limiter: Limiter, sheet: Sheet) -> int:
    """A right code prints, and each copy counts: how many there are now. Raises Busy after too many."""
    rules = (await current_policy(unit, sheet.rx.hospital_id)).policy.dispensing
    await limiter.hit(f"{rules.code_tries}/hour", "printed", str(sheet.rx.id))
    row = await queries.count_print(unit, sheet.rx.id)
    unit.audit("prescription.printed", sheet.rx, number=sheet.rx.number, copy=row)
    return row
