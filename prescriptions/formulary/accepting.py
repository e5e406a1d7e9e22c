"""A hospital's file is taken in: announced, sent, looked at as a whole; a job then reads it (`importing`).

What is wrong with the whole file is said at once, and nothing is begun.
"""

import asyncio
from datetime import timedelta
from uuid import UUID

import sqlalchemy as sa
import structlog

from prescriptions.formulary import queries
from prescriptions.formulary.errors import FileTooLong, FileUnreadable, ImportEnded, ImportRunning
from prescriptions.formulary.importing import KIND, STOPPED, read_import
from prescriptions.formulary.models import FormularyImport
from prescriptions.formulary.parsing import read_table
from prescriptions.formulary.publishing import open_draft
from prescriptions.formulary.reading import TABLES
from telehealth.core import progress
from telehealth.core.access import Actor
from telehealth.core.blobs import BlobNotFound, BlobsDown, BlobStore, UploadOffer
from telehealth.core.keeping import OFFER_LASTS
from telehealth.core.unit import Unit, Units
from telehealth.core.uploads import UploadMissing, UploadTooLarge

log = structlog.get_logger(__name__)

#: What a page's upload may hold, and therefore what an app's may.
MAX_BYTES = 16_000_000
ABANDONED_AFTER = timedelta(days=1)


async def offer(
    units: Units, actor: Actor, version_id: UUID, table: str, *, size: int, replaces: bool
) -> tuple[FormularyImport, UploadOffer]:
    """A place to send the file to, for ten minutes.

    Raises FileUnreadable, VersionNotFound, VersionFixed, ImportRunning, UploadTooLarge, BlobsDown.
    """
    if size > MAX_BYTES:
        raise UploadTooLarge(reason="bytes", max_bytes=MAX_BYTES)
    async with units.of(actor) as unit:
        row = await _announce(unit, version_id, table, replaces=replaces)
    made = await units.port(BlobStore).offer_upload(  # type: ignore[type-abstract]
        row.incoming_key, content_type="application/octet-stream", max_bytes=MAX_BYTES, ttl=OFFER_LASTS
    )
    return row, made


async def start(units: Units, actor: Actor, import_id: UUID) -> FormularyImport:
    """The file was sent: look at it as a whole, then let the job read it. Starting again changes nothing.

    Raises:
        ImportNotFound, ImportEnded, ImportRunning: another file is on its way into the draft.
        VersionFixed, FileUnreadable, FileTooLong.
        UploadMissing, BlobsDown: worth another try.
    """
    async with units.of(actor) as unit:
        row = await queries.import_row(unit, import_id)
    if row.started_at is not None:
        return row
    if row.ended_at is not None:
        raise ImportEnded()
    store = units.port(BlobStore)  # type: ignore[type-abstract]
    try:
        await store.move(row.incoming_key, row.key)
        content = await store.read(row.key, MAX_BYTES)
    except BlobNotFound:
        raise UploadMissing() from None
    try:
        table = await asyncio.to_thread(read_table, row.table_name, content)
    except (FileUnreadable, FileTooLong):
        async with units.of(actor) as unit:
            await _withdraw(unit, import_id)
        raise
    return await _begin(units, actor, import_id, table.length)


async def take(
    units: Units, actor: Actor, version_id: UUID, table: str, content: bytes, *, replaces: bool
) -> FormularyImport:
    """A file that came with a page's form. Raises as `offer` and `start` do."""
    read = await asyncio.to_thread(read_table, table, content)
    async with units.of(actor) as unit:
        row = await _announce(unit, version_id, table, replaces=replaces)
    await units.port(BlobStore).write(row.key, content, "application/octet-stream")  # type: ignore[type-abstract]
    return await _begin(units, actor, row.id, read.length)


async def go_on(unit: Unit, import_id: UUID) -> FormularyImport:
    """One that failed goes on from where it stopped. Raises ImportNotFound, ImportEnded."""
    row = await _running(unit, import_id)
    if await progress.resume(unit, KIND, row.id):
        await unit.defer(read_import, import_id=row.id, hospital_id=row.hospital_id)
    return row


async def stop(unit: Unit, import_id: UUID) -> FormularyImport:
    """It ends where it is: what was taken stays in the draft. Raises ImportNotFound, ImportEnded."""
    row = await _running(unit, import_id)
    row.ended_at, row.was_stopped = unit.wall, True
    await progress.fail(unit, KIND, row.id, why=STOPPED)
    unit.audit("formulary.import_stopped", row, table=row.table_name, through=row.through)
    return row


async def sweep_files(units: Units) -> int:
    """Delete the files of imports that have ended, and those that were announced and never begun."""
    store = units.port(BlobStore)  # type: ignore[type-abstract]
    async with units.system("formulary imports") as unit:
        due = await queries.unswept_imports(unit, announced_before=unit.wall - ABANDONED_AFTER)
    try:
        for row in due:
            await store.delete(row.incoming_key)
            await store.delete(row.key)
    except BlobsDown:
        log.warning("formulary.sweep_postponed", waiting=len(due))
        return 0
    async with units.system("formulary imports") as unit:
        for found in due:
            row = await queries.import_row(unit, found.id, lock=True)
            if row.is_running:
                # Its file came after a day, between our question and now: the sender is told it is missing.
                continue
            row.swept_at, row.ended_at = unit.wall, row.ended_at or unit.wall
    return len(due)


async def _announce(unit: Unit, version_id: UUID, table: str, *, replaces: bool) -> FormularyImport:
    if table not in TABLES:
        raise FileUnreadable(table=table)
    version = await open_draft(unit, version_id)
    if await queries.running_import(unit, version_id) is not None:
        raise ImportRunning()
    row = FormularyImport(
        hospital_id=version.hospital_id, version_id=version.id, table_name=table, replaces=replaces,
        asked_by=unit.actor.account_id, asked_at=unit.wall, through=0, taken=0, added=0, removed=0,
        bad_rows=0, bad=[], was_stopped=False, started_at=None, ended_at=None, swept_at=None,
    )  # fmt: skip
    unit.session.add(row)
    await unit.session.flush()
    return row


async def _begin(units: Units, actor: Actor, import_id: UUID, total: int) -> FormularyImport:
    async with units.of(actor) as unit:
        found = await queries.import_row(unit, import_id)
        await open_draft(unit, found.version_id)
        row = await queries.import_row(unit, import_id, lock=True)
        if row.started_at is not None:
            return row
        if row.ended_at is not None:
            raise ImportEnded()
        row.started_at = unit.wall
        try:
            await unit.session.flush()
        except sa.exc.IntegrityError as error:
            raise ImportRunning() from error
        await progress.ask(unit, KIND, row.id, total=total, hospital_id=row.hospital_id)
        await unit.defer(read_import, import_id=row.id, hospital_id=row.hospital_id)
        unit.audit("formulary.import_begun", row, table=row.table_name, rows=total, replaces=row.replaces)
        return row


async def _withdraw(unit: Unit, import_id: UUID) -> None:
    row = await queries.import_row(unit, import_id, lock=True)
    if row.started_at is None:
        row.ended_at = unit.wall


async def _running(unit: Unit, import_id: UUID) -> FormularyImport:
    """Locked, after its version."""
    found = await queries.import_row(unit, import_id)
    await queries.version_row(unit, found.version_id, lock=True)
    row = await queries.import_row(unit, import_id, lock=True)
    if not row.is_running:
        raise ImportEnded()
    return row
