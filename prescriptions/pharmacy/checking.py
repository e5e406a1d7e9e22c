"""Four checks, ten matches, by a second person (REG 31)."""

from collections.abc import Collection
from datetime import timedelta
from uuid import UUID

from prescriptions.pharmacy import queries
from prescriptions.pharmacy.errors import (
    ChecklistIncomplete,
    PauseNotOver,
    SecondPersonNeeded,
    StillCooking,
)
from prescriptions.pharmacy.holding import hold
from prescriptions.pharmacy.models import DispatchOrder
from prescriptions.pharmacy.policy import require_sound, take_order
from prescriptions.pharmacy.rules import MATCH_LABELS, Trouble, second_eyes, unmatched
from prescriptions.pharmacy.shipping import book_waybill
from prescriptions.states import DISPATCH, DispatchEvent, DispatchState, Path
from prescriptions.stock import note_presence, others_on_duty, put_back
from telehealth.core.access import Actor
from telehealth.core.unit import Unit
from telehealth.rulebook import current_policy


async def check(unit: Unit, actor: Actor, order_id: UUID, ticked: Collection[str]) -> DispatchOrder:
    """Raises ChecklistIncomplete, SecondPersonNeeded, PauseNotOver, StillCooking."""
    row = await take_order(unit, actor, order_id)
    DISPATCH.after(row.state, DispatchEvent.CHECK)
    if row.needs_decocting and row.state is DispatchState.PICKED:
        raise StillCooking()
    await require_sound(unit, row)
    if missing := unmatched(ticked):
        raise ChecklistIncomplete({match: MATCH_LABELS[match] for match in missing})
    row.alone = await _second_person(unit, actor, row)
    row.apply(DispatchEvent.CHECK)
    row.checked_by, row.checked_at = actor.account, unit.now
    row.checklist = {"matches": sorted(ticked), "alone": row.alone}
    await note_presence(unit, actor)
    unit.audit("dispatch.checked", row, number=row.number, alone=row.alone)
    if row.path is Path.COURIER:
        await unit.defer(book_waybill, order_id=row.id)
    return row


async def reject(unit: Unit, actor: Actor, order_id: UUID, reason: str) -> DispatchOrder:
    """Something does not match: all goes back to the shelf and is picked anew."""
    row = await take_order(unit, actor, order_id)
    row.apply(DispatchEvent.REJECT)
    lost = await put_back(unit, row.id, await queries.picks(unit, row.id))
    await queries.drop_picks(unit, row.id)
    row.picked_by = row.picked_at = None
    row.claimed_at = unit.now
    await note_presence(unit, actor)
    unit.audit("dispatch.rejected", row, number=row.number)
    if lost:
        await hold(unit, row, Trouble.SHORT, note=reason)
    return row


async def _second_person(unit: Unit, actor: Actor, row: DispatchOrder) -> bool:
    """Whether it is the same person, alone on duty."""
    minutes = (await current_policy(unit, row.hospital_id)).policy.dispensing.lone_duty_pause_minutes
    others = await others_on_duty(
        unit, row.pharmacy_id, actor.account, since=unit.wall - timedelta(minutes=minutes)
    )
    is_same = row.picked_by == actor.account_id
    found = second_eyes(
        is_same_person=is_same,
        others=len(others),
        picked_at=row.picked_at or unit.now,
        now=unit.now,
        pause_minutes=minutes,
    )
    if found.needs_other:
        raise SecondPersonNeeded()
    if found.until is not None:
        raise PauseNotOver(until=found.until.isoformat())
    return is_same
