"""No-shows and bans, on the days where they turn."""

from dataclasses import replace
from datetime import date, timedelta
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from telehealth.rulebook.rules import Channel, PolicySet, parse_policy, sample_policy
from telehealth.strikes.rules import (
    Absence,
    Ban,
    NotAStrike,
    Strike,
    ban_after,
    bans_from,
    standing,
    why_no_strike,
)

POLICY = sample_policy()
STAYED_AWAY = Absence(is_paid_or_confirmed=True, has_slot_started=True, rings=2, reminders=1)


def strikes(*days: str) -> list[Strike]:
    return [Strike(date.fromisoformat(day)) for day in days]


def policy(**values: Any) -> PolicySet:
    return parse_policy({"strikes": values})


def test_SJ07_staying_away_after_two_rings_and_a_reminder_is_a_strike() -> None:
    assert why_no_strike(STAYED_AWAY, POLICY) == ()


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"is_paid_or_confirmed": False}, NotAStrike.NEITHER_PAID_NOR_CONFIRMED),
        ({"is_cancelled": True}, NotAStrike.CANCELLED),
        ({"did_patient_come": True}, NotAStrike.PATIENT_CAME),
        ({"has_slot_started": False}, NotAStrike.SLOT_NOT_STARTED),
        ({"was_doctor_present": False}, NotAStrike.DOCTOR_ABSENT),
        ({"was_closed_by_hospital": True}, NotAStrike.CLOSED_BY_HOSPITAL),
        ({"had_technical_failure": True}, NotAStrike.TECHNICAL_FAILURE),
        ({"rings": 1}, NotAStrike.TOO_FEW_RINGS),
        ({"reminders": 0}, NotAStrike.NOT_REMINDED),
        ({"patient_messages_that_day": 1}, NotAStrike.PATIENT_WROTE),
    ],
)
def test_SJ07_what_is_never_a_strike(change: dict[str, Any], reason: NotAStrike) -> None:
    assert why_no_strike(replace(STAYED_AWAY, **change), POLICY) == (reason,)


def test_SJ07_every_reason_is_told() -> None:
    nothing = Absence(is_paid_or_confirmed=False, has_slot_started=False, rings=0, reminders=0)
    assert len(why_no_strike(nothing, POLICY)) == 4


def test_SJ07_the_third_strike_bans_and_the_second_does_not() -> None:
    assert ban_after(strikes("2026-01-10", "2026-05-10"), POLICY) is None
    assert ban_after(strikes("2026-01-10", "2026-05-10", "2026-08-21"), POLICY) is not None


def test_SJ08_the_ban_runs_three_calendar_months_and_ends_at_24_00() -> None:
    ban = ban_after(strikes("2026-01-10", "2026-05-10", "2026-08-21"), POLICY)
    assert ban == Ban(Channel.ONLINE, date(2026, 8, 21), date(2026, 11, 21))
    assert ban.covers(date(2026, 11, 21), Channel.ONLINE)
    assert not ban.covers(date(2026, 11, 22), Channel.ONLINE)


def test_SJ08_a_ban_from_the_last_of_november_ends_on_the_last_of_february() -> None:
    ban = ban_after(strikes("2026-09-01", "2026-10-01", "2026-11-30"), POLICY)
    assert ban is not None and ban.until_on == date(2027, 2, 28)


def test_SJ08_desk_and_phone_stay_open() -> None:
    ban = bans_from(strikes("2026-01-10", "2026-05-10", "2026-08-21"), POLICY)[0]
    assert not ban.covers(date(2026, 9, 1), Channel.DESK)
    assert not ban.covers(date(2026, 9, 1), Channel.PHONE)


def test_SJ09_a_strike_counts_for_twelve_months_to_the_day() -> None:
    assert ban_after(strikes("2025-08-21", "2026-05-10", "2026-08-21"), POLICY) is not None
    assert ban_after(strikes("2025-08-20", "2026-05-10", "2026-08-21"), POLICY) is None


def test_SJ08_the_counter_restarts_after_the_ban() -> None:
    first = ("2026-01-10", "2026-02-10", "2026-03-10")  # banned until 2026-06-10
    assert ban_after(strikes(*first, "2026-07-01"), POLICY) is None
    assert ban_after(strikes(*first, "2026-07-01", "2026-07-02"), POLICY) is None
    again = ban_after(strikes(*first, "2026-07-01", "2026-07-02", "2026-07-03"), POLICY)
    assert again is not None and again.until_on == date(2026, 10, 3)


def test_SJ08_an_honoured_booking_missed_during_the_ban_does_not_count_towards_the_next() -> None:
    during = strikes("2026-01-10", "2026-02-10", "2026-03-10", "2026-06-10", "2026-06-11", "2026-06-12")
    assert ban_after(during, POLICY) is None
    assert len(bans_from(during, POLICY)) == 1


def test_SJ09_a_reversed_strike_takes_its_ban_with_it() -> None:
    history = strikes("2026-01-10", "2026-05-10", "2026-08-21")
    history[1] = replace(history[1], reversed_=True)
    assert bans_from(history, POLICY) == ()
    assert ban_after(history, POLICY) is None


def test_SJ07_the_order_in_which_strikes_are_told_does_not_matter() -> None:
    assert ban_after(strikes("2026-08-21", "2026-01-10", "2026-05-10"), POLICY) == Ban(
        Channel.ONLINE, date(2026, 8, 21), date(2026, 11, 21)
    )


def test_SJ07_limit_months_window_and_channels_are_numbers_of_the_policy() -> None:
    two = strikes("2026-01-10", "2026-05-10")
    strict = policy(limit=2, ban_months=1, window_months=6, banned_channels=["online", "phone"])
    assert bans_from(two, strict) == (
        Ban(Channel.ONLINE, date(2026, 5, 10), date(2026, 6, 10)),
        Ban(Channel.PHONE, date(2026, 5, 10), date(2026, 6, 10)),
    )
    assert bans_from(two, policy(limit=2, window_months=3)) == ()


def test_SJ09_the_patient_is_shown_how_many_count_and_when_the_oldest_drops_out() -> None:
    shown = standing(strikes("2026-01-10", "2026-05-10"), date(2026, 6, 1), POLICY)
    assert (shown.counted, shown.limit) == (2, 3)
    assert shown.oldest_drops_on == date(2027, 1, 11)
    assert shown.banned_until is None
    assert standing(strikes("2026-01-10"), date(2027, 1, 10), POLICY).counted == 1
    assert standing(strikes("2026-01-10"), date(2027, 1, 11), POLICY).counted == 0


def test_SJ09_during_a_ban_its_end_is_shown() -> None:
    history = strikes("2026-01-10", "2026-05-10", "2026-08-21")
    assert standing(history, date(2026, 11, 21), POLICY).banned_until == date(2026, 11, 21)
    assert standing(history, date(2026, 11, 22), POLICY).banned_until is None


@given(st.lists(st.dates(date(2026, 1, 1), date(2028, 12, 31)), max_size=12))
def test_SJ08_bans_never_overlap_and_each_takes_three_strikes(days: list[date]) -> None:
    bans = bans_from([Strike(day) for day in days], POLICY)
    assert len(bans) * 3 <= len(days)
    for earlier, later in pairwise(bans):
        assert earlier.until_on is not None and later.from_on is not None
        assert earlier.until_on < later.from_on
    for ban in bans:
        assert ban.from_on in days and ban.until_on is not None
        assert ban.until_on - ban.from_on >= timedelta(days=89)
