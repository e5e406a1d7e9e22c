"""Somebody takes an order from the queue, gives it back, or forgets it."""

from datetime import timedelta
from uuid import UUID

from prescriptions.pharmacy import queries
from prescriptions.pharmacy.errors import ClaimedByOther
from prescriptions.pharmacy.models import DispatchOrder
from prescriptions.pharmacy.policy import require_mine, take_order
from prescriptions.states import DispatchEvent, DispatchState
from prescriptions.stock import note_presence
from telehealth.core.access import Actor
from telehealth.core.unit import Unit, Units
from telehealth.rulebook import current_policy


async def claim(unit: Unit, actor: Actor, order_id: UUID) -> DispatchOrder:
    """One wins; to the others it is taken. Claiming one's own again changes nothing."""
    row = await take_order(unit, actor, order_id)
    if row.state is DispatchState.CLAIMED and row.claimed_by == actor.account_id:
        return row
    if row.state is not DispatchState.WAITING:
        raise ClaimedByOther(state=str(row.state))
    row.apply(DispatchEvent.CLAIM)
    row.claimed_by, row.claimed_at = actor.account, unit.now
    await note_presence(unit, actor)
    unit.audit("dispatch.claimed", row, number=row.number)
    return row


async def release(unit: Unit, actor: Actor, order_id: UUID) -> DispatchOrder:
    """Back to the queue; what was scanned is forgotten."""
    row = await take_order(unit, actor, order_id)
    require_mine(actor, row)
    await _release(unit, row, "by_hand")
    return row


async def release_idle(units: Units) -> int:
    """Housekeeping, each minute: claims nobody touched go back to the queue."""
    async with units.system("idle claims") as unit:
        idle: list[UUID] = []
        for hospital_id in await queries.hospitals_with_claims(unit):
            minutes = (await current_policy(unit, hospital_id)).policy.dispensing.claim_minutes
            idle += await queries.idle_claims(unit, hospital_id, unit.now - timedelta(minutes=minutes))
    for order_id in idle:
        async with units.system("idle claims") as unit:
            await _release_if_idle(unit, order_id)
    return len(idle)


async def _release_if_idle(unit: Unit, order_id: UUID) -> None:
    row = await queries.lock_order(unit, order_id)
    minutes = (await current_policy(unit, row.hospital_id)).policy.dispensing.claim_minutes
    since = row.claimed_at
    if row.state is not DispatchState.CLAIMED or row.held_at is not None or since is None:
        return
    if since < unit.now - timedelta(minutes=minutes):
        await _release(unit, row, "idle")


async def _release(unit: Unit, row: DispatchOrder, why: str) -> None:
    row.apply(DispatchEvent.RELEASE)
    row.claimed_by = row.claimed_at = None
    await queries.drop_picks(unit, row.id)
    unit.audit("dispatch.released", row, number=row.number, why=why)
