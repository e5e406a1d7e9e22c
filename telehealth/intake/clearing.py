"""Delete what nobody needs: files that were removed, and whatever never got past the door."""

from datetime import timedelta
from uuid import UUID

import structlog

from telehealth.core.blobs import BlobsDown, BlobStore
from telehealth.core.jobs import Work, task
from telehealth.core.unit import Units
from telehealth.intake import queries
from telehealth.intake.models import incoming_key
from telehealth.intake.states import AttachmentEvent, AttachmentState

log = structlog.get_logger(__name__)

#: Long after every upload address has expired (wall time).
ABANDONED_AFTER = timedelta(days=1)


def kept_keys(attachment_id: UUID) -> tuple[str, str, str]:
    """Where what we made of them would lie: photo, thumbnail, document."""
    return (f"photos/{attachment_id}.jpg", f"photos/{attachment_id}.webp", f"reports/{attachment_id}.pdf")


@task("intake.remove_files")
async def remove_files(work: Work, *, attachment_id: str) -> None:
    """Deleting twice changes nothing."""
    await delete_files(work.units, UUID(attachment_id))


async def delete_files(units: Units, attachment_id: UUID) -> None:
    """Raises BlobsDown."""
    store = units.port(BlobStore)  # type: ignore[type-abstract]
    for key in (incoming_key(attachment_id), *kept_keys(attachment_id)):
        await store.delete(key)


async def sweep_incoming(units: Units) -> int:
    """Clear the incoming folder of everything offered more than a day ago, and say of how many.

    Also of files that were checked long since: whoever held the address could send once more.
    """
    store = units.port(BlobStore)  # type: ignore[type-abstract]
    cleared = 0
    while True:
        async with units.system("intake.sweep_incoming") as unit:
            due = await queries.unswept(unit, before=unit.wall - ABANDONED_AFTER)
        if not due:
            return cleared
        try:
            for attachment_id in due:
                await store.delete(incoming_key(attachment_id))
        except BlobsDown:
            log.warning("intake.sweep_postponed", waiting=len(due))
            return cleared
        async with units.system("intake.sweep_incoming") as unit:
            for row in await queries.lock_attachments(unit, due):
                row.swept_at = unit.wall
                if row.state is AttachmentState.OFFERED:
                    row.apply(AttachmentEvent.REMOVE)
                    unit.audit("intake.attachment_abandoned", row)
        cleared += len(due)
