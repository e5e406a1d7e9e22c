"""Everything of one person in one file: a FHIR bundle and every paper as PDF (REG60).

A job makes one paper after the other, each in units of its own, and says how far it is. Killed and run again
it finds the papers that are made and goes on; the file is packed on the disk (`packing`) and appears at the
end or not at all. Before it is handed out the account's phone must answer; after a few days it is deleted.
"""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from telehealth.accounts import CodeIssued, CodePurpose, find_account, issue_code, redeem_code
from telehealth.core import progress
from telehealth.core.access import Actor, Role
from telehealth.core.blobs import BlobNotFound, BlobStore, pieces
from telehealth.core.blobs.ports import MAX_LINK_TTL
from telehealth.core.deadlines import set_deadline
from telehealth.core.i18n import N_
from telehealth.core.jobs import Work, task
from telehealth.core.progress import progress_of
from telehealth.core.unit import Unit, Units
from telehealth.notifications import Notice, notify
from telehealth.patients import LinkPending, PersonNotFound, person_for
from telehealth.records import bundling, issuing, packing, queries, showing
from telehealth.records.errors import (
    DocumentNotFound,
    ExportExpired,
    ExportLocked,
    ExportNotFound,
    ExportNotReady,
    NoPhone,
)
from telehealth.records.models import Export
from telehealth.records.refreshing import policy_at
from telehealth.records.states import PaperKind

KIND = "records.export"
ERASURE = "records.export_erasure"
#: After the right code the file may be fetched for so long, of wall time.
UNLOCKED_FOR = timedelta(minutes=10)
ZIP = "application/zip"
_MAKING, _PACKING = N_("正在整理资料"), N_("正在打包")
_RETRY_S = (5, 30, 120, 600)


@dataclass(frozen=True, slots=True)
class Piece:
    kind: PaperKind
    id: UUID


async def ask(unit: Unit, actor: Actor, person_id: UUID) -> Export:
    """One is made at a time for each person; asking while it is made changes nothing.

    Raises PersonNotFound, LinkPending.
    """
    await person_for(unit, actor.account, person_id)
    for row in await queries.exports_of(unit, actor.account):
        found = await progress_of(unit, KIND, row.id)
        if row.person_id == person_id and found is not None and found.is_live:
            return row
    items = await showing.items_of(unit, person_id)
    row = Export(
        account_id=actor.account,
        person_id=person_id,
        pieces=[{"kind": str(item.kind), "id": str(item.id)} for item in items],
        asked_at=unit.now,
    )
    unit.session.add(row)
    await unit.session.flush()
    await progress.ask(unit, KIND, row.id, total=len(items) + 1, account_id=actor.account)
    await unit.defer(make, export_id=row.id, account_id=actor.account)
    unit.audit("export.asked", row, pieces=len(items))
    return row


async def retry(unit: Unit, export_id: UUID) -> Export:
    """One that failed, or that nobody works at, goes on from where it stopped. Raises ExportNotFound."""
    row = await queries.export(unit, unit.actor.account, export_id, lock=True)
    if await progress.resume(unit, KIND, export_id):
        await unit.defer(make, export_id=row.id, account_id=row.account_id)
    return row


@task("records.export", retry_s=_RETRY_S)
async def make(work: Work, *, export_id: str, account_id: str) -> None:
    await make_export(work.units, UUID(export_id), UUID(account_id), last=work.attempt >= len(_RETRY_S))


async def make_export(units: Units, export_id: UUID, account_id: UUID, *, last: bool = False) -> None:
    """Running it again goes on; running it once it is done changes nothing."""
    actor = Actor.signed_in(account_id, frozenset({Role.PATIENT}))
    async with units.account(account_id, actor) as unit:
        row = await queries.export(unit, account_id, export_id)
        found = await progress_of(unit, KIND, export_id)
        if found is None or found.is_done:
            return
        wanted = [Piece(PaperKind(each["kind"]), UUID(each["id"])) for each in row.pieces]
        done = await progress.begin(unit, KIND, export_id, total=len(wanted) + 1, step=_MAKING)
    async with progress.watched(lambda: units.account(account_id, actor), KIND, export_id, last=last):
        await _papers(units, actor, export_id, wanted, done)
        await _pack(units, actor, row, wanted)


async def send_code(units: Units, actor: Actor, export_id: UUID) -> CodeIssued:
    """Raises ExportNotFound, NoPhone, CodeTooSoon, CodesUsedUp, CodeNotSent."""
    async with units.account(actor.account, actor) as unit:
        await _own(unit, actor, export_id)
        phone = await _phone(unit, actor)
    return await issue_code(units, phone, purpose=CodePurpose.EXPORT, subject=str(export_id))


async def unlock(units: Units, actor: Actor, export_id: UUID, code: str) -> None:
    """Raises ExportNotFound, NoPhone, CodeWrong, CodeBurned, CodeExpired."""
    async with units.account(actor.account, actor) as unit:
        row = await _own(unit, actor, export_id)
        phone = await _phone(unit, actor)
        await redeem_code(unit, phone, purpose=CodePurpose.EXPORT, subject=str(export_id), code=code)
        row.unlocked_at = unit.wall
        unit.audit("export.unlocked", row)


