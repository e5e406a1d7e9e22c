"""A file of a hospital goes into a draft: what is good is taken, what is bad is reported row by row."""

import asyncio
import csv
import io
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from prescriptions.formulary.errors import FileUnreadable
from prescriptions.formulary.models import Drug, FormularyVersion
from prescriptions.formulary.publishing import open_draft, put_rows
from prescriptions.formulary.queries import KIND_OF
from prescriptions.formulary.reading import TABLES, BadPlace, BookRows, read_book
from prescriptions.formulary.rows import BadRow, HerbRow, MedicineRow, Rows, read_rows
from telehealth.core.unit import Unit

#: More than any hospital has.
MOST_ROWS = 60_000
_MODELS: Mapping[str, type[MedicineRow] | type[HerbRow]] = {"medicines": MedicineRow, "herbs": HerbRow}


@dataclass(frozen=True, slots=True)
class Report:
    """`taken` rows are in the draft; `removed` were in it and not in a file that replaces the table."""

    table: str
    taken: int
    added: int
    removed: int
    bad: tuple[BadRow, ...]


async def import_file(unit: Unit, version_id: UUID, table: str, content: bytes, *, replaces: bool) -> Report:
    """Medicines and herbs come as CSV or JSON, the tables of rules as JSON and always whole.

    Raises FileUnreadable, VersionNotFound, VersionFixed.
    """
    if table not in TABLES:
        raise FileUnreadable(table=table)
    version = await open_draft(unit, version_id)
    raw = await asyncio.to_thread(lambda: _parse(content))
    if table in _MODELS:
        report = await _drugs(unit, version, table, raw, replaces=replaces)
    else:
        report = _rules(version, table, raw)
    await unit.session.flush()
    unit.audit(
        "formulary.imported", version,
        table=table, taken=report.taken, removed=report.removed, bad=len({bad.number for bad in report.bad}),
    )  # fmt: skip
    return report


async def _drugs(unit: Unit, version: FormularyVersion, table: str, raw: Any, *, replaces: bool) -> Report:
    listed = raw.get("rows") if isinstance(raw, Mapping) else raw
    if not isinstance(listed, list) or len(listed) > MOST_ROWS:
        raise FileUnreadable(table=table)
    read: Rows[Any] = await asyncio.to_thread(lambda: read_rows(_MODELS[table], listed))
    known = set(
        await unit.session.scalars(
            sa.select(Drug.code).where(Drug.version_id == version.id, Drug.kind == KIND_OF[table])
        )
    )
    taken = {row.id for row in read.good}
    # A row that is there but bad does not remove the drug it speaks of.
    named = taken | {str(row.get("id")) for row in listed if isinstance(row, Mapping)}
    gone = known - named if replaces else set()
    if gone:
        await unit.session.execute(sa.delete(Drug).where(Drug.version_id == version.id, Drug.code.in_(gone)))
    await put_rows(unit, version, table, read.good)
    return Report(table, len(taken), len(taken - known), len(gone), read.bad)


def _rules(version: FormularyVersion, table: str, raw: Any) -> Report:
    read = read_book({table: raw})
    bad = tuple(place.row for place in _places(read, table))
    if bad:
        return Report(table, 0, 0, 0, bad)
    version.rules = {**version.rules, table: raw}
    rows = raw.get("rows", raw) if isinstance(raw, Mapping) else raw
    return Report(table, len(rows), len(rows), 0, ())


def _places(read: BookRows, table: str) -> list[BadPlace]:
    """What is wrong inside this table; whether it agrees with the others is asked when it is published."""
    listed: Mapping[str, Rows[Any]] = {
        "allergy_classes": read.allergy_classes,
        "diagnoses_icd10": read.diagnoses,
        "diagnoses_tcm": read.tcm_diagnoses,
        "frequencies": read.frequencies,
    }
    inside = [BadPlace(table, bad) for bad in listed[table].bad] if table in listed else []
    return [*(place for place in read.unreadable if place.table == table), *inside]


def _parse(content: bytes) -> Any:
    """JSON, or CSV with a head line; lines that begin with "#" are remarks. Raises FileUnreadable."""
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
