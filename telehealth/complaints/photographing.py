"""Photos of a complaint: each looked at by itself, so that a refused one costs nothing that was written."""

import contextlib
from datetime import timedelta
from uuid import UUID

import structlog

from telehealth.complaints import queries
from telehealth.complaints.errors import ComplaintOver, ComplaintPhotoNotFound, TooManyPhotos
from telehealth.complaints.models import Complaint, ComplaintPhoto
from telehealth.complaints.states import OPEN, PHOTO, PhotoEvent, PhotoState
from telehealth.core import keeping
from telehealth.core.access import Actor
from telehealth.core.blobs import BlobsDown, BlobStore, UploadOffer
from telehealth.core.errors import Invalid
from telehealth.core.keeping import OFFER_LASTS, Kept
from telehealth.core.unit import Unit, Units
from telehealth.core.uploads import MAX_PHOTO_BYTES, UploadTooLarge, UploadUnreadable
from telehealth.rulebook import current_policy

log = structlog.get_logger(__name__)

#: Wall times.
LINK_LASTS = timedelta(minutes=5)
ABANDONED_AFTER = timedelta(days=1)


async def offer(
    units: Units, actor: Actor, complaint_id: UUID, *, content_type: str, size: int
) -> tuple[ComplaintPhoto, UploadOffer]:
    """A place to send one photo to, for ten minutes.

    Raises ComplaintNotFound, ComplaintOver, TooManyPhotos, UploadTooLarge, BlobsDown.
    """
    if size > MAX_PHOTO_BYTES:
        raise UploadTooLarge(reason="bytes", max_bytes=MAX_PHOTO_BYTES)
    async with units.of(actor) as unit:
        row = await _announce(unit, complaint_id)
    made = await units.port(BlobStore).offer_upload(  # type: ignore[type-abstract]
        row.incoming_key, content_type=content_type, max_bytes=MAX_PHOTO_BYTES, ttl=OFFER_LASTS
    )
    return row, made


async def finish(units: Units, actor: Actor, photo_id: UUID) -> ComplaintPhoto:
    """Look at what arrived and keep it. Finishing again changes nothing.

    Raises:
        ComplaintPhotoNotFound, ComplaintOver, TooManyPhotos, TransitionRefused after a refusal.
        UploadMissing, ScannerDown, BlobsDown: worth another try.
        UploadTooLarge, UploadUnreadable, UploadRefused: this file will not do.
    """
    async with units.of(actor) as unit:
        row = await _own(unit, photo_id)
        if row.state is PhotoState.READY:
            return row
        PHOTO.after(row.state, PhotoEvent.ACCEPT)
    try:
        data = await keeping.arrived(units, row.incoming_key, limit=MAX_PHOTO_BYTES)
    except UploadTooLarge as refusal:
        await _refuse(units, actor, row.id, refusal.code)
        raise
    return await _settle(units, actor, row, data)


async def attach(units: Units, actor: Actor, complaint_id: UUID, data: bytes) -> ComplaintPhoto:
    """A photo that came with a page's form. Raises as `offer` and `finish` do."""
    if len(data) > MAX_PHOTO_BYTES:
        raise UploadTooLarge(reason="bytes", max_bytes=MAX_PHOTO_BYTES)
    async with units.of(actor) as unit:
        row = await _announce(unit, complaint_id)
    return await _settle(units, actor, row, data)


async def link_to(units: Units, actor: Actor, photo_id: UUID, *, thumbnail: bool = False) -> str:
    """An address that opens it for five minutes. Raises ComplaintPhotoNotFound, BlobsDown."""
    async with units.of(actor) as unit:
        row = await _own(unit, photo_id)
        if row.state is not PhotoState.READY or row.key is None:
            raise ComplaintPhotoNotFound()
        if actor.is_staff and not thumbnail:
            unit.audit("complaint.photo_opened", row)
    key = row.thumbnail_key if thumbnail and row.thumbnail_key else row.key
    return await units.port(BlobStore).link(  # type: ignore[type-abstract]
        key, ttl=LINK_LASTS, filename=f"photo.{key.rpartition('.')[2]}", disposition="inline"
    )


