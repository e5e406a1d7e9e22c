"""The statements that number and store a message: of people (`append`), of the room itself (`announce`)."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from psycopg.types.json import Jsonb

from telehealth.consultations.errors import RoomNotFound
from telehealth.consultations.policy import STILL_SEATED
from telehealth.consultations.queries import fetch
from telehealth.core.ids import new_id
from telehealth.core.rooms import Seat, Side
from telehealth.core.seal import ring_in_use, seal
from telehealth.core.unit import Unit

#: The deadline at which a patient who has not read is told that the doctor wrote.
UNREAD = "consultations.unread"
UNREAD_AFTER = timedelta(minutes=3)


@dataclass(frozen=True, slots=True)
class Words:
    """What somebody says."""

    client_id: UUID
    kind: str
    text: str = ""
    file_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class Written:
    seq: int
    at: datetime
    facts: dict[str, Any]
    is_new: bool


class NobodyAttended(Exception):
    """Nothing was stored: the booking may have to be locked before."""


async def append(unit: Unit, seat: Seat, words: Words, *, unless_unattended: bool = False) -> Written | None:
    """Store what this seat says, or find it where this client id stored it before.

    Words of the doctor's side also leave the deadline at which a patient is told who has not read: one a
    room, and the first stands, however much is written. None when the seat may not write now: ask why
    afterwards. Raises UniqueViolation when the same words come over another connection this moment, and in a
    new unit they are found; NobodyAttended while the paid booking has no evidence, if it is to be stored
    only `unless_unattended`.
    """
    from_patient = seat.role.side is Side.PATIENT
    rows = await fetch(
        unit,
        APPEND,
        room=seat.room,
        role=str(seat.role),
        person=seat.actor.account,
        name=seat.name,
        from_patient=from_patient,
        is_careful=unless_unattended,
        client_id=words.client_id,
        kind=words.kind,
        text=sealed_text(words.text),
        file_id=words.file_id,
        now=unit.now,
        wall=unit.wall,
        unread=UNREAD,
        tell_by=None if from_patient else unit.now + UNREAD_AFTER,
    )
    if not rows:
        return None
    if rows[0]["seq"] is None:
        raise NobodyAttended()
    return Written(**rows[0])


#: XY27: what the patient's side says before admission is marked, so that the doctor sees it first.
APPEND = f"""
with again as (
    select seq, at, facts from room_messages
    where room = %(room)s and client_id = %(client_id)s and author_id = %(person)s
), unattended as (
    select 1 from bookings
    where %(is_careful)s and id = %(room)s and state = 'paid' and attended_at is null
        and not exists (select from again)
), taken as (
    update consultations c set last_seq = c.last_seq + 1,
        last_patient_seq = case when %(from_patient)s then c.last_seq + 1 else c.last_patient_seq end
    where c.id = %(room)s
        and (c.state = 'admitted' or (c.state = 'waiting' and %(from_patient)s))
        and {STILL_SEATED}
        and not exists (select from again)
        and not exists (select from unattended)
    returning c.id, c.last_seq, c.hospital_id, c.account_id, c.state = 'waiting' as is_early
), said as (
    insert into room_messages (
        room, seq, hospital_id, account_id, author_id, role, author_name, client_id, kind, text, file_id,
        facts, at, wall_at
    )
    select id, last_seq, hospital_id, account_id, %(person)s, %(role)s, %(name)s, %(client_id)s, %(kind)s,
        %(text)s, %(file_id)s, case when is_early then '{{"before_admission": true}}' else '{{}}' end::jsonb,
        %(now)s, %(wall)s
    from taken
    returning seq, at, facts
), reminded as (
    insert into deadlines (kind, subject_id, hospital_id, account_id, due_at)
    select %(unread)s, id, hospital_id, account_id, %(tell_by)s::timestamptz from taken
    where %(tell_by)s::timestamptz is not null and account_id is not null
    on conflict do nothing
)
select seq, at, facts, true as is_new from said
union all
select seq, at, facts, false from again
union all
select null, null, null, false from unattended
""".replace("%(role)s", "%(role)s::text")  # noqa: S608 - put together from our own text


async def announce(
    unit: Unit, room: UUID, event: str, *, kind: str = "system", client_id: UUID | None = None, **facts: Any
) -> int:
    """Say what happened, as the room itself: codes and ids only. Its number; sockets are told.

    `kind="card"` is for what features above put into a room. Raises RoomNotFound.
    """
    rows = await fetch(
        unit,
        ANNOUNCE,
        room=room,
        client_id=client_id or new_id(),
        kind=kind,
        text=sealed_text(""),
        facts=Jsonb({"event": event, **facts}),
        now=unit.now,
        wall=unit.wall,
    )
    if not rows:
        raise RoomNotFound()
    unit.hint(f"room:{room}")
    return int(rows[0]["seq"])


ANNOUNCE = """
with taken as (
    update consultations set last_seq = last_seq + 1 where id = %(room)s
    returning id, last_seq, hospital_id, account_id
)
insert into room_messages (
    room, seq, hospital_id, account_id, author_id, role, author_name, client_id, kind, text, file_id,
    facts, at, wall_at
)
select id, last_seq, hospital_id, account_id, null, '', '', %(client_id)s, %(kind)s, %(text)s, null,
    %(facts)s, %(now)s, %(wall)s
from taken
returning seq
"""


def sealed_text(text: str) -> bytes:
    """As `RoomMessage.text` keeps it."""
    return seal(ring_in_use(), "room_messages.text", text)