async def open_file(units: Units, actor: Actor, export_id: UUID) -> tuple[Export, int, AsyncIterator[bytes]]:
    """Its size, and the file piece by piece.

    Raises ExportNotFound, ExportNotReady, ExportExpired, ExportLocked, BlobNotFound, BlobsDown.
    """
    row, key = await _opened(units, actor, export_id)
    store: BlobStore = units.port(BlobStore)  # type: ignore[type-abstract]
    head = await store.head(key)
    if head is None:
        raise BlobNotFound()
    return row, head.size, pieces(store, key, head.size)


async def link(units: Units, actor: Actor, export_id: UUID) -> tuple[str, str]:
    """An address that gives the file for a few minutes, and its hash. Raises as `open_file`."""
    row, key = await _opened(units, actor, export_id)
    store: BlobStore = units.port(BlobStore)  # type: ignore[type-abstract]
    url = await store.link(key, ttl=MAX_LINK_TTL, filename="health-record.zip", disposition="attachment")
    return url, row.sha256 or ""


async def _opened(units: Units, actor: Actor, export_id: UUID) -> tuple[Export, str]:
    async with units.account(actor.account, actor) as unit:
        row = await _own(unit, actor, export_id)
        key = _ready(unit, row)
        if not is_unlocked(unit, row):
            raise ExportLocked()
        row.downloaded_at = unit.now
        unit.audit("export.downloaded", row)
        return row, key


async def _own(unit: Unit, actor: Actor, export_id: UUID) -> Export:
    """Locked. One of somebody this account no longer acts for is out of its sight. Raises ExportNotFound."""
    row = await queries.export(unit, actor.account, export_id, lock=True)
    try:
        await person_for(unit, actor.account, row.person_id)
    except (PersonNotFound, LinkPending):
        raise ExportNotFound() from None
    return row


def is_unlocked(unit: Unit, row: Export) -> bool:
    return row.unlocked_at is not None and unit.wall < row.unlocked_at + UNLOCKED_FOR


async def erase(unit: Unit, export_id: UUID) -> None:
    """Its days are over: by the deadline, in a unit that sees every row."""
    row = await unit.session.get(Export, export_id)
    if row is not None and row.key is not None:
        await unit.defer(erase_file, key=row.key)
        row.key = None
        unit.audit("export.erased", row)


@task("records.erase_export")
async def erase_file(work: Work, *, key: str) -> None:
    try:
        await work.units.port(BlobStore).delete(key)  # type: ignore[type-abstract]
    except BlobNotFound:
        return


async def _papers(units: Units, actor: Actor, export_id: UUID, wanted: Sequence[Piece], done: int) -> None:
    for place, piece in enumerate(wanted[done:], start=done + 1):
        try:
            await issuing.issue(units, actor, piece.kind, piece.id)
        except DocumentNotFound:
            # Taken back by the hospital since it was asked for: the rest is still everything there is.
            pass
        async with units.account(actor.account, actor) as unit:
            await progress.advance(unit, KIND, export_id, place)


async def _pack(units: Units, actor: Actor, row: Export, asked: Sequence[Piece]) -> None:
    async with units.account(actor.account, actor) as unit:
        await progress.advance(unit, KIND, row.id, len(asked), step=_PACKING)
        person = await person_for(unit, actor.account, row.person_id)
        reports = await queries.reports_of(unit, row.person_id, limit=1000)
        visits = await showing.visits_of(unit, row.person_id)
        items = await showing.items_of(unit, row.person_id)
        wanted = {(str(piece.kind), piece.id) for piece in asked}
        papers = [
            paper
            for paper in await queries.papers_of(unit, actor.account, row.person_id)
            if (str(paper.kind), paper.subject_id) in wanted
        ]
        at = unit.now
        policy = await policy_at(unit, papers[0].hospital_id) if papers else None
        bundle = bundling.bundle(person, items, reports, visits, papers, at)
    key = f"exports/{row.id}.zip"
    async with packing.archive() as archive:
        await archive.begin(bundle)
        for paper in papers:
            await archive.add_paper(issuing.filename_of(paper), await issuing.read(units, paper))
        size = await archive.end()
        sha256 = await units.port(BlobStore).write_file(key, archive.file, ZIP)  # type: ignore[type-abstract]
    async with units.account(actor.account, actor) as unit:
        kept = await queries.export(unit, actor.account, row.id, lock=True)
        days = policy.records.export_days if policy else 3
        kept.key, kept.sha256, kept.size = key, sha256, size
        kept.expires_at = unit.now + timedelta(days=days)
        await set_deadline(unit, ERASURE, row.id, kept.expires_at, account_id=actor.account)
        await progress.finish(unit, KIND, row.id)
        unit.audit("export.made", kept, files=len(papers))
        await notify(
            unit, Notice.EXPORT_READY, actor.account, href=f"/exports/{row.id}", until=kept.expires_at
        )


def _ready(unit: Unit, row: Export) -> str:
    if row.expires_at is None:
        raise ExportNotReady()
    if row.key is None or unit.now >= row.expires_at:
        raise ExportExpired()
    return row.key


async def _phone(unit: Unit, actor: Actor) -> str:
    account = await find_account(unit, actor.account)
    if account is None or account.phone is None:
        raise NoPhone()
    return account.phone
