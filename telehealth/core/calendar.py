"""Working days: counting them, and what is known of them before staff edit the hospital's calendar."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta

import holidays

from telehealth.core.clock import HospitalDay

IsWorking = Callable[[HospitalDay], bool]

#: No calendar closes a hospital for longer; past it the calendar itself must be wrong.
_LONGEST_CLOSURE_DAYS = 366


@dataclass(frozen=True)
class DayNote:
    """A day that differs from its weekday: a holiday, or a weekend day worked in its stead.

    `is_forecast`: the government had not announced the year's make-up days when the seed was made.
    """

    is_working: bool
    name: str
    is_forecast: bool = False


def add_working_days(day: HospitalDay, n: int, is_working: IsWorking) -> HospitalDay:
    """The `n`-th working day after `day`, which itself is not counted. `n` = 0 is `day`.

    Raises ValueError for a negative `n` and for a calendar with no working day in a year.
    """
    if n < 0:
        raise ValueError("working days are counted forward")
    for _ in range(n):
        day = next_working_day(day, is_working)
    return day


def next_working_day(day: HospitalDay, is_working: IsWorking) -> HospitalDay:
    """The first working day after `day`. Raises ValueError when a year has none."""
    for offset in range(1, _LONGEST_CLOSURE_DAYS + 1):
        if is_working(later := day + timedelta(days=offset)):
            return later
    raise ValueError("the calendar has no working day within a year")


def last_working_day(first: HospitalDay, last: HospitalDay, is_working: IsWorking) -> HospitalDay | None:
    """The latest working day of `first` to `last`, both included; None when all are closed."""
    days = ((last - timedelta(days=back)) for back in range((last - first).days + 1))
    return next((day for day in days if is_working(day)), None)


def chinese_days(years: Iterable[int]) -> dict[HospitalDay, DayNote]:
    """Seed of the hospital calendar: public holidays and the weekend days worked in their stead."""
    notes: dict[HospitalDay, DayNote] = {}
    for year in years:
        known = holidays.country_holidays("CN", years=year, language="zh_CN")
        made_up = sorted(day for day in known.weekend_workdays if day.year == year)
        # Every announced year swaps some weekend; a year that swaps none has not been announced.
        is_forecast = not made_up
        for day, name in known.items():
            notes[day] = DayNote(is_working=False, name=name, is_forecast=is_forecast)
        for day in made_up:
            notes[day] = DayNote(is_working=True, name="调休上班")
    return dict(sorted(notes.items()))


def working_by(notes: Mapping[HospitalDay, bool]) -> IsWorking:
    """Monday to Friday, except where `notes` says otherwise (true = worked)."""

    def is_working(day: date) -> bool:
        return notes.get(day, day.weekday() < 5)

    return is_working
