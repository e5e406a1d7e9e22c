"""A long file of the books, written in the background: visible while it is made, resumed after a crash.

Each piece is a blob of its own; that it is there, and where the next begins, is committed with the progress.
A worker that is killed between the two writes the same piece again, over the first. One that runs out of
tries says so, and goes on after the last piece when it is asked to.
"""

from collections.abc import AsyncIterator, Sequence
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from telehealth.core.access import Actor
from telehealth.core.blobs import BlobStore
from telehealth.core.i18n import N_, translator
from telehealth.core.jobs import Work, task
from telehealth.core.progress import Progress, advance, ask, begin, finish, progress_of, resume, watched
from telehealth.core.unit import Unit, Units
from telehealth.payments.errors import ExportNotFound, ExportNotReady
from telehealth.payments.exporting import BOM, EXPORTS, written
from telehealth.payments.models import FinanceExport

KIND = "finance.export"
#: Files are kept so long, in wall time; then they are asked for again.
KEPT = timedelta(days=7)
_PIECE = 64 * 1024 * 1024
_RETRY_S = (5, 30, 120, 600)


async def ask_for(unit: Unit, name: str, first: date, last: date, *, lang: str) -> FinanceExport:
    """Who took what, and of which days, is recorded first."""
    row = FinanceExport(
        hospital_id=unit.actor.hospital, name=name, first=first, last=last, lang=lang,
        asked_by=unit.actor.account, asked_name=unit.actor.name, asked_at=unit.wall, pieces=0, after=None,
        is_whole=False,
    )  # fmt: skip
    unit.session.add(row)
    await unit.session.flush()
    await ask(unit, KIND, row.id, total=(last - first).days + 1)
    await unit.defer(write_export, export=row.id)
    unit.audit("finance.exported", row, file=name, first=first, last=last)
    return row


@task("payments.write_export", retry_s=_RETRY_S)
async def write_export(work: Work, *, export: str) -> None:
    export_id = UUID(export)
    async with work.units.system("finance exports") as unit:
        row = await unit.session.get(FinanceExport, export_id)
        if row is None or row.is_whole:
            return
        actor = Actor(account_id=row.asked_by, hospital_id=row.hospital_id, name=row.asked_name)
        await begin(unit, KIND, export_id, total=(row.last - row.first).days + 1, step=N_("正在写文件"))
    last = work.attempt >= len(_RETRY_S)
    async with watched(lambda: work.units.of(actor), KIND, export_id, last=last):
        is_whole = False
        while not is_whole:
            is_whole = await _next_piece(work.units, actor, export_id)


async def go_on(unit: Unit, export_id: UUID) -> FinanceExport:
    """One that failed goes on after its last piece. Raises ExportNotFound."""
    row, _ = await export_of(unit, export_id)
    if not row.is_whole and await resume(unit, KIND, row.id):
        await unit.defer(write_export, export=row.id)
    return row


async def _next_piece(units: Units, actor: Actor, export_id: UUID) -> bool:
    """Read, write, remember; True when that was the last."""
    async with units.of(actor) as unit:
        row = await unit.session.get_one(FinanceExport, export_id)
        export, say = EXPORTS[row.name], translator(row.lang)
        rows, after = await export.read(unit, row.first, row.last, _cursor(row.after), say)
        head = BOM + written([[say(name) for name in export.head]]) if row.pieces == 0 else ""
        blobs = unit.port(BlobStore)  # type: ignore[type-abstract]
    await blobs.write(_key(export_id, row.pieces), (head + written(rows)).encode(), "text/csv")
    async with units.of(actor) as unit:
        kept = await _locked(unit, export_id)
        if kept.pieces != row.pieces:
            # Another worker was here first.
            return kept.is_whole
        kept.pieces, kept.is_whole = kept.pieces + 1, after is None
        kept.after = None if after is None else [after[0].isoformat(), str(after[1])]
        if after is None:
            await finish(unit, KIND, export_id, step=N_("文件已就绪"))
        else:
            await advance(unit, KIND, export_id, _days_done(row, after[0]))
        return kept.is_whole


async def exports(unit: Unit, *, limit: int = 50) -> Sequence[tuple[FinanceExport, Progress | None]]:
    """Of the actor's hospital, the latest first."""
    found = (
        sa.select(FinanceExport)
        .where(FinanceExport.hospital_id == unit.actor.hospital)
        .order_by(FinanceExport.asked_at.desc(), FinanceExport.id.desc())
        .limit(limit)
    )
    return [(row, await progress_of(unit, KIND, row.id)) for row in await unit.session.scalars(found)]


async def export_of(unit: Unit, export_id: UUID) -> tuple[FinanceExport, Progress]:
    """Raises ExportNotFound."""
    row = await unit.session.get(FinanceExport, export_id)
    progress = await progress_of(unit, KIND, export_id)
    if row is None or progress is None or row.hospital_id != unit.actor.hospital:
        raise ExportNotFound()
    return row, progress


async def contents(units: Units, row: FinanceExport) -> AsyncIterator[bytes]:
    """The pieces in order, one at a time. Raises ExportNotReady."""
    if not row.is_whole:
        raise ExportNotReady()
    blobs = units.port(BlobStore)  # type: ignore[type-abstract]
    for number in range(row.pieces):
        yield await blobs.read(_key(row.id, number), _PIECE)


async def forget_old(units: Units) -> int:
    """Housekeeping: files nobody needs any more hold names and amounts, so they go."""
    async with units.system("finance exports") as unit:
        found = sa.select(FinanceExport).where(FinanceExport.asked_at < unit.wall - KEPT).limit(100)
        rows = (await unit.session.scalars(found)).all()
        blobs = unit.port(BlobStore)  # type: ignore[type-abstract]
    for row in rows:
        for number in range(row.pieces + 1):
            await blobs.delete(_key(row.id, number))
        async with units.system("finance exports") as unit:
            await unit.session.execute(sa.delete(Progress).where(Progress.subject_id == row.id))
            await unit.session.execute(sa.delete(FinanceExport).where(FinanceExport.id == row.id))
    return len(rows)


def _key(export_id: UUID, number: int) -> str:
    return f"exports/{export_id}/{number:05d}.csv"


def _cursor(kept: Sequence[str] | None) -> Any:
    """As the reading function gave it: a day where it reads by day, else an instant."""
    if kept is None:
        return None
    at, identity = kept
    return (date.fromisoformat(at) if len(at) == 10 else datetime.fromisoformat(at), UUID(identity))


def _days_done(row: FinanceExport, at: date) -> int:
    day = at.date() if isinstance(at, datetime) else at
    return max(0, (day - row.first).days)


async def _locked(unit: Unit, export_id: UUID) -> FinanceExport:
    found = sa.select(FinanceExport).where(FinanceExport.id == export_id).with_for_update()
    return (await unit.session.scalars(found.execution_options(populate_existing=True))).one()
