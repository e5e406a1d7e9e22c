"""The search parameters of FHIR R4, read from what was asked and turned into conditions.

A parameter given twice means both; values with commas between them mean any. A parameter we do not know is
left out and said so, or refused when the caller wants it strict. A modifier or a chain is always refused:
to leave one out would answer another question.

Source: HL7 FHIR R4, "Search" (3.1.1).
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, time, timedelta
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from telehealth.core.clock import SHANGHAI
from telehealth.core.text import is_storable
from telehealth.hospital.errors import ParameterNotServed, SearchInvalid

#: What a page holds unless asked otherwise, and at most.
PAGE, MOST = 50, 100
#: Beyond these nobody means it.
MOST_PARAMETERS, MOST_VALUES, LONGEST = 30, 100, 200
#: Of the answer, not of what is looked for.
OF_THE_ANSWER = ("_count", "_after", "_format", "_pretty")

Condition = sa.ColumnElement[bool]
Pairs = Sequence[tuple[str, str]]
#: Parameter → what one value of it asks of a row.
Meanings = Mapping[str, Callable[[Any], Condition]]


@dataclass(frozen=True, slots=True)
class Token:
    """`system|code`; `system` is None where any will do."""

    system: str | None
    value: str

    def means(self, system: str) -> bool:
        return self.system is None or self.system == system


@dataclass(frozen=True, slots=True)
class Span:
    """What one date value stands for: from `start` to before `end`, by its prefix."""

    prefix: str
    start: datetime
    end: datetime


@dataclass(frozen=True, slots=True)
class Search:
    """`groups`: parameter → all of these, each any of those."""

    groups: Mapping[str, tuple[tuple[Any, ...], ...]]
    count: int
    after: tuple[datetime, UUID] | None = None
    #: As they were understood, for the link to this very page and the next.
    used: Pairs = ()
    ignored: tuple[str, ...] = field(default=())

    def conditions(self, meanings: Meanings) -> list[Condition]:
        return [
            sa.or_(sa.false(), *(meanings[name](value) for value in group))
            for name, groups in self.groups.items()
            for group in groups
        ]


def is_one(column: Any) -> Callable[[UUID | None], Condition]:
    """For ids and references; None is an id that nothing has."""
    return lambda value: sa.false() if value is None else column == value


def is_code(column: Any) -> Callable[[Token], Condition]:
    return lambda token: column == token.value


def lies_in(start: Any, end: Any = None) -> Callable[[Span], Condition]:
    """An instant, or what lasted from `start` to `end`."""
    last = start if end is None else end

    def meaning(span: Span) -> Any:
        match span.prefix:
            case "eq":
                return sa.and_(start >= span.start, last < span.end)
            case "ge":
                return sa.or_(last >= span.end, start >= span.start)
            case "le":
                return sa.or_(start < span.start, last < span.end)
            case "gt":
                return last >= span.end
            case "lt":
                return start < span.start
            case "sa":
                return start >= span.end
        return last < span.start

    return meaning


def read_search(pairs: Pairs, kinds: Mapping[str, str], *, strict: bool) -> Search:
    """`kinds`: parameter → "token", "reference" or "date". Raises SearchInvalid, ParameterNotServed."""
    if len(pairs) > MOST_PARAMETERS:
        raise SearchInvalid(reason="too_many_parameters")
    groups: dict[str, list[tuple[Any, ...]]] = {}
    used: list[tuple[str, str]] = []
    ignored: list[str] = []
    for name, value in pairs:
        _require_plain(name, value)
        if name in OF_THE_ANSWER or not value:
            continue
        known, mark = re.fullmatch(r"([^:.]*)(.*)", name, re.S).groups()  # type: ignore[union-attr]
        if known in kinds and mark:
            raise ParameterNotServed(param=name, reason="modifier")
        if name not in kinds:
            if strict:
                raise ParameterNotServed(param=name)
            ignored.append(name)
            continue
        groups.setdefault(name, []).append(_values(name, value, kinds[name]))
        used.append((name, value))
    count = _count([value for name, value in pairs if name == "_count"])
    return Search(
        {name: tuple(each) for name, each in groups.items()},
        count,
        used=(*used, ("_count", str(count))),
        ignored=tuple(dict.fromkeys(ignored)),
    )


def _require_plain(name: str, value: str) -> None:
    if not is_storable([name, value]):
        raise SearchInvalid(reason="characters")
    if len(name) > LONGEST or len(value) > LONGEST * MOST_VALUES:
        raise SearchInvalid(reason="too_long")


def _values(name: str, value: str, kind: str) -> tuple[Any, ...]:
    parts = [part for part in value.split(",") if part]
    if len(parts) > MOST_VALUES:
        raise SearchInvalid(param=name, reason="too_many_values")
    if kind == "date":
        return tuple(_span(name, part) for part in parts)
    if kind == "reference":
        return tuple(_referred(name, part) for part in parts)
    if name == "_id":
        return tuple(_uuid(part) for part in parts)
    return tuple(_token(part) for part in parts)


def _count(given: Sequence[str]) -> int:
    """A wish: more than we give at once is cut, nonsense is refused, 0 asks for the number alone."""
    if not given:
        return PAGE
    wish = given[-1].strip()
    if not re.fullmatch(r"[0-9]{1,30}", wish):
        raise SearchInvalid(param="_count", reason="not_a_number")
    return min(int(wish), MOST)


def _token(text: str) -> Token:
    system, bar, value = text.rpartition("|")
    return Token(system if bar and system else None, value.strip())


#: A resource of another type has no id here; an address of ours may stand before it.
_REFERENCE = re.compile(r"(?:.*/)?(?P<kind>[A-Z][A-Za-z]+)/(?P<id>[^/]+)")
_MEANT = {"patient": "Patient", "encounter": "Encounter"}


def _referred(name: str, text: str) -> UUID | None:
    found = _REFERENCE.fullmatch(text)
    if found is None:
        return _uuid(text)
    return _uuid(found["id"]) if found["kind"] == _MEANT[name] else None


def _uuid(text: str) -> UUID | None:
    """As we write it; anything else is an id of nothing."""
    try:
        found = UUID(text)
    except ValueError:
        return None
    return found if str(found) == text.lower() else None


_DATE = re.compile(
    r"(?P<prefix>eq|ne|gt|lt|ge|le|sa|eb|ap)?(?P<year>[0-9]{4})(?:-(?P<month>[0-9]{2})(?:-(?P<day>[0-9]{2})"
    r"(?:T(?P<time>[0-9]{2}:[0-9]{2}(?::[0-9]{2}(?:\.(?P<fraction>[0-9]{1,9}))?)?)"
    r"(?P<zone>Z|[+ -][0-9]{2}:[0-9]{2})?)?)?)?"
)


def _span(name: str, text: str) -> Span:
    """A day, month or year is one of the hospital's; so is a time that names no zone."""
    found = _DATE.fullmatch(text)
    if found is None:
        raise SearchInvalid(param=name, reason="not_a_date")
    prefix = found["prefix"] or "eq"
    if prefix in ("ne", "ap"):
        raise ParameterNotServed(param=name, reason=f"prefix {prefix}")
    try:
        start, end = _edges(found)
    except (ValueError, OverflowError):
        raise SearchInvalid(param=name, reason="not_a_date") from None
    return Span(prefix, start.astimezone(UTC), end.astimezone(UTC))


