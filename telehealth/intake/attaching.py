"""Photos and reports: offered a place, looked at in quarantine, kept only as something we wrote ourselves.

A stranger's bytes reach `incoming/`, are read once, scanned and opened in a child process; photos
are written anew, documents as they were read. A refusal costs the form nothing.
"""

import contextlib
from datetime import timedelta
from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from telehealth.core import keeping
from telehealth.core.access import Actor
from telehealth.core.blobs import BlobsDown, BlobStore, UploadOffer
from telehealth.core.errors import DomainError, Invalid
from telehealth.core.keeping import OFFER_LASTS, PDF, Filename, Kept
from telehealth.core.unit import Unit, Units
from telehealth.core.uploads import MAX_PHOTO_BYTES, UploadTooLarge
from telehealth.intake import queries
from telehealth.intake.clearing import delete_files, kept_keys, remove_files
from telehealth.intake.errors import (
    AttachmentNotFound,
    FormNotFound,
    PhotoWanted,
    TooManyFiles,
)
from telehealth.intake.filling import read, writable
from telehealth.intake.models import IntakeAttachment, IntakeForm, incoming_key
from telehealth.intake.rules import PhotoKind
from telehealth.intake.states import ATTACHMENT, AttachmentEvent, AttachmentState
from telehealth.rulebook import current_policy

LINK_LASTS = timedelta(minutes=5)
#: Somebody who retries a failing upload gets a new address each time; this many at once are enough.
OFFERS_PER_PHOTO = 3

PHOTO_TYPES = ("image/jpeg", "image/png", "image/webp", "image/heic", "image/heif")
#: Some browsers cannot name a HEIC; what a file truly is, its bytes say.
UNNAMED = "application/octet-stream"


class AnnouncedFile(BaseModel):
    """What somebody wants to send. Type and size are promises; the finished file is measured again."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    kind: PhotoKind
    filename: Filename = "file"
    content_type: Literal[
        "image/jpeg", "image/png", "image/webp", "image/heic", "image/heif",
        "application/octet-stream", "application/pdf",
    ]  # fmt: skip
    size: Annotated[int, Field(ge=1, le=2**40)]


async def offer(
    units: Units, actor: Actor, form_id: UUID, announced: AnnouncedFile
) -> tuple[IntakeAttachment, UploadOffer]:
    """A place to send one file to, for ten minutes.

    Raises FormNotFound, FormFixed, TooManyFiles, UploadTooLarge, PhotoWanted, BlobsDown.
    """
    if announced.content_type == PDF and announced.kind is not PhotoKind.REPORT:
        raise PhotoWanted()
    async with units.of(actor) as unit:
        form = await writable(unit, form_id)
        limit = await max_bytes(unit, form.hospital_id)
        if announced.size > limit:
            raise UploadTooLarge(reason="bytes", max_bytes=limit)
        row = await _announce(unit, form, announced)
    made = await units.port(BlobStore).offer_upload(  # type: ignore[type-abstract]
        row.incoming_key, content_type=announced.content_type, max_bytes=limit, ttl=OFFER_LASTS
    )
    return row, made


async def finish(units: Units, actor: Actor, attachment_id: UUID) -> IntakeAttachment:
    """Look at what arrived and keep it. Finishing again changes nothing.

    Raises:
        AttachmentNotFound, FormFixed, TooManyFiles, TransitionRefused after a refusal.
        UploadMissing, ScannerDown, BlobsDown: worth another try.
        UploadTooLarge, UploadUnreadable, UploadRefused, PhotoWanted: this file will not do.
    """
    async with units.of(actor) as unit:
        row = await own_attachment(unit, attachment_id)
        if row.state is AttachmentState.READY:
            return row
        ATTACHMENT.after(row.state, AttachmentEvent.ACCEPT)
        limit = await max_bytes(unit, row.hospital_id)
    try:
        data = await keeping.arrived(units, row.incoming_key, limit=limit)
    except UploadTooLarge as refusal:
        await _refuse(units, actor, row.id, refusal.code)
        raise
    return await _settle(units, actor, row, data)


async def attach(
    units: Units, actor: Actor, form_id: UUID, *, kind: PhotoKind, filename: str, data: bytes
) -> IntakeAttachment:
    """A file that came with a page's form, for browsers without script. Raises as `offer` and `finish` do."""
    async with units.of(actor) as unit:
        form = await writable(unit, form_id)
        limit = await max_bytes(unit, form.hospital_id)
        if len(data) > limit:
            raise UploadTooLarge(reason="bytes", max_bytes=limit)
        announced = AnnouncedFile(
            kind=kind, filename=filename[:300], content_type=UNNAMED, size=max(1, len(data))
        )
        row = await _announce(unit, form, announced)
    return await _settle(units, actor, row, data)


async def remove(unit: Unit, attachment_id: UUID) -> None:
    """Take a file out of a draft. Removing again changes nothing. Raises AttachmentNotFound, FormFixed."""
    row = await own_attachment(unit, attachment_id)
    await writable(unit, row.form_id)
    row = await queries.attachment(unit, attachment_id, lock=True)
    if not ATTACHMENT.allows(row.state, AttachmentEvent.REMOVE):
        return
    row.apply(AttachmentEvent.REMOVE)
    unit.audit("intake.attachment_removed", row, kind=row.kind)
    await unit.defer(remove_files, attachment_id=row.id)


