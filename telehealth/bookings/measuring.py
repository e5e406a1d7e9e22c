"""What bookings measure of a day: who was seen, how soon, and seats against those who asked for them.

Clocks: business time. A visit counts on its own day, a booking on the day it was made.
"""

from collections.abc import Iterable, Sequence
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from telehealth.bookings.states import BookingState as S
from telehealth.core.clock import HospitalDay, day_end, day_start
from telehealth.core.figures import Figure, Metric, Pain, Shape, by_department, seconds
from telehealth.core.i18n import N_
from telehealth.core.measures import Measuring
from telehealth.core.unit import Unit

#: What a paid visit came to; held and released seats were never visits.
ENDINGS = {
    S.COMPLETED: N_("已完成"),
    S.PAID: N_("进行中"),
    S.UNATTENDED: N_("未接诊，已退费"),
    S.UNFINISHED: N_("未写完病历，已退费"),
    S.PATIENT_ABSENT: N_("患者未到"),
    S.WITHDRAWN: N_("医生判断不宜线上，已退费"),
    S.INELIGIBLE_AT_ADMISSION: N_("接诊时不符合条件，已退费"),
    S.CANCELLED: N_("患者取消"),
    S.CLINIC_CLOSED: N_("停诊，已退费"),
}
#: The doctor owed these a word: nobody had called the visit off.
_OWED = (S.PAID, S.COMPLETED, S.UNATTENDED, S.UNFINISHED)

METRICS = (
    Metric(
        "first_word",
        N_("首次回复"),
        N_("从约定的就诊时间（付费更晚的从付费起）到医生第一句话、通话或签名病历"),
        Shape.LAG,
        owner=N_("医生"),
        is_public=True,
    ),
    Metric(
        "booking_to_first_word",
        N_("预约到首次回复"),
        N_("从取得号源到医生第一句话、通话或签名病历"),
        Shape.LAG,
        owner=N_("医生"),
        is_public=True,
    ),
    Metric(
        "attended_same_day",
        N_("当日接诊"),
        N_("已付费且没有取消的就诊中，当天24:00前有医生回复的占比"),
        Shape.SHARE,
        owner=N_("医生"),
        is_promise=True,
        is_public=True,
    ),
    Metric(
        "patient_absent",
        N_("患者未到"),
        N_("应就诊的患者中，没有找到诊室或没有来的占比"),
        Shape.SHARE,
        pain=Pain.LOST,
        high_is_good=False,
    ),
    Metric(
        "seat_to_paid",
        N_("取号到付费"),
        N_("从取得号源到付费成功"),
        Shape.LAG,
        owner=N_("系统"),
        pain=Pain.TEDIOUS,
    ),
    Metric(
        "visits",
        N_("就诊"),
        N_("当天的线上就诊，按结果"),
        Shape.COUNT,
        parts={str(state): words for state, words in ENDINGS.items()},
    ),
    Metric(
        "seat_found",
        N_("挂到号"),
        N_("通过准入、可以选号的人中，到次日24:00前取得号源的占比"),
        Shape.SHARE,
        pain=Pain.HARD,
    ),
    Metric(
        "seats_taken",
        N_("号源使用"),
        N_("当天门诊的号源中，已被取走的占比"),
        Shape.SHARE,
    ),
    Metric(
        "demand",
        N_("需求与供给"),
        N_("当天门诊：申请过号源的人数，与号源总数"),
        Shape.COUNT,
        parts={"asked": N_("申请过的人数"), "seats": N_("号源总数")},
    ),
)


