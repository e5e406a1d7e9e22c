"""Stars: until when, how long to change, from how many on an average is told (GD12)."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from telehealth.core.clock import day_end
from telehealth.ratings.rules import average_tenths, editable_until, is_due, rate_by
from telehealth.ratings.states import STARS, WORDS, WordsState
from telehealth.rulebook.rules import PolicySet, parse_policy, sample_policy

POLICY = sample_policy()
ENDED = datetime(2026, 11, 21, 2, tzinfo=UTC)


def policy(**values: Any) -> PolicySet:
    return parse_policy({"ratings": values})


def test_GD12_a_visit_is_rated_within_fourteen_days() -> None:
    assert rate_by(ENDED, POLICY) == day_end(date(2026, 12, 5))
    assert rate_by(ENDED, policy(window_days=1)) == day_end(date(2026, 11, 22))


def test_GD12_a_rating_is_changed_within_a_day() -> None:
    assert editable_until(ENDED, POLICY) == ENDED + timedelta(hours=24)
    assert editable_until(ENDED, policy(edit_hours=1)) == ENDED + timedelta(hours=1)


@pytest.mark.parametrize(
    ("count", "total", "said"), [(9, 45, None), (10, 50, 50), (10, 46, 46), (20, 91, 46), (40, 181, 45)]
)
def test_GD12_a_small_count_hides_the_average(count: int, total: int, said: int | None) -> None:
    assert average_tenths(count, total, POLICY) == said


def test_GD12_from_how_many_on_is_the_hospitals_number() -> None:
    assert average_tenths(3, 12, policy(shown_from=3)) == 40
    assert average_tenths(3, 12, policy(shown_from=4)) is None


@pytest.mark.parametrize(
    ("count", "told", "moves"),
    [(9, 0, False), (10, 0, True), (14, 10, False), (15, 10, True), (19, 15, False)],
)
def test_GD12_a_score_moves_by_many_at_once(count: int, told: int, moves: bool) -> None:
    assert is_due(count, told, POLICY) is moves


def test_GD12_by_how_many_is_the_hospitals_number() -> None:
    assert is_due(13, 10, policy(batch=3)) and not is_due(13, 10, policy(batch=4))


def test_there_are_five_stars_and_words_end_nowhere_for_good() -> None:
    assert sorted(STARS) == [1, 2, 3, 4, 5] == list(range(1, POLICY.ratings.stars + 1))
    assert WORDS.reachable == frozenset(WordsState)
