"""Pure decisions about shares: how long, whether a code opens one, who goes in."""

import hmac
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum


class Entry(StrEnum):
    OPEN = "open"
    #: A code has to be typed first.
    CODE_NEEDED = "code_needed"
    #: Somebody else used the code, or too many were wrong.
    USED_UP = "used_up"


@dataclass(frozen=True, slots=True)
class Door:
    """What a share asks of whoever stands before it. `opened_by` is the ticket that used its code."""

    view_code: str | None
    tries: int
    most_tries: int
    opened_by: str | None


def entry(door: Door, ticket: str | None) -> Entry:
    """Without a code the link is enough; a code lets in one browser, once."""
    if door.view_code is None or (door.opened_by is not None and ticket == door.opened_by):
        return Entry.OPEN
    if door.opened_by is not None or door.tries >= door.most_tries:
        return Entry.USED_UP
    return Entry.CODE_NEEDED


def is_right(door: Door, typed: str) -> bool:
    return door.view_code is not None and hmac.compare_digest(door.view_code.encode(), typed.strip().encode())


def allowed_days(offered: Sequence[int], wanted: int) -> int | None:
    """None for a number the hospital does not offer."""
    return wanted if wanted in offered else None


def ends_at(made_at: datetime, days: int) -> datetime:
    """Whole days of 24 hours, so that "one day" is never a few minutes before midnight."""
    return made_at + timedelta(days=days)
