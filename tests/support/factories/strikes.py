"""Absences, as whoever runs the queue would report them."""

from dataclasses import replace
from datetime import date
from uuid import UUID

from telehealth.accounts.models import Account
from telehealth.core.ids import new_id
from telehealth.core.unit import Units
from telehealth.patients.models import Person
from telehealth.strikes.giving import Missed, give_strike
from telehealth.strikes.models import StrikeRow
from telehealth.strikes.rules import Absence

#: Paid, rung twice, reminded once, and nobody came.
ABSENT = Absence(is_paid_or_confirmed=True, has_slot_started=True, rings=2, reminders=1)


async def add_strike(
    units: Units,
    hospital_id: UUID,
    account: Account,
    person: Person,
    on: date,
    *,
    booking_id: UUID | None = None,
    **changes: object,
) -> StrikeRow:
    booking = booking_id or new_id()
    missed = Missed(hospital_id, person.id, account.id, booking, f"BK-{on:%y%m%d}-000001", on)
    async with units.system("test") as unit:
        return await give_strike(unit, missed, replace(ABSENT, **changes))  # type: ignore[arg-type]