async def measure(unit: Unit, hospital_id: UUID, day: HospitalDay) -> Sequence[Figure]:
    asked = {"hospital": hospital_id, "day": day, "from": day_start(day), "to": day_end(day)}
    figures: list[Figure] = []
    visits = (await unit.session.execute(_VISITS, asked)).all()
    for department, rows in by_department(visits).items():
        figures += _of_visits(department, rows)
    for row in (await unit.session.execute(_PAID, asked)).all():
        figures.append(
            Figure("seat_to_paid", row.department_id, total=row.made, values=seconds(row.spans or ()))
        )
    found = (await unit.session.execute(_FOUND, asked)).one()
    if found.people:
        figures.append(Figure("seat_found", hits=found.booked, total=found.people))
    for row in (await unit.session.execute(_SEATS, asked)).all():
        figures.append(Figure("seats_taken", row.department_id, hits=row.taken, total=row.seats))
        figures.append(Figure("demand", row.department_id, parts={"asked": row.asked, "seats": row.seats}))
    return figures


def _of_visits(department: Any, rows: Sequence[Any]) -> Iterable[Figure]:
    owed = [row for row in rows if row.state in _OWED]
    seen = [row for row in owed if row.since_start is not None]
    absent = sum(row.state == S.PATIENT_ABSENT for row in rows)
    parts: dict[str, int] = {}
    for row in rows:
        parts[row.state] = parts.get(row.state, 0) + 1
    in_time = sum(row.in_time for row in owed)
    yield Figure("visits", department, total=len(rows), parts=parts)
    if owed:
        yield Figure("attended_same_day", department, hits=in_time, total=len(owed), late=len(owed) - in_time)
        yield Figure(
            "first_word", department, total=len(owed), values=seconds(row.since_start for row in seen)
        )
        yield Figure(
            "booking_to_first_word", department, total=len(owed),
            values=seconds(row.since_booking for row in seen),
        )  # fmt: skip
    if absent or seen:
        yield Figure("patient_absent", department, hits=absent, total=absent + len(seen))


#: Only visits that were paid for: a seat that lapsed or was given up unpaid was none.
_VISITS = sa.text("""
select b.department_id, b.state,
    extract(epoch from b.attended_at - greatest(b.starts_at, c.settled_at)) as since_start,
    extract(epoch from b.attended_at - b.created_at) as since_booking,
    coalesce(b.attended_at < :to, false) as in_time
from bookings b
join charges c on c.id = b.charge_id and c.settled_at is not null
where b.hospital_id = :hospital and b.day = :day and b.kind = 'internet'
    and b.state not in ('held', 'released')
""")

_PAID = sa.text("""
select b.department_id, count(*) as made,
    array_agg(extract(epoch from c.settled_at - b.created_at))
        filter (where c.settled_at is not null) as spans
from bookings b
left join charges c on c.id = b.charge_id
where b.hospital_id = :hospital and b.created_at >= :from and b.created_at < :to
    and b.channel = 'online' and b.kind = 'internet'
group by b.department_id
""")

#: Let in by the gate on the day; with a seat of any kind made since, by the end of the next day.
_FOUND = sa.text("""
with asked as (
    select g.person_id, min(g.decided_at) as at from gate_decisions g
    where g.hospital_id = :hospital and g.decided_at >= :from and g.decided_at < :to and g.allowed
        and g.stage in ('red_flags', 'form')
    group by g.person_id
)
select count(*) as people, count(*) filter (where exists (
    select from bookings b where b.person_id = a.person_id and b.hospital_id = :hospital
        and b.created_at >= :from and b.created_at < :to + interval '1 day'
)) as booked
from asked a
""")

#: A closed clinic has no seats, and those who had asked for one still count.
_SEATS = sa.text("""
select k.department_id,
    coalesce(sum(k.capacity) filter (where k.state <> 'closed'), 0)::bigint as seats,
    coalesce(sum(k.taken_online + k.taken_desk + k.taken_phone) filter (where k.state <> 'closed'), 0)::bigint
        as taken,
    coalesce(sum(a.people), 0)::bigint as asked
from clinics k
left join lateral (
    select count(distinct b.person_id) as people from bookings b where b.clinic_id = k.id
) a on true
where k.hospital_id = :hospital and k.day = :day
group by k.department_id
""")

MEASURING = Measuring(METRICS, measure)
