"""Who may give stars, how long, and when an average is told and moves (GD12). Pure."""

from datetime import datetime, timedelta

from telehealth.core.clock import day_end, hospital_day
from telehealth.rulebook.rules import PolicySet

LONGEST_WORDS = 500


def rate_by(ended_at: datetime, policy: PolicySet) -> datetime:
    """The first instant at which it is too late: 24:00 of the last day."""
    return day_end(hospital_day(ended_at) + timedelta(days=policy.ratings.window_days))


def editable_until(made_at: datetime, policy: PolicySet) -> datetime:
    return made_at + timedelta(hours=policy.ratings.edit_hours)


def is_due(count: int, told: int, policy: PolicySet) -> bool:
    """Whether a doctor's score may move from `told` ratings to `count` of them.

    One that moved with each rating would tell the doctor whose it was: they know whom they saw that day.
    """
    if told < policy.ratings.shown_from:
        return count >= policy.ratings.shown_from
    return count - told >= policy.ratings.batch


def average_tenths(count: int, total: int, policy: PolicySet) -> int | None:
    """Stars times ten, rounded half up; None while so few rated that one of them could be guessed."""
    if count < policy.ratings.shown_from:
        return None
    return (total * 20 + count) // (count * 2)