async def sweep_photos(units: Units) -> int:
    """Clear the incoming folder of everything offered more than a day ago; of how many photos."""
    store = units.port(BlobStore)  # type: ignore[type-abstract]
    async with units.system("complaint photos") as unit:
        due = [row.id for row in await queries.unswept(unit, before=unit.wall - ABANDONED_AFTER)]
    try:
        for photo_id in due:
            await store.delete(ComplaintPhoto(id=photo_id).incoming_key)
    except BlobsDown:
        log.warning("complaints.sweep_postponed", waiting=len(due))
        return 0
    async with units.system("complaint photos") as unit:
        for photo_id in due:
            row = await queries.photo(unit, photo_id, lock=True)
            row.swept_at = unit.wall
            if row.state is PhotoState.OFFERED:
                row.apply(PhotoEvent.REFUSE)
                row.refusal = "abandoned"
    return len(due)


async def _own(unit: Unit, photo_id: UUID) -> ComplaintPhoto:
    row = await queries.photo(unit, photo_id)
    await queries.complaint_of(unit, row.complaint_id)
    return row


async def _announce(unit: Unit, complaint_id: UUID) -> ComplaintPhoto:
    complaint = await _writable(unit, complaint_id)
    most = await _most(unit, complaint)
    offers = await queries.count_offers(unit, complaint.id, since=unit.wall - OFFER_LASTS)
    if len(await queries.photos_of(unit, complaint.id)) >= most or offers >= 3 * most:
        raise TooManyPhotos(most=most)
    row = ComplaintPhoto(
        complaint_id=complaint.id,
        hospital_id=complaint.hospital_id,
        account_id=complaint.account_id,
        state=PhotoState.OFFERED,
        size=0,
        refusal="",
        offered_at=unit.wall,
    )
    unit.session.add(row)
    await unit.session.flush()
    return row


async def _writable(unit: Unit, complaint_id: UUID) -> Complaint:
    """Photos are the patient's, while somebody will still look at them."""
    complaint = await queries.complaint_of(unit, complaint_id, lock=True)
    if complaint.state not in OPEN:
        raise ComplaintOver()
    return complaint


async def _most(unit: Unit, complaint: Complaint) -> int:
    return (await current_policy(unit, complaint.hospital_id)).policy.complaints.most_photos


async def _settle(units: Units, actor: Actor, row: ComplaintPhoto, data: bytes) -> ComplaintPhoto:
    try:
        kept = await _keep(units, row, data)
    except Invalid as refusal:
        await _refuse(units, actor, row.id, refusal.code)
        raise
    async with units.of(actor) as unit:
        done = await _accept(unit, row.id, kept)
    with contextlib.suppress(BlobsDown):  # the sweep comes by later
        await units.port(BlobStore).delete(row.incoming_key)  # type: ignore[type-abstract]
    return done


async def _keep(units: Units, row: ComplaintPhoto, data: bytes) -> Kept:
    await keeping.scan(units, data)
    if keeping.is_document(data):
        raise UploadUnreadable(reason="document")
    key = f"complaint-photos/{row.id}"
    return await keeping.keep_photo(units, data, key=f"{key}.jpg", thumbnail_key=f"{key}.webp")


async def _accept(unit: Unit, photo_id: UUID, kept: Kept) -> ComplaintPhoto:
    found = await queries.photo(unit, photo_id)
    complaint = await _writable(unit, found.complaint_id)
    row = await queries.photo(unit, photo_id, lock=True)
    if row.state is PhotoState.READY:
        return row
    most = await _most(unit, complaint)
    if len(await queries.photos_of(unit, complaint.id)) >= most:
        raise TooManyPhotos(most=most)
    row.apply(PhotoEvent.ACCEPT)
    row.key, row.thumbnail_key = kept.key, kept.thumbnail_key
    row.size, row.sha256, row.finished_at = kept.size, kept.sha256, unit.wall
    unit.audit("complaint.photo_kept", row, size=row.size)
    return row


async def _refuse(units: Units, actor: Actor, photo_id: UUID, code: str) -> None:
    async with units.of(actor) as unit:
        row = await queries.photo(unit, photo_id, lock=True)
        if PHOTO.allows(row.state, PhotoEvent.REFUSE):
            row.apply(PhotoEvent.REFUSE)
            row.refusal, row.finished_at = code, unit.wall
            unit.audit("complaint.photo_refused", row, code=code)
    with contextlib.suppress(BlobsDown):
        await units.port(BlobStore).delete(f"incoming/{photo_id}")  # type: ignore[type-abstract]
