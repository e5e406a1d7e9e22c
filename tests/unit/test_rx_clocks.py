"""When a sheet may be paid, and when people are reminded: day 1 is the day of issue, in Shanghai."""

from collections.abc import Callable
from datetime import date, datetime, time, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prescriptions.rules import last_day, valid_until
from prescriptions.settling.rules import SHARES, Cause, closes_at, last_opening, reimbursed_until, reminders
from telehealth.core.clock import SHANGHAI

#: Friday 20 November 2026.
FRIDAY = date(2026, 11, 20)


def at(day: date, clock: str) -> datetime:
    return datetime.combine(day, time.fromisoformat(clock), SHANGHAI)


def weekdays(day: date) -> bool:
    return day.weekday() < 5


def closed_on(*closed: date) -> Callable[[date], bool]:
    return lambda day: day not in closed and day.weekday() < 5


@pytest.mark.parametrize("signed", ["00:00:00", "10:00:00", "23:59:59"])
def test_XY30_day_three_ends_at_24_whenever_it_was_signed(signed: str) -> None:
    until = valid_until(at(FRIDAY, signed), 3)
    assert until == at(FRIDAY + timedelta(days=3), "00:00:00")
    assert last_day(until) == FRIDAY + timedelta(days=2)
    assert closes_at(at(FRIDAY, signed), until, 3) == until


def test_XY30_the_hospital_may_ask_for_the_money_sooner_but_never_later() -> None:
    signed = at(FRIDAY, "10:00")
    until = valid_until(signed, 2)
    assert closes_at(signed, until, 1) == at(FRIDAY + timedelta(days=1), "00:00")
    assert closes_at(signed, until, 3) == until


def test_XY09_the_day_of_the_visit_is_not_counted() -> None:
    assert reimbursed_until(FRIDAY, 3) == at(FRIDAY + timedelta(days=4), "00:00")


def test_XY33_the_sheet_ends_before_the_claim_does() -> None:
    assert valid_until(at(FRIDAY, "10:00"), 3) < reimbursed_until(FRIDAY, 3)


def test_XY32_the_window_shows_its_last_closing_time_not_midnight() -> None:
    monday = FRIDAY - timedelta(days=4)
    until = valid_until(at(monday, "10:00"), 3)
    assert last_opening(at(monday, "10:00"), until, opens="08:00", closes="16:30", is_working=weekdays) == at(
        monday + timedelta(days=2), "16:30"
    )


def test_XY32_a_weekend_inside_the_three_days_brings_the_deadline_forward() -> None:
    until = valid_until(at(FRIDAY, "10:00"), 3)
    assert last_opening(at(FRIDAY, "10:00"), until, opens="08:00", closes="16:30", is_working=weekdays) == at(
        FRIDAY, "16:30"
    )


def test_XY32_holidays_count_as_closed() -> None:
    monday = FRIDAY - timedelta(days=4)
    until = valid_until(at(monday, "10:00"), 3)
    is_working = closed_on(monday + timedelta(days=1), monday + timedelta(days=2))
    found = last_opening(at(monday, "10:00"), until, opens="08:00", closes="16:30", is_working=is_working)
    assert found == at(monday, "16:30")


@pytest.mark.parametrize("now", ["16:30:00", "19:00:00"])
def test_XY32_a_window_that_does_not_open_any_more_is_none(now: str) -> None:
    until = valid_until(at(FRIDAY, now), 3)
    found = last_opening(at(FRIDAY, now), until, opens="08:00", closes="16:30", is_working=weekdays)
    assert found is None


def test_XY32_a_window_open_past_the_end_of_the_sheet_counts_until_that_end() -> None:
    until = at(FRIDAY, "12:00")
    found = last_opening(at(FRIDAY, "09:00"), until, opens="08:00", closes="16:30", is_working=weekdays)
    assert found == until
    early = at(FRIDAY, "07:30")
    assert (
        last_opening(at(FRIDAY, "07:00"), early, opens="08:00", closes="16:30", is_working=weekdays) is None
    )


def test_XY09_reminders_come_at_ten_on_the_day_after_and_on_the_last_day() -> None:
    passed, pay_by = at(FRIDAY, "10:30"), at(FRIDAY + timedelta(days=3), "00:00")
    assert reminders(passed, pay_by, time(10)) == [
        at(FRIDAY + timedelta(days=1), "10:00"),
        at(FRIDAY + timedelta(days=2), "10:00"),
    ]


def test_XY09_one_word_when_the_day_after_is_the_last_and_none_too_late() -> None:
    passed = at(FRIDAY, "10:30")
    assert reminders(passed, at(FRIDAY + timedelta(days=2), "00:00"), time(10)) == [
        at(FRIDAY + timedelta(days=1), "10:00")
    ]
    assert reminders(passed, at(FRIDAY, "16:30"), time(10)) == []


@given(
    minutes=st.integers(0, 3 * 24 * 60),
    closed=st.sets(st.integers(0, 6)),
    opens=st.sampled_from(["07:30", "08:00", "09:00"]),
    closes=st.sampled_from(["12:00", "16:30", "23:59"]),
)
def test_XY33_the_deadline_shown_is_never_past_the_sheets_own(
    minutes: int, closed: set[int], opens: str, closes: str
) -> None:
    signed = at(FRIDAY, "00:00")
    until = valid_until(signed, 3)
    now = signed + timedelta(minutes=minutes)
    found = last_opening(
        now, until, opens=opens, closes=closes, is_working=lambda day: day.weekday() not in closed
    )
    if found is not None:
        assert now < found <= until
        assert found.astimezone(SHANGHAI).date().weekday() not in closed


def test_every_cause_has_its_share() -> None:
    assert set(SHARES) == set(Cause)
