"""The drug book that counts now, read once for each version: nothing published ever changes."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID

from prescriptions.formulary import queries
from prescriptions.formulary.book import Book, load_book
from prescriptions.formulary.errors import NoFormulary
from prescriptions.formulary.finding import Finder, finder_of
from prescriptions.formulary.reading import read_book
from prescriptions.states import SheetKind
from telehealth.core.unit import Unit


@dataclass(frozen=True, slots=True)
class Published:
    """A version that was published once, and how its drugs are found."""

    id: UUID
    hospital_id: UUID
    number: int
    book: Book
    finders: Mapping[SheetKind, Finder]

    def find(self, kind: SheetKind, typed: str, limit: int = 12) -> list[str]:
        """Codes of what a doctor may mean, best first."""
        return self.finders[kind].find(typed, limit)


async def published_book(unit: Unit, hospital_id: UUID) -> Published:
    """What sheets are written by now. One indexed read after the first time. Raises NoFormulary."""
    key = await queries.published_key(unit, hospital_id)
    if key is None:
        raise NoFormulary()
    return await _read(unit, key)


async def book_of(unit: Unit, version_id: UUID) -> Published:
    """The version a sheet was signed by. Raises VersionNotFound, also for a draft."""
    row = await queries.version_row(unit, version_id)
    if row.published_at is None:
        raise NoFormulary()
    return await _read(unit, (row.id, row.digest))


#: A book of 20,000 drugs takes some 100 MB: the versions in use, and no archive.
_MOST = 24
#: By content too: a publication that is rolled back leaves nothing behind.
_known: dict[tuple[UUID, str], Published] = {}


async def _read(unit: Unit, key: tuple[UUID, str]) -> Published:
    found = _known.get(key)
    if found is None:
        row = await queries.version_row(unit, key[0])
        tables = await queries.tables_of(unit, row)
        terms = await queries.terms_of_version(unit, row.id)
        # Thousands of rows to validate: not while sockets wait.
        book = await asyncio.to_thread(lambda: load_book(read_book(tables), version=row.number))
        finders = {kind: finder_of(drugs) for kind, drugs in terms.items()}
        found = Published(row.id, row.hospital_id, row.number, book, finders)
        while len(_known) >= _MOST:
            _known.pop(next(iter(_known)))
        _known[key] = found
    return found
