"""FHIR dates as spans of time: `2026-11` is a month, an open period has no end."""

import calendar
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from telehealth.sandbox.dates import SHANGHAI

_TEXT = re.compile(r"(\d{4})(?:-(\d\d)(?:-(\d\d)(?:T(\d\d:\d\d(?::\d\d(?:\.\d+)?)?)(Z|[+-]\d\d:\d\d)?)?)?)?")
_FIRST = datetime.min.replace(tzinfo=UTC)
_LAST = datetime.max.replace(tzinfo=UTC)
_TICK = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class Span:
    """From `start` to `end`, both inclusive."""

    start: datetime
    end: datetime


def span_of_text(text: str) -> Span:
    """A date, partial date or instant; what has no zone is meant in Asia/Shanghai.

    Raises:
        ValueError: it is none of these.
    """
    match = _TEXT.fullmatch(text)
    if match is None:
        raise ValueError(f"{text!r} is not a FHIR date")
    year, month, day, clock, _zone = match.groups()
    if clock:
        instant = datetime.fromisoformat(text)
        instant = instant if instant.tzinfo else instant.replace(tzinfo=SHANGHAI)
        length = timedelta(minutes=1) if clock.count(":") == 1 else timedelta(seconds=1)
        return Span(instant, instant if "." in clock else instant + length - _TICK)
    start = datetime(int(year), int(month or 1), int(day or 1), tzinfo=SHANGHAI)
    if day:
        return Span(start, start + timedelta(days=1) - _TICK)
    days = (
        calendar.monthrange(start.year, start.month)[1]
        if month
        else 366
        if calendar.isleap(start.year)
        else 365
    )
    return Span(start, start + timedelta(days=days) - _TICK)


def span_of_period(start: str | None, end: str | None) -> Span:
    return Span(span_of_text(start).start if start else _FIRST, span_of_text(end).end if end else _LAST)


#: Prefix → does the resource's span satisfy it against the searched span?
PREFIXES: dict[str, Callable[[Span, Span], bool]] = {
    "eq": lambda have, want: want.start <= have.start and have.end <= want.end,
    "ne": lambda have, want: not (want.start <= have.start and have.end <= want.end),
    "gt": lambda have, want: have.end > want.end,
    "lt": lambda have, want: have.start < want.start,
    "ge": lambda have, want: have.end >= want.start,
    "le": lambda have, want: have.start <= want.end,
    "sa": lambda have, want: have.start > want.end,
    "eb": lambda have, want: have.end < want.start,
}


def read_prefixed(text: str) -> tuple[str, Span]:
    """`ge2026-05-21` → `ge` and the day's span.

    Raises:
        ValueError: unknown prefix or no date.
    """
    match = re.fullmatch(r"([a-z]{2})?(.+)", text)
    prefix = (match and match[1]) or "eq"
    if match is None or prefix not in PREFIXES:
        raise ValueError(f"{text!r} has no prefix this server knows")
    return prefix, span_of_text(match[2])
