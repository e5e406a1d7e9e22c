"""Who comes in, with a ticket that works once, and what may happen while they are in: shape of `RoomGate`."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from telehealth.consultations.errors import RoomNotFound, SeatEnded, SignedOut
from telehealth.consultations.opening import ensure_open
from telehealth.consultations.policy import STILL_SEATED, seat_for
from telehealth.consultations.presenting import view_of
from telehealth.consultations.queries import fetch
from telehealth.consultations.rules import call_rule, may_write
from telehealth.consultations.states import ConsultationState
from telehealth.core.access import Actor
from telehealth.core.errors import Forbidden
from telehealth.core.ids import new_id
from telehealth.core.rooms import Role, Seat, Terms
from telehealth.core.tickets import TicketInvalid, Tickets
from telehealth.core.unit import Unit, Units
from telehealth.rulebook import current_policy

PURPOSE = "room"
GATE = "room gate"
#: Wall time.
TICKET_LASTS = timedelta(seconds=60)
#: A used ticket is remembered for as long as it could be shown again, and some.
REMEMBERED = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class Issued:
    ticket: str
    expires_at: datetime


async def find_seat(units: Units, actor: Actor, room: UUID) -> Seat:
    """The seat of this person; a paid booking that has no room yet gets one. Raises RoomNotFound."""
    async with units.system(GATE) as unit:
        await ensure_open(unit, room)
        return await seat_for(unit, actor, room)


async def find_patient_seat(units: Units, actor: Actor, room: UUID) -> Seat:
    """The patient's own. Raises RoomNotFound, for every other seat too."""
    seat = await find_seat(units, actor, room)
    if seat.role is not Role.PATIENT:
        raise RoomNotFound()
    return seat


async def issue_ticket(units: Units, actor: Actor, room: UUID) -> Issued:
    """Raises RoomNotFound."""
    seat = await find_seat(units, actor, room)
    claims = {"room": str(room), "account": str(actor.account), "role": str(seat.role), "jti": str(new_id())}
    ticket = units.port(Tickets).issue(PURPOSE, claims, ttl=TICKET_LASTS)
    return Issued(ticket, units.clock.wall() + TICKET_LASTS)


class Gate:
    def __init__(self, units: Units) -> None:
        self.units = units

    async def enter(self, actor: Actor, room: UUID, ticket: str) -> Seat:
        """Uses it up. Raises TicketExpired; TicketInvalid: forged, used or of another room; Forbidden."""
        claims = self.units.port(Tickets).read(PURPOSE, ticket)
        if claims.get("room") != str(room):
            raise TicketInvalid()
        if claims.get("account") != str(actor.account_id):
            # Somebody else's: it stays good for whom it was given to.
            raise Forbidden()
        async with self.units.system(GATE) as unit:
            if not await fetch(unit, _USE, id=UUID(claims["jti"]), at=unit.wall):
                raise TicketInvalid()
            try:
                seat = await seat_for(unit, actor, room)
            except RoomNotFound:
                raise Forbidden() from None
        if str(seat.role) != claims.get("role"):
            raise Forbidden()
        return seat

    async def terms(self, seat: Seat) -> Terms:
        """Raises SeatEnded, SignedOut."""
        async with self.units.system(GATE) as unit:
            return await terms_in(unit, seat)


async def terms_in(unit: Unit, seat: Seat) -> Terms:
    """Raises SeatEnded once the seat was taken away, SignedOut once its session is over."""
    policy = (await current_policy(unit, seat.hospital_id)).policy
    rows = await fetch(
        unit, TERMS,
        room=seat.room, role=str(seat.role), person=seat.actor.account, session=seat.actor.session_id,
    )  # fmt: skip
    if not rows or not rows[0]["is_seated"]:
        raise SeatEnded()
    if not rows[0]["is_signed_in"]:
        raise SignedOut()
    row = rows[0] | {
        "recorded": policy.room.record_calls,
        "note_days": policy.unattended.unfinished_after_days,
        "answers": rows[0]["answers"] or {},
    }
    state = ConsultationState(row["state"])
    call = call_rule(state, recorded=policy.room.record_calls, answers=row["answers"])
    return Terms(
        state=str(state),
        may_write=may_write(state, seat.role.side),
        may_call=call.may_call,
        records=call.records,
        refusal=call.refusal,
        view=view_of(row, seat, call, unit.now),
        attends_after_s=policy.unattended.call_seconds,
    )


TERMS = f"""
select c.state, c.day, c.starts_at, c.ends_at, c.admitted_at, c.urgent_at, c.urgent_by,
    d.name as doctor_name, d.name_en as doctor_name_en,
    {STILL_SEATED} as is_seated,
    (%(session)s::uuid is null or exists (select 1 from sessions s where s.id = %(session)s::uuid))
        as is_signed_in,
    case when c.state = 'waiting' then (
        select count(*) from consultations o
        where o.doctor_id = c.doctor_id and o.day = c.day and o.state = 'waiting'
            and (o.starts_at, o.id) <= (c.starts_at, c.id)) end as position,
    (select count(*) from consultations o
        where o.doctor_id = c.doctor_id and o.day = c.day and o.state = 'waiting') as in_line,
    (select max(m.at) from read_marks m join consultations o on o.id = m.room
        where o.doctor_id = c.doctor_id and o.day = c.day and m.role = 'doctor') as doctor_seen,
    (select jsonb_object_agg(a.role, a.agreed) from (
        select distinct on (r.role) r.role, r.agreed from recording_consents r
        where r.room = c.id and r.role in ('patient', 'doctor') order by r.role, r.at desc, r.id desc) a
    ) as answers
from consultations c join doctors d on d.id = c.doctor_id
where c.id = %(room)s
""".replace("%(role)s", "%(role)s::text")  # noqa: S608 - put together from our own text

_USE = """
insert into used_tickets (id, used_at) values (%(id)s, %(at)s) on conflict do nothing returning id
"""


async def forget_tickets(units: Units) -> None:
    """Housekeeping."""
    async with units.system(GATE) as unit:
        await fetch(unit, _FORGET, before=unit.wall - REMEMBERED)


_FORGET = "delete from used_tickets where used_at < %(before)s"
