"""What the house does to calls by itself: end those whose time is over, tell their evidence.

The times stand in the call's row, so whoever looks first acts, on any node; a sweep that comes
late ends a call late, never wrongly.
"""

from uuid import UUID

import sqlalchemy as sa
import structlog

from signaling.calls import WHY, end_if_due, recorder_lost, tell_media
from signaling.models import Call, RecorderLease
from signaling.rules import LOST_AFTER
from signaling.states import CallState, RecordingState
from telehealth.core.errors import DomainError
from telehealth.core.unit import Unit, Units

log = structlog.get_logger(__name__)

#: Calls of one sweep; the next one is a second later.
AT_ONCE = 200


async def run_timers(units: Units) -> int:
    """Do what is due, a unit each, and say for how many calls. Safe beside other sweeps."""
    async with units.system(WHY) as unit:
        due = await _due(unit)
    done = 0
    for call_id in due:
        try:
            async with units.system(WHY) as unit:
                done += await _act(unit, call_id)
        except DomainError as error:
            # One room that cannot be told must not keep the others waiting.
            log.error("calls.timer_failed", call=str(call_id), code=error.code)
    return done


async def _due(unit: Unit) -> list[UUID]:
    unrecorded = sa.and_(
        Call.recording == RecordingState.NONE,
        Call.told_at.is_(None),
        Call.media_since + sa.func.make_interval(0, 0, 0, 0, 0, 0, Call.attends_after_s) <= unit.wall,
    )
    active = sa.or_(
        sa.and_(Call.recording == RecordingState.WANTED, Call.record_by <= unit.wall),
        Call.alone_since <= unit.wall - LOST_AFTER,
        unrecorded,
        _recorder_died(unit),
    )
    ringing = sa.and_(Call.state == CallState.RINGING, Call.rings_until <= unit.wall)
    # The first condition is that of the index over living calls.
    found = sa.select(Call.id).where(
        Call.state != CallState.ENDED, sa.or_(ringing, sa.and_(Call.state == CallState.ACTIVE, active))
    )
    return list(await unit.session.scalars(found.order_by(Call.rang_at).limit(AT_ONCE)))


def _recorder_died(unit: Unit) -> sa.ColumnElement[bool]:
    lease = sa.select(RecorderLease.call_id).where(
        RecorderLease.call_id == Call.id, RecorderLease.until <= unit.wall
    )
    return sa.and_(Call.recording == RecordingState.ON, lease.exists())


async def _act(unit: Unit, call_id: UUID) -> bool:
    """Whether there was something to do: another sweep, or a person, may have been first."""
    # Whoever holds it decides now; the next sweep looks again.
    free = sa.select(Call).where(Call.id == call_id).with_for_update(skip_locked=True)
    call = await unit.session.scalar(free)
    if call is None or call.state is CallState.ENDED:
        return False
    if await end_if_due(unit, call):
        return True
    if call.state is CallState.ACTIVE and await unit.session.scalar(
        sa.select(_recorder_died(unit)).where(Call.id == call_id)
    ):
        return await recorder_lost(unit, call_id)
    return await tell_media(unit, call)
