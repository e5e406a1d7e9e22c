"""A hospital changes its drug book: draft, import, publish. What was published is never edited."""

import asyncio
import hashlib
import json
from collections.abc import Mapping
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from prescriptions.formulary import queries
from prescriptions.formulary.book import load_book, sample_tables
from prescriptions.formulary.errors import ImportRunning, VersionFixed, VersionOutdated
from prescriptions.formulary.models import Drug, FormularyVersion
from prescriptions.formulary.naming import terms_of
from prescriptions.formulary.queries import KIND_OF
from prescriptions.formulary.reading import BookRows, BookUnusable, bad_places, read_book
from prescriptions.formulary.rows import HerbRow, MedicineRow
from prescriptions.states import BookEvent, BookState
from telehealth.core.i18n import N_
from telehealth.core.unit import Unit

#: Rows of one insert.
_AT_ONCE = 1000


async def draft(unit: Unit, hospital_id: UUID, *, note: str = "") -> FormularyVersion:
    """A new version with all that counts now; empty for a new hospital.

    Raises VersionOutdated when somebody drafted at the same moment.
    """
    current = await queries.published_row(unit, hospital_id)
    row = FormularyVersion(
        hospital_id=hospital_id,
        number=await queries.highest_number(unit, hospital_id) + 1,
        state=BookState.DRAFT,
        note=note,
        rules=current.rules if current else {},
        digest="",
        created_by=unit.actor.account_id,
        created_at=unit.now,
    )
    unit.session.add(row)
    try:
        await unit.session.flush()
    except sa.exc.IntegrityError as error:
        raise VersionOutdated() from error
    if current is not None:
        columns = ["code", "hospital_id", "kind", "name", "terms", "row"]
        copied = sa.select(sa.literal(row.id, sa.Uuid()), *(getattr(Drug, each) for each in columns))
        await unit.session.execute(
            sa.insert(Drug).from_select(
                ["version_id", *columns], copied.where(Drug.version_id == current.id), include_defaults=False
            )
        )
    unit.audit("formulary.drafted", row, number=row.number, based_on=current.number if current else 0)
    return row


async def open_draft(unit: Unit, version_id: UUID) -> FormularyVersion:
    """Locked. Raises VersionNotFound, VersionFixed."""
    row = await queries.version_row(unit, version_id, lock=True)
    if row.state is not BookState.DRAFT:
        raise VersionFixed(state=str(row.state))
    return row


async def discard(unit: Unit, version_id: UUID) -> None:
    """Raises VersionNotFound, VersionFixed, ImportRunning."""
    row = await _quiet_draft(unit, version_id)
    row.apply(BookEvent.DISCARD)
    unit.audit("formulary.discarded", row, number=row.number)


async def publish(unit: Unit, version_id: UUID) -> FormularyVersion:
    """Sheets are written by it from now on; those already signed keep the version they were signed by.

    Raises BookUnusable with every place that must be mended, VersionNotFound, VersionFixed, ImportRunning.
    """
    row = await _quiet_draft(unit, version_id)
    tables = await queries.tables_of(unit, row)
    await asyncio.to_thread(lambda: load_book(read_book(tables), version=row.number))
    current = await queries.published_row(unit, row.hospital_id, lock=True)
    if current is not None:
        current.apply(BookEvent.RETIRE)
        # First the old one leaves: one published version a hospital, by a unique index.
        await unit.session.flush()
    row.digest = _digest(tables)
    row.published_at = unit.now
    row.apply(BookEvent.PUBLISH)
    try:
        await unit.session.flush()
    except sa.exc.IntegrityError as error:
        raise VersionOutdated() from error
    unit.audit("formulary.published", row, number=row.number, digest=row.digest)
    return row


async def _quiet_draft(unit: Unit, version_id: UUID) -> FormularyVersion:
    """Locked, and no file is on its way into it: an import begins under the same lock."""
    row = await open_draft(unit, version_id)
    if await queries.running_import(unit, version_id) is not None:
        raise ImportRunning()
    return row


async def publish_sample(unit: Unit, hospital_id: UUID) -> FormularyVersion:
    """The sample book, for a demo hospital."""
    row = await draft(unit, hospital_id, note=N_("样例数据，仅供演示"))
    tables = sample_tables()
    rows = read_book(tables)
    if places := bad_places(rows):
        raise BookUnusable(places)
    row.rules = {table: value for table, value in tables.items() if table not in KIND_OF}
    await write_drugs(unit, row, rows)
    return await publish(unit, row.id)


async def write_drugs(unit: Unit, version: FormularyVersion, rows: BookRows) -> None:
    """Put the good rows of both tables into a version."""
    await put_rows(unit, version, "medicines", rows.medicines.good)
    await put_rows(unit, version, "herbs", rows.herbs.good)


async def put_rows(
    unit: Unit, version: FormularyVersion, table: str, rows: tuple[MedicineRow, ...] | tuple[HerbRow, ...]
) -> None:
    """Add them, or put them in the place of those with the same code."""
    made = await asyncio.to_thread(lambda: [_values(version, table, row) for row in rows])
    for at in range(0, len(made), _AT_ONCE):
        batch = made[at : at + _AT_ONCE]
        codes = [each["code"] for each in batch]
        await unit.session.execute(sa.delete(Drug).where(Drug.version_id == version.id, Drug.code.in_(codes)))
        await unit.session.execute(sa.insert(Drug), batch)


def _values(version: FormularyVersion, table: str, row: MedicineRow | HerbRow) -> dict[str, Any]:
    return {
        "version_id": version.id,
        "hospital_id": version.hospital_id,
        "code": row.id,
        "kind": KIND_OF[table],
        "name": row.name_zh,
        "terms": terms_of(row),
        "row": row.model_dump(mode="json"),
    }


def _digest(tables: Mapping[str, Any]) -> str:
    canonical = json.dumps(tables, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(canonical.encode()).hexdigest()
