from collections.abc import Sequence
from uuid import UUID

import sqlalchemy as sa

from telehealth.core.hot import Hot
from telehealth.core.unit import Unit
from telehealth.strikes.models import Appeal, BanRow, StrikeRow
from telehealth.strikes.rules import Ban, Strike
from telehealth.strikes.states import AppealState

ACTIVE_BANS = Hot(
    sa.select(BanRow.channel, BanRow.from_on, BanRow.until_on)
    .where(BanRow.person_id == sa.bindparam("person_id"), BanRow.hospital_id == sa.bindparam("hospital_id"))
    .where(BanRow.lifted_at.is_(None), BanRow.until_on >= sa.bindparam("today"))
    .order_by(BanRow.from_on, BanRow.channel)
)


async def active_bans(unit: Unit, person_id: UUID, hospital_id: UUID) -> tuple[Ban, ...]:
    """Bans that are not lifted and not over today, also those a later day brings to an end."""
    rows = await ACTIVE_BANS.all(unit, person_id=person_id, hospital_id=hospital_id, today=unit.today)
    return tuple(Ban(channel, from_on, until_on) for channel, from_on, until_on in rows)


async def strikes_of(unit: Unit, hospital_id: UUID, person_id: UUID) -> Sequence[StrikeRow]:
    """Oldest first, reversed ones included."""
    rows = await unit.session.scalars(
        sa.select(StrikeRow)
        .where(StrikeRow.hospital_id == hospital_id, StrikeRow.person_id == person_id)
        .order_by(StrikeRow.on, StrikeRow.id)
    )
    return rows.all()


async def strikes_of_people(unit: Unit, person_ids: Sequence[UUID]) -> Sequence[StrikeRow]:
    """At every hospital, newest first."""
    rows = await unit.session.scalars(
        sa.select(StrikeRow)
        .where(StrikeRow.person_id.in_(person_ids))
        .order_by(StrikeRow.on.desc(), StrikeRow.id.desc())
    )
    return rows.all()


async def bans_of_people(unit: Unit, person_ids: Sequence[UUID]) -> Sequence[BanRow]:
    """Those not over today, lifted ones left out."""
    rows = await unit.session.scalars(
        sa.select(BanRow)
        .where(BanRow.person_id.in_(person_ids), BanRow.lifted_at.is_(None), BanRow.until_on >= unit.today)
        .order_by(BanRow.until_on)
    )
    return rows.all()


async def unlifted_bans(unit: Unit, hospital_id: UUID, person_id: UUID) -> Sequence[BanRow]:
    rows = await unit.session.scalars(
        sa.select(BanRow)
        .where(BanRow.hospital_id == hospital_id, BanRow.person_id == person_id, BanRow.lifted_at.is_(None))
        .with_for_update()
    )
    return rows.all()


async def strike(unit: Unit, strike_id: UUID, *, lock: bool = False) -> StrikeRow | None:
    found = sa.select(StrikeRow).where(StrikeRow.id == strike_id)
    return (await unit.session.scalars(found.with_for_update() if lock else found)).first()


async def strike_of_booking(unit: Unit, booking_id: UUID) -> StrikeRow | None:
    return (
        await unit.session.scalars(sa.select(StrikeRow).where(StrikeRow.booking_id == booking_id))
    ).first()


async def appeals_of(unit: Unit, strike_ids: Sequence[UUID]) -> Sequence[Appeal]:
    """Newest first."""
    rows = await unit.session.scalars(
        sa.select(Appeal)
        .where(Appeal.strike_id.in_(strike_ids))
        .order_by(Appeal.made_at.desc(), Appeal.id.desc())
    )
    return rows.all()


async def appeal(unit: Unit, appeal_id: UUID, *, lock: bool = False) -> Appeal | None:
    found = sa.select(Appeal).where(Appeal.id == appeal_id)
    return (await unit.session.scalars(found.with_for_update() if lock else found)).first()


async def open_appeals(unit: Unit, hospital_id: UUID, *, limit: int = 100) -> Sequence[Appeal]:
    """Oldest first."""
    rows = await unit.session.scalars(
        sa.select(Appeal)
        .where(Appeal.hospital_id == hospital_id, Appeal.state == AppealState.OPEN)
        .order_by(Appeal.made_at, Appeal.id)
        .limit(limit)
    )
    return rows.all()


async def answered_appeals(unit: Unit, hospital_id: UUID, *, limit: int = 20) -> Sequence[Appeal]:
    rows = await unit.session.scalars(
        sa.select(Appeal)
        .where(Appeal.hospital_id == hospital_id, Appeal.state != AppealState.OPEN)
        .order_by(Appeal.decided_at.desc(), Appeal.id)
        .limit(limit)
    )
    return rows.all()


def as_rules(rows: Sequence[StrikeRow]) -> list[Strike]:
    return [Strike(row.on, row.is_reversed) for row in rows]
