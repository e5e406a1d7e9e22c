"""How far each seat has read; the furthest of each role is what the others see."""

from collections.abc import Mapping

from telehealth.consultations.policy import STILL_SEATED, acting
from telehealth.consultations.queries import READS, fetch
from telehealth.core.rooms import Seat
from telehealth.core.unit import Unit, Units


async def mark_read(units: Units, seat: Seat, seq: int) -> Mapping[str, int]:
    """Never backwards, never beyond the last message. Others are told when it moved."""
    async with acting(units, seat) as unit:
        moved = await fetch(
            unit, _MARK, room=seat.room, person=seat.actor.account, role=str(seat.role), seq=seq, now=unit.now
        )
        if moved:
            unit.hint(f"room:{seat.room}:reads")
        return await reads_in(unit, seat)


async def reads_of(units: Units, seat: Seat) -> Mapping[str, int]:
    async with acting(units, seat) as unit:
        return await reads_in(unit, seat)


async def reads_in(unit: Unit, seat: Seat) -> Mapping[str, int]:
    """Role → number of the last message it has read."""
    return {role: int(seq) for role, seq in await READS.all(unit, room=seat.room)}


_MARK = f"""
insert into read_marks as r (room, reader_id, hospital_id, account_id, role, seq, at)
select c.id, %(person)s, c.hospital_id, c.account_id, %(role)s, least(%(seq)s, c.last_seq), %(now)s
from consultations c
where c.id = %(room)s and {STILL_SEATED}
on conflict (room, reader_id) do update set seq = excluded.seq, at = excluded.at, role = excluded.role
where r.seq < excluded.seq
returning r.seq
""".replace("%(role)s", "%(role)s::text")  # noqa: S608 - put together from our own text
