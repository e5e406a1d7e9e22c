"""A paid internet booking has a room; a booking that is left has one no more.

Both are one statement in the unit of whoever paid or left, so a room is never open for a visit that
will not be had, and midnight ends two hundred at a time.
"""

from collections.abc import Sequence
from uuid import UUID

from psycopg.types.json import Jsonb

from telehealth.bookings.events import BookingPaid, BookingsLeft
from telehealth.consultations.models import Consultation
from telehealth.consultations.queries import CONSULTATION_OF, fetch
from telehealth.consultations.writing import sealed_text
from telehealth.core.ids import new_id
from telehealth.core.unit import Unit


async def on_paid(unit: Unit, event: BookingPaid) -> None:
    await ensure_open(unit, event.booking_id)


async def ensure_open(unit: Unit, booking_id: UUID) -> Consultation | None:
    """The consultation of this booking, opened now if it is paid, online, and has none yet.

    None for any other booking. The unit must see the booking.
    """
    found = await CONSULTATION_OF.first(unit, room=booking_id)
    if found is not None:
        return found[0]
    opened = await fetch(unit, OPEN_STATEMENT, booking=booking_id, now=unit.now)
    if opened:
        unit.audit("consultation.opened", f"consultations:{booking_id}", hospital_id=opened[0]["hospital_id"],
                   account_id=opened[0]["account_id"])  # fmt: skip
    found = await CONSULTATION_OF.first(unit, room=booking_id)
    return None if found is None else found[0]


#: Two who enter at once open it once.
OPEN_STATEMENT = """
insert into consultations (
    id, hospital_id, account_id, person_id, doctor_id, department_id, form_id, day, starts_at, ends_at,
    state, opened_at
)
select id, hospital_id, account_id, person_id, doctor_id, department_id, form_id, day, starts_at, ends_at,
    'waiting', %(now)s
from bookings
where id = %(booking)s and kind = 'internet' and state = 'paid'
on conflict (id) do nothing
returning hospital_id, account_id
"""


async def on_left(unit: Unit, event: BookingsLeft) -> None:
    """Close their rooms: no more messages, no more seats, and everybody in them is told."""
    for room in await _close(unit, event.booking_ids):
        unit.hint(f"room:{room}")


async def _close(unit: Unit, booking_ids: Sequence[UUID]) -> list[UUID]:
    if not booking_ids:
        return []
    closed = await fetch(
        unit,
        CLOSE_STATEMENT,
        rooms=list(booking_ids),
        client_ids=[new_id() for _ in booking_ids],
        audit_ids=[new_id() for _ in booking_ids],
        empty=sealed_text(""),
        now=unit.now,
        wall=unit.wall,
        actor_id=unit.actor.account_id,
        actor_name=unit.actor.name,
        scope=unit.scope,
        facts=Jsonb({"event": "closed"}),
        request_id=unit.request_id,
    )
    return [row["id"] for row in closed]


CLOSE_STATEMENT = """
with left_ as (
    select * from unnest(%(rooms)s::uuid[], %(client_ids)s::uuid[], %(audit_ids)s::uuid[])
        as l(id, client_id, audit_id)
), closed as (
    update consultations c set state = 'closed', ended_at = %(now)s, last_seq = c.last_seq + 1,
        urgent_at = null, urgent_by = null
    from left_, bookings b
    where c.id = left_.id and b.id = left_.id and c.state in ('waiting', 'admitted')
    returning c.id, c.hospital_id, c.account_id, c.last_seq, left_.client_id, left_.audit_id,
        b.state as booking_state
), said as (
    insert into room_messages (
        room, seq, hospital_id, account_id, author_id, role, author_name, client_id, kind, text, file_id,
        facts, at, wall_at
    )
    select id, last_seq, hospital_id, account_id, null, '', '', client_id, 'system', %(empty)s, null,
        %(facts)s || jsonb_build_object('code', booking_state), %(now)s, %(wall)s
    from closed
), seats as (
    update room_seats s set state = 'ended', ended_at = %(now)s
    from closed where s.room = closed.id and s.state in ('invited', 'taken')
), trail as (
    insert into audit_records (
        id, hospital_id, account_id, at, wall_at, actor_id, actor_name, scope, name,
        subject_kind, subject_id, facts, request_id
    )
    select audit_id, hospital_id, account_id, %(now)s, %(wall)s, %(actor_id)s, %(actor_name)s, %(scope)s,
        'consultation.closed', 'consultations', id::text, jsonb_build_object('code', booking_state),
        %(request_id)s
    from closed
)
select id from closed
"""
