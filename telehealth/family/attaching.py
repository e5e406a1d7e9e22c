"""Papers that show a child is who, and whose (GS03): looked at in quarantine, kept as we wrote them anew."""

import contextlib
from datetime import timedelta
from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from telehealth.core import keeping
from telehealth.core.access import Actor
from telehealth.core.blobs import BlobsDown, BlobStore, UploadOffer
from telehealth.core.errors import DomainError, Invalid
from telehealth.core.keeping import OFFER_LASTS, Filename, Kept
from telehealth.core.unit import Unit, Units
from telehealth.core.uploads import MAX_PHOTO_BYTES, UploadTooLarge
from telehealth.family import queries
from telehealth.family.deleting import delete_one, keys_of
from telehealth.family.errors import PaperNotFound, TooManyPapers, WayClosed
from telehealth.family.models import Binding, Paper
from telehealth.family.proving import require_way
from telehealth.family.states import BindingState, PaperEvent, PaperState, Way
from telehealth.rulebook import current_policy

LINK_LASTS = timedelta(minutes=5)
#: A household register, a birth certificate and both documents, front and back.
MOST_PAPERS = 6
_OFFERS_PER_PAPER = 3
_UNNAMED = "application/octet-stream"


class AnnouncedPaper(BaseModel):
    """What somebody wants to send. Type and size are promises; the finished file is measured again."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    kind: Literal["paper"] = "paper"
    #: Said by the uploader of every page; not kept.
    filename: Filename = "file"
    content_type: Literal[
        "image/jpeg", "image/png", "image/webp", "image/heic", "image/heif",
        "application/octet-stream", "application/pdf",
    ]  # fmt: skip
    size: Annotated[int, Field(ge=1, le=2**40)]


async def offer(
    units: Units, actor: Actor, binding_id: UUID, announced: AnnouncedPaper
) -> tuple[Paper, UploadOffer]:
    """A place to send one paper to, for ten minutes.

    Raises BindingNotFound, WayClosed, TooManyPapers, UploadTooLarge, BlobsDown.
    """
    async with units.account(actor.account, actor) as unit:
        binding = await _open(unit, actor, binding_id)
        limit = await max_bytes(unit, binding.hospital_id)
        if announced.size > limit:
            raise UploadTooLarge(reason="bytes", max_bytes=limit)
        row = await _announce(unit, binding, announced)
    made = await units.port(BlobStore).offer_upload(  # type: ignore[type-abstract]
        keys_of(row.id)[0], content_type=announced.content_type, max_bytes=limit, ttl=OFFER_LASTS
    )
    return row, made


async def finish(units: Units, actor: Actor, paper_id: UUID) -> Paper:
    """Look at what arrived and keep it. Finishing again changes nothing.

    Raises PaperNotFound, WayClosed, TooManyPapers, and as `core.keeping` does.
    """
    async with units.account(actor.account, actor) as unit:
        row = await own_paper(unit, actor, paper_id)
        if row.state is PaperState.READY:
            return row
        limit = await max_bytes(unit, row.hospital_id)
    try:
        data = await keeping.arrived(units, keys_of(row.id)[0], limit=limit)
    except UploadTooLarge as refusal:
        await _refuse(units, actor, row.id, refusal.code)
        raise
    return await _settle(units, actor, row, data)


async def attach(units: Units, actor: Actor, binding_id: UUID, data: bytes) -> Paper:
    """A file that came with a page's form, from a browser without script. Raises as `offer` and `finish`."""
    async with units.account(actor.account, actor) as unit:
        binding = await _open(unit, actor, binding_id)
        limit = await max_bytes(unit, binding.hospital_id)
        if len(data) > limit:
            raise UploadTooLarge(reason="bytes", max_bytes=limit)
        announced = AnnouncedPaper(content_type=_UNNAMED, size=max(1, len(data)))
        row = await _announce(unit, binding, announced)
    return await _settle(units, actor, row, data)


async def remove(unit: Unit, actor: Actor, paper_id: UUID) -> None:
    """Before it is sent. Raises PaperNotFound, WayClosed."""
    row = await own_paper(unit, actor, paper_id)
    await _open(unit, actor, row.binding_id)
    row = await queries.paper(unit, paper_id, lock=True)
    if row.state in (PaperState.OFFERED, PaperState.READY):
        await delete_one(unit, row)


