"""Reading versions of a drug book."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from prescriptions.formulary.errors import ImportNotFound, VersionNotFound
from prescriptions.formulary.finding import comparable
from prescriptions.formulary.models import Drug, FormularyImport, FormularyVersion
from prescriptions.states import BookState, SheetKind
from telehealth.core.unit import Unit

#: Table of a book → the pad its rows are found by.
KIND_OF = {"medicines": SheetKind.WESTERN, "herbs": SheetKind.HERB}


async def version_row(unit: Unit, version_id: UUID, *, lock: bool = False) -> FormularyVersion:
    """Raises VersionNotFound."""
    wanted = sa.select(FormularyVersion).where(FormularyVersion.id == version_id)
    if lock:
        wanted = wanted.with_for_update().execution_options(populate_existing=True)
    found = await unit.session.scalar(wanted)
    if found is None:
        raise VersionNotFound()
    return found


async def published_row(unit: Unit, hospital_id: UUID, *, lock: bool = False) -> FormularyVersion | None:
    wanted = sa.select(FormularyVersion).where(
        FormularyVersion.hospital_id == hospital_id, FormularyVersion.state == BookState.PUBLISHED
    )
    if lock:
        wanted = wanted.with_for_update().execution_options(populate_existing=True)
    found: FormularyVersion | None = await unit.session.scalar(wanted)
    return found


async def published_key(unit: Unit, hospital_id: UUID) -> tuple[UUID, str] | None:
    row = await unit.session.execute(
        sa.select(FormularyVersion.id, FormularyVersion.digest).where(
            FormularyVersion.hospital_id == hospital_id, FormularyVersion.state == BookState.PUBLISHED
        )
    )
    found = row.first()
    return None if found is None else (found.id, found.digest)


async def highest_number(unit: Unit, hospital_id: UUID) -> int:
    wanted = sa.select(sa.func.max(FormularyVersion.number)).where(
        FormularyVersion.hospital_id == hospital_id
    )
    return await unit.session.scalar(wanted) or 0


async def versions(unit: Unit, hospital_id: UUID) -> Sequence[FormularyVersion]:
    """Every version but the discarded ones, newest first."""
    wanted = sa.select(FormularyVersion).where(
        FormularyVersion.hospital_id == hospital_id, FormularyVersion.state != BookState.DISCARDED
    )
    return (await unit.session.scalars(wanted.order_by(FormularyVersion.number.desc()))).all()


async def count_drugs(unit: Unit, version_ids: Sequence[UUID]) -> dict[UUID, dict[SheetKind, int]]:
    wanted = (
        sa.select(Drug.version_id, Drug.kind, sa.func.count())
        .where(Drug.version_id.in_(version_ids))
        .group_by(Drug.version_id, Drug.kind)
    )
    found: dict[UUID, dict[SheetKind, int]] = {each: {} for each in version_ids}
    for version_id, kind, count in await unit.session.execute(wanted):
        found[version_id][kind] = count
    return found


async def tables_of(unit: Unit, version: FormularyVersion) -> dict[str, Any]:
    """All of a version as `reading.read_book` takes it."""
    wanted = sa.select(Drug.kind, Drug.row).where(Drug.version_id == version.id).order_by(Drug.code)
    rows: dict[SheetKind, list[Any]] = {kind: [] for kind in SheetKind}
    for kind, row in await unit.session.execute(wanted):
        rows[kind].append(row)
    return {**version.rules, **{table: rows[kind] for table, kind in KIND_OF.items()}}


async def terms_of_version(unit: Unit, version_id: UUID) -> dict[SheetKind, list[tuple[str, list[str]]]]:
    """Code and terms of each drug, by the pad that finds it."""
    found: dict[SheetKind, list[tuple[str, list[str]]]] = {kind: [] for kind in SheetKind}
    wanted = sa.select(Drug.kind, Drug.code, Drug.terms).where(Drug.version_id == version_id)
    for kind, code, terms in await unit.session.execute(wanted):
        found[kind].append((code, terms))
    return found


async def drugs(unit: Unit, version_id: UUID, typed: str, *, limit: int) -> Sequence[Drug]:
    """Of one version, draft or not: those a term of which holds what was typed."""
    wanted = sa.select(Drug).where(Drug.version_id == version_id)
    if part := comparable(typed):
        text = sa.func.array_to_string(Drug.terms, "\n")
        wanted = wanted.where(text.contains(part, autoescape=True))
    return (await unit.session.scalars(wanted.order_by(Drug.code).limit(limit))).all()


async def import_row(unit: Unit, import_id: UUID, *, lock: bool = False) -> FormularyImport:
    """Raises ImportNotFound."""
    wanted = sa.select(FormularyImport).where(FormularyImport.id == import_id)
    if lock:
        wanted = wanted.with_for_update().execution_options(populate_existing=True)
    found = await unit.session.scalar(wanted)
    if found is None:
        raise ImportNotFound()
    return found


async def running_import(unit: Unit, version_id: UUID) -> FormularyImport | None:
    wanted = sa.select(FormularyImport).where(
        FormularyImport.version_id == version_id,
        FormularyImport.started_at.is_not(None),
        FormularyImport.ended_at.is_(None),
    )
    found: FormularyImport | None = await unit.session.scalar(wanted)
    return found


async def imports_of(unit: Unit, version_id: UUID, *, limit: int) -> Sequence[FormularyImport]:
    """Those that were begun, newest first."""
    wanted = sa.select(FormularyImport).where(
        FormularyImport.version_id == version_id, FormularyImport.started_at.is_not(None)
    )
    newest = wanted.order_by(FormularyImport.asked_at.desc(), FormularyImport.id.desc())
    return (await unit.session.scalars(newest.limit(limit))).all()


async def unswept_imports(unit: Unit, *, announced_before: datetime) -> Sequence[FormularyImport]:
    """Whose file nobody reads any more, or that never came."""
    is_left = FormularyImport.started_at.is_(None) & (FormularyImport.asked_at < announced_before)
    wanted = sa.select(FormularyImport).where(
        FormularyImport.swept_at.is_(None), FormularyImport.ended_at.is_not(None) | is_left
    )
    return (await unit.session.scalars(wanted.order_by(FormularyImport.asked_at).limit(100))).all()


async def known_codes(unit: Unit, version_id: UUID, *, among: Sequence[str]) -> set[str]:
    wanted = sa.select(Drug.code).where(Drug.version_id == version_id, Drug.code.in_(among))
    return set(await unit.session.scalars(wanted))


async def codes_of(unit: Unit, version_id: UUID, kind: SheetKind) -> set[str]:
    wanted = sa.select(Drug.code).where(Drug.version_id == version_id, Drug.kind == kind)
    return set(await unit.session.scalars(wanted))
