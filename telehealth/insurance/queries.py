"""Every SELECT of this feature."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from telehealth.core.text import is_storable
from telehealth.core.unit import Unit
from telehealth.insurance.errors import CoverNotFound
from telehealth.insurance.models import Cover, InsuranceRecord
from telehealth.insurance.states import CoverState

#: In these the insurer, or the patient at the insurer's page, may still hold something of ours.
OPEN = (CoverState.ASKED, CoverState.AUTHORISED, CoverState.PRICED)


async def record_of(
    unit: Unit, hospital_id: UUID, person_id: UUID, *, lock: bool = False
) -> InsuranceRecord | None:
    """Where somebody is insured, as this hospital knows it; None when nobody said."""
    found = sa.select(InsuranceRecord).where(
        InsuranceRecord.hospital_id == hospital_id, InsuranceRecord.person_id == person_id
    )
    if lock:
        found = found.with_for_update().execution_options(populate_existing=True)
    return (await unit.session.scalars(found)).first()


async def cover_of(unit: Unit, cover_id: UUID, *, lock: bool = False) -> Cover:
    """Raises CoverNotFound, also for what this unit may not see."""
    return await _one(unit, sa.select(Cover).where(Cover.id == cover_id), lock=lock)


async def cover_by_token(unit: Unit, token: str, account_id: UUID) -> Cover:
    """The cover a patient returns to, locked; only to whoever asked for it. Raises CoverNotFound."""
    if not is_storable(token):
        # It stands in an address, which anybody may write.
        raise CoverNotFound()
    return await _one(
        unit, sa.select(Cover).where(Cover.token == token, Cover.account_id == account_id), lock=True
    )


async def cover_of_charge(unit: Unit, charge_id: UUID) -> Cover | None:
    """The newest of a charge that is not given up; also one that is settled."""
    found = (
        sa.select(Cover)
        .where(Cover.charge_id == charge_id, Cover.reason.is_(None))
        .where(Cover.state.in_([*OPEN, CoverState.SETTLED]))
        .order_by(Cover.created_at.desc(), Cover.id.desc())
        .limit(1)
    )
    return (await unit.session.scalars(found)).first()


async def last_refused(unit: Unit, charge_id: UUID) -> Cover | None:
    """The newest of a charge that came to nothing, with its `reason`."""
    found = (
        sa.select(Cover)
        .where(Cover.charge_id == charge_id, Cover.reason.is_not(None))
        .order_by(Cover.created_at.desc(), Cover.id.desc())
        .limit(1)
    )
    return (await unit.session.scalars(found)).first()


async def open_covers(unit: Unit, charge_id: UUID) -> Sequence[Cover]:
    """Of a charge, locked, oldest first; also those that are given up and not taken back yet."""
    found = sa.select(Cover).where(Cover.charge_id == charge_id, Cover.state.in_(OPEN))
    rows = await unit.session.scalars(found.order_by(Cover.created_at, Cover.id).with_for_update())
    return rows.all()


async def open_covers_between(unit: Unit, account_id: UUID, person_id: UUID) -> Sequence[Cover]:
    """By which this account's insured payer pays for a relative; locked, oldest first."""
    found = sa.select(Cover).where(
        Cover.account_id == account_id, Cover.person_id == person_id, Cover.state.in_(OPEN)
    )
    found = found.where(Cover.binding_id.is_not(None))
    rows = await unit.session.scalars(found.order_by(Cover.created_at, Cover.id).with_for_update())
    return rows.all()


async def left_behind(unit: Unit, before: datetime, limit: int) -> Sequence[tuple[UUID, UUID]]:
    """Covers nobody can use any more, and their hospitals; oldest first. For a system unit."""
    begun_at = sa.func.coalesce(Cover.authorised_at, Cover.created_at)
    found = (
        sa.select(Cover.id, Cover.hospital_id)
        # The states are written out, as the partial index has them.
        .where(sa.text("covers.state in ('asked', 'authorised', 'priced')"))
        .where(sa.or_(begun_at < before, Cover.reason.is_not(None)))
        .order_by(Cover.created_at)
        .limit(limit)
    )
    return [(cover_id, hospital_id) for cover_id, hospital_id in await unit.session.execute(found)]


async def serials_of(unit: Unit, cover_ids: Iterable[UUID]) -> dict[UUID, str]:
    """Under which number of ours the insurer knows each cover."""
    found = sa.select(Cover.id, Cover.serial_no).where(
        Cover.id == sa.any_(sa.literal(list(cover_ids), postgresql.ARRAY(sa.Uuid)))
    )
    return {cover_id: serial for cover_id, serial in await unit.session.execute(found)}


async def covers_by_serial(unit: Unit, serials: Iterable[str]) -> dict[str, UUID]:
    """The covers behind numbers from the insurer's list; those that are not ours are left out."""
    wanted = sa.any_(sa.literal(list(serials), postgresql.ARRAY(sa.Text)))
    found = sa.select(Cover.serial_no, Cover.id).where(Cover.serial_no == wanted)
    return {serial: cover_id for serial, cover_id in await unit.session.execute(found)}


async def _one(unit: Unit, found: sa.Select[Cover], *, lock: bool) -> Cover:
    if lock:
        found = found.with_for_update().execution_options(populate_existing=True)
    row = (await unit.session.scalars(found)).first()
    if row is None:
        raise CoverNotFound()
    return row
