"""Papers go when their time is over: at once with a request given up, days after a decision (GS03)."""

from datetime import timedelta
from uuid import UUID

import structlog

from telehealth.core.blobs import BlobsDown, BlobStore
from telehealth.core.jobs import Work, task
from telehealth.core.unit import Unit, Units
from telehealth.family import queries
from telehealth.family.models import Binding, Paper
from telehealth.family.states import PaperEvent, PaperState

log = structlog.get_logger(__name__)

REASON = "family account"
DELETE = "family.delete_papers"
#: Long after every upload address has expired (wall time).
ABANDONED_AFTER = timedelta(days=1)


def keys_of(paper_id: UUID) -> tuple[str, str, str, str]:
    """Where it arrives, and where what we made of it would lie: photo, thumbnail, document."""
    base = f"family/{paper_id}"
    return f"incoming/{paper_id}", f"{base}.jpg", f"{base}.webp", f"{base}.pdf"


async def delete_now(unit: Unit, binding: Binding) -> None:
    """The rows say so in this unit; the files follow in a job. Digests stay as evidence."""
    for paper in await queries.papers_kept(unit, binding.id):
        await delete_one(unit, paper)


async def delete_one(unit: Unit, paper: Paper) -> None:
    paper.apply(PaperEvent.DELETE)
    paper.deleted_at, paper.key, paper.thumbnail_key = unit.now, None, None
    unit.audit("family.paper_deleted", paper, sha256=paper.sha256)
    await unit.defer(delete_files, paper_id=paper.id)


async def delete_due(unit: Unit, binding_id: UUID) -> None:
    """The deadline `family.delete_papers`. Again it finds nothing."""
    await delete_now(unit, await queries.any_binding(unit, binding_id, lock=True))


@task("family.delete_files")
async def delete_files(work: Work, *, paper_id: str) -> None:
    """Deleting twice changes nothing."""
    store = work.units.port(BlobStore)  # type: ignore[type-abstract]
    for key in keys_of(UUID(paper_id)):
        await store.delete(key)


async def sweep_incoming(units: Units) -> int:
    """Clear what was sent and never finished, or sent once more to an address that was still good."""
    store = units.port(BlobStore)  # type: ignore[type-abstract]
    cleared = 0
    while True:
        async with units.system(REASON) as unit:
            due = [row.id for row in await queries.unswept(unit, before=unit.wall - ABANDONED_AFTER)]
        if not due:
            return cleared
        try:
            for paper_id in due:
                await store.delete(keys_of(paper_id)[0])
        except BlobsDown:
            log.warning("family.sweep_postponed", waiting=len(due))
            return cleared
        async with units.system(REASON) as unit:
            for row in await queries.papers_by_id(unit, due):
                row.swept_at = unit.wall
                if row.state is PaperState.OFFERED:
                    row.apply(PaperEvent.DELETE)
                    row.deleted_at = unit.now
        cleared += len(due)
