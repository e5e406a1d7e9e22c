"""Sixty days of invented figures, so that the demo's dashboard shows what a month looks like.

Only the demo calls this. Each row is marked as a sample, and every page that shows one says so. Drawn by a
fixed seed: every demo shows the same.
"""

from datetime import date, timedelta
from random import Random
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from telehealth.core.figures import Metric, Shape
from telehealth.core.ids import new_id
from telehealth.core.measures import Measures
from telehealth.core.unit import Unit, Units
from telehealth.directory import departments, hospitals
from telehealth.reporting.models import DailyFigure, DailyReport
from telehealth.reporting.rules import report_of

DAYS = 60
#: (median, spread) of a lag in seconds.
_LAGS = {
    "first_word": (540, 5), "booking_to_first_word": (93_000, 2), "waiting": (420, 4),
    "total_time": (98_000, 2), "seat_to_paid": (140, 3), "refund_submit": (9, 3),
    "refund_done": (900, 6), "review_lag": (820, 3),
    "dispatch_lag": (28_000, 2), "alarm_answer": (95, 3), "complaints": (90_000, 2),
}  # fmt: skip
#: What is hit of 1,000.
_SHARES = {
    "attended_same_day": 968, "call_setup": 957, "rejoin": 850, "alert_override": 84, "denied": 210,
    "denied_overturned": 62, "patient_absent": 38, "seat_found": 815, "seats_taken": 720,
    "told": 981,
}  # fmt: skip
#: A day has so many of these, in each department.
_OFTEN = {"complaints": 1, "alarm_answer": 2, "rejoin": 3, "refund_submit": 4, "refund_done": 4}
_USUAL = 18
#: Of the hospital as a whole.
_WHOLE = frozenset(
    {"complaints", "refund_submit", "refund_done", "denied", "denied_overturned", "seat_found", "told"}
)


async def open_sample_figures(units: Units) -> None:
    """Of every sample hospital, once."""
    async with units.system("demo") as unit:
        for place in await hospitals(unit):
            if not await unit.session.scalar(sa.select(_there(place.id))):
                await _fill(unit, place.id)


def _there(hospital_id: UUID) -> sa.Exists:
    return sa.exists().where(DailyFigure.hospital_id == hospital_id, DailyFigure.is_sample)


async def _fill(unit: Unit, hospital_id: UUID) -> None:
    random = Random(f"sample figures {hospital_id}"[:20])  # noqa: S311 - a picture, not a secret
    places = [row.id for row in await departments(unit, hospital_id, kind="online")]
    metrics = unit.port(Measures).metrics
    rows = [
        _row(unit, hospital_id, unit.today - timedelta(days=back), metric, place, random)
        for back in range(1, DAYS + 1)
        for metric in metrics.values()
        for place in ([None] if metric.name in _WHOLE else places)
    ]
    for at in range(0, len(rows), 500):
        await unit.session.execute(insert(DailyFigure).values(rows[at : at + 500]).on_conflict_do_nothing())
    reports = [
        _report(unit, hospital_id, unit.today - timedelta(days=back), rows, metrics) for back in range(1, 15)
    ]
    await unit.session.execute(insert(DailyReport).values(reports).on_conflict_do_nothing())


def _row(
    unit: Unit, hospital_id: UUID, day: date, metric: Metric, place: UUID | None, random: Random
) -> dict[str, Any]:
    # Fewer come on Sundays; a hospital that is used gets a little better at it.
    count = max(
        1, round(random.gauss(_OFTEN.get(metric.name, _USUAL) * (0.5 if day.weekday() == 6 else 1), 2))
    )
    row: dict[str, Any] = {
        "id": new_id(), "hospital_id": hospital_id, "day": day, "metric": metric.name, "department_id": place,
        "hits": 0, "total": count, "late": 0, "values": [], "parts": {}, "is_sample": True,
        "counted_at": unit.wall,
    }  # fmt: skip
    age = (unit.today - day).days / DAYS
    if metric.shape is Shape.LAG:
        median, spread = _LAGS.get(metric.name, (600, 3))
        row["values"] = sorted(
            round(median * (1 + 0.25 * age) * spread ** random.gauss(0, 0.45)) for _ in range(count)
        )
        if metric.is_promise:
            row["late"] = sum(value > median * spread * 2 for value in row["values"])
    elif metric.shape is Shape.SHARE:
        chance = _SHARES.get(metric.name, 800) / 1000
        row["hits"] = sum(random.random() < chance for _ in range(count))
        if metric.is_promise:
            row["late"] = count - row["hits"]
        if metric.parts and row["hits"]:
            names = list(metric.parts)[:5]
            row["parts"] = {name: n for name in names if (n := random.randint(0, row["hits"]))}
    else:
        row["parts"] = _parts(metric, count, random)
        row["total"] = row["parts"].get("seats", count) if metric.name == "demand" else count
    return row


def _parts(metric: Metric, count: int, random: Random) -> dict[str, int]:
    if metric.name == "demand":
        return {"asked": round(count * random.uniform(0.8, 1.5)), "seats": _USUAL + 4}
    names = list(metric.parts)
    if not names:
        return {}
    rare = {name: random.randint(0, 1) for name in names[2:6]}
    return {names[0]: max(0, count - sum(rare.values())), **{name: n for name, n in rare.items() if n}}


def _report(
    unit: Unit, hospital_id: UUID, day: date, rows: list[dict[str, Any]], metrics: Any
) -> dict[str, Any]:
    of_day = [DailyFigure(**row) for row in rows if row["day"] == day]
    return {
        "id": new_id(), "hospital_id": hospital_id, "day": day, "body": report_of(of_day, metrics),
        "is_sample": True, "made_at": unit.now, "read_by": None, "read_at": None,
    }  # fmt: skip
