"""Find a drug as it is typed: by any part of its name, pinyin, initials or code."""

import unicodedata
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

#: Stands on both sides of each term; nobody types it.
_EDGE = "\x1f"


@dataclass(frozen=True, slots=True)
class Finder:
    """All terms as one text: looking for a part of 20,000 drugs is a few runs of `str.find`."""

    codes: Sequence[str]
    text: str
    #: Where the terms of each drug begin.
    starts: Sequence[int]

    def find(self, typed: str, limit: int) -> list[str]:
        """Codes: a whole term first, then what begins with it, then what holds it."""
        wanted = comparable(typed)
        if not wanted or _EDGE in wanted:
            return []
        found: dict[str, None] = {}
        for part in (f"{_EDGE}{wanted}{_EDGE}", f"{_EDGE}{wanted}", wanted):
            for code in self._holding(part):
                found.setdefault(code)
                if len(found) == limit:
                    return list(found)
        return list(found)

    def _holding(self, part: str) -> Iterator[str]:
        at = self.text.find(part)
        while at >= 0:
            place = bisect_right(self.starts, at) - 1
            yield self.codes[place]
            # On with the next drug: more of the same one tells nothing.
            onwards = self.starts[place + 1] if place + 1 < len(self.starts) else len(self.text)
            at = self.text.find(part, onwards)


def comparable(text: str) -> str:
    """One width, small letters, no blanks: "An Lv" finds what "anlv" finds."""
    return "".join(unicodedata.normalize("NFKC", text).lower().split())


def finder_of(drugs: Iterable[tuple[str, Sequence[str]]]) -> Finder:
    """From (code, terms); short names come first, so that a drug stands before what is made of it."""
    codes, pieces, starts, length = [], [], [], 0
    for code, terms in sorted(drugs, key=lambda drug: (len(drug[1][1]) if len(drug[1]) > 1 else 0, drug[0])):
        piece = _EDGE + _EDGE.join(terms) + _EDGE
        codes.append(code)
        starts.append(length)
        pieces.append(piece)
        length += len(piece)
    return Finder(tuple(codes), "".join(pieces), tuple(starts))
