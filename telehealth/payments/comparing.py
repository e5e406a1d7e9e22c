"""Lay our book of a day beside somebody else's. Pure: no session, no clock.

A line is known by what it is and by our number. One of ours that the other dates a day earlier or later,
as happens around midnight, is the same line all the same.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from enum import StrEnum

#: "payment" or "refund", and our number.
Key = tuple[str, str]


class DifferenceKind(StrEnum):
    #: They moved something that our books do not know.
    MISSING_HERE = "missing_here"
    #: We booked something that they do not list.
    MISSING_THERE = "missing_there"
    AMOUNT_DIFFERS = "amount_differs"


@dataclass(frozen=True, slots=True)
class Found:
    """One thing two books disagree about; fen on either side, None where there is nothing."""

    kind: DifferenceKind
    reference: str
    ours: int | None
    theirs: int | None


@dataclass(frozen=True, slots=True)
class Books:
    """`due` is ours of the day, `known` ours of any day under the numbers they list.

    `elsewhere` holds those of ours that they list on another day.
    """

    due: Mapping[Key, int]
    known: Mapping[Key, int]
    theirs: Mapping[Key, int]
    elsewhere: AbstractSet[Key] = frozenset()


def compare(books: Books) -> list[Found]:
    """Theirs in their order, then what they do not list."""
    found = [
        _judge(reference, books.known.get((move, reference)), theirs)
        for (move, reference), theirs in books.theirs.items()
    ]
    found += [
        Found(DifferenceKind.MISSING_THERE, key[1], ours, None)
        for key, ours in books.due.items()
        if key not in books.theirs and key not in books.elsewhere
    ]
    return [one for one in found if one is not None]


def matched(books: Books) -> int:
    """How many of their lines are ours, to the fen."""
    return sum(books.known.get(key) == theirs for key, theirs in books.theirs.items())


def summed(lines: Iterable[tuple[str, str, int]]) -> dict[Key, int]:
    """Move, number, fen. What is listed twice counts twice, so that it shows as an amount that differs."""
    sums: Counter[Key] = Counter()
    for move, reference, amount in lines:
        sums[move, reference] += amount
    return dict(sums)


def _judge(reference: str, ours: int | None, theirs: int) -> Found | None:
    if ours is None:
        return Found(DifferenceKind.MISSING_HERE, reference, None, theirs)
    if ours != theirs:
        return Found(DifferenceKind.AMOUNT_DIFFERS, reference, ours, theirs)
    return None
