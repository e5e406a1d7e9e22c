"""The bytes of a hospital's file as a table: JSON, or CSV with a head line."""

import csv
import io
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from prescriptions.formulary.errors import FileTooLong, FileUnreadable
from prescriptions.formulary.reading import TABLES
from telehealth.core.text import is_storable

#: More than any hospital has.
MOST_ROWS = 60_000
#: Tables of drugs come row by row, as CSV or JSON; the tables of rules as JSON and always whole.
DRUG_TABLES = ("medicines", "herbs")


@dataclass(frozen=True, slots=True)
class Table:
    """`raw` is what a table of rules is kept as; `rows` are what a table of drugs is made of."""

    raw: Any
    rows: list[Any]

    @property
    def length(self) -> int:
        return len(self.rows)


def read_table(name: str, content: bytes) -> Table:
    """Whether each row is good is asked later. Raises FileUnreadable, FileTooLong."""
    if name not in TABLES:
        raise FileUnreadable(table=name)
    raw = _parse(content)
    if not is_storable(raw):
        raise FileUnreadable(table=name)
    listed = raw.get("rows") if isinstance(raw, Mapping) else raw
    if not isinstance(listed, list):
        if name in DRUG_TABLES or not isinstance(raw, Mapping):
            raise FileUnreadable(table=name)
        # A sheet of rules in several parts.
        listed = list(raw)
    if len(listed) > MOST_ROWS:
        raise FileTooLong(most=MOST_ROWS)
    return Table(raw, listed)


def _parse(content: bytes) -> Any:
    """Lines of a CSV that begin with "#" are remarks. Raises FileUnreadable."""
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise FileUnreadable() from None
    if text.lstrip()[:1] in ("{", "["):
        try:
            # Fractions stay text, so that none becomes a float.
            return json.loads(text, parse_float=str)
        except (ValueError, RecursionError):
            raise FileUnreadable() from None
    lines = [line for line in io.StringIO(text) if not line.startswith("#")]
    try:
        rows = list(csv.DictReader(lines, strict=True))
    except csv.Error:
        raise FileUnreadable() from None
    if not rows:
        raise FileUnreadable()
    # More cells than columns: DictReader files them under None.
    return [{str(key): value for key, value in row.items()} for row in rows]
