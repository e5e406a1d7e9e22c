"""Count a day: ask every feature what it measured, and keep it."""

from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from telehealth.core.clock import HospitalDay
from telehealth.core.figures import Figure
from telehealth.core.ids import new_id
from telehealth.core.measures import Measures
from telehealth.core.unit import Unit
from telehealth.reporting.models import DailyFigure


async def count_day(unit: Unit, hospital_id: UUID, day: HospitalDay) -> int:
    """How many figures there are now. Counting again replaces them; two at once wait for each other.

    Call in a unit of the hospital.
    """
    await unit.session.execute(_ONE_AT_A_TIME, {"what": f"figures {hospital_id} {day}"})
    found = await unit.port(Measures).of_day(unit, hospital_id, day)
    await unit.session.execute(
        sa.delete(DailyFigure).where(
            DailyFigure.hospital_id == hospital_id, DailyFigure.day == day, sa.not_(DailyFigure.is_sample)
        )
    )
    if found:
        rows = [_row(unit, hospital_id, day, figure) for figure in found]
        await unit.session.execute(insert(DailyFigure).values(rows).on_conflict_do_nothing())
    return len(found)


_ONE_AT_A_TIME = sa.text("select pg_advisory_xact_lock(hashtextextended(:what, 0))")


def _row(unit: Unit, hospital_id: UUID, day: HospitalDay, figure: Figure) -> dict[str, object]:
    return {
        "id": new_id(),
        "hospital_id": hospital_id,
        "day": day,
        "metric": figure.metric,
        "department_id": figure.department_id,
        "hits": figure.hits,
        "total": figure.total,
        "late": figure.late,
        "values": list(figure.values),
        "parts": dict(figure.parts),
        "is_sample": False,
        "counted_at": unit.wall,
    }
