"""The clock of a complaint on the days where it turns (REG68)."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from telehealth.complaints.rules import is_too_long, promise, reopen_until
from telehealth.complaints.states import (
    COMPLAINT,
    KINDS,
    OPEN,
    OUTCOMES,
    PHOTO,
    STATES,
    STEPS,
    ComplaintState,
)
from telehealth.core.calendar import working_by
from telehealth.core.clock import day_end
from telehealth.rulebook.rules import PolicySet, parse_policy, sample_policy

POLICY = sample_policy()
#: Saturday 21 November 2026, 10:00 in Shanghai.
SATURDAY = datetime(2026, 11, 21, 2, tzinfo=UTC)
PLAIN = working_by({})


def policy(**values: Any) -> PolicySet:
    return parse_policy({"complaints": values})


def test_REG68_a_complaint_is_taken_up_within_a_day_and_answered_on_the_fifth_working_day() -> None:
    clocks = promise(SATURDAY, POLICY, PLAIN)
    assert clocks.reply_by == SATURDAY + timedelta(hours=24)
    assert clocks.answer_by == day_end(date(2026, 11, 27))


def test_REG68_the_numbers_are_the_hospitals() -> None:
    clocks = promise(SATURDAY, policy(first_reply_hours=2, answer_working_days=1), PLAIN)
    assert clocks.reply_by == SATURDAY + timedelta(hours=2)
    assert clocks.answer_by == day_end(date(2026, 11, 23))


def test_REG68_days_the_hospital_is_closed_do_not_count() -> None:
    closed = working_by({date(2026, 11, 23): False, date(2026, 11, 28): True})
    assert promise(SATURDAY, POLICY, closed).answer_by == day_end(date(2026, 11, 28))


@pytest.mark.parametrize(("length", "refused"), [(2000, False), (2001, True)])
def test_REG68_the_limit_of_words(length: int, refused: bool) -> None:
    assert is_too_long("字" * length, POLICY) is refused
    assert is_too_long("字" * length, policy(longest_text=3000)) is False


def test_REG68_an_objection_is_open_until_the_end_of_a_day() -> None:
    assert reopen_until(SATURDAY, POLICY) == day_end(date(2026, 12, 6))
    assert reopen_until(SATURDAY, policy(reopen_days=1)) == day_end(date(2026, 11, 22))


def test_every_state_of_a_complaint_is_reachable_and_has_its_word() -> None:
    assert COMPLAINT.reachable == frozenset(ComplaintState) == frozenset(STATES)
    assert COMPLAINT.terminal == {ComplaintState.CLOSED}
    assert ComplaintState.CLOSED not in OPEN and ComplaintState.ANSWERED not in OPEN
    assert len(PHOTO.terminal) == 2
    assert all(KINDS.values()) and all(STEPS.values()) and all(OUTCOMES.values())
