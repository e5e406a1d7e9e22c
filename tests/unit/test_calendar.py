"""Working days and month arithmetic."""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from telehealth.core.calendar import (
    add_working_days,
    chinese_days,
    last_working_day,
    next_working_day,
    working_by,
)
from telehealth.core.clock import add_months, completed_years, day_end, day_start, hospital_day
from telehealth.core.money import Fen, allocate

NOTES_2026 = chinese_days([2026])
is_working = working_by({day: note.is_working for day, note in NOTES_2026.items()})


def test_a_weekday_is_worked_and_a_weekend_is_not() -> None:
    assert is_working(date(2026, 11, 20))
    assert not is_working(date(2026, 11, 21))


def test_a_public_holiday_is_not_worked_and_its_make_up_day_is() -> None:
    assert NOTES_2026[date(2026, 10, 1)].name == "国庆节"
    assert not is_working(date(2026, 10, 7))
    assert is_working(date(2026, 10, 10))  # a Saturday worked for 7 October
    assert is_working(date(2026, 2, 14))


def test_a_year_whose_make_up_days_are_not_announced_is_a_forecast() -> None:
    assert not NOTES_2026[date(2026, 10, 1)].is_forecast
    assert chinese_days([2027])[date(2027, 10, 1)].is_forecast


def test_the_seed_is_in_order_and_stays_inside_the_years_asked_for() -> None:
    days = list(chinese_days([2025, 2026]))
    assert days == sorted(days)
    assert {day.year for day in days} == {2025, 2026}


@pytest.mark.parametrize(
    ("day", "n", "expected"),
    [
        (date(2026, 11, 20), 0, date(2026, 11, 20)),
        (date(2026, 11, 20), 1, date(2026, 11, 23)),
        (date(2026, 11, 21), 1, date(2026, 11, 23)),
        (date(2026, 9, 30), 1, date(2026, 10, 8)),
        (date(2026, 9, 30), 3, date(2026, 10, 10)),
        (date(2026, 9, 30), 4, date(2026, 10, 12)),
    ],
)
def test_working_days_are_counted_past_weekends_and_holidays(day: date, n: int, expected: date) -> None:
    assert add_working_days(day, n, is_working) == expected


def test_XY32_the_last_opening_inside_the_days_allowed() -> None:
    assert last_working_day(date(2026, 9, 30), date(2026, 10, 3), is_working) == date(2026, 9, 30)
    assert last_working_day(date(2026, 10, 1), date(2026, 10, 3), is_working) is None


def test_a_calendar_that_never_opens_is_an_error_not_a_loop() -> None:
    with pytest.raises(ValueError, match="no working day"):
        next_working_day(date(2026, 1, 1), lambda day: False)
    with pytest.raises(ValueError, match="forward"):
        add_working_days(date(2026, 1, 1), -1, is_working)


@given(st.dates(date(2026, 1, 1), date(2026, 6, 30)), st.integers(1, 60))
def test_the_nth_working_day_is_worked_and_n_of_them_have_passed(day: date, n: int) -> None:
    reached = add_working_days(day, n, is_working)
    assert is_working(reached)
    span = [day + timedelta(days=offset) for offset in range(1, (reached - day).days + 1)]
    assert sum(map(is_working, span)) == n


# --- the kernel's month and money arithmetic, which every rule leans on


@pytest.mark.parametrize(
    ("day", "months", "expected"),
    [
        (date(2026, 5, 21), 6, date(2026, 11, 21)),
        (date(2026, 8, 31), 6, date(2027, 2, 28)),
        (date(2027, 8, 31), 6, date(2028, 2, 29)),
        (date(2026, 12, 31), 2, date(2027, 2, 28)),
        (date(2026, 11, 30), 1, date(2026, 12, 30)),
        (date(2026, 10, 31), 1, date(2026, 11, 30)),
        (date(2024, 2, 29), 12, date(2025, 2, 28)),
        (date(2026, 3, 31), -1, date(2026, 2, 28)),
    ],
)
def test_XY02_months_clamp_to_the_last_day(day: date, months: int, expected: date) -> None:
    assert add_months(day, months) == expected


@given(st.dates(date(1900, 1, 1), date(2200, 1, 1)), st.integers(0, 120))
def test_XY02_adding_months_keeps_the_day_or_takes_the_last_of_the_month(day: date, months: int) -> None:
    later = add_months(day, months)
    assert (later.year * 12 + later.month) - (day.year * 12 + day.month) == months
    is_last = (later + timedelta(days=1)).day == 1
    assert later.day == day.day or (later.day < day.day and is_last)


@given(st.dates(date(1900, 1, 1), date(2200, 1, 1)), st.integers(1, 120))
def test_XY02_a_later_visit_never_has_an_earlier_window(day: date, months: int) -> None:
    assert add_months(day, months) <= add_months(day + timedelta(days=1), months)


def test_XY01_29_february_completes_a_year_on_1_march() -> None:
    assert completed_years(date(2020, 2, 29), date(2026, 2, 28)) == 5
    assert completed_years(date(2020, 2, 29), date(2026, 3, 1)) == 6


def test_SJ06_the_hospitals_day_starts_at_16_00_utc() -> None:
    assert day_start(date(2026, 11, 21)) == datetime(2026, 11, 20, 16, tzinfo=UTC)
    assert day_end(date(2026, 11, 21)) == datetime(2026, 11, 21, 16, tzinfo=UTC)
    assert hospital_day(datetime(2026, 11, 20, 15, 59, 59, tzinfo=UTC)) == date(2026, 11, 20)
    assert hospital_day(datetime(2026, 11, 20, 16, tzinfo=UTC)) == date(2026, 11, 21)


weights = st.lists(st.integers(0, 10_000), min_size=1, max_size=20).filter(any)


@given(st.integers(0, 10_000_000), weights)
def test_GD01_parts_always_sum_to_the_whole_and_none_is_off_by_more_than_a_fen(
    total: int, by: list[int]
) -> None:
    parts = allocate(Fen(total), by)
    assert sum(parts) == total
    assert all(abs(part * sum(by) - total * weight) < sum(by) for part, weight in zip(parts, by, strict=True))


def test_GD01_a_fen_that_does_not_divide_goes_to_the_earlier_part() -> None:
    assert allocate(Fen(100), [1, 1, 1]) == [34, 33, 33]
    with pytest.raises(ValueError, match="weights"):
        allocate(Fen(100), [0, 0])
