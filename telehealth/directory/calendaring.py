"""The hospital's working days: filled from the public calendar, then the hospital's own to change."""

from collections.abc import Collection
from uuid import UUID

from sqlalchemy.dialects.postgresql import insert

from telehealth.core.calendar import chinese_days
from telehealth.core.clock import HospitalDay
from telehealth.core.unit import Unit
from telehealth.directory.models import CalendarDay


async def fill_calendar(unit: Unit, hospital_id: UUID, years: Collection[int]) -> None:
    """Take the public holidays and make-up days of these years; what staff decided stays."""
    days = [
        {
            "hospital_id": hospital_id,
            "day": day,
            "is_working": note.is_working,
            "reason": note.name,
            "is_forecast": note.is_forecast,
            "changed_by": None,
        }
        for day, note in chinese_days(years).items()
    ]
    if days:
        row = insert(CalendarDay)
        fresh = {name: row.excluded[name] for name in ("is_working", "reason", "is_forecast")}
        from_public = CalendarDay.changed_by.is_(None)
        keys = ["hospital_id", "day"]
        await unit.session.execute(
            row.on_conflict_do_update(index_elements=keys, set_=fresh, where=from_public), days
        )
    unit.audit("calendar.filled", f"hospital:{hospital_id}", hospital_id=hospital_id, years=sorted(years))


async def set_day(unit: Unit, hospital_id: UUID, day: HospitalDay, *, is_working: bool, reason: str) -> None:
    """Open or close the hospital on one day, with the reason staff gave."""
    values = {
        "is_working": is_working,
        "reason": reason,
        "is_forecast": False,
        "changed_by": unit.actor.account,
    }
    row = insert(CalendarDay).values(hospital_id=hospital_id, day=day, **values)
    await unit.session.execute(row.on_conflict_do_update(index_elements=["hospital_id", "day"], set_=values))
    unit.audit(
        "calendar.changed", f"hospital:{hospital_id}", hospital_id=hospital_id, day=day, is_working=is_working
    )
