"""Photos, documents and voice messages of a room: offered a place, looked at in quarantine, kept as ours.

A file that is not what it says is refused and stored nowhere. It shows in the room once it is said
(`chatting.say` with its id).
"""

import contextlib
from datetime import timedelta
from typing import Annotated, Literal
from uuid import UUID

import structlog
from pydantic import BaseModel, ConfigDict, Field

from telehealth.consultations import queries
from telehealth.consultations.errors import (
    FileKindWrong,
    NotAdmitted,
    RoomClosed,
    RoomFileNotFound,
    RoomNotFound,
    TooManyRoomFiles,
)
from telehealth.consultations.gate import GATE, find_seat
from telehealth.consultations.models import RoomFile
from telehealth.consultations.policy import acting, seat_for
from telehealth.consultations.rules import may_write
from telehealth.consultations.states import FILE, FileEvent, FileKind, FileState
from telehealth.consultations.viewing import note_view
from telehealth.core import keeping
from telehealth.core.access import Actor, Permission
from telehealth.core.blobs import BlobsDown, BlobStore, UploadOffer
from telehealth.core.errors import Invalid
from telehealth.core.keeping import OFFER_LASTS, Filename, Kept
from telehealth.core.rooms import Seat, Side
from telehealth.core.unit import Unit, Units
from telehealth.core.uploads import MAX_PHOTO_BYTES, MAX_VOICE_BYTES, UploadTooLarge
from telehealth.rulebook import current_policy

log = structlog.get_logger(__name__)

#: Wall times.
LINK_LASTS = timedelta(minutes=5)
ABANDONED_AFTER = timedelta(days=1)
#: Of one visit; and how many places somebody may hold at once without filling them.
MOST_FILES = 60
MOST_OFFERS = 20

ContentType = Literal[
    "image/jpeg", "image/png", "image/webp", "image/heic", "image/heif", "application/pdf",
    "audio/webm", "audio/ogg", "audio/mp4", "audio/x-m4a", "audio/aac", "video/webm", "video/mp4",
    "application/octet-stream",
]  # fmt: skip


class AnnouncedRoomFile(BaseModel):
    """What somebody wants to send. Type and size are promises; the finished file is measured again."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    kind: FileKind
    filename: Filename = "file"
    content_type: ContentType
    size: Annotated[int, Field(ge=1, le=2**40)]


async def offer(
    units: Units, actor: Actor, room: UUID, announced: AnnouncedRoomFile
) -> tuple[RoomFile, UploadOffer]:
    """A place to send one file to, for ten minutes.

    Raises RoomNotFound, RoomClosed, NotAdmitted, TooManyRoomFiles, UploadTooLarge, BlobsDown.
    """
    seat = await find_seat(units, actor, room)
    async with acting(units, seat) as unit:
        await _may_write(unit, seat)
        limit = await _max_bytes(unit, seat.hospital_id, announced.kind)
        if announced.size > limit:
            raise UploadTooLarge(reason="bytes", max_bytes=limit)
        row = await _announce(unit, seat, announced)
    made = await units.port(BlobStore).offer_upload(  # type: ignore[type-abstract]
        row.incoming_key, content_type=announced.content_type, max_bytes=limit, ttl=OFFER_LASTS
    )
    return row, made


async def finish(units: Units, actor: Actor, file_id: UUID) -> RoomFile:
    """Look at what arrived and keep it. Finishing again changes nothing.

    Raises:
        RoomFileNotFound, RoomClosed, TransitionRefused after a refusal.
        UploadMissing, ScannerDown, BlobsDown: worth another try.
        UploadTooLarge, UploadUnreadable, UploadRefused, FileKindWrong: this file will not do.
    """
    row, seat = await _file_and_seat(units, actor, file_id)
    if row.author_id != actor.account:
        raise RoomFileNotFound()
    if row.state is FileState.READY:
        return row
    FILE.after(row.state, FileEvent.ACCEPT)
    async with acting(units, seat) as unit:
        await _may_write(unit, seat)
        limit = await _max_bytes(unit, row.hospital_id, row.kind)
    try:
        kept = await _keep(units, row, await keeping.arrived(units, row.incoming_key, limit=limit))
    except Invalid as refusal:
        await _refuse(units, seat, row, refusal.code)
        raise
    async with acting(units, seat) as unit:
        done = await _accept(unit, row.id, kept)
    with contextlib.suppress(BlobsDown):  # the sweep comes by later
        await units.port(BlobStore).delete(row.incoming_key)  # type: ignore[type-abstract]
    return done


async def link_to(units: Units, actor: Actor, file_id: UUID, *, thumbnail: bool = False) -> str:
    """An address that opens the file for five minutes. What staff open whole is noted for the patient.

    Raises RoomFileNotFound, BlobsDown.
    """
    row, role = await _file_to_read(units, actor, file_id)
    if row.state is not FileState.READY or row.key is None:
        raise RoomFileNotFound()
    is_small = thumbnail and row.thumbnail_key is not None
    if actor.is_staff and not is_small:
        async with units.of(actor) as unit:
            note_view(unit, await queries.consultation(unit, row.room), role, what="image", ref=row.id)
    key = row.thumbnail_key if is_small and row.thumbnail_key else row.key
    ending = key.rpartition(".")[2]
    return await units.port(BlobStore).link(  # type: ignore[type-abstract]
        key, ttl=LINK_LASTS, filename=f"{row.kind}.{ending}", disposition="inline"
    )


def kept_key(file_id: UUID) -> str:
    """Where what we made of it lies, without the ending."""
    return f"room-files/{file_id}"


async def _file_and_seat(units: Units, actor: Actor, file_id: UUID) -> tuple[RoomFile, Seat]:
    """Raises RoomFileNotFound."""
    async with units.system(GATE) as unit:
        row = await queries.file(unit, file_id)
        try:
            return row, await seat_for(unit, actor, row.room)
        except RoomNotFound:
            raise RoomFileNotFound() from None


async def _file_to_read(units: Units, actor: Actor, file_id: UUID) -> tuple[RoomFile, str]:
    """With whose eyes: a role of the room, or "head" for those who may read every record."""
    if actor.may(Permission.SEE_RECORDS):
        async with units.of(actor) as unit:
            return await queries.file(unit, file_id), "head"
    row, seat = await _file_and_seat(units, actor, file_id)
    return row, str(seat.role)


async def _may_write(unit: Unit, seat: Seat) -> None:
    row = await queries.consultation(unit, seat.room)
    if not may_write(row.state, seat.role.side):
        raise NotAdmitted() if may_write(row.state, Side.PATIENT) else RoomClosed(state=str(row.state))


async def _max_bytes(unit: Unit, hospital_id: UUID, kind: FileKind) -> int:
    """The hospital's limit, never more than our children can open."""
    if kind is FileKind.VOICE:
        return MAX_VOICE_BYTES
    numbers = (await current_policy(unit, hospital_id)).policy
    return min(numbers.intake.max_upload_mb * 1024 * 1024, MAX_PHOTO_BYTES)


