"""What a person's record consists of, whoever keeps it; features above contribute their part.

A `Source` lists the papers of one kind and says what stands on each. What stands on a paper is either a
`PaperContent`, which we draw, or a file that exists already, as a signed prescription sheet does.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import date, datetime
from typing import Any, Protocol
from uuid import UUID

from telehealth.core.unit import Unit
from telehealth.records.errors import DocumentNotFound
from telehealth.records.states import PaperKind

#: Written into the digest: a reader in ten years must know which fields to expect.
VERSION = 1
#: A message id, or what was said in each language.
Said = str | Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One paper of a person, as a list shows it. `href` leads its owner to a page to read."""

    kind: PaperKind
    id: UUID
    person_id: UUID
    hospital_id: UUID
    at: datetime
    title: Said
    sub: Said = ""
    href: str = ""
    #: A word beside it and its kind of tag, where there is something to know.
    badge: tuple[str, str] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    #: Rows that stand out, counted from 0.
    marked: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    heading: str
    text: str = ""
    table: Table | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PaperContent:
    """All that stands on a paper, in Chinese; the same content is the same digest."""

    title: str
    hospital: str
    #: What people call it by.
    number: str
    on: date
    facts: tuple[tuple[str, str], ...]
    parts: tuple[Part, ...]
    #: Who signed or reported it, and when, as it stands at the foot.
    signed: tuple[tuple[str, str], ...] = ()
    is_sample: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredFile:
    """Bytes that were signed elsewhere in the house, and are handed out as they are."""

    number: str
    on: date
    key: str
    size: int
    sha256: str
    content_digest: str


class Source(Protocol):
    """Everything it reads is what row-level security and the actor's own papers let it see."""

    kind: PaperKind

    async def listed(self, unit: Unit, person_id: UUID, *, limit: int) -> Sequence[Item]:
        """Newest first."""
        ...

    async def making(self, unit: Unit, item_id: UUID) -> "Making":
        """Raises DocumentNotFound."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Making:
    """A paper about to be handed out."""

    hospital_id: UUID
    person_id: UUID
    what: PaperContent | StoredFile

    @property
    def digest(self) -> str:
        return self.what.content_digest if isinstance(self.what, StoredFile) else digest(self.what)

    @property
    def name(self) -> str:
        """As a list of papers calls it."""
        return self.what.number if isinstance(self.what, StoredFile) else self.what.title


@dataclass(frozen=True, slots=True)
class PaperSources:
    """By kind, as the features contributed them under "record_papers"."""

    sources: Sequence[Source] = field(default_factory=tuple)

    def of(self, kind: PaperKind) -> Source:
        """Raises DocumentNotFound."""
        found = next((each for each in self.sources if each.kind is kind), None)
        if found is None:
            raise DocumentNotFound()
        return found


def digest(content: PaperContent) -> str:
    """SHA-256 in hex of the canonical JSON."""
    document = {"version": VERSION, **asdict(content)}
    text = json.dumps(document, default=_plain, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def _plain(value: Any) -> str:
    if isinstance(value, date):
        return value.isoformat()
    raise TypeError(f"no canonical form for {type(value).__name__}")