def _edges(found: re.Match[str]) -> tuple[datetime, datetime]:
    year, month, day = int(found["year"]), int(found["month"] or 1), int(found["day"] or 1)
    if not 1900 <= year <= 2200:
        raise ValueError("nobody was here then")
    start = datetime(year, month, day, tzinfo=SHANGHAI)
    if found["time"]:
        at = _moment(found, start)
        return at, at + _step(found)
    if found["day"]:
        return start, start + timedelta(days=1)
    if found["month"]:
        return start, datetime(year + month // 12, month % 12 + 1, 1, tzinfo=SHANGHAI)
    return start, datetime(year + 1, 1, 1, tzinfo=SHANGHAI)


def _moment(found: re.Match[str], day: datetime) -> datetime:
    clock = time.fromisoformat(found["time"].partition(".")[0])
    micro = int((found["fraction"] or "0").ljust(6, "0")[:6])
    # A plus that was not escaped arrives as a blank.
    zone = (found["zone"] or "").replace(" ", "+")
    local = datetime.combine(day.date(), clock.replace(microsecond=micro))
    return datetime.fromisoformat(local.isoformat() + zone) if zone else local.replace(tzinfo=SHANGHAI)


def _step(found: re.Match[str]) -> timedelta:
    if found["fraction"]:
        # Milliseconds stand for a thousand of ours, six digits for one.
        return timedelta(microseconds=10 ** max(0, 6 - len(found["fraction"])))
    return timedelta(seconds=1 if found["time"].count(":") == 2 else 60)
