"""Which pharmacist is there when: planned by hand, read by the pad before a doctor signs."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from uuid import UUID

import sqlalchemy as sa

from prescriptions.reviewing.errors import DutyNotFound, DutyRefused
from prescriptions.reviewing.models import PharmacistDuty
from telehealth.accounts import StaffMember, staff_of
from telehealth.core.access import Role
from telehealth.core.ids import new_id
from telehealth.core.unit import Unit

#: How far ahead the roster is shown.
SHOWN = timedelta(days=14)
#: Nobody is planned for later.
FURTHEST = timedelta(days=366)
#: Nobody is awake for longer.
LONGEST = timedelta(hours=24)


async def plan_duty(
    unit: Unit, hospital_id: UUID, account_id: UUID, *, starts_at: datetime, ends_at: datetime
) -> PharmacistDuty:
    """One stretch of duty; the same one again is the one that is there.

    Raises DutyRefused for one that ends before it starts, is over, lasts longer than a day, or is planned
    further ahead than anybody knows.
    """
    lasts = ends_at - starts_at
    if not timedelta() < lasts <= LONGEST or not unit.now < ends_at <= unit.now + FURTHEST:
        raise DutyRefused()
    starts_at, ends_at = starts_at.astimezone(UTC), ends_at.astimezone(UTC)
    known: PharmacistDuty | None = await unit.session.scalar(
        sa.select(PharmacistDuty).where(
            PharmacistDuty.hospital_id == hospital_id,
            PharmacistDuty.account_id == account_id,
            PharmacistDuty.starts_at == starts_at,
            PharmacistDuty.ends_at == ends_at,
        )
    )
    if known is not None:
        return known
    row = PharmacistDuty(
        id=new_id(),
        hospital_id=hospital_id,
        account_id=account_id,
        starts_at=starts_at,
        ends_at=ends_at,
        planned_by=unit.actor.account_id,
    )
    unit.session.add(row)
    await unit.session.flush()
    unit.audit("duty.planned", row, starts_at=starts_at, ends_at=ends_at)
    return row


async def pharmacists(unit: Unit) -> list[StaffMember]:
    """Who may be planned: those of the actor's hospital."""
    return [row for row in await staff_of(unit, unit.actor.hospital) if Role.PHARMACIST in row.roles]


async def drop_duty(unit: Unit, duty_id: UUID) -> None:
    """Raises DutyNotFound."""
    row = await unit.session.get(PharmacistDuty, duty_id)
    if row is None:
        raise DutyNotFound()
    unit.audit("duty.dropped", row, starts_at=row.starts_at, ends_at=row.ends_at)
    await unit.session.delete(row)


async def duties(unit: Unit, hospital_id: UUID, *, until: datetime) -> Sequence[PharmacistDuty]:
    """Those that are not over yet and begin before `until`, in order."""
    rows = await unit.session.scalars(
        sa.select(PharmacistDuty)
        .where(
            PharmacistDuty.hospital_id == hospital_id,
            PharmacistDuty.ends_at > unit.now,
            PharmacistDuty.starts_at < until,
        )
        .order_by(PharmacistDuty.starts_at, PharmacistDuty.account_id)
    )
    return rows.all()
