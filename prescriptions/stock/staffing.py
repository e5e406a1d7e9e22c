"""Who works at which pharmacy, and who was there a moment ago."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from prescriptions.stock import queries
from prescriptions.stock.errors import NoPharmacy
from prescriptions.stock.models import Pharmacy, PharmacyMember
from telehealth.core.access import Actor
from telehealth.core.unit import Unit

#: Wall time between two signs of life that are written down.
NOTED_EVERY = timedelta(seconds=30)


async def assign(unit: Unit, pharmacy_id: UUID, account_id: UUID) -> None:
    """From now on this member of staff works there, and nowhere else in the hospital."""
    place = await queries.pharmacy(unit, pharmacy_id)
    row = insert(PharmacyMember).values(
        account_id=account_id, hospital_id=place.hospital_id, pharmacy_id=place.id, seen_at=None
    )
    await unit.session.execute(
        row.on_conflict_do_update(
            index_elements=["account_id", "hospital_id"], set_={"pharmacy_id": row.excluded.pharmacy_id}
        )
    )
    unit.audit("pharmacy.member_assigned", place, member=account_id)


async def unassign(unit: Unit, hospital_id: UUID, account_id: UUID) -> None:
    await unit.session.execute(
        sa.delete(PharmacyMember).where(
            PharmacyMember.account_id == account_id, PharmacyMember.hospital_id == hospital_id
        )
    )
    unit.audit("pharmacy.member_removed", f"account:{account_id}", hospital_id=hospital_id)


async def own_pharmacy(unit: Unit, actor: Actor) -> Pharmacy:
    """Where whoever asks works. Raises NoPharmacy."""
    row = await queries.member(unit, actor.hospital, actor.account)
    if row is None:
        raise NoPharmacy()
    return await queries.pharmacy(unit, row.pharmacy_id)


async def note_presence(unit: Unit, actor: Actor) -> None:
    """A sign of life at the dispatch desk; a second within half a minute is not written."""
    await unit.session.execute(
        sa.update(PharmacyMember)
        .where(
            PharmacyMember.account_id == actor.account,
            PharmacyMember.hospital_id == actor.hospital,
            sa.or_(PharmacyMember.seen_at.is_(None), PharmacyMember.seen_at < unit.wall - NOTED_EVERY),
        )
        .values(seen_at=unit.wall)
    )


async def others_on_duty(
    unit: Unit, pharmacy_id: UUID, account_id: UUID, *, since: datetime
) -> Sequence[UUID]:
    """Colleagues of that pharmacy who gave a sign of life since then (wall time)."""
    rows = await unit.session.scalars(
        sa.select(PharmacyMember.account_id).where(
            PharmacyMember.pharmacy_id == pharmacy_id,
            PharmacyMember.account_id != account_id,
            PharmacyMember.seen_at >= since,
        )
    )
    return rows.all()
