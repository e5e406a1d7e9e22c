"""Hand out a paper: drawn, stamped, sealed and kept, so that the same content is the same file (REG54).

Drawing and sealing take a moment and may ask an authority: no unit is open meanwhile.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from uuid import UUID

from sqlalchemy.dialects.postgresql import insert

from telehealth.core.access import Actor
from telehealth.core.blobs import BlobStore
from telehealth.core.blobs.ports import MAX_LINK_TTL
from telehealth.core.ids import new_id, share_token
from telehealth.core.unit import Unit, Units
from telehealth.directory import hospital
from telehealth.records import drawing, queries
from telehealth.records.models import Paper
from telehealth.records.papers import Making, PaperSources, StoredFile
from telehealth.records.ports import PaperSealer
from telehealth.records.states import PaperKind

PDF = "application/pdf"
LARGEST_BYTES = 20_000_000
#: Stands in the reason of the seal, before the digest.
MEANING = "病历资料复制 sha256:"


@dataclass(frozen=True, slots=True)
class Press:
    """What papers are made of, joined by app.py. `public_url` is where anybody may check one."""

    sources: PaperSources = field(default_factory=PaperSources)
    public_url: str = ""
    #: The demo hospital's say that they are samples.
    is_sample: bool = False

    def address_of(self, code: str) -> str:
        return f"{self.public_url.rstrip('/')}/papers/{code}"


@dataclass(frozen=True, slots=True)
class _Made:
    code: str
    key: str
    sha256: str
    size: int
    is_sealed: bool


async def issue(units: Units, actor: Actor, kind: PaperKind, item_id: UUID) -> Paper:
    """The paper of this item as it reads now. Again changes nothing.

    Raises DocumentNotFound, BlobsDown, Unavailable.
    """
    press = units.port(Press)
    async with units.account(actor.account, actor) as unit:
        making = _marked(await press.sources.of(kind).making(unit, item_id), press)
        known = await queries.paper_of(unit, actor.account, kind, item_id, making.digest)
        if known is not None:
            unit.audit("paper.issued", known, kind=kind, again=True)
            return known
        place = await hospital(unit, making.hospital_id)
        at = unit.now
    new, code = new_id(), share_token()[:20]
    if isinstance(making.what, StoredFile):
        made = _Made(code, making.what.key, making.what.sha256, making.what.size, True)
    else:
        pdf = await drawing.paper(making.what, url=press.address_of(code), issued_at=at)
        sealer = units.port(PaperSealer)  # type: ignore[type-abstract]
        sealed = await sealer.seal(
            pdf, hospital_id=place.id, hospital=place.name, reason=f"{MEANING}{making.digest}", at=at
        )
        whole = sealed or pdf
        key = f"papers/{new}.pdf"
        await units.port(BlobStore).write(key, whole, PDF)  # type: ignore[type-abstract]
        made = _Made(code, key, hashlib.sha256(whole).hexdigest(), len(whole), sealed is not None)
    async with units.account(actor.account, actor) as unit:
        return await _keep(unit, making, kind, item_id, new, made)


async def read(units: Units, paper: Paper) -> bytes:
    """The very bytes that were handed out. Raises BlobNotFound, BlobsDown."""
    store: BlobStore = units.port(BlobStore)  # type: ignore[type-abstract]
    return await store.read(paper.key, LARGEST_BYTES)


async def link(units: Units, paper: Paper) -> str:
    """An address that gives the file for a few minutes. Raises BlobsDown."""
    store: BlobStore = units.port(BlobStore)  # type: ignore[type-abstract]
    return await store.link(
        paper.key, ttl=MAX_LINK_TTL, filename=filename_of(paper), disposition="attachment"
    )


def filename_of(paper: Paper) -> str:
    """Says what it is to nobody who sees the name in a list of downloads."""
    return f"{paper.kind}-{paper.on:%Y%m%d}-{paper.code[:6]}.pdf"


def file_headers(papers: Sequence[Paper]) -> dict[str, str]:
    """Of one file to show in the browser: kept by nobody, found by no search engine."""
    name = filename_of(papers[0])
    return {
        "content-disposition": f'inline; filename="{name}"',
        "cache-control": "private, no-store",
        "x-robots-tag": "noindex, nofollow",
    }


def _marked(making: Making, press: Press) -> Making:
    if isinstance(making.what, StoredFile) or not press.is_sample:
        return making
    return replace(making, what=replace(making.what, is_sample=True))


async def _keep(unit: Unit, making: Making, kind: PaperKind, item_id: UUID, new: UUID, made: _Made) -> Paper:
    await unit.session.execute(
        insert(Paper)
        .values(
            id=new,
            hospital_id=making.hospital_id,
            account_id=unit.actor.account,
            person_id=making.person_id,
            kind=kind,
            subject_id=item_id,
            name=making.name,
            on=making.what.on,
            code=made.code,
            content_digest=making.digest,
            sha256=made.sha256,
            size=made.size,
            key=made.key,
            is_sealed=made.is_sealed,
            issued_at=unit.now,
        )
        # Somebody asked twice at once: the first file stands.
        .on_conflict_do_nothing()
    )
    paper = await queries.paper_of(unit, unit.actor.account, kind, item_id, making.digest)
    assert paper is not None  # noqa: S101 - written above, by us or by whoever was first
    unit.audit("paper.issued", paper, kind=kind, again=paper.id != new)
    return paper
