"""The way into a room: from the ticket of a booking, and from the patient's home."""

from typing import Any
from uuid import UUID

from telehealth.bookings import Booking, BookingState
from telehealth.consultations.queries import CONSULTATION_OF, coming_rooms
from telehealth.consultations.states import OPEN, ConsultationState
from telehealth.core.access import Actor
from telehealth.core.i18n import N_
from telehealth.core.unit import Unit

_HAD = frozenset({BookingState.PAID, BookingState.COMPLETED})


async def rooms_of_today(unit: Unit) -> dict[UUID, bool]:
    """Open rooms of this account today, and whether the doctor is in; such a room comes first."""
    found = await coming_rooms(unit, unit.today)
    return {row.id: row.state is ConsultationState.ADMITTED for row in found}


async def booking_actions(unit: Unit, actor: Actor, booking: Booking) -> list[dict[str, Any]]:
    """Into the room while it is open, to its record once it is over."""
    if actor.is_staff or booking.state not in _HAD:
        return []
    found = await CONSULTATION_OF.first(unit, room=booking.id)
    if found is None:
        return []
    if found[0].state in OPEN:
        return [{"href": f"/rooms/{booking.id}", "label": N_("进入诊室")}]
    return [{"href": f"/rooms/{booking.id}/record", "label": N_("查看就诊记录")}]
