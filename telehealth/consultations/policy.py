"""Who has a seat in which room, and in whose rows they act.

    patient     the account the visit was booked with
    helper      who took the patient's invitation, until it ends
    doctor      who the visit was booked with, working at this hospital
    colleague   a second doctor with a seat, until it ends

For anybody else there is no such room.
"""

from uuid import UUID

from telehealth.consultations.errors import RoomNotFound
from telehealth.consultations.queries import HELPER_NAME, fetch
from telehealth.core.access import Actor, Permission
from telehealth.core.rooms import Role, Seat
from telehealth.core.unit import Opening, Unit, Units
from telehealth.patients import people_by_id
from telehealth.patients.masking import mask_name


async def seat_for(unit: Unit, actor: Actor, room: UUID) -> Seat:
    """The seat of this person, looked for in a unit that sees every row. Raises RoomNotFound."""
    rows = await fetch(unit, _SEAT, room=room, account=actor.account_id, hospital=actor.hospital_id)
    found = next((row for row in rows if row["role"] is not None), None)
    if found is None or not _may(actor, Role(found["role"])):
        raise RoomNotFound()
    role = Role(found["role"])
    name = found["name"]
    if role is Role.PATIENT:
        person = (await people_by_id(unit, [found["person_id"]])).get(found["person_id"])
        name = mask_name(person.name) if person is not None else "*"
    elif role is Role.HELPER:
        name = await _helper_name(unit, found["seat_id"])
    return Seat(room, role, actor, name, found["hospital_id"], found["account_id"])


def acting(units: Units, seat: Seat) -> Opening:
    """The unit in which this seat reads and writes: the visit's own account, or the hospital."""
    if seat.actor.is_staff:
        return units.hospital(seat.hospital_id, seat.actor)
    if seat.owner_id is None:
        raise RoomNotFound()
    return units.account(seat.owner_id, seat.actor)


def _may(actor: Actor, role: Role) -> bool:
    return actor.may(Permission.CONSULT if actor.is_staff else Permission.BOOK) and actor.is_staff == (
        role in (Role.DOCTOR, Role.COLLEAGUE)
    )


async def _helper_name(unit: Unit, seat_id: UUID) -> str:
    found = await HELPER_NAME.first(unit, id=seat_id)
    return found[0] if found is not None else "*"


_SEAT = """
select c.hospital_id, c.account_id, c.person_id, g.id as seat_id,
    case when c.account_id = %(account)s and %(hospital)s::uuid is null then 'patient'
        when m.doctor_id = c.doctor_id then 'doctor'
        else g.role end as role,
    coalesce(m.name, '') as name
from consultations c
left join staff_members m on m.account_id = %(account)s and m.hospital_id = c.hospital_id
    and m.hospital_id = %(hospital)s and m.status = 'active'
left join room_seats g on g.room = c.id and g.guest_account_id = %(account)s and g.state = 'taken'
where c.id = %(room)s and (%(hospital)s::uuid is null or m.id is not null)
order by g.taken_at
"""

#: Whether a seat is still somebody's, as a condition on consultation `c`; the gate and every message ask it.
STILL_SEATED = """case %(role)s
    when 'patient' then c.account_id = %(person)s
    when 'doctor' then exists (
        select 1 from staff_members m where m.account_id = %(person)s and m.hospital_id = c.hospital_id
            and m.doctor_id = c.doctor_id and m.status = 'active')
    else exists (
        select 1 from room_seats g where g.room = c.id and g.guest_account_id = %(person)s
            and g.role = %(role)s and g.state = 'taken')
    end"""