async def link_to(units: Units, actor: Actor, paper_id: UUID, *, thumbnail: bool = False) -> str:
    """An address that opens it for five minutes: its user's, or staff of the hospital that checks it.

    Raises PaperNotFound, BlobsDown.
    """
    async with units.of(actor) as unit:
        row = await queries.paper(unit, paper_id)
        if actor.is_staff:
            is_theirs = row.hospital_id == actor.hospital_id
        else:
            is_theirs = row.account_id == actor.account
        if not is_theirs or row.state is not PaperState.READY or row.key is None:
            raise PaperNotFound()
        if actor.is_staff:
            unit.audit("family.paper_opened", row, binding=row.binding_id)
    key = row.thumbnail_key if thumbnail and row.thumbnail_key else row.key
    return await units.port(BlobStore).link(  # type: ignore[type-abstract]
        key, ttl=LINK_LASTS, filename=f"paper.{key.rpartition('.')[2]}", disposition="inline"
    )


async def own_paper(unit: Unit, actor: Actor, paper_id: UUID) -> Paper:
    """Raises PaperNotFound."""
    row = await queries.paper(unit, paper_id)
    if row.account_id != actor.account:
        raise PaperNotFound()
    return row


async def max_bytes(unit: Unit, hospital_id: UUID) -> int:
    """The hospital's limit, never more than our children can open."""
    numbers = (await current_policy(unit, hospital_id)).policy
    return min(numbers.intake.max_upload_mb * 1024 * 1024, MAX_PHOTO_BYTES)


async def _open(unit: Unit, actor: Actor, binding_id: UUID) -> Binding:
    """Locked, and still taking papers. Raises BindingNotFound, WayClosed."""
    binding = await queries.own_binding(unit, actor.account, binding_id, lock=True)
    await require_way(unit, binding, Way.PAPERS)
    if binding.state is not BindingState.PROVING:
        raise WayClosed(ways=[])
    return binding


async def _announce(unit: Unit, binding: Binding, announced: AnnouncedPaper) -> Paper:
    waiting = await queries.open_offers(unit, binding.id, since=unit.wall - OFFER_LASTS)
    if (
        len(await queries.papers_of(unit, binding.id)) >= MOST_PAPERS
        or waiting >= _OFFERS_PER_PAPER * MOST_PAPERS
    ):
        raise TooManyPapers(most=MOST_PAPERS)
    row = Paper(
        hospital_id=binding.hospital_id,
        account_id=binding.account_id,
        binding_id=binding.id,
        state=PaperState.OFFERED,
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


async def _settle(units: Units, actor: Actor, row: Paper, data: bytes) -> Paper:
    try:
        await keeping.scan(units, data)
        kept = await _keep(units, row.id, data)
    except Invalid as refusal:
        await _refuse(units, actor, row.id, refusal.code)
        raise
    try:
        async with units.account(actor.account, actor) as unit:
            done = await _accept(unit, actor, row.id, kept)
    except DomainError:
        # The request was sent, or given up, under it.
        await _forget(units, row.id)
        raise
    with contextlib.suppress(BlobsDown):  # the sweep comes by later
        await units.port(BlobStore).delete(keys_of(row.id)[0])  # type: ignore[type-abstract]
    return done


async def _keep(units: Units, paper_id: UUID, data: bytes) -> Kept:
    _, photo, thumbnail, document = keys_of(paper_id)
    if keeping.is_document(data):
        return await keeping.keep_document(units, data, key=document)
    return await keeping.keep_photo(units, data, key=photo, thumbnail_key=thumbnail)


async def _accept(unit: Unit, actor: Actor, paper_id: UUID, kept: Kept) -> Paper:
    row = await queries.paper(unit, paper_id)
    binding = await _open(unit, actor, row.binding_id)
    row = await queries.paper(unit, paper_id, lock=True)
    if row.state is PaperState.READY:
        return row
    if len(await queries.papers_of(unit, binding.id)) >= MOST_PAPERS:
        raise TooManyPapers(most=MOST_PAPERS)
    row.apply(PaperEvent.ACCEPT)
    row.key, row.thumbnail_key = kept.key, kept.thumbnail_key
    row.content_type, row.size, row.sha256 = kept.content_type, kept.size, kept.sha256
    row.looks_blurred, row.looks_dark = kept.looks_blurred, kept.looks_dark
    row.finished_at = unit.wall
    unit.audit("family.paper_attached", row, binding=binding.id, content_type=row.content_type)
    return row


async def _refuse(units: Units, actor: Actor, paper_id: UUID, code: str) -> None:
    async with units.account(actor.account, actor) as unit:
        row = await queries.paper(unit, paper_id, lock=True)
        if row.state is PaperState.OFFERED:
            row.apply(PaperEvent.REFUSE)
            row.refusal, row.finished_at = code, unit.wall
            unit.audit("family.paper_refused", row, code=code)
    await _forget(units, paper_id)


async def _forget(units: Units, paper_id: UUID) -> None:
    with contextlib.suppress(BlobsDown):
        for key in keys_of(paper_id):
            await units.port(BlobStore).delete(key)  # type: ignore[type-abstract]
