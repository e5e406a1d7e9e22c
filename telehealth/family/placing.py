"""The places of a calendar month: five a user, two a member (GS06, GS07), by a key nobody takes twice.

A request takes its two places when it is made and keeps them over the turn of the month, for it counts in
the month in which it is bound. What comes to nothing gives them back; unbinding does not.
"""

from datetime import date
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from telehealth.core.unit import Unit
from telehealth.family import queries
from telehealth.family.errors import MemberMonthFull, MonthFull
from telehealth.family.models import Binding, Place
from telehealth.family.rules import free_place, month_of, next_place, resets_on
from telehealth.family.states import Side
from telehealth.rulebook.rules import PolicySet

_TRIES = 3


async def take_places(unit: Unit, binding: Binding, policy: PolicySet) -> None:
    """One of the user's and one of the member's. In a system unit: other users' places count.

    Raises MonthFull, MemberMonthFull.
    """
    await _bring_along(unit, binding)
    month, again_on = month_of(unit.today), resets_on(unit.today).isoformat()
    limit = policy.family.max_bindings_per_user_per_month
    if not await _take(unit, binding, Side.USER, month, limit):
        raise MonthFull(limit=limit, resets_on=again_on)
    limit = policy.family.max_bindings_per_member_per_month
    if not await _take(unit, binding, Side.MEMBER, month, limit):
        raise MemberMonthFull(limit=limit, resets_on=again_on)


async def keep_places(unit: Unit, binding: Binding) -> None:
    """It is bound today: its places are of this month. `binding` is still a request."""
    await _bring_along(unit, binding)


async def free_places(unit: Unit, binding: Binding) -> None:
    await unit.session.execute(sa.delete(Place).where(Place.binding_id == binding.id))


async def left_this_month(unit: Unit, account_id: UUID, policy: PolicySet) -> int:
    """How many more the user may bind; requests from earlier months hold their places, too."""
    month = month_of(unit.today)
    taken = len(await queries.places_taken(unit, Side.USER, account_id, month))
    brought = len(await queries.places_brought_along(unit, Side.USER, account_id, month))
    return max(0, policy.family.max_bindings_per_user_per_month - taken - brought)


async def _bring_along(unit: Unit, binding: Binding) -> None:
    """Lock both counts, and move what requests hold from earlier months into this one."""
    holders = ((Side.USER, binding.account_id), (Side.MEMBER, binding.person_id))
    lock = sa.text("select pg_advisory_xact_lock(hashtextextended(:key, 0))")
    for key in sorted(f"family:{side}:{holder}" for side, holder in holders):
        await unit.session.execute(lock, {"key": key})
    for side, holder in holders:
        await _move(unit, side, holder, month_of(unit.today))


async def _move(unit: Unit, side: Side, holder_id: UUID, month: date) -> None:
    for place in await queries.places_brought_along(unit, side, holder_id, month):
        ordinal = next_place(await queries.places_taken(unit, side, holder_id, month))
        await unit.session.execute(
            sa.update(Place)
            .where(Place.binding_id == place.binding_id, Place.side == side)
            .values(month=month, ordinal=ordinal)
            .execution_options(synchronize_session=False)
        )
        unit.session.expunge(place)


async def _take(unit: Unit, binding: Binding, side: Side, month: date, limit: int) -> bool:
    holder = binding.account_id if side is Side.USER else binding.person_id
    for _ in range(_TRIES):
        ordinal = free_place(await queries.places_taken(unit, side, holder, month), limit)
        if ordinal is None:
            return False
        row = insert(Place).values(
            side=side,
            holder_id=holder,
            month=month,
            ordinal=ordinal,
            binding_id=binding.id,
            account_id=binding.account_id,
        )
        made = await unit.session.execute(row.on_conflict_do_nothing().returning(Place.ordinal))
        if made.first() is not None:
            return True
    return False
