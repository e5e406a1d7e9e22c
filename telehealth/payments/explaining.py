"""A difference is somebody's until it is explained (GD06): take it, hand it over, say what it was."""

from uuid import UUID

from telehealth.accounts import MemberNotFound, StaffMember, staff_of
from telehealth.core.access import Permission, Role
from telehealth.core.unit import Unit
from telehealth.payments import reconciliation_queries as queries
from telehealth.payments.errors import DifferenceResolved
from telehealth.payments.models import Difference


async def take(unit: Unit, difference_id: UUID) -> Difference:
    """Whoever acts looks after it from now on. Raises DifferenceNotFound, DifferenceResolved."""
    row = await _open(unit, difference_id)
    return _give(unit, row, unit.actor.account, unit.actor.name)


async def hand_over(unit: Unit, difference_id: UUID, member_id: UUID) -> Difference:
    """To a colleague. Raises DifferenceNotFound, DifferenceResolved, MemberNotFound."""
    row = await _open(unit, difference_id)
    member = next((one for one in await colleagues(unit) if one.id == member_id), None)
    if member is None:
        raise MemberNotFound()
    return _give(unit, row, member.account_id, member.name)


async def resolve(unit: Unit, difference_id: UUID, note: str) -> Difference:
    """It is explained, in words, by whoever acts. Raises DifferenceNotFound, DifferenceResolved."""
    row = await _open(unit, difference_id)
    row.owner_id, row.owner_name = unit.actor.account, unit.actor.name
    row.note = f"{row.note}\n{note}".strip()
    row.resolved_at = unit.now
    unit.audit("difference.resolved", row, reference=row.reference, ours=row.ours, theirs=row.theirs)
    return row


async def colleagues(unit: Unit) -> list[StaffMember]:
    """Those of finance who work here today."""
    return [row for row in await staff_of(unit) if row.works and Role.FINANCE in row.roles]


async def _open(unit: Unit, difference_id: UUID) -> Difference:
    unit.actor.require(Permission.MANAGE_REFUNDS)
    row = await queries.lock_difference(unit, difference_id)
    if row.resolved_at is not None:
        raise DifferenceResolved()
    return row


def _give(unit: Unit, row: Difference, account_id: UUID, name: str) -> Difference:
    row.owner_id, row.owner_name = account_id, name
    unit.audit("difference.taken", row, reference=row.reference, owner=account_id)
    return row
