"""Whether a doctor attended: the first evidence wins, once, in one conditional statement (XY13, XY14).

Evidence and the midnight sweep change the same row under the same condition, so whichever commits
first decides, and the other finds nothing to do.
"""

from datetime import datetime, timedelta
from uuid import UUID

import sqlalchemy as sa

from telehealth.bookings.models import Booking
from telehealth.bookings.states import BookingState, Evidence
from telehealth.core.unit import Unit

#: A call that nobody saw ending holds the sweep no longer than this.
LONGEST_CALL = timedelta(hours=12)


async def record(unit: Unit, booking_id: UUID, kind: Evidence, ref: str, at: datetime) -> bool:
    """Keep the first evidence of a paid visit: `ref` says where it lies, `at` is business time.

    False when there was evidence before, or the visit is no longer to come: swept, cancelled, withdrawn.
    """
    kept = await _change(
        unit,
        _unattended(booking_id),
        attended_at=at,
        attended_by=str(kind),
        attended_ref=ref,
    )
    if kept is None:
        return False
    unit.step("attend")
    unit.audit("booking.attended", kept, number=kept.number, evidence=kind, ref=ref, seen_at=at)
    return True


async def hold_for_call(unit: Unit, booking_id: UUID) -> bool:
    """Both sides are connected: midnight waits until they hang up, if it has not struck yet."""
    held = await _change(unit, (*_unattended(booking_id), Booking.day >= unit.today), call_since=unit.now)
    if held is None:
        return False
    unit.audit("booking.call_began", held, number=held.number)
    return True


async def end_call(unit: Unit, booking_id: UUID) -> bool:
    """They hung up. Calling it again changes nothing."""
    ended = await _change(unit, (Booking.id == booking_id, Booking.call_since.is_not(None)), call_since=None)
    if ended is None:
        return False
    unit.audit("booking.call_ended", ended, number=ended.number)
    return True


def _unattended(booking_id: UUID) -> tuple[sa.ColumnElement[bool], ...]:
    return (
        Booking.id == booking_id,
        Booking.state == BookingState.PAID,
        Booking.attended_at.is_(None),
    )


async def _change(
    unit: Unit, condition: tuple[sa.ColumnElement[bool], ...], **values: object
) -> Booking | None:
    statement = sa.update(Booking).where(*condition).values(values).returning(Booking)
    found = await unit.session.scalars(statement.execution_options(populate_existing=True))
    return found.one_or_none()