async def _announce(unit: Unit, seat: Seat, announced: AnnouncedRoomFile) -> RoomFile:
    ready, offered = await queries.count_files(
        unit, seat.room, author_id=seat.actor.account, offered_since=unit.wall - OFFER_LASTS
    )
    if ready >= MOST_FILES or offered >= MOST_OFFERS:
        raise TooManyRoomFiles(most=MOST_FILES)
    row = RoomFile(
        hospital_id=seat.hospital_id,
        account_id=seat.owner_id,
        room=seat.room,
        author_id=seat.actor.account,
        kind=announced.kind,
        state=FileState.OFFERED,
        filename=announced.filename,
        content_type=announced.content_type,
        size=announced.size,
        refusal="",
        offered_at=unit.wall,
    )
    unit.session.add(row)
    await unit.session.flush()
    return row


async def _keep(units: Units, row: RoomFile, data: bytes) -> Kept:
    """By what its bytes say; raises FileKindWrong when that is not what was announced."""
    await keeping.scan(units, data)
    key = kept_key(row.id)
    if row.kind is FileKind.VOICE:
        return await keeping.keep_voice(units, data, key=key)
    if keeping.is_document(data) is not (row.kind is FileKind.DOCUMENT):
        raise FileKindWrong()
    if row.kind is FileKind.DOCUMENT:
        return await keeping.keep_document(units, data, key=f"{key}.pdf")
    return await keeping.keep_photo(units, data, key=f"{key}.jpg", thumbnail_key=f"{key}.webp")


async def _accept(unit: Unit, file_id: UUID, kept: Kept) -> RoomFile:
    row = await queries.file(unit, file_id, lock=True)
    if row.state is FileState.READY:
        return row
    row.apply(FileEvent.ACCEPT)
    row.key, row.thumbnail_key, row.sha256 = kept.key, kept.thumbnail_key, kept.sha256
    row.content_type, row.size = kept.content_type, kept.size
    row.width, row.height, row.pages, row.duration_ms = kept.width, kept.height, kept.pages, kept.duration_ms
    row.finished_at = unit.wall
    unit.audit("room.file_kept", row, kind=row.kind, content_type=row.content_type, size=row.size)
    return row


async def _refuse(units: Units, seat: Seat, row: RoomFile, code: str) -> None:
    async with acting(units, seat) as unit:
        row = await queries.file(unit, row.id, lock=True)
        if FILE.allows(row.state, FileEvent.REFUSE):
            row.apply(FileEvent.REFUSE)
            row.refusal, row.finished_at = code, unit.wall
            unit.audit("room.file_refused", row, kind=row.kind, code=code)
    with contextlib.suppress(BlobsDown):
        await units.port(BlobStore).delete(row.incoming_key)  # type: ignore[type-abstract]


async def sweep_files(units: Units) -> int:
    """Clear the incoming folder of everything offered more than a day ago; of how many files.

    Also of files that were checked long since: whoever held the address could send once more.
    """
    store = units.port(BlobStore)  # type: ignore[type-abstract]
    async with units.system("room files") as unit:
        due = await queries.unswept_files(unit, before=unit.wall - ABANDONED_AFTER)
    try:
        for file_id in due:
            await store.delete(RoomFile(id=file_id).incoming_key)
    except BlobsDown:
        log.warning("room.sweep_postponed", waiting=len(due))
        return 0
    async with units.system("room files") as unit:
        for row in await queries.lock_files(unit, due):
            row.swept_at = unit.wall
            if row.state is FileState.OFFERED:
                row.apply(FileEvent.REFUSE)
                row.refusal = "abandoned"
                unit.audit("room.file_abandoned", row)
    return len(due)