async def link_to(units: Units, actor: Actor, attachment_id: UUID, *, thumbnail: bool = False) -> str:
    """An address that opens the file for five minutes; asked for anew each time.

    Raises AttachmentNotFound, BlobsDown.
    """
    async with units.of(actor) as unit:
        row = await own_attachment(unit, attachment_id)
        if row.state is not AttachmentState.READY or row.key is None:
            raise AttachmentNotFound()
        if unit.actor.is_staff:
            unit.audit("intake.attachment_opened", row, kind=row.kind)
    key = row.thumbnail_key if thumbnail and row.thumbnail_key else row.key
    ending = key.rpartition(".")[2]
    return await units.port(BlobStore).link(  # type: ignore[type-abstract]
        key, ttl=LINK_LASTS, filename=f"{row.kind}.{ending}", disposition="inline"
    )


async def own_attachment(unit: Unit, attachment_id: UUID) -> IntakeAttachment:
    """One whose form the reader may read. Raises AttachmentNotFound."""
    row = await queries.attachment(unit, attachment_id)
    try:
        await read(unit, row.form_id)
    except FormNotFound:
        raise AttachmentNotFound() from None
    if row.state is AttachmentState.REMOVED:
        raise AttachmentNotFound()
    return row


async def max_bytes(unit: Unit, hospital_id: UUID) -> int:
    """The hospital's limit, never more than our children can open."""
    numbers = (await current_policy(unit, hospital_id)).policy
    return min(numbers.intake.max_upload_mb * 1024 * 1024, MAX_PHOTO_BYTES)


async def _announce(unit: Unit, form: IntakeForm, announced: AnnouncedFile) -> IntakeAttachment:
    """The form is locked."""
    most = await _most(unit, form)
    open_offers = await queries.open_offers(unit, form.id, since=unit.wall - OFFER_LASTS)
    if len(await queries.attachments(unit, form.id)) >= most or open_offers >= OFFERS_PER_PHOTO * most:
        raise TooManyFiles(most=most)
    row = IntakeAttachment(
        hospital_id=form.hospital_id,
        account_id=form.account_id,
        form_id=form.id,
        kind=announced.kind,
        state=AttachmentState.OFFERED,
        filename=announced.filename,
        content_type=announced.content_type,
        size=announced.size,
        looks_blurred=False,
        looks_dark=False,
        refusal="",
        offered_at=unit.wall,
    )
    unit.session.add(row)
    await unit.session.flush()
    return row


async def _most(unit: Unit, form: IntakeForm) -> int:
    return (await current_policy(unit, form.hospital_id)).policy.intake.max_photos


async def _settle(units: Units, actor: Actor, row: IntakeAttachment, data: bytes) -> IntakeAttachment:
    try:
        kept = await _keep(units, row, data)
    except Invalid as refusal:
        await _refuse(units, actor, row.id, refusal.code)
        raise
    try:
        async with units.of(actor) as unit:
            done = await _accept(unit, row.id, kept)
    except DomainError:
        # The form went away under it, or was sent meanwhile.
        await delete_files(units, row.id)
        raise
    with contextlib.suppress(BlobsDown):  # the sweep comes by later
        await units.port(BlobStore).delete(row.incoming_key)  # type: ignore[type-abstract]
    return done


async def _keep(units: Units, row: IntakeAttachment, data: bytes) -> Kept:
    """Raises UploadTooLarge, UploadUnreadable, UploadRefused, PhotoWanted, ScannerDown, BlobsDown."""
    await keeping.scan(units, data)
    photo_key, thumbnail_key, document_key = kept_keys(row.id)
    if not keeping.is_document(data):
        return await keeping.keep_photo(units, data, key=photo_key, thumbnail_key=thumbnail_key)
    if row.kind is not PhotoKind.REPORT:
        raise PhotoWanted()
    return await keeping.keep_document(units, data, key=document_key)


async def _accept(unit: Unit, attachment_id: UUID, kept: Kept) -> IntakeAttachment:
    row = await queries.attachment(unit, attachment_id)
    form = await writable(unit, row.form_id)
    row = await queries.attachment(unit, attachment_id, lock=True)
    if row.state is AttachmentState.READY:
        return row
    most = await _most(unit, form)
    if len(await queries.attachments(unit, form.id)) >= most:
        raise TooManyFiles(most=most)
    row.apply(AttachmentEvent.ACCEPT)
    row.key, row.thumbnail_key = kept.key, kept.thumbnail_key
    row.content_type, row.size, row.sha256, row.pages = kept.content_type, kept.size, kept.sha256, kept.pages
    row.looks_blurred, row.looks_dark = kept.looks_blurred, kept.looks_dark
    row.finished_at = unit.wall
    unit.audit("intake.attached", row, kind=row.kind, content_type=row.content_type, size=row.size)
    return row


async def _refuse(units: Units, actor: Actor, attachment_id: UUID, code: str) -> None:
    async with units.of(actor) as unit:
        row = await queries.attachment(unit, attachment_id, lock=True)
        if ATTACHMENT.allows(row.state, AttachmentEvent.REFUSE):
            row.apply(AttachmentEvent.REFUSE)
            row.refusal, row.finished_at = code, unit.wall
            unit.audit("intake.attachment_refused", row, kind=row.kind, code=code)
    with contextlib.suppress(BlobsDown):
        await units.port(BlobStore).delete(incoming_key(attachment_id))  # type: ignore[type-abstract]
