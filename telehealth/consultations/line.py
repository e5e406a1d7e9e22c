"""Today's line of one doctor: who waits since when, who is urgent, what came in meanwhile.

Names are masked, and no word of a message is shown: a screen in a ward is read by others too.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from telehealth.accounts import member_of_account
from telehealth.consultations.queries import fetch
from telehealth.core.clock import HospitalDay, completed_years
from telehealth.core.unit import Unit
from telehealth.patients import people_by_id
from telehealth.patients.masking import mask_name


@dataclass(frozen=True, slots=True)
class InLine:
    """One visit. `position` counts those that wait; None for the others."""

    room: UUID
    number: str
    state: str
    booking_state: str
    position: int | None
    name: str
    age: int | None
    sex: str
    day: date
    starts_at: datetime
    ends_at: datetime
    #: Since the slot began or the patient first wrote, whichever was earlier; None before either.
    waiting_since: datetime | None
    attended: bool
    unread: int
    #: XY27: words of the patient's side from before admission, to be read first.
    before_admission: int
    last_message_at: datetime | None
    last_is_patients: bool
    urgent_at: datetime | None
    urgent_by: str | None
    has_form: bool
    #: "none", "draft", "signed".
    note: str


async def line_of(unit: Unit, day: HospitalDay | None = None) -> Sequence[InLine]:
    """Of the doctor who asks: that day's visits, and for today also open ones of days before.

    Urgent first, then those in consultation, then those who wait by their time; ended ones last.
    """
    member = await member_of_account(unit, unit.actor.account)
    if member is None or member.doctor_id is None or not member.works:
        return []
    rows = await fetch(
        unit, _LINE, doctor=member.doctor_id, hospital=unit.actor.hospital, day=day or unit.today,
        is_today=day in (None, unit.today), reader=unit.actor.account, now=unit.now,
    )  # fmt: skip
    people = await people_by_id(unit, [row["person_id"] for row in rows])
    found = []
    for row in rows:
        person = people.get(row.pop("person_id"))
        found.append(
            InLine(
                **row,
                name=mask_name(person.name) if person else "*",
                age=completed_years(person.birth_date, unit.today) if person else None,
                sex=str(person.sex) if person else "",
            )
        )
    return found


_LINE = """
select c.id as room, b.number, c.state, b.state as booking_state, c.person_id, c.day, c.starts_at, c.ends_at,
    case when c.state = 'waiting' then row_number() over (
        partition by c.state, c.day order by c.starts_at, c.id) end as position,
    case when c.state = 'waiting' then
        least(t.first_at, case when c.starts_at <= %(now)s then c.starts_at end) end as waiting_since,
    b.attended_at is not null as attended,
    t.unread, t.early as before_admission, l.at as last_message_at,
    coalesce(l.role in ('patient', 'helper'), false) as last_is_patients,
    c.urgent_at, c.urgent_by, c.form_id is not null as has_form, coalesce(n.state, 'none') as note
from consultations c
join bookings b on b.id = c.id
left join visit_notes n on n.id = c.id
left join read_marks r on r.room = c.id and r.reader_id = %(reader)s
cross join lateral (
    select min(m.at) as first_at,
        count(*) filter (where m.seq > coalesce(r.seq, 0)) as unread,
        count(*) filter (where (m.facts->>'before_admission')::boolean) as early
    from room_messages m where m.room = c.id and m.role in ('patient', 'helper')
) t
left join lateral (
    select m.at, m.role from room_messages m where m.room = c.id and m.role <> ''
    order by m.seq desc limit 1
) l on true
where c.doctor_id = %(doctor)s and c.hospital_id = %(hospital)s
    and (c.day = %(day)s or (%(is_today)s and c.day < %(day)s and c.state = 'admitted'))
order by c.urgent_at is null, case c.state when 'admitted' then 0 when 'waiting' then 1 else 2 end,
    c.starts_at, c.id
"""
