"""A file goes into a draft piece by piece: what is good is taken, what is bad is reported row by row.

Each piece is one unit: its rows, what became of them, and how far the file is read are committed together.
A worker that was killed is followed by another, which reads the file again and takes what was not taken.
"""

import asyncio
from collections.abc import Mapping
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY

from prescriptions.formulary import queries
from prescriptions.formulary.models import Drug, FormularyImport, FormularyVersion
from prescriptions.formulary.parsing import DRUG_TABLES, MOST_ROWS, Table, read_table
from prescriptions.formulary.publishing import open_draft, put_rows
from prescriptions.formulary.queries import KIND_OF
from prescriptions.formulary.reading import BadPlace, BookRows, read_book
from prescriptions.formulary.rows import BadRow, HerbRow, MedicineRow, Rows, read_rows
from telehealth.core import progress
from telehealth.core.access import HOUSE, Actor
from telehealth.core.blobs import BlobStore
from telehealth.core.i18n import N_
from telehealth.core.jobs import Work, task
from telehealth.core.unit import Unit, Units

__all__ = ["KIND", "MOST_BAD", "MOST_ROWS", "PIECE", "STOPPED", "read_import", "run"]

KIND = "formulary.import"
#: Rows of one unit.
PIECE = 500
#: So many places are kept to be shown; all are counted.
MOST_BAD = 1000
STOPPED = N_("已停止导入，已采用的行保留在草稿中")
_READING, _DONE = N_("正在核对并写入"), N_("导入完成")
_RETRY_S = (5, 30, 120, 600)
_LARGEST = 64 * 1024 * 1024
_MODELS: Mapping[str, type[MedicineRow] | type[HerbRow]] = {"medicines": MedicineRow, "herbs": HerbRow}


@task("prescriptions.import_formulary", retry_s=_RETRY_S)
async def read_import(work: Work, *, import_id: str, hospital_id: str) -> None:
    await run(work.units, UUID(import_id), UUID(hospital_id), last=work.attempt >= len(_RETRY_S))


async def run(units: Units, import_id: UUID, hospital_id: UUID, *, last: bool = False) -> None:
    """Running it again goes on; running it once it has ended changes nothing."""
    async with units.hospital(hospital_id, HOUSE) as unit:
        row = await queries.import_row(unit, import_id)
        found = await progress.progress_of(unit, KIND, import_id)
        if not row.is_running or found is None:
            return
        await progress.begin(unit, KIND, import_id, total=found.total, step=_READING)
    # Whoever sent the file is who changed the draft.
    actor = Actor(account_id=row.asked_by, hospital_id=hospital_id)
    async with progress.watched(lambda: units.of(actor), KIND, import_id, last=last):
        content = await units.port(BlobStore).read(row.key, _LARGEST)  # type: ignore[type-abstract]
        table = await asyncio.to_thread(read_table, row.table_name, content)
        if row.table_name in DRUG_TABLES:
            await _drugs(units, actor, row, table)
        else:
            await _rules(units, actor, import_id, table)


async def _drugs(units: Units, actor: Actor, row: FormularyImport, table: Table) -> None:
    seen: dict[str, int] = {}
    # What is already through is read once more: what is given twice is known by what came before.
    await asyncio.to_thread(_read, row.table_name, table.rows[: row.through], 1, seen)
    for first in range(row.through, table.length, PIECE):
        part = table.rows[first : first + PIECE]
        read = await asyncio.to_thread(_read, row.table_name, part, first + 1, seen)
        async with units.of(actor) as unit:
            if not await _take(unit, row.id, read, first, first + len(part)):
                return
    async with units.of(actor) as unit:
        # A row that is there but bad does not remove the drug it speaks of.
        named = seen.keys() | {str(one.get("id")).strip() for one in table.rows if isinstance(one, Mapping)}
        await _end(unit, row.id, named)


def _read(table: str, part: list[Any], first: int, seen: dict[str, int]) -> Rows[Any]:
    return read_rows(_MODELS[table], part, first=first, seen=seen)


async def _take(unit: Unit, import_id: UUID, read: Rows[Any], first: int, upto: int) -> bool:
    """One piece; False when the import has ended, or another worker is at it."""
    version, row = await _locked(unit, import_id)
    if not row.is_running or row.through > upto:
        return False
    if row.through != first:
        return row.through == upto
    codes = [each.id for each in read.good]
    known = await queries.known_codes(unit, version.id, among=codes)
    await put_rows(unit, version, row.table_name, read.good)
    row.through = upto
    row.taken += len(codes)
    row.added += len(set(codes) - known)
    _report(row, read.bad)
    await progress.advance(unit, KIND, import_id, upto)
    return True


async def _end(unit: Unit, import_id: UUID, named: set[str]) -> None:
    version, row = await _locked(unit, import_id)
    if not row.is_running:
        return
    if row.replaces:
        gone = await queries.codes_of(unit, version.id, KIND_OF[row.table_name]) - named
        row.removed = len(gone)
        of_gone = Drug.code == sa.func.any(sa.cast(sorted(gone), ARRAY(sa.Text())))
        await unit.session.execute(sa.delete(Drug).where(Drug.version_id == version.id, of_gone))
    await _finish(unit, version, row)


async def _rules(units: Units, actor: Actor, import_id: UUID, table: Table) -> None:
    """A table of rules comes whole or not at all."""
    async with units.of(actor) as unit:
        version, row = await _locked(unit, import_id)
        if not row.is_running:
            return
        read = await asyncio.to_thread(read_book, {row.table_name: table.raw})
        bad = [place.row for place in _places(read, row.table_name)]
        _report(row, bad)
        if not bad:
            version.rules = {**version.rules, row.table_name: table.raw}
            row.taken = row.added = table.length
        row.through = table.length
        await _finish(unit, version, row)


async def _finish(unit: Unit, version: FormularyVersion, row: FormularyImport) -> None:
    row.ended_at = unit.wall
    await progress.finish(unit, KIND, row.id, step=_DONE)
    unit.audit(
        "formulary.imported", version,
        table=row.table_name, taken=row.taken, removed=row.removed, bad=row.bad_rows,
    )  # fmt: skip


async def _locked(unit: Unit, import_id: UUID) -> tuple[FormularyVersion, FormularyImport]:
    """The version first, as everywhere. Raises VersionFixed."""
    found = await queries.import_row(unit, import_id)
    version = await open_draft(unit, found.version_id)
    return version, await queries.import_row(unit, import_id, lock=True)


def _report(row: FormularyImport, bad: Any) -> None:
    row.bad_rows += len({each.number for each in bad})
    row.bad = [*row.bad, *(_told(each) for each in bad)][:MOST_BAD]


def _told(bad: BadRow) -> dict[str, Any]:
    return {"number": bad.number, "field": bad.field, "kind": bad.kind, "said": bad.said}


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
