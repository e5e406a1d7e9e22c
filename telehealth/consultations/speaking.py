"""Whether the doctor met the patient in this visit (REG 8): wrote themselves, or was on a call."""

from uuid import UUID

from telehealth.consultations.queries import fetch
from telehealth.core.unit import Unit


async def has_spoken(unit: Unit, room: UUID) -> bool:
    """A call counts once both sides were connected, whoever rang."""
    return bool(await fetch(unit, _SPOKEN, room=room))


_SPOKEN = """
select 1 as spoken from room_messages
where room = %(room)s and (
    (role = 'doctor' and author_id is not null)
    or (author_id is null and facts ->> 'event' = 'call_connected')
)
limit 1
"""
