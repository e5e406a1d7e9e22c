"""Records out, as FHIR R4: what features above contribute, read for one system of one hospital.

A feature contributes under "fhir" a mapping from resource type to a `Source`, and under "fhir_seen" a
function that tells patients who looked. Nothing here knows what a prescription is.
"""

import hashlib
import json
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any, Protocol
from uuid import UUID

import sqlalchemy as sa

from telehealth.core.unit import Unit, Units
from telehealth.hospital.elements import instant
from telehealth.hospital.errors import ResourceNotFound, TypeNotServed
from telehealth.hospital.searching import Search, lies_in

Body = dict[str, Any]
#: Adds what must be fetched from outside, once no unit is open.
Finish = Callable[[Units, Body], Awaitable[Body]]
#: (unit, visits, resource type): told once for each answer.
Seen = Callable[[Unit, Collection[UUID], str], Awaitable[None]]

#: Every type has them.
EVERYWHERE: Mapping[str, str] = {"_id": "token", "_lastUpdated": "date"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """`body` is without `meta`; `visit_id` the visit whose record it belongs to."""

    id: UUID
    body: Body
    updated_at: datetime
    visit_id: UUID | None = None
    account_id: UUID | None = None
    finish: Finish | None = None


@dataclass(frozen=True, slots=True)
class Hits:
    """`total` only when nothing but the number was asked for."""

    items: Sequence[Found] = ()
    has_more: bool = False
    total: int | None = None


class Source(Protocol):
    """One resource type. Everything it reads is what row-level security shows to the hospital."""

    @property
    def params(self) -> Mapping[str, str]:
        """Search parameter → its type, besides those of every resource; empty with `is_searched` False."""

    @property
    def is_searched(self) -> bool: ...

    async def read(self, unit: Unit, resource_id: UUID) -> Found | None:
        """Raises ResourceGone for what was served before and is withdrawn."""

    async def search(self, unit: Unit, asked: Search) -> Hits: ...


@dataclass(frozen=True, slots=True)
class Shelf:
    """All that is served, as the features contributed it."""

    sources: Mapping[str, Source]
    seen: Sequence[Seen] = ()

    @classmethod
    def of(cls, contributions: Mapping[str, Sequence[Any]]) -> "Shelf":
        joined: dict[str, Source] = {}
        for part in contributions.get("fhir", ()):
            joined |= part
        return cls(joined, contributions.get("fhir_seen", ()))

    def source(self, kind: str) -> Source:
        """Raises TypeNotServed."""
        if kind not in self.sources:
            raise TypeNotServed()
        return self.sources[kind]

    def params(self, kind: str) -> Mapping[str, str]:
        return {**EVERYWHERE, **self.source(kind).params}


async def read(unit: Unit, shelf: Shelf, kind: str, resource_id: UUID) -> Found:
    """One resource; that it was read is on record. Raises TypeNotServed, ResourceNotFound, ResourceGone."""
    found = await shelf.source(kind).read(unit, resource_id)
    if found is None:
        raise ResourceNotFound()
    unit.audit("fhir.read", f"{kind}:{resource_id}", account_id=found.account_id, key=unit.actor.account_id)
    await _tell(unit, shelf, kind, [found])
    return found


async def search(unit: Unit, shelf: Shelf, kind: str, asked: Search) -> Hits:
    """A page of what matches; which ones were given out is on record, the values asked for are not:
    an identifier in them may be a person's."""
    hits = await shelf.source(kind).search(unit, asked)
    unit.audit(
        "fhir.searched", f"{kind}:search", key=unit.actor.account_id, by=sorted(asked.groups),
        given=[str(found.id) for found in hits.items],
    )  # fmt: skip
    await _tell(unit, shelf, kind, hits.items)
    return hits


async def _tell(unit: Unit, shelf: Shelf, kind: str, given: Sequence[Found]) -> None:
    visits = {found.visit_id for found in given if found.visit_id is not None}
    for seen in shelf.seen:
        if visits:
            await seen(unit, visits, kind)


async def page_of(
    unit: Unit, rows: sa.Select[Any], asked: Search, *, updated: Any, key: Any
) -> tuple[list[Any], bool, int | None]:
    """Rows of one page, whether there are more, and the number when that was all that was asked for.

    What changed last comes last. A resource that changes while somebody turns the pages comes again
    at the end and is never missed. `_lastUpdated` and `_id` are among the conditions already.
    """
    if asked.count == 0:
        counted = rows.with_only_columns(sa.func.count(), maintain_column_froms=True)
        return [], False, await unit.session.scalar(counted) or 0
    if asked.after is not None:
        rows = rows.where(sa.tuple_(updated, key) > sa.tuple_(*asked.after))
    found = (await unit.session.execute(rows.order_by(updated, key).limit(asked.count + 1))).all()
    return list(found[: asked.count]), len(found) > asked.count, None


def everywhere(updated: Any, key: Any) -> dict[str, Callable[[Any], sa.ColumnElement[bool]]]:
    """What the parameters of every resource mean."""
    return {
        "_id": lambda value: sa.false() if value is None else key == value,
        "_lastUpdated": lies_in(updated),
    }


async def finished(units: Units, found: Found) -> Body:
    """The resource with its `meta`. No unit is open: a PDF may have to be fetched."""
    body = await found.finish(units, found.body) if found.finish else found.body
    # The version is the content: whatever changes what is said changes it.
    version = hashlib.sha256(written(body)).hexdigest()[:20]
    own = body.get("meta", {})
    meta = {"versionId": version, "lastUpdated": instant(found.updated_at), **own}
    head = {"resourceType": body["resourceType"], "id": str(found.id), "meta": meta}
    return head | {name: value for name, value in body.items() if name not in head}


def written(body: Body) -> bytes:
    return json.dumps(body, ensure_ascii=False, separators=(",", ":"), default=_number).encode()


def _number(value: Any) -> int | float:
    if isinstance(value, Decimal):
        # Of at most fifteen digits, a double is written with the very digits it was read from.
        return int(value) if value == value.to_integral_value() else float(value)
    raise TypeError(f"not JSON: {type(value).__name__}")
